"""What a gateway's web application firewall looks at, and what it writes down."""

import pulumi
import pulumi_aws as aws

from slipway._tags import Tags, classified
from slipway.security import DataClass
from slipway.serving._gateway_settings import GatewaySettings

# Headers that hold what lets a caller in; a log must not.
_REDACTED = ("authorization", "cookie")


def declare(
    name: str,
    settings: GatewaySettings,
    logs_key_arn: pulumi.Input[str],
    tags: Tags | None,
    child: pulumi.ResourceOptions,
) -> aws.wafv2.WebAcl:
    """The rules, and a log of the requests that one of them matched."""
    # WAF takes no other names. Its service may write to it by a policy that WAF itself adds: a region has room for ten.
    logs = aws.cloudwatch.LogGroup(
        f"{name}-waf-logs",
        name=f"aws-waf-logs-{settings.domain}",
        retention_in_days=settings.waf_log_days,
        kms_key_id=logs_key_arn,
        tags=classified(tags, DataClass.LOGS),
        opts=child,
    )
    acl = aws.wafv2.WebAcl(
        f"{name}-waf",
        description=f"In front of the models of {settings.domain}",
        scope="REGIONAL",
        default_action={"allow": {}},
        rules=[_rate(settings.waf_requests_per_5_minutes), *_managed(settings)],
        visibility_config=_seen("gateway"),
        tags=tags,
        opts=child,
    )
    aws.wafv2.WebAclLoggingConfiguration(
        f"{name}-waf-logs",
        resource_arn=acl.arn,
        log_destination_configs=[logs.arn],
        redacted_fields=[{"single_header": {"name": header}} for header in _REDACTED],
        # An entry has the caller's address: none is kept of those who did nothing remarkable.
        logging_filter={
            "default_behavior": "DROP",
            "filters": [
                {
                    "behavior": "KEEP",
                    "requirement": "MEETS_ANY",
                    "conditions": [
                        {"action_condition": {"action": action}} for action in ("BLOCK", "COUNT", "EXCLUDED_AS_COUNT")
                    ],
                }
            ],
        },
        opts=child,
    )
    return acl


def _rate(limit: int) -> aws.wafv2.WebAclRuleArgsDict:
    """First, because it is cheap: an address that asks more often waits."""
    return {
        "name": "rate",
        "priority": 0,
        "action": {"block": {"custom_response": {"response_code": 429}}},
        "statement": {
            "rate_based_statement": {"aggregate_key_type": "IP", "limit": limit, "evaluation_window_sec": 300}
        },
        "visibility_config": _seen("rate"),
    }


def _managed(settings: GatewaySettings) -> list[aws.wafv2.WebAclRuleArgsDict]:
    """AWS's rules, by group; what only counts is still seen in the metrics and in the log."""
    rules: list[aws.wafv2.WebAclRuleArgsDict] = []
    for place, group in enumerate(settings.rule_groups, start=1):
        statement: aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementArgsDict = {
            "vendor_name": "AWS",
            "name": group,
        }
        if group in settings.counted:
            statement["rule_action_overrides"] = [
                {"name": rule, "action_to_use": {"count": {}}} for rule in settings.counted[group]
            ]
        rules.append(
            {
                "name": group,
                "priority": 10 * place,
                "override_action": {"none": {}},
                "statement": {"managed_rule_group_statement": statement},
                "visibility_config": _seen(group),
            }
        )
    return rules


def _seen(metric: str) -> aws.wafv2.WebAclRuleVisibilityConfigArgsDict:
    """Counted as a metric. Samples would keep whole requests where no setting of ours says for how long."""
    return {"cloudwatch_metrics_enabled": True, "metric_name": metric, "sampled_requests_enabled": False}
