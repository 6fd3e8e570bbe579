"""MLflow in a cluster: valid objects, restricted pods, the order of things, nobody in without a token."""

from typing import Any

import pulumi
import pytest
from slipway.models import ModelRegistry
from slipway.models._registry_containers import DRIVER

from tests.components.graph import UNKNOWN, Graph, declare
from tests.components.models.registry import DATABASE, IN_CLUSTER, registry
from tests.components.serving.manifests import against_definitions, check, manifest, manifests

INSIDE: dict[str, Any] = {
    **{name: value for name, value in IN_CLUSTER.items() if not name.startswith("jwt_") and name != "hostname"},
    "cluster_internal": True,
    "client_namespaces": ["training"],
}
BY_PASSWORD: dict[str, Any] = {
    **{name: value for name, value in IN_CLUSTER.items() if name not in ("database_environment", "login_image")},
    "database_ca_bundle": None,
    "database_secret_name": "mlflow-database",
}
VARIANTS = {"at the gateway": IN_CLUSTER, "inside": INSIDE, "by password": BY_PASSWORD}


def spec(kind: str, name: str = "mlflow", /, **args: Any) -> dict[str, Any]:
    return dict(manifest(registry(**{**IN_CLUSTER, **args}), kind, name)["spec"])


def containers(pod: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in [*pod.get("initContainers", []), *pod["containers"]]}


def variables(container: dict[str, Any]) -> dict[str, Any]:
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in container["env"]}


def migration(graph: Graph[ModelRegistry]) -> dict[str, Any]:
    (found,) = [one for one in manifests(graph) if one["kind"] == "Job"]
    return found


@pytest.mark.parametrize("args", VARIANTS.values(), ids=VARIANTS.keys())
def test_every_object_is_valid(args: dict[str, Any], preview: bool) -> None:
    graph = registry(preview, **args)

    assert check(manifests(graph)) == 11 - ("database_secret_name" in args)
    assert {one["metadata"]["namespace"] for one in manifests(graph)} == {"registry"}
    assert not [one for one in graph.types() if one.startswith("aws:")]


def test_every_custom_object_fits_its_definition() -> None:
    assert against_definitions(manifests(registry(**IN_CLUSTER))) == 3


def test_nothing_is_written_but_where_it_is_meant_to_be() -> None:
    graph = registry(**IN_CLUSTER)
    pods = [
        manifest(graph, "Deployment", "mlflow")["spec"]["template"]["spec"],
        migration(graph)["spec"]["template"]["spec"],
        manifest(graph, "CronJob", "mlflow-collection")["spec"]["jobTemplate"]["spec"]["template"]["spec"],
    ]
    for pod in pods:
        assert pod["automountServiceAccountToken"] is False
        for container in containers(pod).values():
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["resources"]["limits"]["memory"] == container["resources"]["requests"]["memory"]
            assert {one["mountPath"] for one in container["volumeMounts"]} <= {"/tmp", "/login", "/etc/slipway"}


def test_the_server() -> None:
    (server,) = spec("Deployment")["template"]["spec"]["containers"]

    assert server["command"] == ["mlflow"]
    assert server["args"] == [
        *("server", "--host", "0.0.0.0", "--port", "5000"),
        *("--workers", "2"),
        *("--serve-artifacts", "--artifacts-destination", "s3://acme-prod-models/mlflow"),
        *("--allowed-hosts", "mlflow.ml.example.com,localhost:*"),
        *("--cors-allowed-origins", "https://mlflow.ml.example.com"),
    ]
    told = variables(server)
    assert told["MLFLOW_BACKEND_STORE_URI"] == DRIVER == "postgresql+psycopg2://"
    assert {name: told[name] for name in DATABASE if name != "PGSSLROOTCERT"} == {
        name: value for name, value in DATABASE.items() if name != "PGSSLROOTCERT"
    }
    assert (told["PGSSLROOTCERT"], told["PGPASSFILE"]) == ("/etc/slipway/database-ca.pem", "/login/pgpass")
    assert told["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert told["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert "AWS_REGION" not in told
    told = variables(spec("Deployment", region="eu-west-1")["template"]["spec"]["containers"][0])
    assert told["AWS_REGION"] == told["AWS_DEFAULT_REGION"] == "eu-west-1"


def test_the_login_is_made_anew_beside_whatever_logs_in() -> None:
    graph = registry(**IN_CLUSTER)
    collection = manifest(graph, "CronJob", "mlflow-collection")["spec"]["jobTemplate"]
    for pod in (
        manifest(graph, "Deployment", "mlflow")["spec"]["template"]["spec"],
        migration(graph)["spec"]["template"]["spec"],
        collection["spec"]["template"]["spec"],
    ):
        first = pod["initContainers"][0]
        assert (first["name"], first["restartPolicy"]) == ("login", "Always")
        assert first["command"] == ["python", "-m", "slipway_ops.database_login"]
        assert first["image"] == IN_CLUSTER["login_image"]
        assert first["startupProbe"]["exec"]["command"] == ["test", "-s", "/login/pgpass"]
        mounted = {one["name"]: one["readOnly"] for one in first["volumeMounts"]}
        assert mounted == {"login": False, "database-ca": True}
    bundle = manifest(graph, "ConfigMap", "mlflow-database-ca")
    assert bundle["data"] == {"database-ca.pem": IN_CLUSTER["database_ca_bundle"]}


def test_a_database_with_a_password() -> None:
    graph = registry(**BY_PASSWORD)
    pod = manifest(graph, "Deployment", "mlflow")["spec"]["template"]["spec"]

    assert pod["initContainers"] == []
    assert {volume["name"] for volume in pod["volumes"]} == {"tmp"}
    assert variables(pod["containers"][0])["MLFLOW_BACKEND_STORE_URI"] == {
        "secretKeyRef": {"name": "mlflow-database", "key": "uri"}
    }
    assert not [one for one in manifests(graph) if one["kind"] == "ConfigMap"]


def test_a_database_that_is_known_later(preview: bool) -> None:
    def build() -> ModelRegistry:
        args: Any = {**IN_CLUSTER, "database_environment": pulumi.Output.from_input(DATABASE)}
        return ModelRegistry("registry", args)

    pod = manifest(declare(build, preview=preview), "Deployment", "mlflow")["spec"]["template"]["spec"]
    assert variables(pod["containers"][0])["PGHOST"] == DATABASE["PGHOST"]


def test_the_database_is_migrated_once_before_any_server(preview: bool) -> None:
    graph = registry(preview, **IN_CLUSTER)
    job = migration(graph)

    assert job["metadata"]["name"] == "mlflow-migration-000000000000"  # the image's
    assert job["spec"]["template"]["spec"]["containers"][0]["args"] == ["db", "upgrade", "$(MLFLOW_BACKEND_STORE_URI)"]
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
    assert job["spec"]["activeDeadlineSeconds"] == 1800
    for name in ("server", "collection"):
        assert graph.waits_for(graph.named(f"registry-{name}"), graph.named("registry-migration"))
    for name in ("registry-network", "registry-network-migration", "registry-account-mlflow"):
        assert graph.waits_for(graph.named("registry-migration"), graph.named(name))
    newer: dict[str, Any] = {**IN_CLUSTER, "image": f"acme/mlflow@sha256:{'1' * 64}"}
    other = migration(registry(**newer))
    assert other["metadata"]["name"] == "mlflow-migration-111111111111"


def test_an_image_that_is_known_later(preview: bool) -> None:
    def build() -> ModelRegistry:
        args: Any = {**IN_CLUSTER, "image": pulumi.Output.from_input(IN_CLUSTER["image"])}
        return ModelRegistry("registry", args)

    assert migration(declare(build, preview=preview))["metadata"]["name"] in ("mlflow-migration-000000000000", UNKNOWN)


def test_only_the_collection_deletes_and_through_a_server_of_its_own() -> None:
    graph = registry(**IN_CLUSTER, gc_after_days=7, gc_schedule="0 4 * * 1", service_account="tracker")
    cron = manifest(graph, "CronJob", "mlflow-collection")["spec"]
    pod = cron["jobTemplate"]["spec"]["template"]["spec"]

    assert (cron["schedule"], cron["timeZone"], cron["concurrencyPolicy"]) == ("0 4 * * 1", "Etc/UTC", "Forbid")
    assert pod["serviceAccountName"] == "tracker-collection"
    assert manifest(graph, "Deployment", "mlflow")["spec"]["template"]["spec"]["serviceAccountName"] == "tracker"
    assert {one["metadata"]["name"] for one in manifests(graph) if one["kind"] == "ServiceAccount"} == {
        *("tracker", "tracker-collection")
    }
    found = containers(pod)
    assert found["artifacts"]["restartPolicy"] == "Always"
    assert found["artifacts"]["args"][:4] == ["server", "--artifacts-only", "--host", "127.0.0.1"]
    assert "PGHOST" not in variables(found["artifacts"])
    assert found["collection"]["args"] == [
        *("gc", "--backend-store-uri", "$(MLFLOW_BACKEND_STORE_URI)"),
        *("--tracking-uri", "http://127.0.0.1:5000", "--older-than", "7d"),
    ]


def ingress(**args: Any) -> list[Any]:
    found: list[Any] = spec("NetworkPolicy", **args)["ingress"]
    return found


def test_only_the_gateway_reaches_the_server() -> None:
    [rule] = ingress()
    names = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["gateway"]}
    assert rule == {
        "from": [{"namespaceSelector": {"matchExpressions": [names]}}],
        "ports": [{"protocol": "TCP", "port": 5000}],
    }
    for name in ("mlflow-migration", "mlflow-collection"):
        closed = spec("NetworkPolicy", name)
        assert closed["policyTypes"] == ["Ingress", "Egress"]
        assert "ingress" not in closed


def test_out_to_the_database_the_bucket_and_the_identity() -> None:
    egress = spec("NetworkPolicy", database_port=6432)["egress"]
    ports = sorted({port["port"] for rule in egress for port in rule["ports"]})
    assert ports == [53, 80, 443, 6432]
    [database] = [rule for rule in egress if rule["ports"][0]["port"] == 6432]
    assert [one["ipBlock"]["cidr"] for one in database["to"]] == IN_CLUSTER["database_cidr_blocks"]


def test_nobody_gets_in_without_a_token(preview: bool) -> None:
    graph = registry(preview, **IN_CLUSTER, jwt_scopes=["mlflow/use"])
    policy = manifest(graph, "SecurityPolicy", "mlflow")["spec"]

    [provider] = policy["jwt"]["providers"]
    assert (provider["issuer"], provider["audiences"]) == ("https://idp.example.com", ["mlflow"])
    assert policy["authorization"]["defaultAction"] == "Deny"
    assert policy["targetRefs"] == [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "mlflow"}]
    route = manifest(graph, "HTTPRoute", "mlflow")["spec"]
    assert route["hostnames"] == ["mlflow.ml.example.com"]
    [rule] = route["rules"]
    assert rule["backendRefs"] == [{"name": "mlflow", "port": 80}]
    assert rule["filters"][0]["requestHeaderModifier"] == {"remove": ["authorization"]}
    assert manifest(graph, "BackendTrafficPolicy", "mlflow")["spec"]["timeout"]["http"] == {"requestTimeout": "300s"}
    for name in ("callers", "traffic"):
        assert graph.waits_for(graph.named("registry-route"), graph.named(f"registry-{name}"))


def test_inside_there_is_no_route(preview: bool) -> None:
    graph = registry(preview, **INSIDE)

    assert {one["kind"] for one in manifests(graph)} & {"HTTPRoute", "SecurityPolicy", "BackendTrafficPolicy"} == set()
    assert graph.outputs("registry")["trackingUri"] == "http://mlflow.registry.svc"
    policy = manifest(graph, "NetworkPolicy", "mlflow")["spec"]
    [callers] = policy["ingress"][0]["from"]
    assert callers["namespaceSelector"]["matchExpressions"][0]["values"] == ["training"]
    arguments = manifest(graph, "Deployment", "mlflow")["spec"]["template"]["spec"]["containers"][0]["args"]
    hosts = arguments[arguments.index("--allowed-hosts") + 1].split(",")
    assert hosts == ["mlflow.registry", "mlflow.registry.svc", "mlflow.registry.svc.cluster.local", "localhost:*"]
    assert "--cors-allowed-origins" not in arguments


def test_one_server_may_go_while_another_answers() -> None:
    deployment = spec("Deployment")

    assert deployment["replicas"] == 2
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    disruption = spec("PodDisruptionBudget")
    assert disruption["maxUnavailable"] == 1
    pods = deployment["template"]["metadata"]["labels"]
    for selector in (
        disruption["selector"]["matchLabels"],
        spec("Service")["selector"],
        spec("NetworkPolicy")["podSelector"]["matchLabels"],
        deployment["selector"]["matchLabels"],
    ):
        assert selector.items() <= pods.items()
    jobs = spec("CronJob", "mlflow-collection")["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
    assert not spec("Service")["selector"].items() <= jobs.items()
