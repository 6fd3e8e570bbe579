from typing import Any

import pulumi
import pytest
from slipway.rollout import ProgressiveRollout

from tests.components.callers import SHORTEST
from tests.components.graph import Graph, declare
from tests.components.rollout.test_steps import GATE
from tests.components.serving.manifests import check, manifest, manifests

ARGS = SHORTEST["ProgressiveRollout"]
CONTEXT = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True}
POD: dict[str, Any] = {
    "metadata": {"labels": {"team": "flights", "variant": "mine"}, "annotations": {"a": "b"}},
    "spec": {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "server",
                "image": "acme/it@sha256:" + "0" * 64,
                "ports": [{"name": "http", "containerPort": 8080}],
                "securityContext": CONTEXT,
            },
            {"name": "sidecar", "image": "acme/side@sha256:" + "0" * 64, "securityContext": CONTEXT},
        ],
    },
}


def build(preview: bool = False, **args: Any) -> Graph[ProgressiveRollout]:
    given: Any = {key: value for key, value in {**ARGS, "pod_template": POD, **args}.items() if value is not None}
    return declare(lambda: ProgressiveRollout("delay", given), preview=preview)


@pytest.mark.parametrize(
    "rollout", [{}, {"mirror_percent": 5, "mirror_minutes": 5, "gate": GATE}], ids=["least", "mirror and gate"]
)
def test_every_object_is_valid(rollout: dict[str, Any], preview: bool) -> None:
    graph = build(preview, rollout=rollout)

    assert check(manifests(graph)) == (4 if not rollout else 5)
    assert {one["metadata"]["namespace"] for one in manifests(graph)} == {"models"}


def test_the_given_pods_get_the_labels_that_find_them() -> None:
    spec = manifest(build(), "Rollout", "flight-delay")["spec"]

    labels = spec["template"]["metadata"]["labels"]
    assert labels["team"] == "flights"
    assert (labels["model"], labels["release"], labels["variant"]) == ("flight-delay", ARGS["release"], "stable")
    assert spec["selector"]["matchLabels"].items() <= labels.items()
    assert spec["template"]["metadata"]["annotations"] == {"a": "b"}
    assert spec["template"]["spec"] == POD["spec"]
    assert POD["metadata"]["labels"]["variant"] == "mine"  # what was given is not changed


def test_it_makes_no_account_and_no_network_policy() -> None:
    kinds = {one["kind"] for one in manifests(build())}

    assert not kinds & {"ServiceAccount", "NetworkPolicy", "Deployment"}
    assert kinds >= {"Rollout", "HTTPRoute", "SecurityPolicy", "HorizontalPodAutoscaler", "PodDisruptionBudget"}


def test_outputs(preview: bool) -> None:
    found = build(preview).outputs("delay")

    assert set(found) == {"serviceName", "canaryServiceName", "url"}
    if not preview:
        assert found == {
            "serviceName": "flight-delay",
            "canaryServiceName": "flight-delay-canary",
            "url": "https://flight-delay.ml.example.com",
        }


def test_values_of_the_pods_may_be_known_later() -> None:
    def program() -> None:
        server = {**POD["spec"]["containers"][0], "image": pulumi.Output.from_input("acme/later@sha256:" + "1" * 64)}
        given: Any = {**ARGS, "pod_template": {"spec": {**POD["spec"], "containers": [server]}}}
        ProgressiveRollout("delay", given)

    (server,) = manifest(declare(program), "Rollout", "flight-delay")["spec"]["template"]["spec"]["containers"]
    assert server["image"] == "acme/later@sha256:" + "1" * 64


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"pod_template": None}, "pod_template: accepted: an object with metadata and spec: received: None"),
        ({"pod_template": {"spec": []}}, "pod_template: accepted: an object with metadata and spec"),
        (
            {"pod_template": {"spec": {"containers": [{"ports": [{"name": "grpc"}]}]}}},
            "pod_template.spec.containers: accepted: one port that is named http: received: ['grpc']",
        ),
        ({"rollout": None}, "rollout: accepted: an object: received: None"),
        ({"model": "A"}, "model: accepted: 1 to 40 of a-z"),
        ({"release": None}, "release: accepted: a release's id"),
        ({"namespace": None}, "namespace: accepted: 1 to 63"),
        ({"startup_seconds": 1}, "startup_seconds: accepted: a whole number from 5 to 3600: received: 1"),
        ({"prometheus_address": None}, "prometheus_address: accepted: an address, because rollout is given"),
    ],
)
def test_refused(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        build(**args)

    assert message in str(refused.value)


def test_a_host_name_is_required() -> None:
    with pytest.raises(ValueError, match="jwt_issuer: accepted: only with hostname"):
        build(hostname=None)
