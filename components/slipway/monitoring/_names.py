"""Names of the series that slipway records, and the queries about them that dashboards, alerts and rollouts share.

``model:<what>:<how>``, each with ``model`` and, where it is of one arm, ``variant``. ``environment`` is a label of
everything that leaves a Prometheus, so no series carries it inside.
"""

from slipway.monitoring._rule import labels

FAST = (("1h", "5m", 14.4), ("6h", "30m", 6.0))
"""Long window, short window, how many times too fast the budget burns: 2 % in an hour or 5 % in six wake somebody."""
SLOW = (("1d", "2h", 3.0), ("3d", "6h", 1.0))
"""10 % of the budget in a day or in three are looked at on a working day."""
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
"""Windows of both, of the SRE workbook's chapter on alerting (its example of a 30-day budget)."""
HOURS = {"1h": 1, "6h": 6, "1d": 24, "3d": 72}
"""Long windows, in which there must have been enough requests."""
COUNTED = ("5m", *HOURS)
"""Windows in which requests are recorded too."""

ARM_REQUESTS = "model_arm:requests:rate1m"
ARM_GOOD = "model_arm:good:rate1m"
ARM_BUCKETS = "model_arm:latency_bucket:rate1m"
ARM_IN_FLIGHT = "model_arm:in_flight:avg5m"
COST = "model:cost_usd:hourly"
CHAMPION = "model:champion_quality:recorded"


def requests(window: str) -> str:
    """Answers a second that users got."""
    return f"model:requests:rate{window}"


def errors(window: str) -> str:
    """Share of them that are errors of the server, 0 to 1."""
    return f"model:errors:ratio_rate{window}"


def slow(window: str) -> str:
    """Share of those whose latency is known that took longer than the objective, 0 to 1."""
    return f"model:slow:ratio_rate{window}"


def arm_requests(model: str, variant: str, minutes: int) -> str:
    """How many requests an arm answered: what ``rollout._queries.requests`` counts in Envoy's own series."""
    return f"(sum(avg_over_time({ARM_REQUESTS}{_arm(model, variant)}[{minutes}m])) * {60 * minutes})"


def arm_error_ratio(model: str, variant: str, minutes: int) -> str:
    """Share of an arm's answers that are errors: ``rollout._queries.error_ratio`` from recorded series."""
    good = f"sum(avg_over_time({ARM_GOOD}{_arm(model, variant)}[{minutes}m]))"
    every = f"sum(avg_over_time({ARM_REQUESTS}{_arm(model, variant)}[{minutes}m]))"
    return f"(1 - ({good} or vector(0)) / {every})"


def arm_p99(model: str, variant: str, minutes: int) -> str:
    """What 99 % of an arm's answers need at most: ``rollout._queries.p99`` from recorded series."""
    buckets = f"sum by (le) (avg_over_time({ARM_BUCKETS}{_arm(model, variant)}[{minutes}m]))"
    return f"histogram_quantile(0.99, {buckets})"


def arm_in_flight(model: str, variant: str) -> str:
    """Requests that a pod of an arm has under way, on average."""
    return f"{ARM_IN_FLIGHT}{_arm(model, variant)}"


def _arm(model: str, variant: str) -> str:
    return labels(model=model, variant=variant)
