"""WAF: rule groups that exist, one set of rules for each resource, logs that have somewhere to go."""

from collections.abc import Iterator
from typing import Any

from moto.elbv2.models import elbv2_backends
from moto.logs.models import logs_backends
from moto.wafv2.models import WAFV2Backend
from moto.wafv2.responses import WAFV2Response

from sandbox.cloud.extension import extend, fail, parameters, replaces

MANAGED = frozenset(
    f"AWSManagedRules{name}"
    for name in (
        *("AmazonIpReputationList", "AnonymousIpList", "BotControlRuleSet", "ATPRuleSet", "ACFPRuleSet"),
        *("CommonRuleSet", "AdminProtectionRuleSet", "KnownBadInputsRuleSet", "SQLiRuleSet", "LinuxRuleSet"),
        *("UnixRuleSet", "WindowsRuleSet", "PHPRuleSet", "WordPressRuleSet", "AntiDDoSRuleSet"),
    )
)
"""AWS's own rule groups."""

_LOG_PREFIX = "aws-waf-logs-"


@replaces(WAFV2Response, "create_web_acl")
def _create(original: Any, self: Any) -> Any:
    _check_rules(parameters(self))
    return original(self)


@replaces(WAFV2Response, "update_web_acl")
def _update(original: Any, self: Any) -> Any:
    """No rules are none, and not the old ones."""
    given = parameters(self)
    _check_rules(given)
    answer = original(self)
    if not given.get("Rules"):
        self.wafv2_backend.get_web_acl(None, given["Name"], given["Id"]).rules = []
    return answer


def _check_rules(given: dict[str, Any]) -> None:
    rules = given.get("Rules") or []
    for group in _managed(rules):
        if group["VendorName"] == "AWS" and group["Name"] not in MANAGED:
            fail("WAFNonexistentItemException", f"AWS WAF has no managed rule group {group['Name']}")
    for what in ("Priority", "Name"):
        values = [rule[what] for rule in rules]
        if len(set(values)) < len(values):
            fail("WAFInvalidParameterException", f"Error reason: two rules have the same {what}: {values}")


def _managed(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "ManagedRuleGroupStatement" in value:
            yield value["ManagedRuleGroupStatement"]
        for inner in value.values():
            yield from _managed(inner)
    if isinstance(value, list):
        for inner in value:
            yield from _managed(inner)


@replaces(WAFV2Backend, "associate_web_acl")
def _associate(original: Any, self: Any, web_acl_arn: str, resource_arn: str) -> None:
    """The resource exists, and has no other rules than these."""
    balancers = elbv2_backends[self.account_id][self.region_name].load_balancers
    if web_acl_arn not in self.wacls or (":elasticloadbalancing:" in resource_arn and resource_arn not in balancers):
        fail("WAFNonexistentItemException", f"There is no {web_acl_arn} or no {resource_arn}")
    for acl in self.wacls.values():
        acl.associated_resources = [arn for arn in acl.associated_resources if arn != resource_arn]
    original(self, web_acl_arn, resource_arn)


@replaces(WAFV2Backend, "get_web_acl_for_resource")
def _for_resource(original: Any, self: Any, resource_arn: str) -> Any:
    """What is gone has no rules."""
    found = original(self, resource_arn)
    if found is not None and resource_arn not in _alive(self, found):
        return None
    return found


@replaces(WAFV2Backend, "delete_web_acl")
def _delete(original: Any, self: Any, name: str, scope: str, _id: str, lock_token: str) -> None:
    found = self.get_web_acl(None, name, _id)
    if users := _alive(self, found):
        fail("WAFAssociatedItemException", f"The web ACL is associated with {', '.join(users)}")
    original(self, name, scope, _id, lock_token)
    self.logging_configurations.pop(found.arn, None)


def _alive(backend: Any, acl: Any) -> list[str]:
    balancers = elbv2_backends[backend.account_id][backend.region_name].load_balancers
    return [arn for arn in acl.associated_resources if ":elasticloadbalancing:" not in arn or arn in balancers]


@replaces(WAFV2Backend, "put_logging_configuration")
def _log(original: Any, self: Any, arn: str, log_destination_configs: list[str], *args: Any, **kwargs: Any) -> Any:
    if arn not in self.wacls:
        fail("WAFNonexistentItemException", f"There is no web ACL {arn}")
    for destination in log_destination_configs:
        name = destination.split(":log-group:")[-1].removesuffix(":*")
        if ":log-group:" not in destination:
            continue
        if not name.startswith(_LOG_PREFIX):
            fail("WAFInvalidParameterException", f"The ARN isn't valid: a log group's name begins with {_LOG_PREFIX}")
        if name not in logs_backends[self.account_id][self.region_name].groups:
            fail("WAFLogDestinationPermissionIssueException", f"There is no log group {name}")
    return original(self, arn, log_destination_configs, *args, **kwargs)


def _resources(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    acl = backend.get_web_acl(given["WebACLArn"], None, None)
    kind = given.get("ResourceType", "APPLICATION_LOAD_BALANCER")
    alive = _alive(backend, acl)
    return {
        "ResourceArns": [arn for arn in alive if (kind == "APPLICATION_LOAD_BALANCER") == (":loadbalancer/" in arn)]
    }


extend("wafv2", {"ListResourcesForWebACL": _resources})
