"""The walk sees every kind of thing, with its tags, and nothing that AWS makes by itself."""

from sandbox.cloud.inventory import PENDING_DELETION, Item, inventory
from sandbox.cloud.process import Cloud
from tests.sandbox.cloud.helpers import Call, make_role, make_subnets


def test_everything_is_seen(cloud: Cloud, environment: dict[str, str], aws: Call) -> None:
    others = inventory(environment)
    expected = _make_one_of_each(aws)
    before = cloud.writes()
    assert [item for item in inventory(environment) if item not in others] == expected
    assert cloud.writes() == before, "looking changes nothing"
    aws("eks").delete_cluster(name="seen")
    assert Item("cluster", "seen", {"data-class": "models"}) not in inventory(environment)


def test_an_empty_region(cloud: Cloud) -> None:
    elsewhere = inventory(cloud.environment("sa-east-1"))
    everywhere = {"bucket", "role", "instance profile", "hosted zone", "record"}
    assert {item.kind for item in elsewhere} <= everywhere, "what has no region"


def _make_one_of_each(aws: Call) -> list[Item]:
    ec2 = aws("ec2")
    tags, plain = [{"Key": "data-class", "Value": "models"}], {"data-class": "models"}
    vpc, subnets = make_subnets(aws)
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnets[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
    gone = ec2.create_nat_gateway(SubnetId=subnets[0], ConnectivityType="private")["NatGateway"]["NatGatewayId"]
    ec2.delete_nat_gateway(NatGatewayId=gone)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    endpoint = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.eu-west-1.s3", RouteTableIds=[table])
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    role = make_role(aws, "seen")
    aws("logs").create_log_group(logGroupName="/seen", tags=plain)
    (flow,) = ec2.create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogGroupName="/seen",
        DeliverLogsPermissionArn=role,
    )["FlowLogIds"]
    aws("s3").create_bucket(Bucket="seen", CreateBucketConfiguration={"LocationConstraint": "eu-west-1", "Tags": tags})
    key = aws("kms").create_key()["KeyMetadata"]["KeyId"]
    aws("kms").create_alias(AliasName="alias/seen", TargetKeyId=key)
    pending = aws("kms").create_key(Tags=[{"TagKey": "data-class", "TagValue": "models"}])["KeyMetadata"]["KeyId"]
    for identifier in (key, pending):
        aws("kms").schedule_key_deletion(KeyId=identifier, PendingWindowInDays=7)
    aws("ecr").create_repository(repositoryName="seen", tags=tags)
    aws("eks").create_cluster(name="seen", roleArn=role, resourcesVpcConfig={"subnetIds": subnets}, tags=plain)
    cluster_group = aws("eks").describe_cluster(name="seen")["cluster"]["resourcesVpcConfig"]
    items = [
        Item("bucket", "seen", plain),
        Item("key", key, {}, PENDING_DELETION),
        Item("key", pending, plain, PENDING_DELETION),
        Item("key alias", "alias/seen"),
        Item("log group", "/seen", plain),
        Item("repository", "seen", plain),
        Item("cluster", "seen", plain),
        Item("role", "seen"),
        Item("vpc", vpc),
        *(Item("subnet", subnet) for subnet in subnets),
        Item("internet gateway", gateway),
        Item("elastic ip", address),
        Item("nat gateway", nat),
        Item("route table", table),
        Item("vpc endpoint", endpoint["VpcEndpoint"]["VpcEndpointId"]),
        Item("security group", group),
        Item(
            *("security group", cluster_group["clusterSecurityGroupId"]),
            {"kubernetes.io/cluster/seen": "owned", "aws:eks:cluster-name": "seen"},
        ),
        Item("flow log", flow),
    ]
    return sorted(items, key=lambda item: (item.kind, item.identifier))
