"""Prometheus queries about the arms of a route, from a small set of forms. Without Pulumi.

All of them use what the gateway measures, because no metric of a model server has a name that every engine shares. Each
gives one number, or nothing where the traffic is not enough to say anything.
"""

RULE = 0
"""A route has one rule: the Rollouts plugin owns the rules, and deletes one whose only backend is the canary."""
STABLE, CANARY = 0, 1
"""Positions of the arms in the rule. Users move from the first to the second only, because of this order."""
MIRROR = 1
"""Position of the mirror among the rule's filters."""

REQUESTS = "envoy_cluster_upstream_rq_xx"
"""Answers by class of their status; those that Envoy gave itself, because a pod did not answer, are among them."""
MILLISECONDS = "envoy_cluster_upstream_rq_time_bucket"
_GOOD = 'envoy_response_code_class=~"[1-4]"'


def arm(namespace: str, route: str, position: int) -> str:
    """Name of the Envoy cluster of a backend of a route, as Envoy Gateway makes it.

    Only a backend with filters of its own has a cluster of its own; others of the rule are merged into one.
    """
    return f"httproute/{namespace}/{route}/rule/{RULE}/backend/{position}"


def shadow(namespace: str, route: str) -> str:
    """Name of the Envoy cluster that a route's mirror filter sends to."""
    return f"httproute/{namespace}/{route}/rule/{RULE}-mirror-{MIRROR}"


def requests(cluster: str, minutes: int) -> str:
    """How many requests were answered."""
    return f"sum(increase({REQUESTS}{_of(cluster)}[{minutes}m]))"


def error_ratio(cluster: str, minutes: int) -> str:
    """Share of answers that are errors of the server, 0 to 1.

    Counted as what is not good, so that a label that changes its name makes it 1 and not 0.
    """
    good = f"sum(increase({REQUESTS}{_of(cluster, _GOOD)}[{minutes}m]))"
    return f"(1 - ({good} or vector(0)) / {requests(cluster, minutes)})"


def p99(cluster: str, minutes: int) -> str:
    """Milliseconds that 99 % of the answers need at most."""
    return f"histogram_quantile(0.99, sum by (le) (rate({MILLISECONDS}{_of(cluster)}[{minutes}m])))"


def in_flight(cluster: str, minutes: int) -> str:
    """Requests that a pod has under way, on average."""
    active = f"sum(avg_over_time(envoy_cluster_upstream_rq_active{_of(cluster)}[{minutes}m]))"
    return f"({active} / max(envoy_cluster_membership_healthy{_of(cluster)}))"


def excess_errors(cluster: str, other: str, minutes: int) -> str:
    """By how much the share of errors is above the other's."""
    return f"({error_ratio(cluster, minutes)} - {error_ratio(other, minutes)})"


def latency_ratio(cluster: str, other: str, minutes: int) -> str:
    """The 99th percentile as a multiple of the other's."""
    return f"({p99(cluster, minutes)} / {p99(other, minutes)})"


def excess_load(cluster: str, other: str, minutes: int, margin_percent: int) -> str:
    """Requests under way in a pod above what the other's pods have, a margin included."""
    factor = f"{1 + margin_percent / 100:g}"
    return f"({in_flight(cluster, minutes)} - {in_flight(other, minutes)} * {factor})"


def enough(query: str, clusters: tuple[str, ...], minutes: int, least: int) -> str:
    """``query`` where each cluster answered ``least`` requests; nothing elsewhere."""
    return " and ".join([query, *(f"({requests(cluster, minutes)} >= {least})" for cluster in clusters)])


def or_zero(query: str) -> str:
    """``query``, or 0 where it gives nothing: for a watch that may see a beginning."""
    return f"({query}) or vector(0)"


def service_rate(namespace: str, route: str) -> str:
    """Requests a second of all arms."""
    return f"sum(rate(envoy_cluster_upstream_rq_total{_of_all(namespace, route)}[1m])) or vector(0)"


def service_p95(namespace: str, route: str) -> str:
    """Milliseconds that 95 % of the answers of all arms need at most; 0 without traffic, when there is no number."""
    buckets = f"sum by (le) (rate({MILLISECONDS}{_of_all(namespace, route)}[2m]))"
    return f"(histogram_quantile(0.95, {buckets}) > 0) or vector(0)"


def _of(cluster: str, *more: str) -> str:
    return "{" + ",".join([f'envoy_cluster_name="{cluster}"', *more]) + "}"


def _of_all(namespace: str, route: str) -> str:
    return f'{{envoy_cluster_name=~"httproute/{namespace}/{route}/rule/{RULE}/backend/[0-9]+"}}'
