"""What watches one model: objectives, alerts, dashboard and the reading of its pods."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from slipway import _check
from slipway._custom import Metadata, prometheus
from slipway.monitoring import _dashboard_model, _model_rules, _network, _scraping, _slo_rules, _stack_parts
from slipway.monitoring._engines import ServingEngine
from slipway.monitoring._model_settings import Settings, settings_of
from slipway.monitoring._rule import Group, alerts, written
from slipway.serving import _workload


class ModelMonitoringArgs(TypedDict):
    """Inputs of ``ModelMonitoring``."""

    model: str
    """The model's name, as its ``ModelService`` has it."""
    namespace: str
    """Namespace of the model's pods, which exists."""
    team: NotRequired[str]
    """Team that is told: a label of every alert. Default: ``ml``."""
    monitoring_namespace: NotRequired[str]
    """Namespace of ``MonitoringStack``, where Grafana looks for dashboards. Default: ``monitoring``."""
    routed: NotRequired[bool]
    """Whether the model has a route at the gateway, where its objectives are measured then; else its server measures
    them itself. Default: yes."""
    port: NotRequired[int]
    """Port of the server's metrics. Default: 8080."""
    metrics_path: NotRequired[str]
    """Path of the server's metrics. Default: ``/metrics``."""
    engine: NotRequired[ServingEngine]
    """What serves the model: names of the metrics on its dashboard. Default: a server with slipway's own metrics."""
    gpus: NotRequired[int]
    """GPUs of a pod; with them the dashboard shows their use. Default: 0."""
    availability_percent: NotRequired[float]
    """Share of answers that are no errors of the server, over 30 days: from 95 to 99.999. Default: no objective."""
    latency_p99_ms: NotRequired[int]
    """Milliseconds that 99 % of the answers need at most, over 30 days. Measured by the server itself, it must be a
    bound of its histogram. Default: no objective."""
    minimum_requests: NotRequired[int]
    """Fewest requests in an hour (and in the longer windows) that objectives are judged by. Default: 100."""
    progressive: NotRequired[bool]
    """Whether new releases take over step by step: rules about rollouts, and an arm for canaries. Default: no."""
    mirrored: NotRequired[bool]
    """Whether rollouts begin with a mirror: an arm for shadows. Default: no."""
    longest_pause_minutes: NotRequired[int]
    """Longest wait of a step of a rollout; one that stands still half an hour longer is told of. Default: 15."""
    retraining_state_machine: NotRequired[str]
    """State machine, by its name, of the model's retraining; needs ``cloud_metrics`` of ``MonitoringStack``. Default:
    none."""
    retrained_within_hours: NotRequired[int]
    """How old the newest run that ended well may be: the schedule's period and a margin, at most 13 days, because
    Prometheus looks back itself. Default: never late."""
    drift_within_hours: NotRequired[int]
    """How old the newest look at drift may be. Default: nobody looks, and nothing is told."""
    quality_metric: NotRequired[str]
    """Measure of ``slipway drift`` that the release is held to; together with the next one. Default: none."""
    champion_quality: NotRequired[float]
    """Its value when the release that serves was found better than its predecessor."""
    monthly_budget_usd: NotRequired[int]
    """What the model's pods may cost in a month, by list prices. Default: no limit is told of."""
    cpu_hour_usd: NotRequired[float]
    """Price of a vCPU for an hour. Default: 0.05, a general instance on demand."""
    gib_hour_usd: NotRequired[float]
    """Price of a GiB of memory for an hour, beside the vCPU's. Default: 0, as general instances come with 4 GiB."""
    gpu_hour_usd: NotRequired[float]
    """Price of a GPU for an hour, beside vCPU and memory. Default: 0.8, a small one on demand."""
    dashboard: NotRequired[bool]
    """Whether the model has a dashboard; needs Grafana. Default: yes."""


class ModelMonitoring(pulumi.ComponentResource):
    """A model's rules, its dashboard, and the right of Prometheus to read its pods; stateless.

    Needs the kinds that ``MonitoringStack`` installs, and a Kubernetes provider in ``opts``.
    """

    dashboard_uid: pulumi.Output[str]
    """Address of the model's dashboard in Grafana: ``/d/<this>``."""
    alerts: pulumi.Output[list[str]]
    """Names of the alerts that the model can raise."""

    def __init__(self, name: str, args: ModelMonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:ModelMonitoring", name, dict(args), opts)
        _check.known(args, ModelMonitoringArgs.__annotations__)
        settings = settings_of(args)
        model, namespace = settings.objective.model, settings.watch.namespace
        child = pulumi.ResourceOptions(parent=self)
        metadata: Metadata = {
            "name": f"{model}-monitoring",
            "namespace": namespace,
            "labels": _workload.object_labels(model),
        }

        guard = k8s.networking.v1.NetworkPolicy(
            f"{name}-readable",
            metadata=metadata,
            spec=_network.readable(_workload.selector(model), settings.monitoring_namespace, settings.port),
            opts=child,
        )
        prometheus.pod_monitor(
            f"{name}-pods",
            metadata,
            _scraping.model(namespace, model, settings.port, settings.metrics_path),
            pulumi.ResourceOptions(parent=self, depends_on=[guard]),
        )
        groups = groups_of(settings)
        prometheus.prometheus_rule(f"{name}-rules", metadata, {"groups": written(groups)}, child)
        if settings.dashboard:
            board = _dashboard_model.board(settings.shown)
            _stack_parts.dashboard(f"{name}-dashboard", board, settings.monitoring_namespace, self)

        self.dashboard_uid = pulumi.Output.from_input(_dashboard_model.uid(model))
        self.alerts = pulumi.Output.from_input(sorted({alert.name for alert in alerts(groups)}))
        self.register_outputs({"dashboardUid": self.dashboard_uid, "alerts": self.alerts})


def groups_of(settings: Settings) -> list[Group]:
    """All rules of a model."""
    return [*_slo_rules.groups(settings.objective), *_model_rules.groups(settings.watch)]
