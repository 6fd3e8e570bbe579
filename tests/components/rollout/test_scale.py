from typing import Any

import pytest
from slipway.rollout._scale import Scale, scale_of, scaled_object_spec
from slipway.serving._guards import SCALING, autoscaler_spec

TARGET: Any = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "fraud"}
PROMETHEUS = "http://prometheus.monitoring.svc:9090"


def scale(routed: bool = True, **args: Any) -> Scale:
    return scale_of(args, routed=routed)


def triggers(**args: Any) -> dict[str, dict[str, Any]]:
    spec = scaled_object_spec(TARGET, scale(prometheus_address=PROMETHEUS, **args), "models", "fraud")
    return {trigger.get("name", trigger["type"]): dict(trigger) for trigger in spec["triggers"]}


def test_cpu_alone_needs_nothing_else() -> None:
    found = scale()

    assert (found.minimum, found.maximum, found.cpu_percent, found.by_traffic) == (2, 10, 70, False)


def test_whatever_asks_for_most_counts() -> None:
    found = triggers(target_requests_per_second=20, target_latency_ms=200, target_cpu_percent=60)

    assert set(found) == {"cpu", "requests", "latency"}
    assert (found["cpu"]["metricType"], found["cpu"]["metadata"]) == ("Utilization", {"value": "60"})
    # Requests are shared out among the pods; latency is not, so it is compared as it is.
    assert (found["requests"]["metricType"], found["requests"]["metadata"]["threshold"]) == ("AverageValue", "20")
    assert (found["latency"]["metricType"], found["latency"]["metadata"]["threshold"]) == ("Value", "200")
    assert all(found[name]["metadata"]["serverAddress"] == PROMETHEUS for name in ("requests", "latency"))
    assert set(triggers(target_latency_ms=200)) == {"cpu", "latency"}


def test_a_silent_prometheus_takes_no_pods_away() -> None:
    spec = scaled_object_spec(
        TARGET, scale(prometheus_address=PROMETHEUS, target_latency_ms=9, min_replicas=3), "models", "fraud"
    )

    assert spec["fallback"] == {"failureThreshold": 3, "replicas": 3, "behavior": "currentReplicasIfHigher"}
    assert (spec["minReplicaCount"], spec["maxReplicaCount"], spec["scaleTargetRef"]) == (3, 10, TARGET)


def test_both_ways_scale_up_at_once_and_down_slowly() -> None:
    spec = scaled_object_spec(TARGET, scale(prometheus_address=PROMETHEUS, target_latency_ms=9), "models", "fraud")

    assert spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"] == SCALING
    assert autoscaler_spec(TARGET, 1, 2, 70)["behavior"] == SCALING
    assert SCALING["scaleUp"]["stabilizationWindowSeconds"] < SCALING["scaleDown"]["stabilizationWindowSeconds"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            {"target_requests_per_second": 5},
            "prometheus_address: accepted: an address, because target_requests_per_second is given: received: None",
        ),
        ({"target_latency_ms": 5}, "prometheus_address: accepted: an address, because target_latency_ms is given"),
        (
            {"target_latency_ms": 5, "prometheus_address": PROMETHEUS, "routed": False},
            "target_latency_ms: accepted: only with hostname: the gateway measures it: received: 5",
        ),
        ({"prometheus_address": "prometheus"}, "prometheus_address: accepted: an address such as "),
        ({"target_latency_ms": 0}, "target_latency_ms: accepted: a whole number from 1 to 1000000: received: 0"),
    ],
)
def test_refused(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        scale(**args)

    assert message in str(refused.value)
