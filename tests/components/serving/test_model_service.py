from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
from slipway.serving import ModelService

from tests.components.graph import Graph, declare
from tests.components.serving.manifests import check, manifest, manifests

DIGEST = "0123456789abcdef" * 4
IMAGE = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme-dev/flight-delay@sha256:{DIGEST}"
FETCH_IMAGE = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme-dev/slipway-ops@sha256:{DIGEST[::-1]}"
RELEASE = "flight-delay-20261120-3f2a91bc"
ARGS: dict[str, Any] = {
    "model": "flight-delay",
    "release": RELEASE,
    "image": IMAGE,
    "artifact_uri": f"s3://acme-dev-models/artifacts/flight-delay/{DIGEST}",
    "artifact_version": "3sL4kqtJlcpXroDTDmJ",
    "artifact_sha256": DIGEST,
    "fetch_image": FETCH_IMAGE,
    "namespace": "models",
}


def service(**args: Any) -> ModelService:
    given: Any = {key: value for key, value in {**ARGS, **args}.items() if value is not None}
    return ModelService("flight-delay", given)


def build(preview: bool = False, **args: Any) -> Graph[ModelService]:
    return declare(lambda: service(**args), preview=preview)


def pod(graph: Graph[ModelService]) -> dict[str, Any]:
    template: dict[str, Any] = manifest(graph, "Deployment", "flight-delay")["spec"]["template"]
    return template


def server(graph: Graph[ModelService]) -> dict[str, Any]:
    (container,) = pod(graph)["spec"]["containers"]
    return dict(container)


@pytest.mark.parametrize(
    "args",
    [
        {},
        {"gpus": 2, "cpu": "4", "memory": "16Gi"},
        {"settings": {"THRESHOLD": "0.4"}, "region": "eu-west-1", "ingress_namespaces": ["edge", "batch"]},
        {
            "service_account": "flights",
            "port": 9000,
            "health_path": "/v2/health/live",
            "ready_path": "/v2/health/ready",
        },
    ],
    ids=["defaults", "gpu", "settings", "paths"],
)
def test_every_object_is_valid_in_every_accepted_kubernetes(args: dict[str, Any], preview: bool) -> None:
    graph = build(preview, **args)

    assert check(manifests(graph)) == 6
    assert {one["metadata"]["namespace"] for one in manifests(graph)} == {"models"}


@pytest.mark.parametrize("context", ["securityContext", "seccompProfile"])
def test_the_check_of_manifests_sees_a_pod_that_is_not_restricted(context: str) -> None:
    objects = manifests(build())
    for one in objects:
        if one["kind"] == "Deployment":
            spec = one["spec"]["template"]["spec"]
            (spec if context in spec else spec["securityContext"]).pop(context)

    with pytest.raises(AssertionError):
        check(objects)


def test_objects_are_named_by_the_model_and_children_of_the_component(preview: bool) -> None:
    graph = build(preview)

    assert {(one["kind"], one["metadata"]["name"]) for one in manifests(graph)} == {
        ("Deployment", "flight-delay"),
        ("HorizontalPodAutoscaler", "flight-delay"),
        ("NetworkPolicy", "flight-delay"),
        ("PodDisruptionBudget", "flight-delay"),
        ("Service", "flight-delay"),
        ("ServiceAccount", "flight-delay"),
    }
    assert len(graph.children("flight-delay")) == 6


def differences(one: Any, other: Any, path: str = "") -> set[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        return {
            found
            for key in {*one, *other}
            for found in differences(one.get(key), other.get(key), f"{path}.{key}" if path else key)
        }
    return set() if one == other else {path}


def test_another_release_moves_only_what_is_released() -> None:
    other: dict[str, Any] = {
        "release": "flight-delay-20261121-11aa22bb",
        "image": IMAGE.replace("0", "1"),
        "artifact_version": "other",
        "settings": {"THRESHOLD": "0.5"},
    }
    graphs = build(settings={"THRESHOLD": "0.4"}), build(**other)
    before, after = ({one.urn: one.inputs for one in graph.resources if one.custom} for graph in graphs)

    assert before.keys() == after.keys()
    assert {found for urn in before for found in differences(before[urn], after[urn])} == {
        "spec.template.metadata.labels.release",
        "spec.template.spec.containers",
        "spec.template.spec.initContainers",
    }


def test_the_artifact_is_fetched_and_checked_before_the_server_starts() -> None:
    graph = build(region="eu-west-1")

    (fetch,) = pod(graph)["spec"]["initContainers"]
    assert [*fetch["command"], *fetch["args"]] == [
        *("slipway", "artifact", "fetch"),
        *("--uri", ARGS["artifact_uri"]),
        *("--version", "3sL4kqtJlcpXroDTDmJ"),
        *("--sha256", DIGEST),
        *("--to", "/model/artifact"),
    ]
    assert fetch["image"] == FETCH_IMAGE
    assert fetch["env"] == [{"name": "AWS_REGION", "value": "eu-west-1"}]
    assert {"name": "model", "mountPath": "/model"} in fetch["volumeMounts"]
    assert {"name": "model", "mountPath": "/model", "readOnly": True} in server(graph)["volumeMounts"]
    assert "env" not in pod(build())["spec"]["initContainers"][0]


def test_the_server_is_told_its_release_and_settings_in_a_stable_order() -> None:
    graph = build(settings={"THRESHOLD": "0.4", "A": "1"})

    assert server(graph)["image"] == IMAGE
    assert [(one["name"], one["value"]) for one in server(graph)["env"]] == [
        ("A", "1"),
        ("SLIPWAY_ARTIFACT", "/model/artifact"),
        ("SLIPWAY_MODEL", "flight-delay"),
        ("SLIPWAY_PORT", "8080"),
        ("SLIPWAY_RELEASE", RELEASE),
        ("THRESHOLD", "0.4"),
    ]


def test_pods_meet_the_restricted_profile() -> None:
    spec = pod(build())["spec"]

    assert spec["automountServiceAccountToken"] is False
    context = spec["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] > 0
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in [*spec["initContainers"], *spec["containers"]]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["requests"]["cpu"]
        assert container["resources"]["requests"]["memory"] == container["resources"]["limits"]["memory"]
        assert "/tmp" in {mount["mountPath"] for mount in container["volumeMounts"]}
    assert all("emptyDir" in volume for volume in spec["volumes"])
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    assert build().one("kubernetes:core/v1:ServiceAccount").inputs["automountServiceAccountToken"] is False


def test_probes_and_graceful_stop() -> None:
    container = server(build(ready_path="/readyz", startup_seconds=62))

    paths = {kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")}
    assert paths == {"startup": "/healthz", "readiness": "/readyz", "liveness": "/healthz"}
    startup = container["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] == 65
    waits = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod(build())["spec"]["terminationGracePeriodSeconds"] >= waits + 30


def test_replicas_belong_to_the_autoscaler() -> None:
    graph = build(min_replicas=3, max_replicas=40, target_cpu_percent=60)

    deployment = manifest(graph, "Deployment", "flight-delay")["spec"]
    assert "replicas" not in deployment
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    scale = manifest(graph, "HorizontalPodAutoscaler", "flight-delay")["spec"]
    assert (scale["minReplicas"], scale["maxReplicas"]) == (3, 40)
    assert scale["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "flight-delay"}
    assert scale["metrics"][0]["resource"]["target"]["averageUtilization"] == 60


def test_the_default_of_max_replicas_follows_min_replicas() -> None:
    scale = manifest(build(min_replicas=20), "HorizontalPodAutoscaler", "flight-delay")["spec"]

    assert (scale["minReplicas"], scale["maxReplicas"]) == (20, 20)


def test_selectors_find_pods_of_every_release_and_variant() -> None:
    graph = build()

    labels = pod(graph)["metadata"]["labels"]
    assert {key: labels[key] for key in ("model", "release", "variant")} == {
        "model": "flight-delay",
        "release": RELEASE,
        "variant": "stable",
    }
    selectors = [
        manifest(graph, "Deployment", "flight-delay")["spec"]["selector"]["matchLabels"],
        manifest(graph, "Service", "flight-delay")["spec"]["selector"],
        manifest(graph, "NetworkPolicy", "flight-delay")["spec"]["podSelector"]["matchLabels"],
        manifest(graph, "PodDisruptionBudget", "flight-delay")["spec"]["selector"]["matchLabels"],
        *(one["labelSelector"]["matchLabels"] for one in pod(graph)["spec"]["topologySpreadConstraints"]),
    ]
    assert all(one == selectors[0] and one.items() <= labels.items() for one in selectors)
    assert not {"release", "variant"} & set(selectors[0])
    assert [one["topologyKey"] for one in pod(graph)["spec"]["topologySpreadConstraints"]] == [
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    ]


def test_gpus() -> None:
    graph = build(gpus=2)

    resources = server(graph)["resources"]
    assert resources["limits"]["nvidia.com/gpu"] == resources["requests"]["nvidia.com/gpu"] == "2"
    spec = pod(graph)["spec"]
    assert spec["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    assert spec["nodeSelector"] == {"nvidia.com/gpu.present": "true"}
    assert not {"tolerations", "nodeSelector"} & set(pod(build())["spec"])


def test_only_named_namespaces_may_call() -> None:
    policy = manifest(build(ingress_namespaces=["monitoring", "edge"]), "NetworkPolicy", "flight-delay")["spec"]

    assert policy["ingress"] == [
        {
            "from": [
                {
                    "namespaceSelector": {
                        "matchExpressions": [
                            {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["edge", "monitoring"]}
                        ]
                    }
                }
            ],
            "ports": [{"protocol": "TCP", "port": 8080}],
        }
    ]
    closed = manifest(build(), "NetworkPolicy", "flight-delay")["spec"]
    assert (closed["ingress"], closed["policyTypes"]) == ([], ["Ingress", "Egress"])


def test_what_pods_may_reach() -> None:
    egress = manifest(build(), "NetworkPolicy", "flight-delay")["spec"]["egress"]

    reach = {
        (peer["ipBlock"]["cidr"], port["port"]) for rule in egress for peer in rule["to"] for port in rule["ports"]
    }
    assert {port for _, port in reach} == {53, 80, 443}
    assert {cidr for cidr, port in reach if port == 443} == {"0.0.0.0/0"}
    assert {cidr for cidr, port in reach if port == 80} == {"169.254.170.23/32"}
    assert ("0.0.0.0/0", 53) not in reach


def test_pods_come_after_their_account_and_policy() -> None:
    graph = build()

    deployment = graph.one("kubernetes:apps/v1:Deployment")
    assert graph.waits_for(deployment, graph.one("kubernetes:core/v1:ServiceAccount"))
    assert graph.waits_for(deployment, graph.one("kubernetes:networking.k8s.io/v1:NetworkPolicy"))


def test_a_disruption_budget_never_blocks_a_drain() -> None:
    budget = manifest(build(min_replicas=1), "PodDisruptionBudget", "flight-delay")["spec"]

    assert (budget["maxUnavailable"], budget["unhealthyPodEvictionPolicy"]) == (1, "AlwaysAllow")


def test_outputs(preview: bool) -> None:
    graph = build(preview)

    assert set(graph.outputs("flight-delay")) == {"url", "serviceName"}
    if not preview:
        assert graph.outputs("flight-delay") == {
            "url": "http://flight-delay.models.svc",
            "serviceName": "flight-delay",
        }


def test_the_provider_of_the_component_makes_its_objects() -> None:
    def program() -> None:
        provider = k8s.Provider("elsewhere", kubeconfig="{}")
        given: Any = ARGS
        ModelService("flight-delay", given, pulumi.ResourceOptions(providers=[provider]))

    graph = declare(program)
    provider = graph.one("pulumi:providers:kubernetes")
    children = graph.children("flight-delay")
    assert len(children) == 6
    assert all(child.provider.startswith(provider.urn) for child in children)


def test_values_may_be_outputs() -> None:
    def program() -> ModelService:
        later = ("image", "fetch_image", "artifact_uri", "namespace")
        return service(
            settings={"THRESHOLD": pulumi.Output.from_input("0.4")},
            **{key: pulumi.Output.from_input(ARGS[key]) for key in later},
        )

    graph = declare(program)
    assert server(graph)["image"] == IMAGE
    assert check(manifests(graph)) == 6
    assert graph.outputs("flight-delay")["url"] == "http://flight-delay.models.svc"


@pytest.mark.parametrize("arg", ["image", "fetch_image"])
def test_a_tag_is_refused_also_when_it_is_known_late(arg: str) -> None:
    with pytest.raises(ValueError, match=f"{arg}: accepted: an image by digest.*received: 'acme/model:latest'"):
        declare(lambda: service(**{arg: pulumi.Output.from_input("acme/model:latest")}))


BY_DIGEST = (
    r"accepted: an image by digest, <repository>@sha256:<64 hex>; a tag may point elsewhere tomorrow: received: "
)
NAME = "accepted: 1 to 63 of a-z, 0-9 and -, neither first nor last -: received: "


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            {"model": "Flight"},
            "model: accepted: 1 to 40 of a-z, 0-9 and -, beginning .*: received: 'Flight'",
        ),
        ({"model": "m" * 41}, "model: accepted: 1 to 40"),
        ({"model": None}, "model: accepted: 1 to 40 .*: received: None"),
        ({"release": "a b"}, "release: accepted: a release's id, at most 63 characters: received: 'a b'"),
        ({"release": "r" * 64}, "release: accepted: a release's id"),
        ({"image": "acme/model:1.0"}, f"image: {BY_DIGEST}'acme/model:1.0'"),
        ({"image": f"acme/model:1.0@sha256:{DIGEST}"}, f"image: {BY_DIGEST}"),
        ({"image": "acme/model@sha256:123"}, f"image: {BY_DIGEST}"),
        ({"image": None}, f"image: {BY_DIGEST}None"),
        ({"fetch_image": "slipway-ops"}, f"fetch_image: {BY_DIGEST}'slipway-ops'"),
        ({"artifact_uri": "https://acme/x"}, "artifact_uri: accepted: s3://<bucket>/<key>: received: 'https://acme/x'"),
        ({"artifact_uri": "s3://acme-models"}, "artifact_uri: accepted: s3://<bucket>/<key>"),
        ({"artifact_version": "null"}, "artifact_version: accepted: the id of an object's version: received: 'null'"),
        ({"artifact_version": ""}, "artifact_version: accepted: the id of an object's version: received: ''"),
        ({"artifact_sha256": DIGEST.upper()}, "artifact_sha256: accepted: 64 hex digits: received: "),
        ({"namespace": "Models"}, f"namespace: {NAME}'Models'"),
        ({"namespace": None}, f"namespace: {NAME}None"),
        ({"service_account": "a_b"}, f"service_account: {NAME}'a_b'"),
        ({"ingress_namespaces": ["edge", "-"]}, rf"ingress_namespaces\[1\]: {NAME}'-'"),
        ({"port": 80}, "port: accepted: a whole number from 1024 to 65535: received: 80"),
        ({"port": 8080.5}, r"port: accepted: a whole number from 1024 to 65535: received: 8080\.5"),
        ({"cpu": "0"}, "cpu: accepted: CPUs such as 500m or 2: received: '0'"),
        ({"cpu": 2}, "cpu: accepted: CPUs such as 500m or 2: received: 2"),
        ({"memory": "512"}, "memory: accepted: memory such as 512Mi or 4Gi: received: '512'"),
        ({"memory": "1G"}, "memory: accepted: memory such as 512Mi or 4Gi: received: '1G'"),
        ({"gpus": -1}, "gpus: accepted: a whole number from 0 to 16: received: -1"),
        ({"artifact_gib": 0}, "artifact_gib: accepted: a whole number from 1 to 1000: received: 0"),
        ({"startup_seconds": 1}, "startup_seconds: accepted: a whole number from 5 to 3600: received: 1"),
        ({"min_replicas": 0}, "min_replicas: accepted: a whole number from 1 to 1000: received: 0"),
        ({"min_replicas": 3, "max_replicas": 2}, "max_replicas: accepted: at least min_replicas, 3: received: 2"),
        ({"target_cpu_percent": 101}, "target_cpu_percent: accepted: a whole number from 1 to 100: received: 101"),
        ({"health_path": "healthz"}, "health_path: accepted: a path such as /healthz: received: 'healthz'"),
        ({"ready_path": "/a b"}, "ready_path: accepted: a path such as /healthz: received: '/a b'"),
        (
            {"settings": {"SLIPWAY_MODEL": "x"}},
            "settings: accepted: names .* with SLIPWAY_, .*'SLIPWAY_MODEL'",
        ),
        ({"settings": {"1A": "x"}}, "settings: accepted: names of environment variables .*: received: '1A'"),
        ({"settings": {"LIMIT": 3}}, r"settings\.LIMIT: accepted: text: received: 3"),
        ({"replicas": 3}, "replicas: accepted: no such argument; there are .*, artifact_gib, .*: received: 3"),
    ],
)
def test_refused(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(**args)
