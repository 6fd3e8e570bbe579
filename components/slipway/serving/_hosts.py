"""A gateway's host names and their certificate, in a Route 53 zone."""

import pulumi
import pulumi_aws as aws

from slipway._tags import Tags


def certificate(
    name: str, domain: str, zone_id: pulumi.Input[str], tags: Tags | None, child: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """ARN of a certificate of all hosts of ``domain``, once it is valid; ACM renews it while the record is there."""
    made = aws.acm.Certificate(
        f"{name}-certificate", domain_name=f"*.{domain}", validation_method="DNS", tags=tags, opts=child
    )
    proof = made.domain_validation_options[0]
    record = aws.route53.Record(
        f"{name}-certificate",
        zone_id=zone_id,
        name=proof.resource_record_name,
        type=proof.resource_record_type,
        records=[proof.resource_record_value],
        ttl=300,
        opts=child,
    )
    valid = aws.acm.CertificateValidation(
        f"{name}-certificate", certificate_arn=made.arn, validation_record_fqdns=[record.fqdn], opts=child
    )
    arn: pulumi.Output[str] = valid.certificate_arn
    return arn


def records(
    name: str,
    domain: str,
    zone_id: pulumi.Input[str],
    load_balancer: aws.lb.LoadBalancer,
    opts: pulumi.ResourceOptions,
) -> None:
    """Every host of ``domain`` leads to the load balancer; which of them are models' is Envoy's to say."""
    aws.route53.Record(
        f"{name}-hosts",
        zone_id=zone_id,
        name=f"*.{domain}",
        type=aws.route53.RecordType.A,
        aliases=[{"name": load_balancer.dns_name, "zone_id": load_balancer.zone_id, "evaluate_target_health": True}],
        opts=opts,
    )
