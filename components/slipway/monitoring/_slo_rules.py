"""A model's objectives as recording rules and alerts. Without Pulumi.

An alert compares how fast the error budget of 30 days burns, in a long window that says it matters and in a short one
that says it still does (SRE workbook, "Alerting on SLOs", 6th approach). Below a number of requests nothing is judged:
of ten requests one error is 10 %. What is not measured at all is an alert of its own, because no rule would fire.
"""

from dataclasses import dataclass

from slipway.monitoring import _names as names
from slipway.monitoring._rule import PAGE, TICKET, Alert, Group, Record, labels, number
from slipway.monitoring._sli import Source

LATENCY_SHARE = 0.01
"""Of the answers, those that may take longer: the objective is about the 99th percentile."""
PAGE_MINUTES, TICKET_MINUTES = 2, 15
ABSENT_MINUTES = 15
NO_PODS_MINUTES = 5


@dataclass(frozen=True)
class Objective:
    """What a model's callers can rely on."""

    model: str
    team: str
    source: Source
    availability_percent: float | None
    latency_p99_ms: int | None
    minimum_requests: int
    """Fewest requests in a long window that say something."""
    arms: tuple[str, ...]
    """Arms that the model's releases can be in."""

    @property
    def labels(self) -> dict[str, str]:
        """Labels of the model's series and alerts."""
        return {"model": self.model, "team": self.team}


def groups(objective: Objective) -> list[Group]:
    """Recorded series, then the alerts that read them."""
    model = objective.model
    return [
        Group(f"{model}.arms", _arms(objective)),
        Group(f"{model}.objective", _recorded(objective)),
        Group(f"{model}.objective-alerts", _alerts(objective)),
    ]


def _arms(objective: Objective) -> list[Record]:
    """Short series of each arm: dashboards and the guardrails of a rollout average them over any time."""
    found = []
    for arm in objective.arms:
        of = {"model": objective.model, "variant": arm}
        source = objective.source
        found += [
            Record(names.ARM_REQUESTS, source.requests("1m", arm), of),
            Record(names.ARM_GOOD, source.good("1m", arm), of),
            Record(names.ARM_BUCKETS, source.buckets("1m", arm), of),
            Record(names.ARM_IN_FLIGHT, source.in_flight(arm), of),
        ]
    return found


def _recorded(objective: Objective) -> list[Record]:
    """Shares of bad answers in every window. Without a request there is no share, and no series."""
    of, source = {"model": objective.model}, objective.source
    found = []
    for window in names.WINDOWS:
        every = source.requests(window)
        if window in names.COUNTED:
            found.append(Record(names.requests(window), every, of))
        found.append(
            Record(names.errors(window), f"1 - ({source.good(window)} or vector(0)) / ({every} > 0)", of),
        )
        if objective.latency_p99_ms is not None:
            within = source.within(objective.latency_p99_ms, window)
            found.append(Record(names.slow(window), f"1 - {within} / ({source.timed(window)} > 0)", of))
    return found


def _alerts(objective: Objective) -> list[Alert]:
    found = []
    if objective.availability_percent is not None:
        budget = 1 - objective.availability_percent / 100
        what = f"errors burn the budget of {number(100 - objective.availability_percent)} %"
        found += _burning(objective, "ErrorBudget", "availability", what, budget)
    if objective.latency_p99_ms is not None:
        what = f"answers beyond {objective.latency_p99_ms} ms burn the budget of 1 %"
        found += _burning(objective, "LatencyBudget", "latency", what, LATENCY_SHARE)
    return [*found, _absent(objective), *_no_pods(objective)]


def _burning(objective: Objective, name: str, slo: str, what: str, budget: float) -> list[Alert]:
    share = names.errors if slo == "availability" else names.slow
    of = {**objective.labels, "slo": slo}
    this = labels(model=objective.model)

    def burns(windows: tuple[tuple[str, str, float], ...]) -> str:
        branches = []
        for long, short, factor in windows:
            limit = number(factor * budget)
            seconds = 3600 * names.HOURS[long]
            branches.append(
                f"({share(long)}{this} > {limit} and {share(short)}{this} > {limit}"
                f" and {names.requests(long)}{this} * {seconds} >= {objective.minimum_requests})"
            )
        return " or ".join(branches)

    share_now = "{{ $value | humanizePercentage }}"
    return [
        Alert(
            f"Model{name}Fast",
            burns(names.FAST),
            PAGE_MINUTES,
            PAGE,
            f"{objective.model}: {what} so fast that it is gone in days ({share_now})",
            "Look at the arms on the model's dashboard. Is a rollout under way, abort it; is the release new, go back: "
            "put the older id in the stack's settings.",
            of,
        ),
        Alert(
            f"Model{name}Slow",
            burns(names.SLOW),
            TICKET_MINUTES,
            TICKET,
            f"{objective.model}: {what} faster than it lasts ({share_now})",
            "Compare the arms and the releases on the model's dashboard; a slow leak needs a fix soon.",
            of,
        ),
    ]


def _absent(objective: Objective) -> Alert:
    """Nothing is measured, or, of what is answered, no latency: then no other alert of the objective can fire."""
    expr = f"max(absent({objective.source.present}))"
    if objective.latency_p99_ms is not None:
        this = labels(model=objective.model)
        expr += f" or max(({names.requests('5m')}{this} > 0) unless on (model) {names.slow('5m')}{this})"
    return Alert(
        "ModelMetricsAbsent",
        expr,
        ABSENT_MINUTES,
        PAGE,
        f"{objective.model}: its objectives are not measured, so nothing else would be told",
        "Look whether Prometheus reads the gateway (Status, Targets) and whether the model's route exists.",
        objective.labels,
    )


def _no_pods(objective: Objective) -> list[Alert]:
    """Where only pods are read, one that is not there is not measured, which is an alert already."""
    if objective.source.healthy is None:
        return []
    return [
        Alert(
            "ModelHasNoPods",
            f"{objective.source.healthy} == 0",
            NO_PODS_MINUTES,
            PAGE,
            f"{objective.model}: no pod of the stable release takes requests",
            "kubectl describe the model's pods: an artifact that is refused, a node that is missing, a failing probe.",
            objective.labels,
        )
    ]
