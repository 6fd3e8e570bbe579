"""Firewalls: rules that exist, resources that exist, logs that can be written, nothing deleted in use."""

from typing import Any

from tests.sandbox.cloud.helpers import ACCOUNT, Call, make_subnets, refused


def seen(metric: str) -> dict[str, Any]:
    return {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": True, "MetricName": metric}


def managed(name: str, priority: int = 1, vendor: str = "AWS", rule: str = "") -> dict[str, Any]:
    return {
        "Name": rule or name,
        "Priority": priority,
        "Statement": {"ManagedRuleGroupStatement": {"VendorName": vendor, "Name": name}},
        "OverrideAction": {"None": {}},
        "VisibilityConfig": seen("m"),
    }


def make(aws: Call, name: str, *rules: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = aws("wafv2").create_web_acl(
        Name=name, Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=seen("m"), Rules=[*rules]
    )["Summary"]
    return made


def of(acl: dict[str, Any]) -> dict[str, Any]:
    return {"Name": acl["Name"], "Scope": "REGIONAL", "Id": acl["Id"]}


def make_balancer(aws: Call, name: str) -> str:
    _, subnets = make_subnets(aws)
    made = aws("elbv2").create_load_balancer(Name=name, Subnets=subnets)
    return str(made["LoadBalancers"][0]["LoadBalancerArn"])


def test_rules(aws: Call) -> None:
    waf = aws("wafv2")
    with refused("WAFNonexistentItemException", "AWSManagedRulesCommonRules"):
        make(aws, "rules", managed("AWSManagedRulesCommonRules"))
    with refused("WAFInvalidParameterException", "the same Priority"):
        make(aws, "rules", managed("AWSManagedRulesCommonRuleSet"), managed("AWSManagedRulesSQLiRuleSet"))
    with refused("WAFInvalidParameterException", "the same Name"):
        make(aws, "rules", managed("AWSManagedRulesCommonRuleSet"), managed("AWSManagedRulesCommonRuleSet", 2))
    acl = make(aws, "rules", managed("AWSManagedRulesCommonRuleSet"), managed("Others", 2, vendor="Fortinet"))
    with refused("WAFNonexistentItemException"):
        waf.update_web_acl(
            **of(acl),
            LockToken=acl["LockToken"],
            DefaultAction={"Block": {}},
            VisibilityConfig=seen("m"),
            Rules=[managed("AWSManagedRulesNothing")],
        )
    waf.update_web_acl(
        **of(acl), LockToken=acl["LockToken"], DefaultAction={"Block": {}}, VisibilityConfig=seen("m"), Rules=[]
    )
    assert waf.get_web_acl(**of(acl))["WebACL"]["Rules"] == []


def test_one_firewall_for_a_load_balancer(aws: Call) -> None:
    waf, elb = aws("wafv2"), aws("elbv2")
    balancer, first, second = make_balancer(aws, "shielded"), make(aws, "first"), make(aws, "second")
    with refused("WAFNonexistentItemException"):
        waf.associate_web_acl(WebACLArn=first["ARN"], ResourceArn=f"{balancer}0")
    with refused("WAFNonexistentItemException"):
        waf.associate_web_acl(WebACLArn=f"{first['ARN']}0", ResourceArn=balancer)
    waf.associate_web_acl(WebACLArn=first["ARN"], ResourceArn=balancer)
    waf.associate_web_acl(WebACLArn=second["ARN"], ResourceArn=balancer)
    assert waf.get_web_acl_for_resource(ResourceArn=balancer)["WebACL"]["Name"] == "second"
    assert waf.list_resources_for_web_acl(WebACLArn=first["ARN"])["ResourceArns"] == []
    assert waf.list_resources_for_web_acl(WebACLArn=second["ARN"])["ResourceArns"] == [balancer]
    waf.delete_web_acl(**of(first), LockToken=first["LockToken"])
    with refused("WAFAssociatedItemException", "shielded"):
        waf.delete_web_acl(**of(second), LockToken=second["LockToken"])
    elb.delete_load_balancer(LoadBalancerArn=balancer)
    assert "WebACL" not in waf.get_web_acl_for_resource(ResourceArn=balancer)
    waf.delete_web_acl(**of(second), LockToken=second["LockToken"])


def test_logs_need_a_group_of_their_name(aws: Call) -> None:
    waf, acl = aws("wafv2"), make(aws, "logged")

    def log(group: str, arn: str = acl["ARN"]) -> None:
        destination = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:{group}"
        waf.put_logging_configuration(LoggingConfiguration={"ResourceArn": arn, "LogDestinationConfigs": [destination]})

    aws("logs").create_log_group(logGroupName="waf-logs")
    aws("logs").create_log_group(logGroupName="aws-waf-logs-there")
    with refused("WAFInvalidParameterException", "begins with aws-waf-logs-"):
        log("waf-logs")
    with refused("WAFLogDestinationPermissionIssueException", "aws-waf-logs-none"):
        log("aws-waf-logs-none")
    with refused("WAFNonexistentItemException"):
        log("aws-waf-logs-there", f"{acl['ARN']}0")
    log("aws-waf-logs-there")
    waf.delete_web_acl(**of(acl), LockToken=acl["LockToken"])
    with refused("WAFNonexistentItemException"):
        waf.get_logging_configuration(ResourceArn=acl["ARN"])
