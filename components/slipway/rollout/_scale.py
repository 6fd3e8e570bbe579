"""How many replicas a model has: by CPU alone, or by requests and latency as well. Without Pulumi's resources."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from slipway import _check
from slipway._custom.keda import ScaledObjectSpec, TargetRef, Trigger
from slipway.rollout import _queries as queries
from slipway.rollout._later import after
from slipway.serving._guards import SCALING

PROMETHEUS = (r"https?://[^\s/]+(/\S*)?", "an address such as http://prometheus.monitoring.svc:9090")
_TARGETS = ("target_requests_per_second", "target_latency_ms")


@dataclass(frozen=True)
class Scale:
    """Limits of the number of replicas, and what it follows."""

    minimum: int
    maximum: int
    cpu_percent: int
    requests_per_second: int | None
    latency_ms: int | None
    prometheus: pulumi.Input[str] | None

    @property
    def by_traffic(self) -> bool:
        """Whether anything but CPU counts, which needs KEDA."""
        return self.requests_per_second is not None or self.latency_ms is not None


def scale_of(args: Mapping[str, Any], *, routed: bool) -> Scale:
    """Read and check; ``routed`` says whether a gateway counts the requests. Raises ``ValueError``."""
    minimum = _check.between("min_replicas", args.get("min_replicas", 2), 1, 1000)
    maximum = _check.between("max_replicas", args.get("max_replicas", max(10, minimum)), 1, 1000)
    if maximum < minimum:
        _check.refuse("max_replicas", f"at least min_replicas, {minimum}", maximum)
    prometheus = args.get("prometheus_address")
    _check.plain("prometheus_address", prometheus, *PROMETHEUS)
    targets: dict[str, int | None] = {}
    for name in _TARGETS:
        value = args.get(name)
        targets[name] = None if value is None else _check.between(name, value, 1, 1_000_000)
        if value is not None and prometheus is None:
            _check.refuse("prometheus_address", f"an address, because {name} is given", None)
        if value is not None and not routed:
            _check.refuse(name, "only with hostname: the gateway measures it", value)
    return Scale(
        minimum,
        maximum,
        _check.between("target_cpu_percent", args.get("target_cpu_percent", 70), 1, 100),
        targets["target_requests_per_second"],
        targets["target_latency_ms"],
        prometheus,
    )


def scaled_object_spec(target: TargetRef, scale: Scale, namespace: pulumi.Input[str], model: str) -> ScaledObjectSpec:
    """Scales ``target`` by whatever of CPU, requests and latency asks for most.

    While Prometheus does not answer the replicas stay as they are, or at ``minimum`` where there are fewer.
    """
    assert scale.prometheus is not None, "scale_of refuses targets without it"
    triggers: list[Trigger] = [
        {"type": "cpu", "metricType": "Utilization", "metadata": {"value": str(scale.cpu_percent)}}
    ]
    if scale.requests_per_second is not None:
        query = after(namespace, lambda found: queries.service_rate(found, model))
        triggers.append(_trigger("requests", "AverageValue", scale.prometheus, query, scale.requests_per_second))
    if scale.latency_ms is not None:
        query = after(namespace, lambda found: queries.service_p95(found, model))
        triggers.append(_trigger("latency", "Value", scale.prometheus, query, scale.latency_ms))
    return {
        "scaleTargetRef": target,
        "pollingInterval": 15,
        "minReplicaCount": scale.minimum,
        "maxReplicaCount": scale.maximum,
        "fallback": {"failureThreshold": 3, "replicas": scale.minimum, "behavior": "currentReplicasIfHigher"},
        "advanced": {
            "restoreToOriginalReplicaCount": False,
            "horizontalPodAutoscalerConfig": {"behavior": SCALING},
        },
        "triggers": triggers,
    }


def _trigger(
    name: str, metric_type: str, address: pulumi.Input[str], query: pulumi.Input[str], threshold: int
) -> Trigger:
    return {
        "type": "prometheus",
        "name": name,
        "metricType": metric_type,
        "metadata": {"serverAddress": address, "query": query, "threshold": str(threshold)},
    }
