"""What exists of ways in from the internet: load balancers, firewalls, certificates, names, user pools."""

from collections.abc import Iterator
from typing import Any

from sandbox.cloud.item import Call, Item, tags_of


def _load_balancers(call: Call) -> Iterator[Item]:
    elb = call("elbv2")
    for kind, operation, member in (
        ("load balancer", "describe_load_balancers", "LoadBalancer"),
        ("target group", "describe_target_groups", "TargetGroup"),
    ):
        for thing in elb.get_paginator(operation).paginate().build_full_result()[f"{member}s"]:
            described = elb.describe_tags(ResourceArns=[thing[f"{member}Arn"]])["TagDescriptions"]
            yield Item(kind, thing[f"{member}Name"], tags_of(described[0]["Tags"]) if described else {})


def _firewalls(call: Call) -> Iterator[Item]:
    waf = call("wafv2")
    for acl in waf.list_web_acls(Scope="REGIONAL")["WebACLs"]:
        tags = waf.list_tags_for_resource(ResourceARN=acl["ARN"])["TagInfoForResource"]["TagList"]
        yield Item("web acl", acl["Name"], tags_of(tags))


def _certificates(call: Call) -> Iterator[Item]:
    acm = call("acm")
    for page in acm.get_paginator("list_certificates").paginate():
        for summary in page["CertificateSummaryList"]:
            tags = acm.list_tags_for_certificate(CertificateArn=summary["CertificateArn"])["Tags"]
            yield Item("certificate", summary["DomainName"], tags_of(tags))


def _zones(call: Call) -> Iterator[Item]:
    """Zones, and the records in them that they were not born with."""
    route53 = call("route53")
    for zone in route53.get_paginator("list_hosted_zones").paginate().build_full_result()["HostedZones"]:
        identifier = zone["Id"].rpartition("/")[2]
        if zone["CallerReference"] == identifier:  # there before any stack: only what is in it counts
            yield from _records(route53, identifier)
            continue
        found = route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=identifier)
        yield Item("hosted zone", zone["Name"], tags_of(found["ResourceTagSet"]["Tags"]))
        yield from _records(route53, identifier)


def _records(route53: Any, zone: str) -> Iterator[Item]:
    records = route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone)
    for record in records.build_full_result()["ResourceRecordSets"]:
        if record["Type"] not in ("NS", "SOA"):
            yield Item("record", f"{record['Name']} {record['Type']}")


def _user_pools(call: Call) -> Iterator[Item]:
    cognito = call("cognito-idp")
    for page in cognito.get_paginator("list_user_pools").paginate(MaxResults=60):
        for summary in page["UserPools"]:
            pool = cognito.describe_user_pool(UserPoolId=summary["Id"])["UserPool"]
            yield Item("user pool", pool["Name"], pool.get("UserPoolTags", {}))


def _log_policies(call: Call) -> Iterator[Item]:
    for policy in call("logs").describe_resource_policies()["resourcePolicies"]:
        yield Item("log policy", policy["policyName"])


WALKS = (_load_balancers, _firewalls, _certificates, _zones, _user_pools, _log_policies)
