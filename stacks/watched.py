"""What watches a model: objectives, alerts and a dashboard, from what its settings already say."""

from typing import TYPE_CHECKING, Any

import pulumi
from slipway.monitoring import ModelMonitoring
from slipway.monitoring.model_monitoring import ModelMonitoringArgs
from slipway.retraining.engine import Engine
from slipway.serving.model_service import ModelServiceArgs

from stacks.lateness import late_after_hours
from stacks.monitoring_settings import NAMESPACE
from stacks.settings import Settings

if TYPE_CHECKING:
    from slipway.monitoring import MonitoringStack

MOST_PAUSE_MINUTES = 10_080


def declare(
    name: str,
    settings: Settings,
    service: ModelServiceArgs,
    cluster: pulumi.ProviderResource,
    stack: "MonitoringStack | None",
) -> dict[str, Any]:
    """Declare it, after ``stack`` where that is declared here too; what the model's team looks for."""
    after = [stack] if stack else []
    options = pulumi.ResourceOptions(providers=[cluster], depends_on=after)
    made = ModelMonitoring(f"{name}-monitoring", args_of(name, settings, int(service.get("gpus", 0))), options)
    return {"dashboard": made.dashboard_uid.apply(lambda uid: f"/d/{uid}")} if _dashboards(settings) else {}


def args_of(name: str, settings: Settings, gpus: int = 0) -> ModelMonitoringArgs:
    """What the settings say about the model, in the words of its monitoring; ``gpus`` are those of a pod."""
    model = settings.models[name]
    args: ModelMonitoringArgs = {
        "model": name,
        "namespace": settings.workload_namespace,
        "monitoring_namespace": NAMESPACE,
        "routed": model.auth is not None,
        "gpus": gpus,
        "dashboard": _dashboards(settings),
    }
    if model.team:
        args["team"] = model.team
    if model.slo.availability_percent is not None:
        args["availability_percent"] = model.slo.availability_percent
    if model.slo.latency_p99_ms is not None:
        args["latency_p99_ms"] = model.slo.latency_p99_ms
    if model.rollout:
        longest = max(model.rollout.step_minutes, model.rollout.mirror_minutes or 0)
        args["progressive"] = True
        args["mirrored"] = model.rollout.mirror_minutes is not None
        args["longest_pause_minutes"] = min(longest, MOST_PAUSE_MINUTES)
    retrain = model.retrain
    if retrain and retrain.engine is Engine.STEP_FUNCTIONS:  # the other engines have no state machine to read
        args["retraining_state_machine"] = f"{settings.namespace}-{settings.environment}-retrain-{name}"
        late = late_after_hours(retrain.schedule) if retrain.schedule else None
        if late is not None:
            args["retrained_within_hours"] = late
    return args


def _dashboards(settings: Settings) -> bool:
    return settings.monitoring is not None and settings.monitoring.grafana.enabled
