"""What about monitoring only the settings together show: each finding as ``(key, accepted, received)``."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from stacks.monitoring_settings import AGENTS_NAMESPACE, LEAST_AVAILABILITY, MOST_AVAILABILITY, MOST_LATENCY_MS
from stacks.monitoring_settings import NAMESPACE as MONITORING
from stacks.values import Part

if TYPE_CHECKING:
    from stacks.settings import Settings


def problems(settings: "Settings") -> Iterator[tuple[str, str, Any]]:
    """All of them."""
    monitoring = settings.monitoring
    for name, model in settings.models.items():
        if monitoring is None and model.team is not None:
            yield f"models.{name}.team", "nothing, because there is no section monitoring to tell it", model.team
    if monitoring is None:
        return
    if settings.part is Part.MODELS:
        said = monitoring.model_fields_set - {"grafana"} or monitoring.grafana.model_fields_set - {"enabled"}
        if said:
            accepted = "{} or grafana: {enabled: false} where part is models: the platform stack has the rest"
            yield "monitoring", accepted, sorted(said)
    if settings.workload_namespace in (MONITORING, AGENTS_NAMESPACE):
        yield "workload_namespace", "another one, because monitoring makes it", settings.workload_namespace
    for name, model in settings.models.items():
        available, latency = model.slo.availability_percent, model.slo.latency_p99_ms
        if available is not None and not LEAST_AVAILABILITY <= available <= MOST_AVAILABILITY:
            accepted = f"{LEAST_AVAILABILITY:g} to {MOST_AVAILABILITY:g}, because monitoring watches its error budget"
            yield f"models.{name}.slo.availability_percent", accepted, available
        if latency is not None and latency > MOST_LATENCY_MS:
            accepted = f"at most {MOST_LATENCY_MS}, the longest that monitoring can measure"
            yield f"models.{name}.slo.latency_p99_ms", accepted, latency
