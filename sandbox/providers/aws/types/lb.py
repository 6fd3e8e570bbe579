"""Load balancers, their listeners and target groups."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.providers.aws.table import Call, Code, Context, Step, Tags, Type

_LOGS = ("bucket", "enabled", "prefix")
_BALANCER = {
    "clientKeepAlive": "client_keep_alive.seconds",
    "desyncMitigationMode": "routing.http.desync_mitigation_mode",
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "enableCrossZoneLoadBalancing": "load_balancing.cross_zone.enabled",
    "enableDeletionProtection": "deletion_protection.enabled",
    "enableHttp2": "routing.http2.enabled",
    "enableTlsVersionAndCipherSuiteHeaders": "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
    "enableWafFailOpen": "waf.fail_open.enabled",
    "enableXffClientPort": "routing.http.xff_client_port.enabled",
    "enableZonalShift": "zonal_shift.config.enabled",
    "idleTimeout": "idle_timeout.timeout_seconds",
    "preserveHostHeader": "routing.http.preserve_host_header.enabled",
    "xffHeaderProcessingMode": "routing.http.xff_header_processing.mode",
    **{f"accessLogs.{part}": f"access_logs.s3.{part}" for part in _LOGS},
    **{f"connectionLogs.{part}": f"connection_logs.s3.{part}" for part in _LOGS},
}
_TARGETS = {
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
    "loadBalancingCrossZoneEnabled": "load_balancing.cross_zone.enabled",
    "preserveClientIp": "preserve_client_ip.enabled",
    "slowStart": "slow_start.duration_seconds",
    "stickiness.enabled": "stickiness.enabled",
    "stickiness.type": "stickiness.type",
}
_HEADERS = (
    *("AccessControlAllowCredentials", "AccessControlAllowHeaders", "AccessControlAllowMethods"),
    *("AccessControlAllowOrigin", "AccessControlExposeHeaders", "AccessControlMaxAge", "ContentSecurityPolicy"),
    *("StrictTransportSecurity", "XContentTypeOptions", "XFrameOptions"),
)
_LISTENER = {
    "routingHttpResponseServerEnabled": "routing.http.response.server.enabled",
    "tcpIdleTimeoutSeconds": "tcp.idle_timeout.seconds",
    **{
        f"routingHttpResponse{header}HeaderValue": "routing.http.response."
        + re.sub(r"(?<!^)([A-Z])", r"_\1", header).lower()
        + ".header_value"
        for header in _HEADERS
    },
}
"""Inputs, or parts of one, and the attributes that they are to the service."""


def _set(attributes: Mapping[str, str], method: str, arn: str) -> Code:
    """Sets the attributes that the program names, and puts back to nothing a text that it names no longer."""

    def run(client: Any, seen: Context) -> None:
        changes = [
            {"Key": attribute, "Value": _text(value)}
            for path, attribute in attributes.items()
            if (value := _value(seen, path, _value(seen.get("old", {}), path) is not None)) is not None
        ]
        if changes:
            getattr(client, method)(**{arn: seen["id"], "Attributes": changes})

    return Code(run, frozenset(path.split(".")[0] for path in attributes))


def _value(inputs: Mapping[str, Any], path: str, was_set: bool = False) -> Any:
    name, _, part = path.partition(".")
    value = inputs.get(name)
    if part:
        value = (value or {}).get(part)
    return "" if value is None and was_set and path.endswith("HeaderValue") else value


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _get(method: str, arn: str) -> Callable[[Any, Context], dict[str, Any]]:
    """The attributes by name, and the end of the ARN that metrics know the thing by."""

    def run(client: Any, seen: Context) -> dict[str, Any]:
        identifier = seen["id"] or seen[arn]
        answer = getattr(client, method)(**{arn: identifier})["Attributes"]
        suffix = identifier.split(":", 5)[5].removeprefix("loadbalancer/")
        return {"attributes": {each["Key"]: each["Value"] for each in answer}, "suffix": suffix}

    return run


def _back(attributes: Mapping[str, str]) -> dict[str, str]:
    """Expressions of the inputs, from the attributes."""
    plain = {path: f'attributes."{name}" || `null`' for path, name in attributes.items() if "." not in path}
    nested: dict[str, list[str]] = {}
    for path, name in attributes.items():
        if "." in path:
            owner, part = path.split(".")
            nested.setdefault(owner, []).append(f'{part}: attributes."{name}"')
    return plain | {owner: "{" + ", ".join(parts) + "}" for owner, parts in nested.items()}


def _tags(arn: str) -> Tags:
    resource = {"ResourceArns": f"[{arn}]"}
    read: Step = Call("DescribeTags", resource, at="TagDescriptions[0].Tags")
    assert isinstance(read, Call)
    return Tags(Call("AddTags", resource), Call("RemoveTags", resource), read)


def _named(what: str) -> dict[str, str]:
    return {f"{what}Arns": "id && [id] || `null`", "Names": "!id && [name] || `null`"}


_HEALTH = {
    "HealthCheckEnabled": "healthCheck.enabled",
    "HealthCheckIntervalSeconds": "healthCheck.interval",
    "HealthCheckPath": "healthCheck.path",
    "HealthCheckPort": "healthCheck.port",
    "HealthCheckProtocol": "healthCheck.protocol",
    "HealthCheckTimeoutSeconds": "healthCheck.timeout",
    "HealthyThresholdCount": "healthCheck.healthyThreshold",
    "UnhealthyThresholdCount": "healthCheck.unhealthyThreshold",
    "Matcher": "healthCheck.matcher && {HttpCode: healthCheck.matcher}",
}
_LISTENS = {
    "Certificates": "certificateArn && [{CertificateArn: certificateArn}] || `null`",
    "DefaultActions": "defaultActions[].{Type: type, TargetGroupArn: targetGroupArn, Order: order, "
    "RedirectConfig: redirect, FixedResponseConfig: fixedResponse, ForwardConfig: forward && {"
    "TargetGroups: forward.targetGroups[].{TargetGroupArn: arn, Weight: weight}, "
    "TargetGroupStickinessConfig: forward.stickiness && {Enabled: forward.stickiness.enabled, "
    "DurationSeconds: forward.stickiness.duration}}}",
}

TYPES = [
    Type(
        "aws:lb/loadBalancer:LoadBalancer",
        client="elbv2",
        create=Call(
            "CreateLoadBalancer",
            {"Scheme": "internal && 'internal' || 'internet-facing'", "Type": "loadBalancerType"},
            at="LoadBalancers[0]",
        ),
        id="LoadBalancerArn",
        read=(
            Call("DescribeLoadBalancers", _named("LoadBalancer"), at="LoadBalancers[0]"),
            Code(_get("describe_load_balancer_attributes", "LoadBalancerArn")),
        ),
        ready="State.Code=='active'",
        failed="State.Code=='failed'",
        settle=(_set(_BALANCER, "modify_load_balancer_attributes", "LoadBalancerArn"),),
        update=(
            Call("SetSecurityGroups", {"LoadBalancerArn": "id"}),
            Call("SetSubnets", {"LoadBalancerArn": "id"}, without=frozenset({"ipAddressType"})),
            Call("SetIpAddressType", {"LoadBalancerArn": "id"}),
        ),
        delete=(Call("DeleteLoadBalancer", {"LoadBalancerArn": "id"}),),
        name="name",
        replace=frozenset({"name", "internal", "loadBalancerType", "region"}),
        defaults={"enableDeletionProtection": False, "internal": False, "loadBalancerType": "application"},
        back={
            **_back(_BALANCER),
            "name": "LoadBalancerName",
            "internal": "Scheme=='internal'",
            "loadBalancerType": "Type",
            "subnets": "AvailabilityZones[].SubnetId",
        },
        outputs={
            "arn": "LoadBalancerArn",
            "arnSuffix": "suffix",
            "dnsName": "DNSName",
            "vpcId": "VpcId",
            "zoneId": "CanonicalHostedZoneId",
        },
        tags=_tags("LoadBalancerArn || arn"),
    ),
    Type(
        "aws:lb/targetGroup:TargetGroup",
        client="elbv2",
        create=Call("CreateTargetGroup", _HEALTH, at="TargetGroups[0]"),
        id="TargetGroupArn",
        read=(
            Call("DescribeTargetGroups", _named("TargetGroup"), at="TargetGroups[0]"),
            Code(_get("describe_target_group_attributes", "TargetGroupArn")),
        ),
        settle=(_set(_TARGETS, "modify_target_group_attributes", "TargetGroupArn"),),
        update=(Call("ModifyTargetGroup", {"TargetGroupArn": "id", **_HEALTH}),),
        delete=(Call("DeleteTargetGroup", {"TargetGroupArn": "id"}),),
        name="name",
        replace=frozenset(
            {"name", "port", "protocol", "protocolVersion", "vpcId", "targetType", "ipAddressType", "region"}
        ),
        defaults={"targetType": "instance"},
        back={
            **_back(_TARGETS),
            "name": "TargetGroupName",
            "healthCheck": "{enabled: HealthCheckEnabled, interval: HealthCheckIntervalSeconds, "
            "path: HealthCheckPath, port: HealthCheckPort, protocol: HealthCheckProtocol, "
            "timeout: HealthCheckTimeoutSeconds, healthyThreshold: HealthyThresholdCount, "
            "unhealthyThreshold: UnhealthyThresholdCount, matcher: Matcher.HttpCode}",
        },
        outputs={"arn": "TargetGroupArn", "arnSuffix": "suffix"},
        tags=_tags("TargetGroupArn || arn"),
    ),
    Type(
        "aws:lb/listener:Listener",
        client="elbv2",
        create=Call("CreateListener", _LISTENS, at="Listeners[0]"),
        id="ListenerArn",
        read=(
            Call("DescribeListeners", {"ListenerArns": "[id]"}, at="Listeners[0]"),
            Code(_get("describe_listener_attributes", "ListenerArn")),
        ),
        find=Call(
            "DescribeListeners",
            {"LoadBalancerArn": "loadBalancerArn"},
            at="Listeners[?to_string(Port)=='$port'] | [0]",
        ),
        settle=(_set(_LISTENER, "modify_listener_attributes", "ListenerArn"),),
        update=(Call("ModifyListener", {"ListenerArn": "id", **_LISTENS}),),
        delete=(Call("DeleteListener", {"ListenerArn": "id"}),),
        replace=frozenset({"loadBalancerArn", "region"}),
        back={
            **_back(_LISTENER),
            "certificateArn": "Certificates[0].CertificateArn",
            "defaultActions": "DefaultActions[].{type: Type, targetGroupArn: TargetGroupArn, order: Order, "
            "redirect: RedirectConfig, fixedResponse: FixedResponseConfig, forward: ForwardConfig && {"
            "targetGroups: ForwardConfig.TargetGroups[].{arn: TargetGroupArn, weight: Weight}, "
            "stickiness: {enabled: ForwardConfig.TargetGroupStickinessConfig.Enabled, "
            "duration: ForwardConfig.TargetGroupStickinessConfig.DurationSeconds}}}",
        },
        outputs={"arn": "ListenerArn"},
        tags=_tags("ListenerArn || arn"),
    ),
]
