"""What else is said of a model: its rollouts, retraining, drift, quality and cost, as rules. Without Pulumi."""

from dataclasses import dataclass

from slipway.monitoring import _names as names
from slipway.monitoring._rule import TICKET, Alert, Group, Record, labels, number

HOURS_OF_A_MONTH = 730
ABORTED_MINUTES = 5
STUCK_MARGIN_MINUTES = 30
LOWER_IS_BETTER = ("brier", "absolute_error", "squared_error")
"""Measures of ``slipway drift`` whose smaller value is the better one."""
MEASURES = ("accuracy", "roc_auc", *LOWER_IS_BETTER)


@dataclass(frozen=True)
class Prices:
    """What an hour of what a pod requests is reckoned at, in US dollars."""

    cpu: float
    gib: float
    gpu: float


@dataclass(frozen=True)
class Watch:
    """What is watched of a model beside its objectives."""

    model: str
    team: str
    namespace: str
    prices: Prices
    monthly_budget_usd: int | None = None
    longest_pause_minutes: int | None = None
    """Of its rollouts; None where a new release replaces the old one pod by pod."""
    state_machine: str | None = None
    """Name of that of its retraining."""
    retrained_within_hours: int | None = None
    """How old the newest run that ended well may be."""
    drift_within_hours: int | None = None
    """How old the newest look at drift may be; None where nothing looks."""
    champion: tuple[str, float] | None = None
    """Measure, and its value when the release that serves was found better than its predecessor."""

    @property
    def labels(self) -> dict[str, str]:
        """Labels of the alerts."""
        return {"model": self.model, "team": self.team}


def groups(watch: Watch) -> list[Group]:
    """Groups with rules for what there is."""
    model = watch.model
    found = [
        Group(f"{model}.cost", _cost(watch), 60),
        Group(f"{model}.rollout", _rollout(watch)),
        Group(f"{model}.retraining", _retraining(watch), 60),
        Group(f"{model}.drift", _drift(watch), 60),
    ]
    return [group for group in found if group.rules]


def pods(watch: Watch) -> str:
    """Selects, on the right of ``* on (namespace, pod)``, the pods of the model, by the label that they carry."""
    of = labels(namespace=watch.namespace, label_model=watch.model)
    return f"max by (namespace, pod) (kube_pod_labels{of})"


def cost_query(watch: Watch) -> str:
    """US dollars an hour of what the model's pods request. A node's unused rest belongs to nobody, and is left out."""

    def requested(resource: str, factor: float) -> str:
        of = labels(namespace=watch.namespace, resource=resource)
        series = f"kube_pod_container_resource_requests{of}"
        return f"(sum({series} * on (namespace, pod) group_left () {pods(watch)}) * {number(factor)} or vector(0))"

    prices = watch.prices
    parts = [requested("cpu", prices.cpu), requested("memory", prices.gib / 2**30)]
    return " + ".join([*parts, requested("nvidia_com_gpu", prices.gpu)])


def machine(name: str) -> str:
    """Selects the series of a state machine by its name; the account is not known where rules are written."""
    return f'{{dimension_StateMachineArn=~".+:stateMachine:{name}"}}'


def _cost(watch: Watch) -> list[Record | Alert]:
    found: list[Record | Alert] = [Record(names.COST, cost_query(watch), {"model": watch.model})]
    if watch.monthly_budget_usd is not None:
        month = f"avg_over_time({names.COST}{labels(model=watch.model)}[1d]) * {HOURS_OF_A_MONTH}"
        found.append(
            Alert(
                "ModelOverBudget",
                f"{month} > {watch.monthly_budget_usd}",
                60,
                TICKET,
                f"{watch.model}: a month like today costs {{{{ $value | printf `%.0f` }}}} USD of "
                f"{watch.monthly_budget_usd}",
                "Compare requests with use on the model's dashboard, and the replicas with the traffic.",
                watch.labels,
            )
        )
    return found


def _rollout(watch: Watch) -> list[Alert]:
    if watch.longest_pause_minutes is None:
        return []

    def phase(value: str) -> str:
        return f"max(rollout_info{labels(namespace=watch.namespace, name=watch.model, phase=value)}) == 1"

    return [
        Alert(
            "RolloutAborted",
            phase("Degraded"),
            ABORTED_MINUTES,
            TICKET,
            f"{watch.model}: its rollout was aborted, the old release serves",
            "slipway status says why; put the old release's id back into the settings, or a better one.",
            watch.labels,
        ),
        Alert(
            "RolloutPaused",
            phase("Paused"),
            watch.longest_pause_minutes + STUCK_MARGIN_MINUTES,
            TICKET,
            f"{watch.model}: its rollout stands still for longer than any of its steps waits",
            "slipway status says at which step; an analysis without a verdict needs one: promote or abort by hand.",
            watch.labels,
        ),
    ]


def _retraining(watch: Watch) -> list[Alert]:
    if watch.state_machine is None:
        return []
    of = machine(watch.state_machine)
    failed = " + ".join(
        f"(max(max_over_time(aws_states_executions_{how}_sum{of}[1h])) or vector(0))"
        for how in ("failed", "timed_out", "aborted")
    )
    found = [
        Alert(
            "RetrainingFailed",
            f"{failed} > 0",
            0,
            TICKET,
            f"{watch.model}: a run of its retraining failed",
            "The run's page in Step Functions names the step, its log group has the step's output.",
            watch.labels,
        )
    ]
    if watch.retrained_within_hours is not None:
        hours = watch.retrained_within_hours
        well = f"max_over_time(aws_states_executions_succeeded_sum{of}[{hours}h])"
        # As long as Prometheus itself does not look back so far, nothing is late.
        young = f"max(present_over_time(aws_states_executions_succeeded_sum{of}[1h] offset {hours}h))"
        found.append(
            Alert(
                "RetrainingLate",
                f"max({well}) < 1 and {young} > 0",
                60,
                TICKET,
                f"{watch.model}: no run of its retraining ended well in {hours} hours",
                "Look whether the schedule starts runs, and whether they wait for machines, data or the lock.",
                watch.labels,
            )
        )
    return found


def _drift(watch: Watch) -> list[Record | Alert]:
    found: list[Record | Alert] = []
    model = labels(model=watch.model)
    if watch.drift_within_hours is not None:
        found += [
            Alert(
                "ModelDrifted",
                f"max(slipway_drift_alarm{model}) == 1",
                0,
                TICKET,
                f"{watch.model}: what it is asked, or answers, is no longer what it was trained on",
                "Open the report of the look (drift.html); retraining starts by itself where on_drift is set.",
                watch.labels,
            ),
            Alert(
                "DriftNotWatched",
                f"(time() - max(slipway_drift_window_end_seconds{model})) / 3600 > {watch.drift_within_hours}"
                f" or absent(slipway_drift_window_end_seconds{model})",
                60,
                TICKET,
                f"{watch.model}: nobody has looked at its drift for {watch.drift_within_hours} hours",
                "Look at the last run of slipway drift, and whether prediction events arrive in the bucket.",
                watch.labels,
            ),
        ]
    if watch.champion is not None:
        found += _quality(watch, *watch.champion)
    return found


def _quality(watch: Watch, measure: str, value: float) -> list[Record | Alert]:
    """The whole interval of the live quality lies on the wrong side of what the release was measured at."""
    of = {"model": watch.model, "metric": measure}
    lower_is_better = measure in LOWER_IS_BETTER
    bound, worse = ("_lower", ">") if lower_is_better else ("_upper", "<")
    best = "min" if lower_is_better else "max"
    live = f"{best}(slipway_model_quality{labels(model=watch.model, metric=measure + bound)})"
    return [
        Record(names.CHAMPION, f"vector({number(value)})", of),
        Alert(
            "ModelQualityBelowChampion",
            f"{live} {worse} {number(value)}",
            0,
            TICKET,
            f"{watch.model}: {measure} is worse than the {number(value)} it became champion with, beyond doubt",
            "Compare with drift and data quality on the dashboard; go back to the older release if it was better.",
            watch.labels,
        ),
    ]
