"""Wrong settings of gateway, gate, stores, auth, scaling and rollouts are refused like all others."""

from typing import Any

import pytest

from stacks import gates
from stacks.settings import Settings, SettingsError, parse
from tests.stacks.config import serving
from tests.stacks.test_settings import accepted_line

ISSUER = {"url": "https://a.example.com", "jwks_uri": "https://a.example.com/jwks", "audiences": ["m"]}
BETTER = "models.fraud.rollout.only_if_better"
RAIL = {"name": "errors", "kind": "binary", "direction": "decrease", "margin": 0.01}
ZONE_OR_CERTIFICATE = "zone_id or certificate_arn, one of them"
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/0a"

# path, value, the key that the message is about, and what it must say is accepted
WRONG: list[tuple[str, Any, str, str]] = [
    ("gateway.domain", ..., "gateway.domain", "a value"),
    ("gateway.domain", "https://ml.example.com", "gateway.domain", "a domain such as ml.example.com"),
    ("gateway.domain", "example", "gateway.domain", "a domain such as"),
    ("gateway.domain", "*.example.com", "gateway.domain", "a domain such as"),
    ("gateway.zone_id", "/hostedzone/Z1", "gateway.zone_id", "the id of a Route 53 hosted zone"),
    ("gateway.zone_id", ..., "gateway", ZONE_OR_CERTIFICATE),
    ("gateway.certificate_arn", CERTIFICATE, "gateway", ZONE_OR_CERTIFICATE),
    ("gateway.certificate_arn", "arn:aws:iam::123456789012:server-certificate/x", "gateway.certificate_arn", "an ACM"),
    ("gateway.issuer", ..., "gateway", "issuer or cognito, one of them"),
    ("gateway.cognito", {"domain_prefix": "acme-prod"}, "gateway", "issuer or cognito, one of them"),
    (
        "gateway.cognito",
        {"domain_prefix": "my-aws"},
        "gateway.cognito.domain_prefix",
        "without aws, amazon",
    ),
    ("gateway.issuer", ISSUER | {"url": "http://a.example.com"}, "gateway.issuer.url", "an https:// address"),
    ("gateway.issuer", ISSUER | {"jwks_uri": "file:///keys"}, "gateway.issuer.jwks_uri", "an https:// address"),
    ("gateway.issuer", ISSUER | {"audiences": []}, "gateway.issuer.audiences", "at least 1 entries"),
    ("gateway.issuer", {"url": "https://a.example.com"}, "gateway.issuer.jwks_uri", "a value"),
    ("gateway.waf_requests_per_5_minutes", 5, "gateway.waf_requests_per_5_minutes", "greater than or equal to 10"),
    ("gateway.access_log_days", 0, "gateway.access_log_days", "greater than or equal to 1"),
    ("gateway.waf_log_days", 100, "gateway.waf_log_days", "a retention of CloudWatch Logs"),
    ("gateway.allowed_cidrs", ["10.0.0.1/8"], "gateway.allowed_cidrs.0", "an IPv4 network"),
    ("gateway.allowed_cidrs", [], "gateway.allowed_cidrs", "at least 1 entries"),
    ("gateway.min_replicas", 20, "gateway", "min_replicas at most max_replicas (10)"),
    ("gateway.tls", "1.0", "gateway.tls", "no such key; here: access_log_days, allowed_cidrs, certificate_arn, "),
    ("gateway", ..., "models.fraud.auth", "nothing, because there is no section gateway"),
    ("gateway", ..., "rollouts", "nothing, because there is no section gateway whose traffic is shared out"),
    ("gateway_domain", "ml.example.com", "gateway_domain", "nothing, because the section gateway has it"),
    ("rollouts", ..., "rollouts", "a section, because models.fraud.rollout is given: its controller"),
    ("rollouts.plugin_image", "rollouts-plugin:v1", "rollouts.plugin_image", "an image by digest"),
    ("rollouts.plugin_image", ..., "rollouts.plugin_image", "a value"),
    ("gate.key_arns", ["alias/x"], "gate.key_arns.0", "an ARN with its account id"),
    ("stores.databases.cases.zones", ["c"], "stores.databases.cases.zones", "zones of network.zones (a, b)"),
    ("gate", ..., "gate", "a section, because models.fraud.rollout.only_if_better is given"),
    ("gate.labels", ..., "gate.labels", "a value"),
    ("gate.labels", "s3://acme-test-events", "gate.labels", "a prefix of a bucket"),
    ("gate.predictions", "/tmp/predictions", "gate.predictions", "s3://<bucket>/<prefix>"),
    ("prometheus_address", ..., "prometheus_address", "an address, because models.fraud.rollout compares"),
    ("prometheus_address", "prometheus:9090", "prometheus_address", "an address such as http://host:9090"),
    ("stores.online.features.hash_key", ..., "stores.online.features.hash_key", "a value"),
    ("stores.online.features.data_class", "logs", "stores.online.features.data_class", "'models' or 'personal'"),
    ("stores.online.features.max_read_units", 0, "stores.online.features.max_read_units", "greater than or equal to 1"),
    ("stores.online.features.sort", "x", "stores.online.features.sort", "no such key; here: data_class, hash_key, "),
    ("stores.online.Features", {"data_class": "models", "hash_key": "x"}, "stores.online.Features", "2 to 30 of a-z"),
    ("stores.databases.cases.min_acu", 0.3, "stores.databases.cases.min_acu", "a multiple of 0.5"),
    ("stores.databases.cases.min_acu", 8, "stores.databases.cases", "min_acu at most max_acu (4)"),
    ("stores.databases.cases.max_acu", 300, "stores.databases.cases.max_acu", "less than or equal to 256"),
    ("stores.databases.cases.backup_days", 60, "stores.databases.cases.backup_days", "less than or equal to 35"),
    ("models.fraud.stores.online", "other", "models.fraud.stores.online", "a name in stores.online: features"),
    ("models.fraud.stores.database", "features", "models.fraud.stores.database", "a name in stores.databases: cases"),
    ("models.fraud.stores", {"online_writes": True}, "models.fraud.stores", "online_writes with online"),
    ("models.fraud.auth", ..., "models.fraud.auth", "a section, because rollout is given"),
    ("models.waiting.host", "w1", "models.waiting.auth", "a section, because host is given: who may call?"),
    (
        "models.waiting.requests_per_second_limit",
        5,
        "models.waiting.auth",
        "requests_per_second_limit is given",
    ),
    ("models.fraud.auth", {"claims": {"team": []}}, "models.fraud.auth.claims.team", "at least 1 entries"),
    ("models.fraud.auth", {"claims": {"te am": ["x"]}}, "models.fraud.auth.claims.te am", "a claim's name"),
    (
        "models.fraud.auth.allow_unauthenticated",
        True,
        "models.fraud.auth",
        "allow_unauthenticated, or claims",
    ),
    ("models.fraud.auth.allow_unauthenticated", "yes", "models.fraud.auth.allow_unauthenticated", "true or false"),
    (
        "models.waiting",
        {"auth": {}, "host": "fraud"},
        "models.waiting.host",
        "no other model has: fraud has it",
    ),
    ("models.fraud.slo.availability_percent", 100, "models.fraud.slo.availability_percent", "less than 100"),
    ("models.fraud.slo.latency_p99_ms", 0.5, "models.fraud.slo.latency_p99_ms", "a whole number"),
    (
        "models.fraud.scale.target_latency_ms",
        200,
        "models.fraud.scale.target_latency_ms",
        "less than slo.latency_p99",
    ),
    ("models.fraud.scale.target_requests_per_second", 0, "models.fraud.scale.target_requests_per_second", "equal to 1"),
    (
        "models.waiting.scale",
        {"target_requests_per_second": 9},
        "models.waiting.scale.target_requests_per_second",
        "nothing, because without auth no request comes by the gateway",
    ),
    (
        "models.fraud.scale",
        {"min": 2, "max": 2, "target_latency_ms": 9},
        "models.fraud.scale.target_latency_ms",
        "nothing, because min and max are both 2",
    ),
    (
        "models.fraud.scale",
        {"max": 9},
        "models.fraud.scale.max",
        "at most 4, or a cluster.namespace.cpu of at",
    ),
    ("models.fraud.resources.gpus", 1, "models.fraud.rollout", "a cluster.gpu.limit of at least 6"),
    (
        "models.fraud.resources.memory",
        "32Gi",
        "models.fraud.scale.max",
        "or a cluster.namespace.memory_gib of at",
    ),
    ("models.fraud.rollout.steps_percent", [], "models.fraud.rollout.steps_percent", "at least 1 entries"),
    ("models.fraud.rollout.steps_percent", [25, 5], "models.fraud.rollout.steps_percent", "increasing whole numbers"),
    ("models.fraud.rollout.steps_percent", [5, 5], "models.fraud.rollout.steps_percent", "increasing whole numbers"),
    ("models.fraud.rollout.steps_percent", [50, 100], "models.fraud.rollout.steps_percent", "from 1 to 99"),
    ("models.fraud.rollout.steps_percent", [5, 500], "models.fraud.rollout.steps_percent", "from 1 to 99"),
    ("models.fraud.rollout.steps_percent", [0.5], "models.fraud.rollout.steps_percent.0", "a whole number"),
    ("models.fraud.rollout.mirror_minutes", ..., "models.fraud.rollout", "mirror_percent with mirror_minutes"),
    ("models.fraud.rollout.mirror_percent", 101, "models.fraud.rollout.mirror_percent", "less than or equal to 100"),
    ("models.fraud.rollout.step_minutes", 0, "models.fraud.rollout.step_minutes", "greater than or equal to 1"),
    (
        "models.fraud.rollout.set_mirror_route",
        True,
        "models.fraud.rollout.set_mirror_route",
        "no such key; here: ",
    ),
    (f"{BETTER}.metric", ..., f"{BETTER}.metric", "a value"),
    (f"{BETTER}.metric", "Auc", f"{BETTER}.metric", "a metric's name"),
    (f"{BETTER}.metric", "revenue", BETTER, "accuracy or brier as metric, or kind, direction and label"),
    (f"{BETTER}.label", "value", BETTER, "nothing as kind, direction and label, because metric is accuracy"),
    (f"{BETTER}.minimum_effect", ..., f"{BETTER}.minimum_effect", "a value"),
    (f"{BETTER}.minimum_effect", 0, f"{BETTER}.minimum_effect", "greater than 0"),
    (f"{BETTER}.minimum_effect", 1, f"{BETTER}.minimum_effect", "less than 1, because outcomes are from 0 to 1"),
    (f"{BETTER}.baseline", 0.995, f"{BETTER}.baseline", "a rate that minimum_effect (0.01) can improve"),
    (f"{BETTER}.alpha", 1, f"{BETTER}.alpha", "less than or equal to 0.2"),
    (f"{BETTER}.alpha", "0.05", f"{BETTER}.alpha", "valid number"),
    (f"{BETTER}.minimum_sample", 10, f"{BETTER}.minimum_sample", "greater than or equal to 400"),
    (f"{BETTER}.maximum_sample", 500, f"{BETTER}.maximum_sample", "at least minimum_sample (1000)"),
    (f"{BETTER}.label_window_minutes", 20000, f"{BETTER}.label_window_minutes", "less than deadline_minutes (10080)"),
    (f"{BETTER}.guardrails", [{"name": "tears", "margin": 1}], f"{BETTER}.guardrails.0.name", "'errors', 'latency_ms'"),
    (f"{BETTER}.guardrails", [RAIL, RAIL], f"{BETTER}.guardrails", "each one once"),
    ("models.fraud.rollout.step_minutes", 5000, f"{BETTER}.deadline_minutes", "more than the 15000 minutes of all"),
    (f"{BETTER}.guardrails", [RAIL | {"kind": "x"}], f"{BETTER}.guardrails.0.kind", "'binary' or 'mean'"),
    (f"{BETTER}.slices", [{"feature": "carrier", "margin": 0}], f"{BETTER}.slices.0.margin", "greater than 0"),
]


@pytest.mark.parametrize(
    ("path", "value", "key", "accepted"), WRONG, ids=[f"{path}={value}-{key}" for path, value, key, _ in WRONG]
)
def test_a_wrong_setting_is_named(path: str, value: Any, key: str, accepted: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse(serving(**{path: value}), "Pulumi.test.yaml")
    line = accepted_line(refused.value, f"slipway:{key}: ")
    assert accepted in line and ": received: " in line


def test_one_mistake_is_one_line() -> None:
    for path, value, _, _ in WRONG:
        with pytest.raises(SettingsError) as refused:
            parse(serving(**{path: value}), "Pulumi.test.yaml")
        lines = str(refused.value).splitlines()
        assert len(lines) == 1 or path in ("gateway", "gateway.issuer"), (path, lines)


APART: dict[str, Any] = {"part": "models", "platform_stack": "test", "network": ..., "cluster": ...}
FRONT: dict[str, Any] = {"gateway": ..., "rollouts": ..., "gate": ..., "request_autoscaler": ...}


def test_a_shard_leaves_gateway_and_controllers_to_its_platform() -> None:
    own = {"gateway_domain": "ml.example.com", "stores.databases": ..., "models.fraud.stores": {"online": "features"}}
    assert parse(serving(**APART, **FRONT, **own), "Pulumi.test.yaml").domain == "ml.example.com"
    with pytest.raises(SettingsError) as refused:
        parse(serving(**APART), "Pulumi.test.yaml")
    for key in (*FRONT, "gateway_domain", "stores.databases"):
        assert "part is models" in accepted_line(refused.value, f"slipway:{key}: ") or key == "gateway_domain"


def test_targets_need_what_scales_by_them() -> None:
    changes: dict[str, Any] = {"request_autoscaler": False, "models.fraud.scale.target_requests_per_second": 9}
    with pytest.raises(
        SettingsError, match="target_requests_per_second: accepted: nothing, because request_autoscaler"
    ):
        parse(serving(**changes), "Pulumi.test.yaml")
    changes = {"prometheus_address": ..., "models.fraud.scale.target_latency_ms": 9}
    with pytest.raises(SettingsError, match="target_latency_ms: accepted: nothing, because there is no monitoring or"):
        parse(serving(**changes), "Pulumi.test.yaml")


def test_a_platform_leaves_stores_to_its_shards() -> None:
    with pytest.raises(SettingsError) as refused:
        parse(serving(part="platform", models={}), "Pulumi.test.yaml")
    assert "nothing where part is platform" in accepted_line(refused.value, "slipway:stores: ")


def settings(**changes: Any) -> Settings:
    return parse(serving(**changes), "Pulumi.test.yaml")


def better(**changes: Any) -> Any:
    rollout = settings(**{f"{BETTER}.{key}": value for key, value in changes.items()}).models["fraud"].rollout
    assert rollout and rollout.only_if_better
    return gates.config(rollout.only_if_better)


def test_a_known_metric_needs_no_more_than_its_name() -> None:
    assert better()["metric"] == {
        "name": "accuracy",
        "kind": "binary",
        "direction": "increase",
        "minimum_effect": 0.01,
        "label": "correct",
    }
    assert better(metric="brier")["metric"]["direction"] == "decrease"


def test_any_other_metric_is_spelt_out() -> None:
    revenue = {"metric": "revenue", "kind": "mean", "direction": "increase", "label": "value", "minimum_effect": 2}
    config = better(**revenue, slices=[{"feature": "carrier", "margin": 0.02}])
    assert config["metric"] == {
        "name": "revenue",
        "kind": "mean",
        "direction": "increase",
        "minimum_effect": 2.0,
        "label": "value",
    }
    assert config["slices"] == [{"feature": "carrier", "margin": 0.02}]
    assert "maximum_sample" not in config
