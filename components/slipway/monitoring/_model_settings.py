"""Reads and checks the arguments of ``ModelMonitoring``. Without Pulumi's resources."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slipway import _check
from slipway.monitoring._dashboard_model import Shown
from slipway.monitoring._engines import ServingEngine
from slipway.monitoring._model_rules import MEASURES, Prices, Watch
from slipway.monitoring._routing_args import A_TEAM
from slipway.monitoring._sli import LEAST_MS, MOST_MS, Gateway, Server, Source
from slipway.monitoring._slo_rules import Objective
from slipway.serving import _names
from slipway.serving._service_settings import PATH, model_name

LABEL = (_names.LABEL, _names.LABEL_ACCEPTED)
MOST_HOURS = 13 * 24
"""Beyond it Prometheus, which remembers 15 days by default, could not tell late from unknown."""


@dataclass(frozen=True)
class Settings:
    """What is watched of a model, and where."""

    objective: Objective
    watch: Watch
    engine: ServingEngine
    gpus: int
    monitoring_namespace: str
    port: int
    metrics_path: str
    dashboard: bool

    @property
    def shown(self) -> Shown:
        """What the dashboard shows."""
        return Shown(self.objective, self.watch, self.engine, self.gpus)


def settings_of(args: Mapping[str, Any]) -> Settings:
    """Raises ``ValueError`` that names the argument."""
    model = model_name(args)
    namespace = _check.matches("namespace", args.get("namespace"), *LABEL)
    team = _check.matches("team", args.get("team", "ml"), *A_TEAM)
    return Settings(
        objective=_objective(args, model, team, namespace),
        watch=_watch(args, model, team, namespace),
        engine=ServingEngine(_check.one_of("engine", args.get("engine", ServingEngine.SLIPWAY), ServingEngine)),
        gpus=_check.between("gpus", args.get("gpus", 0), 0, 16),
        monitoring_namespace=_check.matches(
            "monitoring_namespace", args.get("monitoring_namespace", "monitoring"), *LABEL
        ),
        port=_check.between("port", args.get("port", 8080), 1024, 65535),
        metrics_path=_check.matches(
            "metrics_path", args.get("metrics_path", "/metrics"), PATH, "a path such as /metrics"
        ),
        dashboard=_check.flag("dashboard", args.get("dashboard", True)),
    )


def _objective(args: Mapping[str, Any], model: str, team: str, namespace: str) -> Objective:
    routed = _check.flag("routed", args.get("routed", True))
    engine = ServingEngine(_check.one_of("engine", args.get("engine", ServingEngine.SLIPWAY), ServingEngine))
    if not routed and engine is not ServingEngine.SLIPWAY:
        _check.refuse("routed", f"true, because {engine} has no metrics that objectives can be measured by", routed)
    source: Source = Gateway(namespace, model) if routed else Server(namespace, model)
    progressive = _check.flag("progressive", args.get("progressive", False))
    mirrored = _check.flag("mirrored", args.get("mirrored", False))
    if mirrored and not progressive:
        _check.refuse("mirrored", "only with progressive: the mirror is a stage of a rollout", mirrored)
    latency = args.get("latency_p99_ms")
    return Objective(
        model=model,
        team=team,
        source=source,
        availability_percent=_number(args, "availability_percent", 95, 99.999),
        latency_p99_ms=None if latency is None else _check.between("latency_p99_ms", latency, LEAST_MS, MOST_MS),
        minimum_requests=_check.between("minimum_requests", args.get("minimum_requests", 100), 1, 1_000_000),
        arms=("stable", *(["canary"] if progressive else []), *(["shadow"] if mirrored else [])),
    )


def _watch(args: Mapping[str, Any], model: str, team: str, namespace: str) -> Watch:
    progressive = args.get("progressive", False)
    pause = args.get("longest_pause_minutes")
    if pause is not None and not progressive:
        _check.refuse("longest_pause_minutes", "only with progressive", pause)
    machine = args.get("retraining_state_machine")
    if machine is not None:
        _check.matches("retraining_state_machine", machine, r"[\w-]{1,80}", "a state machine's name")
    late = args.get("retrained_within_hours")
    if late is not None and machine is None:
        _check.refuse("retrained_within_hours", "only with retraining_state_machine", late)
    looked = args.get("drift_within_hours")
    budget = args.get("monthly_budget_usd")
    return Watch(
        model=model,
        team=team,
        namespace=namespace,
        prices=Prices(
            cpu=_number(args, "cpu_hour_usd", 0, 1000, 0.05) or 0.0,
            gib=_number(args, "gib_hour_usd", 0, 1000, 0.0) or 0.0,
            gpu=_number(args, "gpu_hour_usd", 0, 1000, 0.8) or 0.0,
        ),
        monthly_budget_usd=None
        if budget is None
        else _check.between("monthly_budget_usd", budget, 1, 10_000_000),
        longest_pause_minutes=_check.between("longest_pause_minutes", 15 if pause is None else pause, 1, 10_080)
        if progressive
        else None,
        state_machine=machine,
        retrained_within_hours=None
        if late is None
        else _check.between("retrained_within_hours", late, 1, MOST_HOURS),
        drift_within_hours=None if looked is None else _check.between("drift_within_hours", looked, 1, 24 * 90),
        champion=_champion(args),
    )  # fmt: skip


def _champion(args: Mapping[str, Any]) -> tuple[str, float] | None:
    if not _check.together(args, "quality_metric", "champion_quality"):
        return None
    measure = _check.one_of("quality_metric", args["quality_metric"], MEASURES)
    value = _number(args, "champion_quality", 0, 1e12)
    return measure, 0.0 if value is None else value


def _number(args: Mapping[str, Any], name: str, low: float, high: float, default: float | None = None) -> float | None:
    value = args.get(name, default)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        _check.refuse(name, f"a number from {low:g} to {high:.12g}", value)
    return float(value)
