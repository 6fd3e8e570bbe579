"""The front of a gateway: what of it is AWS's, and what the component hands out."""

from datetime import date
from typing import Any

import pulumi
import pytest
from slipway import versions
from slipway.serving import Gateway

from tests.components.graph import UNKNOWN, Graph, declare
from tests.components.monitor import Resource

KEY = "arn:aws:kms:eu-west-1:123456789012:key/9a0cf8a3-77c3-4b0c-8a55-2f6f3a1c7d22"
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/0d4f4e52-8a3b-4f0e-9a39-1f0f5a0b6c11"
ISSUER: dict[str, Any] = {
    "jwt_issuer": "https://id.example.com/",
    "jwt_jwks_uri": "https://id.example.com/keys",
    "jwt_audiences": ["models"],
}
ARGS: dict[str, Any] = {
    "vpc_id": "vpc-0123456789abcdef0",
    "public_subnet_ids": ["subnet-public-a", "subnet-public-b"],
    "public_subnet_cidr_blocks": ["10.0.128.0/24", "10.0.144.0/24"],
    "cluster_security_group_id": "sg-0c0ffee0c0ffee0c0",
    "domain": "ml.example.com",
    "access_log_bucket_name": "acme-dev-gateway-logs",
    "logs_key_arn": KEY,
    "zone_id": "Z0123456789ABCDEFGHIJ",
    **ISSUER,
}
USER_POOL: dict[str, Any] = {**dict.fromkeys(ISSUER), "cognito_domain_prefix": "acme-dev"}


def build(preview: bool = False, **args: Any) -> Graph[Gateway]:
    given: Any = {key: value for key, value in {**ARGS, **args}.items() if value is not None}
    return declare(lambda: Gateway("gateway", given), preview=preview)


def rule(graph: Graph[Gateway], kind: str, name: str) -> Resource:
    return graph.named(name, f"aws:vpc/securityGroup{kind}Rule:SecurityGroup{kind}Rule")


def test_the_load_balancer_is_guarded(preview: bool) -> None:
    balancer = build(preview).one("aws:lb/loadBalancer:LoadBalancer")

    inputs = balancer.inputs
    assert balancer.protect and inputs["enableDeletionProtection"] is True
    assert (inputs["loadBalancerType"], inputs["internal"]) == ("application", False)
    assert inputs["subnets"] == ["subnet-public-a", "subnet-public-b"]
    assert inputs["dropInvalidHeaderFields"] is True
    assert inputs["desyncMitigationMode"] == "strictest"
    assert inputs["enableWafFailOpen"] is False
    assert inputs["idleTimeout"] == 60
    # Envoy believes one entry of X-Forwarded-For, which must be the load balancer's.
    assert inputs["xffHeaderProcessingMode"] == "append"


def test_only_https_leads_to_envoy(preview: bool) -> None:
    graph = build(preview)

    https, http = graph.named("gateway-https").inputs, graph.named("gateway-http").inputs
    assert (https["port"], https["protocol"]) == (443, "HTTPS")
    assert https["sslPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2-")
    (forward,) = https["defaultActions"]
    assert forward["type"] == "forward"
    assert forward["targetGroupArn"] == (
        UNKNOWN if preview else graph.one("aws:lb/targetGroup:TargetGroup").outputs["arn"]
    )
    assert https["routingHttpResponseStrictTransportSecurityHeaderValue"] == "max-age=31536000"
    assert (http["port"], http["protocol"]) == (80, "HTTP")
    assert http["defaultActions"] == [
        {"type": "redirect", "redirect": {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}}
    ]


def test_listeners_open_behind_the_firewall_and_names_lead_to_open_listeners() -> None:
    graph = build()

    shield = graph.one("aws:wafv2/webAclAssociation:WebAclAssociation")
    for listener in graph.all("aws:lb/listener:Listener"):
        assert graph.waits_for(listener, shield)
    assert graph.waits_for(graph.named("gateway-hosts"), graph.named("gateway-https"))


def test_the_load_balancer_reaches_envoy_and_nothing_else() -> None:
    graph = build(allowed_cidrs=["203.0.113.0/24"])

    group = graph.one("aws:ec2/securityGroup:SecurityGroup")
    cluster = ARGS["cluster_security_group_id"]
    assert "egress" not in group.inputs  # without rules in it, a group made by Pulumi lets nothing out
    for port, name in ((8080, "requests"), (19003, "health")):
        out, into = rule(graph, "Egress", f"gateway-{name}").inputs, rule(graph, "Ingress", f"gateway-{name}").inputs
        assert (out["fromPort"], out["toPort"], into["fromPort"], into["toPort"]) == (port,) * 4
        assert (out["securityGroupId"], out["referencedSecurityGroupId"]) == (group.outputs["id"], cluster)
        assert (into["securityGroupId"], into["referencedSecurityGroupId"]) == (cluster, group.outputs["id"])
    assert len(graph.all("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")) == 2
    for scheme, port in (("https", 443), ("http", 80)):
        callers = rule(graph, "Ingress", f"gateway-{scheme}-203.0.113.0/24").inputs
        assert (callers["cidrIpv4"], callers["fromPort"], callers["toPort"]) == ("203.0.113.0/24", port, port)
    assert rule(build(), "Ingress", "gateway-https-0.0.0.0/0").inputs["cidrIpv4"] == "0.0.0.0/0"


def test_targets_are_pods_that_envoy_calls_ready() -> None:
    graph = build()

    targets = graph.one("aws:lb/targetGroup:TargetGroup").inputs
    assert (targets["targetType"], targets["port"], targets["protocol"]) == ("ip", 8080, "HTTP")
    assert targets["vpcId"] == ARGS["vpc_id"]
    check = targets["healthCheck"]
    assert (check["port"], check["path"], check["matcher"]) == ("19003", "/ready", "200")


def test_access_logs_go_to_a_bucket_that_elastic_load_balancing_can_write_to(preview: bool) -> None:
    graph = build(preview, access_log_days=30)

    bucket = graph.one("aws:s3/bucket:Bucket")
    policy = graph.one("aws:s3/bucketPolicy:BucketPolicy")
    balancer = graph.one("aws:lb/loadBalancer:LoadBalancer")
    assert bucket.protect and bucket.inputs["tags"] == {"data-class": "logs"}
    assert balancer.inputs["accessLogs"] == {"bucket": "acme-dev-gateway-logs", "enabled": True}
    assert graph.waits_for(balancer, policy)
    # With SSE-KMS the logs silently do not arrive.
    (encryption,) = graph.named(
        "gateway-logs", "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    ).inputs["rules"]
    assert encryption["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
    lifecycle = graph.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").inputs["rules"]
    assert [one["expiration"]["days"] for one in lifecycle] == [30]
    if not preview:
        statements = {one["Sid"]: one for one in policy.document("policy")["Statement"]}
        assert set(statements) == {"DenyPlaintext", "DenyOldTls", "DeliverAccessLogs"}
        deliver = statements["DeliverAccessLogs"]
        assert deliver["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
        assert deliver["Resource"] == ["arn:aws:s3:::acme-dev-gateway-logs/AWSLogs/123456789012/*"]
        source = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/*"
        assert deliver["Condition"] == {"ArnLike": {"aws:SourceArn": source}}


def test_the_firewall_blocks_floods_and_known_attacks(preview: bool) -> None:
    acl = build(preview, waf_requests_per_5_minutes=900).one("aws:wafv2/webAcl:WebAcl").inputs

    assert (acl["scope"], acl["defaultAction"]) == ("REGIONAL", {"allow": {}})
    rate, *managed = acl["rules"]
    assert rate["statement"]["rateBasedStatement"] == {
        "aggregateKeyType": "IP",
        "limit": 900,
        "evaluationWindowSec": 300,
    }
    assert rate["action"] == {"block": {"customResponse": {"responseCode": 429}}}
    assert [one["statement"]["managedRuleGroupStatement"]["name"] for one in managed] == [
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesKnownBadInputsRuleSet",
    ]
    priorities = [one["priority"] for one in acl["rules"]]
    assert priorities == sorted(set(priorities))


def test_a_prediction_of_more_than_8_kib_passes_the_firewall() -> None:
    def overrides(**args: Any) -> dict[str, Any]:
        rules = build(**args).one("aws:wafv2/webAcl:WebAcl").inputs["rules"][1:]
        groups = [one["statement"]["managedRuleGroupStatement"] for one in rules]
        return {one["name"]: one["ruleActionOverrides"] for one in groups if "ruleActionOverrides" in one}

    assert overrides() == {
        "AWSManagedRulesCommonRuleSet": [{"name": "SizeRestrictions_BODY", "actionToUse": {"count": {}}}]
    }
    assert overrides(waf_counted_rules=[]) == {}
    assert overrides(waf_rule_groups=["AWSManagedRulesSQLiRuleSet"]) == {}
    counted = ["AWSManagedRulesCommonRuleSet/NoUserAgent_HEADER", "AWSManagedRulesCommonRuleSet/GenericRFI_BODY"]
    (group,) = overrides(waf_counted_rules=counted).values()
    assert [one["name"] for one in group] == ["GenericRFI_BODY", "NoUserAgent_HEADER"]


def test_the_firewall_keeps_no_tokens_and_no_callers_who_did_nothing() -> None:
    graph = build(waf_log_days=30)

    group = graph.one("aws:cloudwatch/logGroup:LogGroup")
    assert group.inputs["name"] == "aws-waf-logs-ml.example.com"
    assert (group.inputs["retentionInDays"], group.inputs["kmsKeyId"]) == (30, KEY)
    assert group.inputs["tags"] == {"data-class": "logs"}
    logging = graph.one("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration").inputs
    assert logging["logDestinationConfigs"] == [group.outputs["arn"]]
    assert [one["singleHeader"]["name"] for one in logging["redactedFields"]] == ["authorization", "cookie"]
    assert logging["loggingFilter"]["defaultBehavior"] == "DROP"
    acl = graph.one("aws:wafv2/webAcl:WebAcl").inputs
    views = [acl["visibilityConfig"], *(one["visibilityConfig"] for one in acl["rules"])]
    assert not any(view["sampledRequestsEnabled"] for view in views)


def test_a_zone_gives_certificate_and_names(preview: bool) -> None:
    graph = build(preview)

    certificate = graph.one("aws:acm/certificate:Certificate")
    proof = graph.named("gateway-certificate", "aws:route53/record:Record")
    valid = graph.one("aws:acm/certificateValidation:CertificateValidation")
    assert (certificate.inputs["domainName"], certificate.inputs["validationMethod"]) == ("*.ml.example.com", "DNS")
    https = graph.named("gateway-https")
    assert graph.waits_for(valid, proof) and graph.waits_for(https, valid)
    hosts = graph.named("gateway-hosts").inputs
    assert (hosts["name"], hosts["type"], hosts["zoneId"]) == ("*.ml.example.com", "A", ARGS["zone_id"])
    if not preview:
        (option,) = certificate.outputs["domainValidationOptions"]
        assert (proof.inputs["name"], proof.inputs["type"]) == (option["resourceRecordName"], "CNAME")
        assert proof.inputs["records"] == [option["resourceRecordValue"]]
        balancer = graph.one("aws:lb/loadBalancer:LoadBalancer")
        (alias,) = hosts["aliases"]
        assert (alias["name"], alias["zoneId"]) == (balancer.outputs["dnsName"], balancer.outputs["zoneId"])


def test_a_certificate_of_the_callers_needs_no_zone(preview: bool) -> None:
    graph = build(preview, zone_id=None, certificate_arn=CERTIFICATE)

    assert graph.named("gateway-https").inputs["certificateArn"] == CERTIFICATE
    assert not {kind for kind in graph.types() if kind.startswith(("aws:acm/", "aws:route53/"))}


def test_any_issuer_is_handed_on(preview: bool) -> None:
    graph = build(preview)

    assert not [kind for kind in graph.types() if kind.startswith("aws:cognito/")]
    outputs = graph.outputs("gateway")
    assert (outputs["issuer"], outputs["jwksUri"]) == (ISSUER["jwt_issuer"], ISSUER["jwt_jwks_uri"])
    assert (outputs["audiences"], outputs["scopes"]) == (["models"], [])
    assert (outputs["tokenUrl"], outputs["userPoolId"], outputs["clientIds"]) == ("", "", {})


def test_a_user_pool_lets_nobody_sign_up_alone(preview: bool) -> None:
    pool = build(preview, **USER_POOL).one("aws:cognito/userPool:UserPool")

    inputs = pool.inputs
    assert pool.protect and inputs["deletionProtection"] == "ACTIVE"
    assert inputs["adminCreateUserConfig"] == {"allowAdminCreateUserOnly": True}
    assert (inputs["mfaConfiguration"], inputs["softwareTokenMfaConfiguration"]) == ("OPTIONAL", {"enabled": True})
    assert inputs["passwordPolicy"]["minimumLength"] == 14
    assert inputs["tags"] == {"data-class": "personal"}
    off = build(preview, **USER_POOL, cognito_mfa="OFF", deletion_protection=False)
    loose = off.one("aws:cognito/userPool:UserPool")
    assert "softwareTokenMfaConfiguration" not in loose.inputs
    assert (loose.inputs["deletionProtection"], loose.protect) == ("INACTIVE", False)


def test_applications_get_tokens_of_the_user_pool_for_themselves() -> None:
    graph = build(**USER_POOL, cognito_clients=["web", "batch"])

    clients = graph.all("aws:cognito/userPoolClient:UserPoolClient")
    assert [client.inputs["name"] for client in clients] == ["batch", "web"]
    for client in clients:
        assert client.inputs["allowedOauthFlows"] == ["client_credentials"]
        assert client.inputs["allowedOauthScopes"] == ["slipway/predict"]
        assert client.inputs["generateSecret"] is True
        assert (client.inputs["accessTokenValidity"], client.inputs["tokenValidityUnits"]) == (
            60,
            {"accessToken": "minutes"},
        )
    pool = graph.one("aws:cognito/userPool:UserPool").outputs["id"]
    outputs = graph.outputs("gateway")
    assert outputs["issuer"] == f"https://cognito-idp.eu-west-1.amazonaws.com/{pool}"
    assert outputs["jwksUri"] == f"{outputs['issuer']}/.well-known/jwks.json"
    assert outputs["tokenUrl"] == "https://acme-dev.auth.eu-west-1.amazoncognito.com/oauth2/token"
    assert outputs["userPoolId"] == pool
    assert set(outputs["clientIds"]) == {"web", "batch"}


def test_tokens_of_a_user_pool_are_told_by_their_scope() -> None:
    """Cognito's access tokens have no audience: who asks for one refuses them all."""
    outputs = build(**USER_POOL).outputs("gateway")

    assert (outputs["audiences"], outputs["scopes"]) == ([], ["slipway/predict"])


def test_outputs_say_where_to_attach(preview: bool) -> None:
    outputs = build(preview).outputs("gateway")

    assert (outputs["domain"], outputs["gatewayName"], outputs["gatewayNamespace"]) == (
        "ml.example.com",
        "models",
        "gateway",
    )


def test_what_uses_the_gateways_name_waits_for_its_policies() -> None:
    import pulumi_kubernetes as k8s

    def program() -> None:
        given: Any = ARGS
        made = Gateway("gateway", given)
        k8s.core.v1.ConfigMap("user", data={"gateway": made.gateway_name})

    graph = declare(program)
    user = graph.one("kubernetes:core/v1:ConfigMap")
    for name in ("gateway-gateway", "gateway-clients", "gateway-deny"):
        assert graph.waits_for(user, graph.named(name))


def test_inputs_may_be_outputs(preview: bool) -> None:
    later = ("vpc_id", "public_subnet_ids", "public_subnet_cidr_blocks", "cluster_security_group_id", "logs_key_arn")

    def program() -> None:
        given: Any = {**ARGS, **{key: pulumi.Output.from_input(ARGS[key]) for key in later}}
        Gateway("gateway", given)

    graph = declare(program, preview=preview)

    assert graph.types() == build(preview).types()


def test_without_protection_everything_can_go() -> None:
    graph = build(**USER_POOL, deletion_protection=False)

    assert not [resource.urn for resource in graph.resources if resource.protect]
    assert graph.one("aws:lb/loadBalancer:LoadBalancer").inputs["enableDeletionProtection"] is False
    assert graph.one("aws:s3/bucket:Bucket").inputs["forceDestroy"] is True


def test_an_envoy_gateway_without_support_is_warned_about(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, resource=None: said.append(text))

    monkeypatch.setattr(versions, "ENVOY_GATEWAY_SUPPORT_ENDS", date(2999, 1, 1))
    build()
    assert said == []
    monkeypatch.setattr(versions, "ENVOY_GATEWAY_SUPPORT_ENDS", date(2026, 1, 1))
    build()
    assert said == [f"Envoy Gateway {versions.ENVOY_GATEWAY}: its support ended on 2026-01-01; use a newer slipway."]
