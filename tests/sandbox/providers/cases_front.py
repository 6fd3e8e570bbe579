"""The lives of what a way in from the internet is made of."""

import json
from typing import Any

from sandbox.providers.values import Properties
from tests.sandbox.providers.cases import Case, World

ACCOUNT = "123456789012"


def _balancer(world: World, name: str = "balancer", **more: Any) -> str:
    inputs = {"subnets": [world.subnet(2, "a"), world.subnet(3, "b")], "securityGroups": [world.group("a")], **more}
    return world._once(name, "aws:lb/loadBalancer:LoadBalancer", inputs).id


def _targets(world: World, name: str = "targets") -> str:
    inputs = {"name": name, "port": 8080, "protocol": "HTTP", "targetType": "ip", "vpcId": world.vpc}
    return world._once(name, "aws:lb/targetGroup:TargetGroup", inputs).id


def _log_bucket(world: World) -> str:
    bucket = world.bucket("front-logs", forceDestroy=True)
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/AWSLogs/{ACCOUNT}/*",
        "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}:loadbalancer/*"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    world._once("front-logs-policy", "aws:s3/bucketPolicy:BucketPolicy", {"bucket": bucket, "policy": policy})
    return bucket


def _zone(world: World) -> str:
    return world._once("zone", "aws:route53/zone:Zone", {"name": "ml.example.com"}).id


def _certificate(world: World, name: str = "certificate") -> str:
    """One whose record is published."""
    inputs = {"domainName": "*.ml.example.com", "validationMethod": "DNS"}
    made = world._once(name, "aws:acm/certificate:Certificate", inputs)
    [proof] = made.outputs["domainValidationOptions"]
    record = {
        "zoneId": _zone(world),
        "name": proof["resourceRecordName"],
        "type": proof["resourceRecordType"],
        "records": [proof["resourceRecordValue"]],
        "ttl": 300,
    }
    world._once("proof", "aws:route53/record:Record", record)
    return made.id


def _valid(world: World) -> str:
    inputs = {"certificateArn": _certificate(world)}
    return world._once("valid", "aws:acm/certificateValidation:CertificateValidation", inputs).id


def _rate(limit: int) -> Properties:
    return {
        "name": "rate",
        "priority": 0,
        "action": {"block": {"customResponse": {"responseCode": 429}}},
        "statement": {"rateBasedStatement": {"aggregateKeyType": "IP", "limit": limit, "evaluationWindowSec": 300}},
        "visibilityConfig": _seen("rate"),
    }


def _common() -> Properties:
    overrides = [{"name": "SizeRestrictions_BODY", "actionToUse": {"count": {}}}]
    group = {"vendorName": "AWS", "name": "AWSManagedRulesCommonRuleSet", "ruleActionOverrides": overrides}
    return {
        "name": "common",
        "priority": 10,
        "overrideAction": {"none": {}},
        "statement": {"managedRuleGroupStatement": group},
        "visibilityConfig": _seen("common"),
    }


def _seen(metric: str) -> Properties:
    return {"cloudwatchMetricsEnabled": True, "metricName": metric, "sampledRequestsEnabled": False}


def _acl(world: World, name: str = "acl") -> str:
    inputs = {"scope": "REGIONAL", "defaultAction": {"allow": {}}, "visibilityConfig": _seen("acl")}
    return str(world._once(name, "aws:wafv2/webAcl:WebAcl", inputs).outputs["arn"])


def _waf_logs(world: World) -> str:
    group = world._once("waf-logs", "aws:cloudwatch/logGroup:LogGroup", {"name": "aws-waf-logs-models"})
    return str(group.outputs["arn"])


def _kept(*actions: str) -> Properties:
    conditions = [{"actionCondition": {"action": action}} for action in actions]
    kept = {"behavior": "KEEP", "requirement": "MEETS_ANY", "conditions": conditions}
    return {"defaultBehavior": "DROP", "filters": [kept]}


def _pool(world: World) -> str:
    return world._once("pool", "aws:cognito/userPool:UserPool", {"name": "pool"}).id


def _scopes(world: World) -> list[str]:
    inputs = {
        "userPoolId": _pool(world),
        "identifier": "models",
        "name": "models",
        "scopes": [{"scopeName": "predict", "scopeDescription": "Predict"}],
    }
    made = world._once("scopes", "aws:cognito/resourceServer:ResourceServer", inputs)
    scopes: list[str] = made.outputs["scopeIdentifiers"]
    return scopes


def _logs_policy(action: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": action,
        "Resource": f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:aws-waf-logs-*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


CASES = [
    Case(
        "aws:lb/loadBalancer:LoadBalancer",
        lambda w: {
            "name": "front",
            "loadBalancerType": "application",
            "internal": False,
            "ipAddressType": "ipv4",
            "subnets": [w.subnet(2, "a"), w.subnet(3, "b")],
            "securityGroups": [w.group("a")],
            "accessLogs": {"bucket": _log_bucket(w), "enabled": True},
            "desyncMitigationMode": "strictest",
            "dropInvalidHeaderFields": True,
            "enableDeletionProtection": True,
            "enableHttp2": True,
            "enableWafFailOpen": False,
            "enableZonalShift": True,
            "idleTimeout": 60,
            "preserveHostHeader": True,
            "xffHeaderProcessingMode": "append",
            "tags": {"a": "1"},
        },
        lambda w: {
            "subnets": [w.subnet(2, "a"), w.subnet(3, "b"), w.subnet(71, "c")],
            "securityGroups": [w.group("a"), w.group("b")],
            "enableDeletionProtection": None,
            "idleTimeout": 120,
            "tags": {"b": "2"},
        },
    ),
    Case(
        "aws:lb/targetGroup:TargetGroup",
        lambda w: {
            "name": "envoy",
            "vpcId": w.vpc,
            "targetType": "ip",
            "protocol": "HTTP",
            "protocolVersion": "HTTP1",
            "port": 10080,
            "deregistrationDelay": 30,
            "loadBalancingAlgorithmType": "least_outstanding_requests",
            "healthCheck": {
                "protocol": "HTTP",
                "port": "19003",
                "path": "/ready",
                "matcher": "200",
                "interval": 5,
                "timeout": 2,
                "healthyThreshold": 2,
                "unhealthyThreshold": 2,
            },
            "tags": {"a": "1"},
        },
        lambda _: {
            "deregistrationDelay": 60,
            "healthCheck": {
                "protocol": "HTTP",
                "port": "19003",
                "path": "/healthz",
                "matcher": "200-299",
                "interval": 10,
                "timeout": 5,
                "healthyThreshold": 3,
                "unhealthyThreshold": 3,
            },
            "tags": {"b": "2"},
        },
    ),
    Case(
        "aws:lb/listener:Listener",
        lambda w: {
            "loadBalancerArn": _balancer(w),
            "port": 443,
            "protocol": "HTTPS",
            "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
            "certificateArn": _valid(w),
            "defaultActions": [{"type": "forward", "targetGroupArn": _targets(w)}],
            "routingHttpResponseServerEnabled": False,
            "routingHttpResponseStrictTransportSecurityHeaderValue": "max-age=31536000",
            "tags": {"a": "1"},
        },
        lambda w: {
            "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
            "defaultActions": [
                {"type": "fixed-response", "fixedResponse": {"contentType": "text/plain", "statusCode": "404"}}
            ],
            "routingHttpResponseServerEnabled": True,
            "routingHttpResponseStrictTransportSecurityHeaderValue": None,
            "tags": {"b": "2"},
        },
    ),
    Case(
        "aws:lb/listener:Listener",
        lambda w: {
            "loadBalancerArn": _balancer(w),
            "port": 80,
            "protocol": "HTTP",
            "defaultActions": [
                {"type": "redirect", "redirect": {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}}
            ],
        },
        lambda w: {
            "defaultActions": [
                {
                    "type": "forward",
                    "forward": {
                        "targetGroups": [
                            {"arn": _targets(w), "weight": 90},
                            {"arn": _targets(w, "others"), "weight": 10},
                        ]
                    },
                }
            ],
        },
        label="plain",
    ),
    Case(
        "aws:wafv2/webAcl:WebAcl",
        lambda _: {
            "name": "models",
            "description": "In front of models",
            "scope": "REGIONAL",
            "defaultAction": {"allow": {}},
            "rules": [_rate(30000), _common()],
            "visibilityConfig": _seen("gateway"),
            "tags": {"a": "1"},
        },
        lambda _: {"rules": [_rate(100)], "defaultAction": {"block": {}}, "tags": {"b": "2"}},
    ),
    Case(
        "aws:wafv2/webAclAssociation:WebAclAssociation",
        lambda w: {"resourceArn": _balancer(w), "webAclArn": _acl(w)},
        lambda w: {"webAclArn": _acl(w, "other-acl")},
        replaces=True,
    ),
    Case(
        "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
        lambda w: {
            "resourceArn": _acl(w),
            "logDestinationConfigs": [_waf_logs(w)],
            "redactedFields": [{"singleHeader": {"name": "authorization"}}],
            "loggingFilter": _kept("BLOCK"),
        },
        lambda _: {
            "redactedFields": [{"singleHeader": {"name": "authorization"}}, {"singleHeader": {"name": "cookie"}}],
            "loggingFilter": _kept("BLOCK", "COUNT"),
        },
    ),
    Case(
        "aws:acm/certificate:Certificate",
        lambda _: {
            "domainName": "ml.example.com",
            "subjectAlternativeNames": ["*.ml.example.com"],
            "validationMethod": "DNS",
            "tags": {"a": "1"},
        },
        lambda _: {"tags": {"b": "2"}},
    ),
    Case("aws:acm/certificateValidation:CertificateValidation", lambda w: {"certificateArn": _certificate(w)}),
    Case(
        "aws:route53/zone:Zone",
        lambda _: {"name": "models.example.org", "forceDestroy": True, "tags": {"a": "1"}},
        lambda _: {"comment": "Models", "tags": {"b": "2"}},
    ),
    Case(
        "aws:route53/record:Record",
        lambda w: {
            "zoneId": _zone(w),
            "name": "*.ml.example.com",
            "type": "A",
            "aliases": [{"name": "a.elb.amazonaws.com", "zoneId": "Z32O12XQLNTSW2", "evaluateTargetHealth": True}],
        },
        lambda _: {
            "aliases": [{"name": "b.elb.amazonaws.com", "zoneId": "Z32O12XQLNTSW2", "evaluateTargetHealth": False}]
        },
    ),
    Case(
        "aws:route53/record:Record",
        lambda w: {"zoneId": _zone(w), "name": "api", "type": "CNAME", "records": ["a.example.com"], "ttl": 300},
        lambda _: {"records": ["b.example.com"], "ttl": 60},
        label="short",
    ),
    Case(
        "aws:cognito/userPool:UserPool",
        lambda _: {
            "name": "ml.example.com",
            "userPoolTier": "ESSENTIALS",
            "deletionProtection": "ACTIVE",
            "adminCreateUserConfig": {"allowAdminCreateUserOnly": True},
            "mfaConfiguration": "OPTIONAL",
            "softwareTokenMfaConfiguration": {"enabled": True},
            "passwordPolicy": {"minimumLength": 14, "requireSymbols": True, "temporaryPasswordValidityDays": 1},
            "accountRecoverySetting": {"recoveryMechanisms": [{"name": "admin_only", "priority": 1}]},
            "usernameConfiguration": {"caseSensitive": False},
            "tags": {"a": "1"},
        },
        lambda _: {
            "deletionProtection": "INACTIVE",
            "mfaConfiguration": "OFF",
            "softwareTokenMfaConfiguration": None,
            "passwordPolicy": {"minimumLength": 20, "requireSymbols": True, "temporaryPasswordValidityDays": 1},
            "tags": {"b": "2"},
        },
    ),
    Case(
        "aws:cognito/userPoolClient:UserPoolClient",
        lambda w: {
            "name": "default",
            "userPoolId": _pool(w),
            "generateSecret": True,
            "allowedOauthFlowsUserPoolClient": True,
            "allowedOauthFlows": ["client_credentials"],
            "allowedOauthScopes": _scopes(w),
            "accessTokenValidity": 60,
            "tokenValidityUnits": {"accessToken": "minutes"},
            "enableTokenRevocation": True,
            "preventUserExistenceErrors": "ENABLED",
        },
        lambda _: {"name": "callers", "accessTokenValidity": 30},
    ),
    Case("aws:cognito/userPoolDomain:UserPoolDomain", lambda w: {"domain": "acme-dev-models", "userPoolId": _pool(w)}),
    Case(
        "aws:cognito/resourceServer:ResourceServer",
        lambda w: {
            "userPoolId": _pool(w),
            "identifier": "slipway",
            "name": "slipway",
            "scopes": [{"scopeName": "predict", "scopeDescription": "Predict"}],
        },
        lambda _: {"scopes": [{"scopeName": "explain", "scopeDescription": "Explain"}]},
    ),
    Case(
        "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        lambda _: {"policyName": "waf", "policyDocument": _logs_policy("logs:CreateLogStream")},
        lambda _: {"policyDocument": _logs_policy("logs:PutLogEvents")},
    ),
]
