"""Which pods Prometheus reads beside the chart's own, and what it keeps of them. Without Pulumi's resources."""

from slipway._custom.prometheus import PodMetricsEndpoint, PodMonitorSpec
from slipway.monitoring._exported import Exporter, kept
from slipway.rollout import _controller, _gate_service
from slipway.serving import _edge, _workload

GPUS = {"app.kubernetes.io/name": "dcgm-exporter"}
GPUS_PORT = 9400
CLOUD = {"app.kubernetes.io/name": "prometheus-yet-another-cloudwatch-exporter"}
CLOUD_PORT = 5000
SECONDS = 15
"""Between two readings of what objectives are measured by: a minute then holds four."""
SAMPLES = 50_000
"""Of one target, at most; a pod that exports more is not read, and told of."""


def gateway(namespace: str) -> PodMonitorSpec:
    """Envoy's proxies, which export far more than anybody asks for."""
    return _monitor(namespace, _edge.PROXY, _edge.METRICS_PORT, "/stats/prometheus", Exporter.GATEWAY)


def rollouts(namespace: str) -> PodMonitorSpec:
    """The rollouts' controller, whose series are about objects of other namespaces: their labels hold."""
    return _monitor(namespace, _controller.PODS, _controller.METRICS_PORT, "/metrics", Exporter.ROLLOUTS, honor=True)


def gate(namespace: str) -> PodMonitorSpec:
    """The gate's pods."""
    return _monitor(namespace, _gate_service.LABELS, _gate_service.PORT, "/metrics", Exporter.GATE)


def gpus(namespace: str) -> PodMonitorSpec:
    """DCGM exporter, whose series are about pods of other namespaces: their labels hold."""
    return _monitor(namespace, GPUS, GPUS_PORT, "/metrics", Exporter.GPUS, honor=True)


def cloud(namespace: str) -> PodMonitorSpec:
    """The CloudWatch exporter, which asks CloudWatch every few minutes by itself."""
    return _monitor(namespace, CLOUD, CLOUD_PORT, "/metrics", Exporter.CLOUD, seconds=60)


def model(namespace: str, name: str, port: int, path: str) -> PodMonitorSpec:
    """A model's pods, of whatever arm: all that they export, with the model's name as a label."""
    endpoint: PodMetricsEndpoint = {"portNumber": port, "path": path, "interval": f"{SECONDS}s"}
    return {
        "selector": {"matchLabels": _workload.selector(name)},
        "namespaceSelector": {"matchNames": [namespace]},
        "podMetricsEndpoints": [endpoint],
        "podTargetLabels": ["app.kubernetes.io/name"],
        "sampleLimit": SAMPLES,
    }


def _monitor(
    namespace: str,
    pods: dict[str, str],
    port: int,
    path: str,
    exporter: Exporter,
    *,
    honor: bool = False,
    seconds: int = SECONDS,
) -> PodMonitorSpec:
    endpoint: PodMetricsEndpoint = {
        "portNumber": port,
        "path": path,
        "interval": f"{seconds}s",
        "metricRelabelings": [{"action": "keep", "sourceLabels": ["__name__"], "regex": kept(exporter)}],
    }
    if honor:
        endpoint["honorLabels"] = True
    return {
        "selector": {"matchLabels": dict(pods)},
        "namespaceSelector": {"matchNames": [namespace]},
        "podMetricsEndpoints": [endpoint],
        "sampleLimit": SAMPLES,
    }
