"""The dashboard of one model: what its users get, by arm, what it costs and whether it is still right."""

import hashlib
from dataclasses import dataclass

from slipway.monitoring import _engines as engines
from slipway.monitoring import _model_rules as rules
from slipway.monitoring import _names as names
from slipway.monitoring._board import Board, Note, Panel, Row, graph, stat, table
from slipway.monitoring._engines import ServingEngine
from slipway.monitoring._model_rules import HOURS_OF_A_MONTH, Watch
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
        Row("Saturation", _saturation(shown)),
        Row("Quality and drift", _quality(shown.watch)),
        Row("Cost", _cost(shown.watch)),
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
    marks = {}
    if shown.objective.availability_percent is not None:
        marks["red_from"] = 1 - shown.objective.availability_percent / 100
    return [
        graph(
            "Requests", "reqps", "Answers a second of each arm.", (f"{names.ARM_REQUESTS}{of}", "{{variant}}")
        ),
        graph("Errors", "percentunit", about, (errors, "{{variant}}"), **marks),
        graph(
            "Under way",
            "short",
            "Requests that a pod of each arm answers at the same time.",
            (f"{names.ARM_IN_FLIGHT}{of}", "{{variant}}"),
        ),
    ]  # fmt: skip


def _latency(shown: Shown) -> list[Panel]:
    objective = shown.objective
    unit = "ms" if isinstance(objective.source, Gateway) else "s"
    marks = {}
    if objective.latency_p99_ms is not None:
        marks["red_from"] = objective.latency_p99_ms / (1 if unit == "ms" else 1000)
    buckets = f"sum by (le, variant) ({names.ARM_BUCKETS}{labels(model=objective.model)})"
    return [
        graph(
            f"{share} % of answers",
            unit,
            f"What {share} % of the answers of each arm need at most.",
            (f"histogram_quantile({share / 100:g}, {buckets})", "{{variant}}"),
            **(marks if share == 99 else {}),
        )
        for share in (50, 95, 99)
    ]


def _saturation(shown: Shown) -> list[Panel]:
    watch = shown.watch
    own = rules.pods(watch)
    used = f'namespace="{watch.namespace}",container="server"'

    def of_requested(use: str, resource: str) -> str:
        asked = f'kube_pod_container_resource_requests{{{used},resource="{resource}"}}'
        join = f"* on (namespace, pod) group_left () {own}"
        return f"avg({use} {join}) / avg({asked} {join})"

    cpu = of_requested(f"rate(container_cpu_usage_seconds_total{{{used}}}[5m])", "cpu")
    memory = of_requested(f"container_memory_working_set_bytes{{{used}}}", "memory")
    ready = labels(namespace=watch.namespace, condition="true")
    restarts = f"increase(kube_pod_container_status_restarts_total{labels(namespace=watch.namespace)}[1h])"
    found = [
        graph(
            "Use of what is requested",
            "percentunit",
            "CPU beyond 1 is borrowed and can be taken away; memory at 1 is killed. Far below 1: request less.",
            (cpu, "CPU"),
            (memory, "memory"),
            red_from=1,
        ),
        graph(
            "Full",
            "percentunit",
            "Requests under way as a share of what a server accepts; at 1 it answers 503.",
            (f"max by (variant) (slipway_saturation{labels(model=watch.model)})", "{{variant}}"),
            red_from=1,
        ),
        graph(
            "Pods",
            "short",
            "Pods that are ready, and restarts of their containers in an hour.",
            (f"sum(kube_pod_status_ready{ready} * on (namespace, pod) group_left () {own})", "ready"),
            (f"sum({restarts} * on (namespace, pod) group_left () {own})", "restarts in 1 h"),
        ),
    ]
    if shown.gpus:
        of = labels(namespace=watch.namespace)
        memory = f"DCGM_FI_DEV_FB_USED{of} / (DCGM_FI_DEV_FB_USED{of} + DCGM_FI_DEV_FB_FREE{of})"
        found += [
            graph(
                "GPUs at work",
                "percent",
                "Share of the time that a GPU computes. Far below 100: fewer GPUs, or larger batches.",
                (f"avg(DCGM_FI_DEV_GPU_UTIL{of} * on (namespace, pod) group_left () {own})", "GPU"),
            ),
            graph(
                "GPUs' memory",
                "percentunit",
                "Share of the memory of the model's GPUs.",
                (f"avg({memory} * on (namespace, pod) group_left () {own})", "memory"),
                red_from=0.95,
            ),
        ]
    return found


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


def _cost(watch: Watch) -> list[Panel]:
    cost = f"{names.COST}{labels(model=watch.model)}"
    marks = {} if watch.monthly_budget_usd is None else {"red_from": float(watch.monthly_budget_usd)}
    requests = f"{names.requests('1h')}{labels(model=watch.model)}"
    return [
        graph("An hour", "currencyUSD", "What the model's pods request, at list prices; no bill.", (cost, "USD an hour")),
        graph(
            "A month like today",
            "currencyUSD",
            "The last day's hours times those of a month.",
            (f"avg_over_time({cost}[1d]) * {HOURS_OF_A_MONTH}", "USD a month"),
            **marks,
        ),
        graph(
            "1000 answers",
            "currencyUSD",
            "Cost of an hour by answers of the hour.",
            (f"{cost} / on (model) ({requests} * 3.6 > 0)", "USD"),
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
