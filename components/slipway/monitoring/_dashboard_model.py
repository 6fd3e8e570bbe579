"""The dashboard of one model: what its users get, by arm, what it costs and whether it is still right."""

import hashlib
from dataclasses import dataclass

from slipway.monitoring import _dashboard_resources as resources
from slipway.monitoring import _engines as engines
from slipway.monitoring import _model_rules as rules
from slipway.monitoring import _names as names
from slipway.monitoring._board import Board, Note, Panel, Row, graph, stat, table
from slipway.monitoring._engines import ServingEngine
from slipway.monitoring._model_rules import Watch
from slipway.monitoring._rule import labels, matchers, number
from slipway.monitoring._sli import Gateway
from slipway.monitoring._slo_rules import LATENCY_SHARE, Objective


@dataclass(frozen=True)
class Shown:
    """A model, and what is known of it."""

    objective: Objective
    watch: Watch
    engine: ServingEngine
    gpus: int


def uid(model: str) -> str:
    """Address of a model's dashboard, which may have 40 characters: as many as a model's name."""
    return f"model-{model}" if len(model) <= 34 else f"model-{hashlib.sha256(model.encode()).hexdigest()[:34]}"


def board(shown: Shown) -> Board:
    """The whole dashboard."""
    model = shown.objective.model
    rows = [
        Row("Objectives", _objectives(shown)),
        Row("Traffic by arm", _traffic(shown)),
        Row("Latency by arm", _latency(shown)),
        Row("Saturation", resources.saturation(shown.watch, shown.gpus)),
        Row("Quality and drift", _quality(shown.watch)),
        Row("Cost", resources.cost(shown.watch)),
    ]
    changes = [*_rollout(shown.watch), *_retraining(shown.watch)]
    if changes:
        rows.append(Row("Rollouts and retraining", changes))
    engine = _engine(shown)
    if engine:
        rows.append(Row(f"Engine: {shown.engine}", engine))
    return Board(uid(model), f"Model {model}", ["model", model], rows, [_releases(model)])


def _releases(model: str) -> Note:
    now = f"count by (release) (slipway_requests_in_flight{labels(model=model)})"
    return Note("Release", f"{now} unless {now.replace('})', '} offset 5m)')}", "{{release}} starts")


def _left(bad: str, budget: float, model: str) -> str:
    """Share of the budget that is left, over the time that is looked at. Weighted by the requests."""
    of = labels(model=model)
    every = f"{names.requests('5m')}{of}"
    spent = f"sum_over_time(({bad}{of} * {every})[$__range:5m]) / sum_over_time({every}[$__range:5m])"
    return f"1 - ({spent}) / {number(budget)}"


def _objectives(shown: Shown) -> list[Panel]:
    objective = shown.objective
    of = labels(model=objective.model)
    found = []
    if objective.availability_percent is not None:
        left = _left(names.errors("5m"), 1 - objective.availability_percent / 100, objective.model)
        about = f"Of {number(100 - objective.availability_percent)} % errors, over the time above. Below 0: spent."
        found.append(stat("Error budget left", "percentunit", about, left, red_below=0))
    if objective.latency_p99_ms is not None:
        left = _left(names.slow("5m"), LATENCY_SHARE, objective.model)
        about = f"Of 1 % of answers beyond {objective.latency_p99_ms} ms, over the time above. Below 0: spent."
        found.append(stat("Latency budget left", "percentunit", about, left, red_below=0))
    firing = f"count(ALERTS{labels(alertstate='firing', model=objective.model)}) or vector(0)"
    return [
        *found,
        stat("Requests", "reqps", "Answers a second that users get.", f"{names.requests('5m')}{of}"),
        stat("Alerts", "short", "Alerts of the model that fire now.", firing, red_from=1),
        table(
            "Serving",
            "short",
            "Pods by release and arm.",
            (f"count by (release, variant) (slipway_requests_in_flight{of})", "pods"),
            width=8,
        ),
    ]


def _traffic(shown: Shown) -> list[Panel]:
    of = labels(model=shown.objective.model)
    errors = f"1 - sum by (variant) ({names.ARM_GOOD}{of}) / (sum by (variant) ({names.ARM_REQUESTS}{of}) > 0)"
    about = "A canary's share must not lie above the stable arm's; a shadow's answers reach nobody."
    promised = shown.objective.availability_percent
    red_from = None if promised is None else 1 - promised / 100
    return [
        graph("Requests", "reqps", "Answers a second of each arm.", (f"{names.ARM_REQUESTS}{of}", "{{variant}}")),
        graph("Errors", "percentunit", about, (errors, "{{variant}}"), red_from=red_from),
        graph(
            "Under way",
            "short",
            "Requests that a pod of each arm answers at the same time.",
            (f"{names.ARM_IN_FLIGHT}{of}", "{{variant}}"),
        ),
    ]


def _latency(shown: Shown) -> list[Panel]:
    objective = shown.objective
    unit = "ms" if isinstance(objective.source, Gateway) else "s"
    limit = objective.latency_p99_ms
    red_from = None if limit is None else limit / (1 if unit == "ms" else 1000)
    buckets = f"sum by (le, variant) ({names.ARM_BUCKETS}{labels(model=objective.model)})"
    return [
        graph(
            f"{share} % of answers",
            unit,
            f"What {share} % of the answers of each arm need at most.",
            (f"histogram_quantile({share / 100:g}, {buckets})", "{{variant}}"),
            red_from=red_from if share == 99 else None,
        )
        for share in (50, 95, 99)
    ]


def _quality(watch: Watch) -> list[Panel]:
    of = labels(model=watch.model)
    psi = labels(model=watch.model, statistic="psi")
    missing = labels(model=watch.model, statistic="missing")
    quality = [(f"slipway_model_quality{of}", "{{metric}} {{release}}")]
    if watch.champion is not None:
        quality.append((f"{names.CHAMPION}{of}", "champion: {{metric}}"))
    return [
        graph(
            "Quality, from labels that have come",
            "short",
            "Each measure with the ends of its 95 % interval. A whole interval below the champion's value is an alert.",
            *quality,
        ),
        graph(
            "Distance from training",
            "short",
            "Population stability index of the ten features that differ most: 0.1 is noticeable, 0.25 is large.",
            (f"topk(10, slipway_feature_drift{psi})", "{{feature}}"),
            red_from=0.25,
        ),
        graph(
            "Values that training does not know",
            "short",
            "A second, by feature; the server takes them for missing.",
            (f"sum by (feature) (rate(slipway_unseen_categories_total{of}[15m]))", "{{feature}}"),
        ),
        graph(
            "Missing values",
            "percentunit",
            "Share of the requests without the feature; the ten with most.",
            (f"topk(10, slipway_feature_drift{missing})", "{{feature}}"),
        ),
        stat("Drift", "short", "1: the newest look raised an alarm.", f"max(slipway_drift_alarm{of})", red_from=1),
        stat("Rows", "short", "Requests in the newest look's window.", f"max(slipway_drift_rows{of})"),
        stat(
            "Age of the look",
            "s",
            "Time since the end of its window.",
            f"time() - max(slipway_drift_window_end_seconds{of})",
            width=8,
        ),
    ]


def _rollout(watch: Watch) -> list[Panel]:
    if watch.longest_pause_minutes is None:
        return []
    rollout = labels(namespace=watch.namespace, name=watch.model)
    analyses = matchers([f'namespace="{watch.namespace}"', f'name=~"{watch.model}-.+"'])
    return [
        graph(
            "Rollout",
            "short",
            "Phase of the rollout: Degraded is an aborted one.",
            (f"max by (phase) (rollout_info{rollout})", "{{phase}}"),
            width=12,
        ),
        graph(
            "Analyses",
            "short",
            "Analyses of the model's rollouts by phase.",
            (f"sum by (phase) (analysis_run_info{analyses})", "{{phase}}"),
            width=12,
        ),
    ]


def _retraining(watch: Watch) -> list[Panel]:
    if watch.state_machine is None:
        return []
    of = rules.machine(watch.state_machine)
    runs = [
        (f"max(aws_states_executions_{how}_sum{of})", how.replace("_", " "))
        for how in ("succeeded", "failed", "timed_out", "aborted")
    ]
    return [graph("Runs of the retraining", "short", "Runs that ended, by how.", *runs, width=24)]


def _engine(shown: Shown) -> list[Panel]:
    forms = engines.ENGINES[shown.engine]
    asked = {
        "Requests": ("reqps", forms.requests),
        "Errors": ("reqps", forms.errors),
        "99 % of answers": ("s", forms.latency_p99_seconds),
        "Queue": ("short", forms.queue),
    }
    namespace, model = shown.watch.namespace, shown.watch.model
    return [
        graph(title, unit, "As the server itself counts.", (engines.query(form, namespace, model), title), width=6)
        for title, (unit, form) in asked.items()
        if form is not None
    ]
