"""Load balancers and their certificates: refused what AWS refuses, in use what is in use."""

import json
from typing import Any

import pytest

from tests.sandbox.cloud.helpers import ACCOUNT, Call, make_subnets, refused

LOGS = "logdelivery.elasticloadbalancing.amazonaws.com"
BALANCERS = f"arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}:loadbalancer/*"


@pytest.fixture(scope="module")
def place(aws: Call) -> dict[str, Any]:
    vpc, subnets = make_subnets(aws, 3)
    group = aws("ec2").create_security_group(GroupName="fronts", Description="d", VpcId=vpc)["GroupId"]
    return {"vpc": vpc, "subnets": subnets, "group": group}


def make(aws: Call, place: dict[str, Any], name: str, **more: Any) -> str:
    given = {"Subnets": place["subnets"][:2], "SecurityGroups": [place["group"]], **more}
    return str(aws("elbv2").create_load_balancer(Name=name, **given)["LoadBalancers"][0]["LoadBalancerArn"])


def make_targets(aws: Call, place: dict[str, Any], name: str) -> str:
    made = aws("elbv2").create_target_group(Name=name, Protocol="HTTP", Port=8080, VpcId=place["vpc"], TargetType="ip")
    return str(made["TargetGroups"][0]["TargetGroupArn"])


def request_certificate(aws: Call, domain: str) -> tuple[str, dict[str, str]]:
    acm = aws("acm")
    arn = acm.request_certificate(DomainName=domain, ValidationMethod="DNS")["CertificateArn"]
    [option] = acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"]
    return str(arn), option["ResourceRecord"]


def publish(aws: Call, zone: str, record: dict[str, str], value: str = "") -> None:
    values = [{"Value": value or record["Value"]}]
    record_set = {"Name": record["Name"], "Type": record["Type"], "TTL": 60, "ResourceRecords": values}
    batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record_set}]}
    aws("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)


def test_one_of_a_name(aws: Call, place: dict[str, Any]) -> None:
    made = make(aws, place, "named")
    assert make(aws, place, "named") == made, "the same once more is the same"
    with refused("DuplicateLoadBalancerName"):
        make(aws, place, "named", Scheme="internal")
    with refused("InvalidConfigurationRequest", "two different Availability Zones"):
        make(aws, place, "one-zone", Subnets=place["subnets"][:1])
    with refused("InvalidSecurityGroup"):
        make(aws, place, "guarded", SecurityGroups=["sg-0a"])


def test_its_networks_are_in_use(aws: Call, place: dict[str, Any]) -> None:
    ec2, elb = aws("ec2"), aws("elbv2")
    group = ec2.create_security_group(GroupName="own", Description="d", VpcId=place["vpc"])["GroupId"]
    arn = make(aws, place, "placed", SecurityGroups=[group])
    with refused("DependencyViolation"):
        ec2.delete_security_group(GroupId=group)
    elb.set_subnets(LoadBalancerArn=arn, Subnets=place["subnets"])
    with refused("DependencyViolation"):
        ec2.delete_subnet(SubnetId=place["subnets"][2])
    elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[place["group"]])
    ec2.delete_security_group(GroupId=group)
    elb.delete_load_balancer(LoadBalancerArn=arn)
    ec2.delete_subnet(SubnetId=place["subnets"].pop())
    elb.delete_load_balancer(LoadBalancerArn=arn)  # gone is gone


def test_protection(aws: Call, place: dict[str, Any]) -> None:
    elb, arn = aws("elbv2"), make(aws, place, "protected")

    def protect(value: str) -> None:
        attributes = [{"Key": "deletion_protection.enabled", "Value": value}]
        elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=attributes)

    protect("true")
    with refused("OperationNotPermitted", "deletion protection"):
        elb.delete_load_balancer(LoadBalancerArn=arn)
    protect("false")
    elb.delete_load_balancer(LoadBalancerArn=arn)


POLICIES = enumerate(
    [
        ({}, True),
        ({"Condition": {"ArnLike": {"aws:SourceArn": BALANCERS}}}, True),
        ({"Condition": {"ArnLike": {"aws:SourceArn": BALANCERS.replace(ACCOUNT, "999999999999")}}}, False),
        ({"Principal": {"Service": "logging.s3.amazonaws.com"}}, False),
        ({"Principal": "*"}, False),
        ({"Action": "s3:GetObject"}, False),
        ({"Effect": "Deny"}, False),
        ({"Resource": "arn:aws:s3:::front-logs-{n}/other/*"}, False),
        (None, False),
    ]
)


@pytest.mark.parametrize(("number", "change", "written"), [(number, *policy) for number, policy in POLICIES])
def test_logs_need_a_bucket_that_takes_them(
    aws: Call, place: dict[str, Any], number: int, change: dict[str, Any] | None, written: bool
) -> None:
    s3, bucket, arn = aws("s3"), f"front-logs-{number}", make(aws, place, f"logged-{number}")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    if change is not None:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": LOGS},
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{bucket}/AWSLogs/{ACCOUNT}/*",
            **change,
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy).replace("{n}", str(number)))
    attributes = [{"Key": "access_logs.s3.enabled", "Value": "true"}, {"Key": "access_logs.s3.bucket", "Value": bucket}]
    if written:
        aws("elbv2").modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=attributes)
    else:
        with refused("InvalidConfigurationRequest", "Access Denied for bucket"):
            aws("elbv2").modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=attributes)
    found = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    assert found == ([f"AWSLogs/{ACCOUNT}/ELBAccessLogTestFile"] if written else [])


def test_a_certificate_is_issued_by_its_record_alone(aws: Call) -> None:
    acm = aws("acm")
    arn, record = request_certificate(aws, "*.issued.example.com")

    def status() -> str:
        return str(acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"])

    assert record["Name"].endswith(".issued.example.com.")
    assert "NotAfter" not in acm.describe_certificate(CertificateArn=arn)["Certificate"]
    zone = aws("route53").create_hosted_zone(Name="issued.example.com", CallerReference="i")["HostedZone"]["Id"]
    assert zone.startswith("/hostedzone/Z")
    publish(aws, zone, record, "_other.acm-validations.aws.")
    assert status() == "PENDING_VALIDATION"
    publish(aws, zone, record)
    assert status() == "ISSUED"
    assert "NotAfter" in acm.describe_certificate(CertificateArn=arn)["Certificate"]


def test_listeners(aws: Call, place: dict[str, Any]) -> None:
    elb, acm = aws("elbv2"), aws("acm")
    balancer, targets = make(aws, place, "listening"), make_targets(aws, place, "listening")
    certificate, record = request_certificate(aws, "listening.example.com")
    forward = [{"Type": "forward", "TargetGroupArn": targets}]

    def listen(port: int = 443, protocol: str = "HTTPS", **more: Any) -> str:
        made = elb.create_listener(
            LoadBalancerArn=balancer, Port=port, Protocol=protocol, DefaultActions=forward, **more
        )
        return str(made["Listeners"][0]["ListenerArn"])

    with refused("ValidationError", "A certificate must be specified"):
        listen()
    with refused("CertificateNotFound"):
        listen(Certificates=[{"CertificateArn": f"arn:aws:acm:eu-west-1:{ACCOUNT}:certificate/none"}])
    with refused("UnsupportedCertificate"):
        listen(Certificates=[{"CertificateArn": certificate}])
    zone = aws("route53").create_hosted_zone(Name="listening.example.com", CallerReference="l")["HostedZone"]["Id"]
    publish(aws, zone, record)
    listener = listen(Certificates=[{"CertificateArn": certificate}])
    with refused("DuplicateListener"):
        listen(Certificates=[{"CertificateArn": certificate}])
    with refused("ResourceInUseException"):
        acm.delete_certificate(CertificateArn=certificate)
    with refused("ResourceInUse"):
        elb.delete_target_group(TargetGroupArn=targets)
    elb.delete_listener(ListenerArn=listener)
    acm.delete_certificate(CertificateArn=certificate)
    listen(80, "HTTP")
    elb.delete_load_balancer(LoadBalancerArn=balancer)
    assert elb.describe_target_groups(TargetGroupArns=[targets])["TargetGroups"][0]["LoadBalancerArns"] == []
    elb.delete_target_group(TargetGroupArn=targets)
