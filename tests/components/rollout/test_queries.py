import pytest
from slipway.rollout import _queries as queries

CANARY = "httproute/models/fraud/rule/0/backend/1"
STABLE = "httproute/models/fraud/rule/0/backend/0"


def test_names_of_envoy_clusters_are_those_of_envoy_gateway() -> None:
    """``irRouteDestinationName``, ``irDestinationSettingName`` and ``processRequestMirrorFilter`` of Envoy Gateway."""
    assert queries.arm("models", "fraud", queries.STABLE) == STABLE
    assert queries.arm("models", "fraud", queries.CANARY) == CANARY
    assert queries.shadow("models", "fraud") == "httproute/models/fraud/rule/0-mirror-1"


def test_requests() -> None:
    assert queries.requests(CANARY, 15) == (
        f'sum(increase(envoy_cluster_upstream_rq_xx{{envoy_cluster_name="{CANARY}"}}[15m]))'
    )


def test_errors_are_what_is_not_good_so_that_a_lost_label_is_no_success() -> None:
    good = (
        f'sum(increase(envoy_cluster_upstream_rq_xx{{envoy_cluster_name="{CANARY}",'
        'envoy_response_code_class=~"[1-4]"}[15m]))'
    )
    ratio = queries.error_ratio(CANARY, 15)

    assert ratio == f"(1 - ({good} or vector(0)) / {queries.requests(CANARY, 15)})"
    assert queries.excess_errors(CANARY, STABLE, 15) == f"({ratio} - {queries.error_ratio(STABLE, 15)})"


def test_latency() -> None:
    p99 = (
        "histogram_quantile(0.99, sum by (le) "
        f'(rate(envoy_cluster_upstream_rq_time_bucket{{envoy_cluster_name="{CANARY}"}}[5m])))'
    )

    assert queries.p99(CANARY, 5) == p99
    assert queries.latency_ratio(CANARY, STABLE, 5) == f"({p99} / {queries.p99(STABLE, 5)})"


def test_load() -> None:
    load = (
        f'(sum(avg_over_time(envoy_cluster_upstream_rq_active{{envoy_cluster_name="{CANARY}"}}[5m])) / '
        f'max(envoy_cluster_membership_healthy{{envoy_cluster_name="{CANARY}"}}))'
    )

    assert queries.in_flight(CANARY, 5) == load
    assert queries.excess_load(CANARY, STABLE, 5, 50) == f"({load} - {queries.in_flight(STABLE, 5)} * 1.5)"


def test_too_little_traffic_says_nothing() -> None:
    found = queries.enough("x", (CANARY, STABLE), 5, 100)

    assert found == f"x and ({queries.requests(CANARY, 5)} >= 100) and ({queries.requests(STABLE, 5)} >= 100)"
    assert queries.or_zero("x") == "(x) or vector(0)"


def test_a_service_s_own_load_is_that_of_all_arms() -> None:
    arms = '{envoy_cluster_name=~"httproute/models/fraud/rule/0/backend/[0-9]+"}'

    assert queries.service_rate("models", "fraud") == (
        f"sum(rate(envoy_cluster_upstream_rq_total{arms}[1m])) or vector(0)"
    )
    assert queries.service_p95("models", "fraud") == (
        "(histogram_quantile(0.95, sum by (le) "
        f"(rate(envoy_cluster_upstream_rq_time_bucket{arms}[2m]))) > 0) or vector(0)"
    )


@pytest.mark.parametrize(
    "query",
    [
        queries.enough(queries.excess_errors(CANARY, STABLE, 5), (CANARY, STABLE), 5, 100),
        queries.enough(queries.latency_ratio(CANARY, STABLE, 5), (CANARY, STABLE), 5, 100),
        queries.or_zero(queries.excess_load(CANARY, STABLE, 5, 50)),
        queries.service_p95("models", "fraud"),
    ],
)
def test_brackets_are_balanced_and_nothing_is_left_to_fill_in(query: str) -> None:
    assert all(query.count(a) == query.count(b) for a, b in ("()", "[]", "{}"))
    assert "None" not in query
    assert "{{" not in query
