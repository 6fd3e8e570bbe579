"""Warm-up, priority, what pods may reach, and what scales them."""

from typing import Any

import pytest
from slipway.serving import ceiling
from slipway.serving._workload import WARM_UP_SECONDS

from tests.components.serving.manifests import check, manifest, manifests
from tests.components.serving.test_model_service import ARGS, build, pod, server
from tests.components.serving.test_model_service_rollout import FULL, WAY


def test_traffic_waits_until_the_server_has_warmed_up() -> None:
    container = server(build(warm_up_path="/warm-up", ready_path="/readyz"))

    assert container["startupProbe"]["httpGet"]["path"] == "/warm-up"
    assert (
        container["startupProbe"]["timeoutSeconds"] == WARM_UP_SECONDS > container["readinessProbe"]["timeoutSeconds"]
    )
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_priority() -> None:
    assert pod(build(priority_class="models-first"))["spec"]["priorityClassName"] == "models-first"
    assert "priorityClassName" not in pod(build())["spec"]


def test_pods_reach_the_stores_that_are_named_and_nothing_else_new() -> None:
    stores = [{"cidr_block": "10.0.16.0/20", "port": 5432}, {"cidr_block": "10.0.0.0/20", "port": 5432.0}]
    rules = manifest(build(egress=stores), "NetworkPolicy", "flight-delay")["spec"]["egress"]
    before = manifest(build(), "NetworkPolicy", "flight-delay")["spec"]["egress"]

    assert rules[: len(before)] == before
    assert rules[len(before) :] == [
        {"to": [{"ipBlock": {"cidr": cidr}}], "ports": [{"protocol": "TCP", "port": 5432}]}
        for cidr in ("10.0.0.0/20", "10.0.16.0/20")
    ]


def test_a_service_is_scaled_by_traffic_without_a_rollout_too(preview: bool) -> None:
    graph = build(preview, **WAY, prometheus_address="http://prometheus:9090", target_latency_ms=200)

    assert check(manifests(graph)) == 5
    target = manifest(graph, "ScaledObject", "flight-delay")["spec"]["scaleTargetRef"]
    assert target == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "flight-delay"}


def test_keda_may_take_over_from_the_autoscaler_that_it_replaces() -> None:
    metadata = manifest(build(), "HorizontalPodAutoscaler", "flight-delay")["metadata"]

    assert metadata["annotations"] == {"validations.keda.sh/hpa-ownership": "false"}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({}, "at most 13 pods: 6.5 vCPU, 6.5 GiB"),
        ({"cpu": "2", "memory": "8Gi", "gpus": 1, "max_replicas": 4}, "at most 5 pods: 10 vCPU, 40 GiB, 5 GPUs"),
        ({**FULL, "max_replicas": 40, "cpu": ".5"}, "at most 80 pods: 40 vCPU, 40 GiB"),
        (
            {**FULL, "max_replicas": 4, "rollout": {"mirror_percent": 50, "mirror_minutes": 5, "mirror_replicas": 6}},
            "at most 10 pods: 5 vCPU, 5 GiB",
        ),
    ],
)
def test_the_ceiling_counts_both_releases(args: dict[str, Any], said: str) -> None:
    given: Any = {**ARGS, **args}

    assert str(ceiling(given)) == said


def test_the_ceiling_of_wrong_arguments_is_refused() -> None:
    given: Any = {**ARGS, "cpu": "lots"}
    with pytest.raises(ValueError, match="cpu: accepted: CPUs such as 500m or 2"):
        ceiling(given)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"warm_up_path": "warm"}, "warm_up_path: accepted: a path such as /healthz: received: 'warm'"),
        ({"priority_class": "A"}, "priority_class: accepted: 1 to 63 of a-z"),
        ({"egress": "10.0.0.0/8"}, "egress: accepted: a list of {cidr_block, port}: received: '10.0.0.0/8'"),
        ({"egress": [{"cidr_block": "10.0.0.0/8"}]}, "egress[0]: accepted: cidr_block and port: received: {"),
        (
            {"egress": [{"cidr_block": "0.0.0.0/0", "port": 5432}]},
            "egress[0].cidr_block: accepted: a network such as 10.0.0.0/16, not all of them: received: '0.0.0.0/0'",
        ),
        ({"egress": [{"cidr_block": "db", "port": 5432}]}, "egress[0].cidr_block: accepted: a network such as "),
        ({"egress": [{"cidr_block": None, "port": 5432}]}, "egress[0].cidr_block: accepted: a network such as "),
        ({"egress": [{"cidr_block": "10.0.0.1/8", "port": 1}]}, "egress[0].cidr_block: accepted: a network such as "),
        (
            {"egress": [{"cidr_block": "10.0.0.0/8", "port": 0}]},
            "egress[0].port: accepted: a whole number from 1 to 65535: received: 0",
        ),
    ],
)
def test_refused(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        build(**args)

    assert message in str(refused.value)
