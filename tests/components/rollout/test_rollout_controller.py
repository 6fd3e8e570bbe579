from typing import Any

import pulumi
import pytest
from slipway import versions
from slipway.rollout import RolloutController

from sandbox.providers.kubernetes import pod_security
from tests.components.graph import Graph, declare
from tests.components.serving.manifests import check, manifest, manifests

DIGEST = "sha256:" + "0" * 64
PLUGIN = f"registry.example.com/argo/plugin@{DIGEST}"
RELEASE = "kubernetes:helm.sh/v3:Release"


def build(preview: bool = False, **args: Any) -> Graph[RolloutController]:
    given: Any = {"plugin_image": PLUGIN, **args}
    return declare(lambda: RolloutController("rollouts", given), preview=preview)


def values(**args: Any) -> dict[str, Any]:
    return dict(build(**args).one(RELEASE).inputs["values"])


def test_every_object_is_valid(preview: bool) -> None:
    graph = build(preview)

    assert check(manifests(graph)) == 4
    labels = manifest(graph, "Namespace", "rollouts")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_chart_is_pinned_and_comes_after_its_namespace() -> None:
    graph = build()
    release = graph.one(RELEASE)

    assert (release.inputs["chart"], release.inputs["version"]) == ("argo-rollouts", versions.ARGO_ROLLOUTS_CHART)
    assert (release.inputs["namespace"], release.inputs["atomic"]) == ("rollouts", True)
    for one in graph.resources:
        if one.type.startswith("kubernetes:") and one.type != RELEASE:
            assert graph.waits_for(release, one)


def test_the_plugin_is_in_an_image_and_never_downloaded_by_the_controller() -> None:
    controller = values()["controller"]

    (init,) = controller["initContainers"]
    (plugin,) = controller["trafficRouterPlugins"]
    (volume,) = controller["volumes"]
    assert init["image"] == PLUGIN
    assert plugin["name"] == "argoproj-labs/gatewayAPI"
    copied, target = init["command"][1:]
    assert plugin["location"] == f"file://{target}{copied.rpartition('/')[2]}"
    assert {mount["name"] for mount in [*init["volumeMounts"], *controller["volumeMounts"]]} == {volume["name"]}


def test_what_the_values_add_is_restricted() -> None:
    found = values()
    pod = {"securityContext": found["podSecurityContext"], "initContainers": found["controller"]["initContainers"]}

    assert pod_security.problems("spec", {**pod, "containers": []}) == []


def test_rights_are_those_of_the_gateway_api_alone() -> None:
    assert [name for name, on in values()["providerRBAC"]["providers"].items() if on] == ["gatewayAPI"]


def test_one_controller_may_go_and_the_kinds_never() -> None:
    found = values()

    assert found["controller"]["replicas"] == 2
    assert found["controller"]["pdb"] == {"enabled": True, "maxUnavailable": 1}
    assert (found["installCRDs"], found["keepCRDs"]) == (True, True)
    assert values(install_crds=False)["installCRDs"] is False


def test_the_controller_is_pinned_by_tag_or_by_digest() -> None:
    assert values()["controller"]["image"] == {"tag": versions.ARGO_ROLLOUTS}
    expected = {"registry": "r.example.com:5000", "repository": "argo/rollouts@sha256", "tag": "0" * 64}
    image = f"r.example.com:5000/argo/rollouts@{DIGEST}"
    assert values(controller_image=image)["controller"]["image"] == expected


def test_images_may_be_known_later() -> None:
    def program() -> None:
        later = pulumi.Output.from_input(f"r.example.com/argo/rollouts@{DIGEST}")
        RolloutController("rollouts", {"plugin_image": later, "controller_image": later})

    controller = declare(program).one(RELEASE).inputs["values"]["controller"]
    assert controller["image"] == {"registry": "r.example.com", "repository": "argo/rollouts@sha256", "tag": "0" * 64}
    assert controller["initContainers"][0]["image"] == f"r.example.com/argo/rollouts@{DIGEST}"


def test_what_the_controller_may_reach_and_who_may_reach_it() -> None:
    spec = manifest(build(analysis_ports=[9090, 8080]), "NetworkPolicy", "controller")["spec"]

    assert {port["port"] for rule in spec["egress"] for port in rule["ports"]} == {443, 9090, 8080}
    assert {port["port"] for rule in spec["ingress"] for port in rule["ports"]} == {8090}
    closed = manifest(build(metrics_namespaces=[]), "NetworkPolicy", "controller")["spec"]
    assert closed["policyTypes"] == ["Egress"]
    assert manifest(build(), "NetworkPolicy", "default-deny")["spec"]["policyTypes"] == ["Ingress", "Egress"]


def test_outputs() -> None:
    assert build(namespace="delivery").outputs("rollouts") == {"namespace": "delivery"}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"plugin_image": None}, "plugin_image: accepted: an image by digest"),
        ({"plugin_image": "acme/plugin:v0.15.0"}, "plugin_image: accepted: an image by digest"),
        ({"controller_image": "acme/rollouts:v1.10.1"}, "controller_image: accepted: an image by digest"),
        ({"namespace": "A"}, "namespace: accepted: 1 to 63"),
        ({"replicas": 0}, "replicas: accepted: a whole number from 1 to 5: received: 0"),
        ({"analysis_ports": [0]}, "analysis_ports[0]: accepted: a whole number from 1 to 65535: received: 0"),
        ({"metrics_namespaces": ["A"]}, "metrics_namespaces[0]: accepted: 1 to 63"),
        ({"kubernetes_version": "1.20"}, "kubernetes_version: accepted: one of 1.35, 1.36, 1.37"),
        ({"install_crds": 1}, "install_crds: accepted: true or false"),
    ],
)
def test_refused(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        build(**args)

    assert message in str(refused.value)
