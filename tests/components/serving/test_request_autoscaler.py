from typing import Any

import pytest
from slipway import versions
from slipway.serving import RequestAutoscaler

from tests.components.graph import Graph, declare
from tests.components.serving.manifests import check, manifest, manifests

RELEASE = "kubernetes:helm.sh/v3:Release"


def build(preview: bool = False, **args: Any) -> Graph[RequestAutoscaler]:
    given: Any = args
    return declare(lambda: RequestAutoscaler("keda", given), preview=preview)


def values(**args: Any) -> dict[str, Any]:
    return dict(build(**args).one(RELEASE).inputs["values"])


def test_every_object_is_valid(preview: bool) -> None:
    graph = build(preview)

    assert check(manifests(graph)) == 4
    labels = manifest(graph, "Namespace", "keda")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_chart_is_pinned_and_comes_after_its_namespace() -> None:
    graph = build()
    release = graph.one(RELEASE)

    assert (release.inputs["chart"], release.inputs["version"]) == ("keda", versions.KEDA_CHART)
    assert graph.waits_for(release, graph.one("kubernetes:core/v1:Namespace"))


def test_it_may_scale_what_slipway_has_and_read_no_secret_of_others() -> None:
    found = values()

    assert found["rbac"]["scaledRefKinds"] == [{"apiGroup": "argoproj.io", "kind": "rollouts"}]
    assert found["permissions"]["operator"]["restrict"]["secret"] is True


def test_each_part_survives_the_loss_of_a_pod() -> None:
    found = values()

    assert all(found[part] == {"replicaCount": 2} for part in ("operator", "metricsServer", "webhooks"))
    assert all(budget == {"maxUnavailable": 1} for budget in found["podDisruptionBudget"].values())
    assert all("limits" in part for part in found["resources"].values())
    assert values(install_crds=False)["crds"] == {"install": False}


def test_ways() -> None:
    spec = manifest(build(prometheus_port=9091), "NetworkPolicy", "keda")["spec"]

    assert {port["port"] for rule in spec["egress"] for port in rule["ports"]} == {443, 9091, 9666}
    assert {port["port"] for rule in spec["ingress"] for port in rule["ports"]} == {6443, 9443, 9666, 8080}
    closed = manifest(build(metrics_namespaces=[]), "NetworkPolicy", "keda")["spec"]
    assert 8080 not in {port["port"] for rule in closed["ingress"] for port in rule["ports"]}


def test_outputs() -> None:
    assert build(namespace="scaling").outputs("keda") == {"namespace": "scaling"}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"namespace": "A"}, "namespace: accepted: 1 to 63"),
        ({"prometheus_port": 0}, "prometheus_port: accepted: a whole number from 1 to 65535: received: 0"),
        ({"metrics_namespaces": "monitoring"}, "metrics_namespaces: accepted: a list of text"),
        ({"kubernetes_version": "1.20"}, "kubernetes_version: accepted: one of 1.35, 1.36, 1.37"),
        ({"install_crds": "yes"}, "install_crds: accepted: true or false"),
    ],
)
def test_refused(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        build(**args)

    assert message in str(refused.value)
