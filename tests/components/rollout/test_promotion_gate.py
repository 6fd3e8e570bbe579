from typing import Any

import pytest
from slipway.rollout import PromotionGate
from slipway.rollout._controller import PODS
from slipway.rollout._steps import GATE_URL

from tests.components.callers import SHORTEST
from tests.components.graph import Graph, declare
from tests.components.serving.manifests import check, manifest, manifests

ARGS = SHORTEST["PromotionGate"]


def build(preview: bool = False, **args: Any) -> Graph[PromotionGate]:
    given: Any = {key: value for key, value in {**ARGS, **args}.items() if value is not None}
    return declare(lambda: PromotionGate("gate", given), preview=preview)


def spec(kind: str, **args: Any) -> dict[str, Any]:
    return dict(manifest(build(**args), kind, "slipway-gate")["spec"])


@pytest.mark.parametrize("args", [{}, {"region": "eu-west-1", "service_account": "judge"}], ids=["least", "all"])
def test_every_object_is_valid(args: dict[str, Any], preview: bool) -> None:
    graph = build(preview, **args)

    assert check(manifests(graph)) == 5
    assert {one["metadata"]["namespace"] for one in manifests(graph)} == {"rollouts"}


def test_rollouts_ask_where_it_answers() -> None:
    assert build().outputs("gate") == {"url": GATE_URL, "serviceAccount": "slipway-gate"}
    assert build(namespace="delivery").outputs("gate")["url"] == ("http://slipway-gate.delivery.svc:8080/v1/decisions")


def test_what_the_pods_are_told() -> None:
    (container,) = spec("Deployment", region="eu-west-1")["template"]["spec"]["containers"]

    assert container["image"] == ARGS["image"]
    assert [*container["command"], *container["args"]] == [
        *("slipway", "gate", "serve"),
        *("--host", "0.0.0.0"),
        *("--port", "8080"),
    ]
    assert {one["name"]: one["value"] for one in container["env"]} == {
        "AWS_REGION": "eu-west-1",
        "SLIPWAY_DECISIONS": ARGS["decisions"],
        "SLIPWAY_LABELS": ARGS["labels"],
        "SLIPWAY_PREDICTIONS": ARGS["predictions"],
    }


def test_only_the_controller_asks() -> None:
    found = spec("NetworkPolicy")

    assert found["ingress"] == [
        {"from": [{"podSelector": {"matchLabels": PODS}}], "ports": [{"protocol": "TCP", "port": 8080}]}
    ]
    assert {port["port"] for rule in found["egress"] for port in rule["ports"]} == {80, 443}


def test_one_pod_may_go_while_the_other_answers() -> None:
    deployment = spec("Deployment")

    assert deployment["replicas"] == 2
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert spec("PodDisruptionBudget")["maxUnavailable"] == 1
    pod = deployment["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > 60  # an answer may take a minute
    assert pod["automountServiceAccountToken"] is False


def test_selectors_find_the_pods() -> None:
    labels = spec("Deployment")["template"]["metadata"]["labels"]

    assert spec("Service")["selector"].items() <= labels.items()
    assert spec("NetworkPolicy")["podSelector"]["matchLabels"].items() <= labels.items()
    assert spec("PodDisruptionBudget")["selector"]["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"image": "acme/ops:1"}, "image: accepted: an image by digest"),
        ({"predictions": "/var/events"}, "predictions: accepted: s3://<bucket>/<prefix>: received: '/var/events'"),
        ({"labels": None}, "labels: accepted: s3://<bucket>/<prefix>: received: None"),
        ({"decisions": "s3://"}, "decisions: accepted: s3://<bucket>/<prefix>"),
        ({"service_account": "A"}, "service_account: accepted: 1 to 63"),
        ({"namespace": "A"}, "namespace: accepted: 1 to 63"),
        ({"replicas": 0}, "replicas: accepted: a whole number from 1 to 10: received: 0"),
        ({"cpu": "x"}, "cpu: accepted: CPUs such as 500m or 2"),
        ({"memory": "1"}, "memory: accepted: memory such as 512Mi or 4Gi"),
    ],
)
def test_refused(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        build(**args)

    assert message in str(refused.value)
