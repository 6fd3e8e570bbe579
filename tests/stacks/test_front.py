"""What stands in front of, between and behind models: declared from settings, seen before any engine."""

import json
from functools import cache
from typing import Any

import pytest

from stacks import gates
from stacks.environment import build
from stacks.releases import Found
from stacks.settings import Settings, parse
from tests.components.graph import Graph, declare
from tests.stacks.config import serving
from tests.stacks.made import found

API = "gateway.envoyproxy.io/v1alpha1"
ROLLOUT = "kubernetes:argoproj.io/v1alpha1:Rollout"
ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
POLICY = f"kubernetes:{API}:SecurityPolicy"
BACKEND = f"kubernetes:{API}:BackendTrafficPolicy"
TEMPLATE = "kubernetes:argoproj.io/v1alpha1:AnalysisTemplate"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
NETWORK = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
CHART = "kubernetes:helm.sh/v3:Release"
COGNITO = {"domain_prefix": "acme-test"}
PLATFORM = "organization/slipway/test"


def settings(**changes: Any) -> Settings:
    return parse(serving(**changes), "Pulumi.test.yaml")


def graph_of(known: Settings, **options: Any) -> Graph[None]:
    return declare(lambda: build(known, found(known)), **options)


@cache
def everything() -> Graph[None]:
    return graph_of(settings())


def of_model(graph: Graph[None], kind: str, name: str = "fraud") -> dict[str, Any]:
    (item,) = [item for item in graph.all(kind) if item.inputs["metadata"]["name"] == name]
    return item.inputs


def statements(graph: Graph[None], name: str) -> list[dict[str, Any]]:
    policy = graph.named(f"{name}-access", "aws:iam/rolePolicy:RolePolicy").inputs["policy"]
    found: list[dict[str, Any]] = json.loads(policy)["Statement"]
    return found


def resources(graph: Graph[None], name: str, action: str) -> set[str]:
    lists = [s["Resource"] for s in statements(graph, name) if action in s["Action"]]
    return {arn for entry in lists for arn in ([entry] if isinstance(entry, str) else entry)}


def test_a_first_preview_declares_the_same() -> None:
    assert graph_of(settings(), preview=True).types() == everything().types()


def test_a_model_is_reached_at_its_host_with_a_token_of_the_issuer() -> None:
    graph = everything()
    assert of_model(graph, ROUTE)["spec"]["hostnames"] == ["fraud.ml.example.com"]
    spec = of_model(graph, POLICY)["spec"]
    (provider,) = spec["jwt"]["providers"]
    assert (provider["issuer"], provider["audiences"]) == ("https://login.example.com/", ["models"])
    principal = spec["authorization"]["rules"][0]["principal"]["jwt"]
    assert principal["claims"] == [{"name": "team", "valueType": "String", "values": ["fraud"]}]
    assert principal["scopes"] == ["models/invoke"]
    assert graph.exports["model.fraud"]["address"] == "https://fraud.ml.example.com"
    assert graph.exports["model.fraud"]["slo"] == {"latency_p99_ms": 200, "availability_percent": 99.9}


def test_a_model_without_auth_has_no_route() -> None:
    graph = everything()
    assert [item.inputs["metadata"]["name"] for item in graph.all(ROUTE)] == ["fraud"]
    assert "address" not in graph.exports["model.waiting"]


def test_a_host_of_its_own() -> None:
    graph = graph_of(settings(**{"models.fraud.host": "risk", "models.fraud.requests_per_second_limit": 50}))
    assert of_model(graph, ROUTE)["spec"]["hostnames"] == ["risk.ml.example.com"]
    assert of_model(graph, BACKEND)["spec"]["rateLimit"]["local"]["rules"][0]["limit"] == {
        "requests": 50,
        "unit": "Second",
    }


def test_everybody_may_call_where_a_setting_says_so_by_name() -> None:
    graph = graph_of(settings(**{"models.fraud.auth": {"allow_unauthenticated": True}}))
    spec = of_model(graph, POLICY)["spec"]
    assert "jwt" not in spec and spec["authorization"]["defaultAction"] == "Allow"
    # without a token nothing says which requests are one user's
    assert of_model(graph, BACKEND)["spec"]["loadBalancer"]["type"] != "ConsistentHash"


def test_tokens_of_an_own_user_pool_are_told_by_their_scope() -> None:
    graph = graph_of(settings(**{"gateway.issuer": ..., "gateway.cognito": COGNITO}))
    assert graph.all("aws:cognito/userPool:UserPool")
    spec = of_model(graph, POLICY)["spec"]
    assert "audiences" not in spec["jwt"]["providers"][0]
    assert spec["authorization"]["rules"][0]["principal"]["jwt"]["scopes"] == ["models/invoke", "slipway/predict"]


def test_a_rollout_has_the_steps_of_the_settings_and_asks_the_gate() -> None:
    known = settings(**{"models.fraud.rollout.steps_percent": [10, 40], "models.fraud.rollout.step_minutes": 7})
    graph = graph_of(known)
    steps = of_model(graph, ROLLOUT)["spec"]["strategy"]["canary"]["steps"]
    assert [step["setWeight"] for step in steps if "setWeight" in step] == [10, 40]
    assert {step["pause"]["duration"] for step in steps if "pause" in step} == {"7m"}
    assert "experiment" in steps[0]
    (metric,) = of_model(graph, TEMPLATE, "fraud-gate")["spec"]["metrics"]
    rollout = known.models["fraud"].rollout
    assert rollout and rollout.only_if_better
    assert metric["provider"]["web"]["jsonBody"]["gate"] == gates.config(rollout.only_if_better)
    assert not [item for item in graph.all(DEPLOYMENT) if item.inputs["metadata"]["name"] == "fraud"]
    assert graph.exports["model.fraud"]["url"] == "http://fraud.models.svc"


def test_without_only_if_better_the_guardrails_decide() -> None:
    graph = graph_of(settings(**{"models.fraud.rollout": {}, "gate": ...}))
    names = {item.inputs["metadata"]["name"] for item in graph.all(TEMPLATE)}
    assert "fraud-guardrails" in names and not any("gate" in name for name in names)
    assert not graph.all("slipway:index:PromotionGate")


def test_scaling_by_requests() -> None:
    graph = graph_of(settings(**{"models.fraud.scale.target_requests_per_second": 25}))
    (scaled,) = graph.all("kubernetes:keda.sh/v1alpha1:ScaledObject")
    assert "25" in json.dumps(scaled.inputs["spec"]["triggers"])


def test_what_a_model_is_made_of_waits_for_the_controllers_of_its_kinds() -> None:
    graph = everything()
    charts = graph.all(CHART)
    assert {chart.inputs["chart"] for chart in charts} >= {"argo-rollouts", "keda"}
    gateway = graph.one("kubernetes:gateway.networking.k8s.io/v1:Gateway")
    for item in (graph.one(ROLLOUT), graph.one(ROUTE), *graph.all(TEMPLATE)):
        for other in (*charts, gateway):
            assert graph.waits_for(item, other), (item.name, other.name)


def test_the_gate_reads_events_and_adds_decisions() -> None:
    graph = everything()
    environment = {
        entry["name"]: entry["value"]
        for entry in of_model(graph, DEPLOYMENT, "slipway-gate")["spec"]["template"]["spec"]["containers"][0]["env"]
    }
    assert environment == {
        "AWS_REGION": "eu-west-1",
        "SLIPWAY_DECISIONS": "s3://acme-test-models/gate",
        "SLIPWAY_LABELS": "s3://acme-test-events/labels",
        "SLIPWAY_PREDICTIONS": "s3://acme-test-events/predictions",
    }
    bucket, events = "arn:aws:s3:::acme-test-models", "arn:aws:s3:::acme-test-events"
    read = {f"{bucket}/gate/*", f"{events}/predictions/*", f"{events}/labels/*"}
    assert resources(graph, "gate-identity", "s3:GetObject") == read
    assert resources(graph, "gate-identity", "s3:PutObject") == {f"{bucket}/gate/*"}
    association = graph.named("gate-identity-association").inputs
    assert (association["namespace"], association["serviceAccount"]) == ("rollouts", "slipway-gate")
    assert graph.exports["platform"]["gate_url"] == "http://slipway-gate.rollouts.svc:8080/v1/decisions"


def test_the_gate_waits_for_its_image() -> None:
    known = settings(**{"models.fraud.release": ..., "operations_image": "newest"})
    waiting = declare(lambda: build(known, Found()))
    assert not waiting.all("slipway:index:PromotionGate")
    assert waiting.all("slipway:index:RolloutController")
    assert "gate_url" not in waiting.exports["platform"]
    image = declare(lambda: build(known, Found({}, "sha256:" + "e" * 64)))
    assert image.all("slipway:index:PromotionGate")


def test_a_store_brings_rights_network_and_addresses() -> None:
    graph = everything()
    table = graph.one("aws:dynamodb/table:Table")
    assert table.inputs["name"] == "acme-test-features"
    assert any(":table/acme-test-features" in arn for arn in resources(graph, "fraud-identity", "dynamodb:GetItem"))
    assert resources(graph, "fraud-identity", "rds-db:connect")
    assert not resources(graph, "fraud-identity", "dynamodb:PutItem")
    server = of_model(graph, ROLLOUT)["spec"]["template"]["spec"]["containers"][0]
    variables = {entry["name"]: entry.get("value") for entry in server["env"]}
    assert variables["ONLINE_STORE_TABLE"] == "acme-test-features"
    assert (variables["PGPORT"], variables["PGSSLMODE"]) == ("5432", "verify-full") and variables["PGHOST"]
    ports = [
        (peer["ipBlock"]["cidr"], rule["ports"][0]["port"])
        for rule in of_model(graph, NETWORK)["spec"]["egress"]
        for peer in rule.get("to", [])
        if "ipBlock" in peer and rule["ports"][0]["port"] == 5432
    ]
    intra = {item.inputs["cidrBlock"] for item in graph.all("aws:ec2/subnet:Subnet") if "intra" in item.name}
    assert {cidr for cidr, _ in ports} == intra
    assert not resources(graph, "waiting-identity", "rds-db:connect")


def test_writing_to_a_store_is_asked_for() -> None:
    graph = graph_of(settings(**{"models.fraud.stores.online_writes": True}))
    assert any(":table/acme-test-features" in arn for arn in resources(graph, "fraud-identity", "dynamodb:PutItem"))


def test_a_databases_instances_are_in_the_zones_of_the_settings() -> None:
    graph = graph_of(settings(**{"stores.databases.cases": {"data_class": "models", "zones": ["b"], "backup_days": 3}}))
    (instance,) = graph.all("aws:rds/clusterInstance:ClusterInstance")
    assert instance.inputs["availabilityZone"] == "eu-west-1b"
    assert graph.one("aws:rds/cluster:Cluster").inputs["backupRetentionPeriod"] == 3


def test_optional_settings_of_the_front_arrive() -> None:
    known = settings(
        **{
            "cluster.version": "1.36",
            "gateway.zone_id": ...,
            "gateway.certificate_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/0a",
            "rollouts.controller_image": "registry.example.com/argo-rollouts@sha256:" + "2" * 64,
            "stores.online.features": {
                "data_class": "models",
                "hash_key": "flight",
                "range_key": "day",
                "ttl_attribute": "gone",
                "max_read_units": 10,
                "max_write_units": 5,
            },
            "permissions_boundary_arn": "arn:aws:iam::123456789012:policy/boundary",
        }
    )
    graph = graph_of(known)
    assert not graph.all("aws:acm/certificate:Certificate")
    table = graph.one("aws:dynamodb/table:Table").inputs
    assert (table["rangeKey"], table["ttl"]["attributeName"]) == ("day", "gone")
    assert table["onDemandThroughput"] == {"maxReadRequestUnits": 10, "maxWriteRequestUnits": 5}
    assert "permissionsBoundary" in graph.named("gate-identity-role").inputs


def test_the_ceiling_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("pulumi.log.info", lambda text, *_, **__: said.append(text))
    graph_of(settings())
    (text,) = [text for text in said if "ceiling" in text]
    assert text.splitlines() == [
        "ceiling of fraud: at most 6 pods: 6 vCPU, 6 GiB, while a release takes over",
        "ceiling of waiting: at most 4 pods: 2 vCPU, 2 GiB, while a release takes over",
        "ceiling of all models: 8 vCPU, 8 GiB, 0 GPUs; their namespace lets 8 vCPU, 32 GiB run at once, the cluster "
        "has nodes for 64 vCPU and 4 GPUs. In resources: slipway has no price list.",
    ]


SHARD: dict[str, Any] = {
    "part": "models",
    "platform_stack": PLATFORM,
    "network": ...,
    "cluster": ...,
    "gateway": ...,
    "rollouts": ...,
    "gate": ...,
    "request_autoscaler": ...,
    "stores.databases": ...,
    "models.fraud.stores": {"online": "features"},
    "gateway_domain": "ml.example.com",
}


def platform(**changes: Any) -> dict[str, Any]:
    known = settings(part="platform", models={}, stores=..., **changes)
    exported: dict[str, Any] = declare(lambda: build(known, found(known))).exports["platform"]
    return exported


def shard(contract: dict[str, Any], **changes: Any) -> Graph[None]:
    known = settings(**{**SHARD, **changes})
    return graph_of(known, references={PLATFORM: {"platform": contract}})


def test_a_shard_declares_what_the_whole_does() -> None:
    whole = graph_of(settings(**{"stores.databases": ..., "models.fraud.stores": {"online": "features"}}))
    split = shard(platform())
    for item in split.all(ROLLOUT) + split.all(ROUTE) + split.all(POLICY) + split.all(TEMPLATE):
        assert item.inputs == whole.at(item.urn).inputs
    assert split.all("aws:dynamodb/table:Table")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gateway": ..., "rollouts": ..., "gate": ...}, "missing: ['gate_url', 'gateway_domain', 'gateway_name', "),
        ({"gate": ...}, "missing: ['gate_url'] (has its platform the gateway, gate, retraining or monitoring that"),
        ({"gateway.domain": "other.example.com"}, "slipway:gateway_domain: accepted: other.example.com, which "),
    ],
)
def test_a_shard_refuses_a_platform_without_what_its_models_need(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(Exception) as refused:
        shard(platform(**changes))
    assert message in str(refused.value)


def test_a_shard_names_a_scope_where_its_platform_has_a_user_pool() -> None:
    pool = platform(**{"gateway.issuer": ..., "gateway.cognito": COGNITO})
    assert shard(pool).all(POLICY)
    with pytest.raises(Exception, match=r"auth.scopes: accepted: slipway/predict at least, because organization"):
        shard(pool, **{"models.fraud.auth": {}})


def test_a_shard_without_routes_needs_no_gateway() -> None:
    plain = {"models.fraud.auth": ..., "models.fraud.rollout": ..., "gateway_domain": ...}
    assert not shard(platform(gateway=..., rollouts=..., gate=...), **plain).all(ROUTE)


def test_rolling_back_moves_the_rollout_and_nothing_else() -> None:
    known = settings()
    now, back = (declare(lambda seed=seed: build(known, found(known, seed))) for seed in ("second", "first"))  # type: ignore[misc]
    assert {item.urn for item in now.resources} == {item.urn for item in back.resources}
    moved = {item.type for item in now.resources if item.custom and item.inputs != back.at(item.urn).inputs}
    assert moved == {ROLLOUT, DEPLOYMENT}  # the latter is that of the model without a rollout
