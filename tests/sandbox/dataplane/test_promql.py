"""The evaluator against Prometheus' own answers, worked out by hand."""

import math

import pytest
from slipway.rollout import _queries as queries

from sandbox.dataplane.promql import Evaluator, QueryError
from sandbox.dataplane.samples import Samples, parsed

STABLE, CANARY = (queries.arm("models", "m", position) for position in (0, 1))


def line(name: str, value: float, **labels: str) -> str:
    given = ",".join(f'{key}="{text}"' for key, text in labels.items())
    return f"{name}{{{given}}} {value}"


def world(until: float = 60) -> Evaluator:
    """A minute in which stable answers 10 a second, 1 % of them wrong, and the canary 2 a second, half wrong."""
    samples = Samples()
    for second in range(0, int(until) + 1, 5):
        lines = []
        for cluster, good, bad, fast in ((STABLE, 9.9, 0.1, 10), (CANARY, 1.0, 1.0, 2)):
            of = {"envoy_cluster_name": cluster}
            for kind, rate in (("2", good), ("5", bad)):
                lines.append(line(queries.REQUESTS, rate * second, envoy_response_code_class=kind, **of))
            for bound, share in (("10", 0.5), ("25", 1.0 if cluster == STABLE else 0.5), ("+Inf", 1.0)):
                lines.append(line(queries.MILLISECONDS, fast * share * second, le=bound, **of))
            lines.append(line("envoy_cluster_upstream_rq_active", fast, **of))
            lines.append(line("envoy_cluster_membership_healthy", 2, **of))
        samples.scrape("\n".join(["# HELP x", *lines, "other_metric 1"]), second)
    return Evaluator(samples, until)


def number(query: str, evaluator: Evaluator | None = None) -> float:
    found = (evaluator or world()).query(query)
    assert isinstance(found, list)
    (value,) = found
    return value


def test_the_forms_that_the_analyses_are_made_of() -> None:
    assert number(queries.requests(STABLE, 1)) == pytest.approx(600, rel=0.02)
    assert number(queries.error_ratio(STABLE, 1)) == pytest.approx(0.01)
    assert number(queries.excess_errors(CANARY, STABLE, 1)) == pytest.approx(0.49)
    assert number(queries.p99(STABLE, 1)) == pytest.approx(10 + 15 * 0.49 / 0.5)
    assert number(queries.latency_ratio(CANARY, STABLE, 1)) == pytest.approx(25 / 24.7)
    assert number(queries.in_flight(STABLE, 1)) == 5
    assert number(queries.excess_load(CANARY, STABLE, 1, 50)) == 1 - 5 * 1.5
    assert number(queries.service_rate("models", "m")) == 0  # no such metric was scraped
    assert number(queries.service_p95("models", "m")) > 0


def test_little_traffic_is_no_answer_and_or_zero_makes_it_one() -> None:
    asked = queries.enough(queries.error_ratio(CANARY, 1), (CANARY, STABLE), 1, 100)
    assert number(asked) == pytest.approx(0.5)
    scarce = queries.enough(queries.error_ratio(CANARY, 1), (CANARY, STABLE), 1, 500)
    assert world().query(scarce) == []
    assert number(queries.or_zero(scarce)) == 0
    assert world().query(queries.error_ratio("nobody", 1)) == []


def test_a_label_that_changes_its_name_is_all_errors_and_not_none() -> None:
    samples = Samples()
    for second in (0, 30, 60):
        samples.scrape(line(queries.REQUESTS, second, envoy_cluster_name=STABLE, renamed="2"), second)
    assert number(queries.error_ratio(STABLE, 1), Evaluator(samples, 60)) == 1


def test_counters_that_begin_anew_and_series_that_end() -> None:
    samples = Samples("")
    for second, value in ((0, 10), (10, 20), (20, 5), (30, 15)):
        samples.scrape(f"x {value}\ny 1", second)
    samples.scrape("x 15", 40)
    evaluator = Evaluator(samples, 40)
    assert number("increase(x[40s])", evaluator) == pytest.approx(15 * 40 / 30)
    assert evaluator.query("y") == []
    assert evaluator.query("avg_over_time(y[1m])") == [1]
    assert Evaluator(samples, 1000).query("x") == []  # too old to be believed


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("1 + 2 * 3", 7.0),
        ("1 / 0", math.inf),
        ("2 > bool 1", 1.0),
        ("vector(3) > 2", [3.0]),
        ("2 < vector(3)", [3.0]),
        ("vector(3) > 5", []),
        ("vector(3) > bool 5", [0.0]),
        ("vector(1) unless vector(2)", []),
        ("vector(1) and vector(2)", [1.0]),
        ("-x", [-15.0]),
        ("max(x) by (none)", [15.0]),
        ("count(x)", [1.0]),
        ("sum without (none) (x)", [15.0]),
        ('x{a!="b",c!~"d.*"}', [15.0]),
        ("max_over_time(x[1m])", [20.0]),
    ],
)
def test_the_language(query: str, expected: object) -> None:
    samples = Samples("")
    for second, value in ((0, 20), (30, 15)):
        samples.scrape(f"x {value}", second)
    assert Evaluator(samples, 40).query(query) == expected


@pytest.mark.parametrize(
    "query", ["sum(", "absent(x)", "topk(2, x)", "x offset 1m", "x and on (a) x", "x[1m]", "vector(2) % vector(2)"]
)
def test_what_is_not_known_is_refused(query: str) -> None:
    with pytest.raises(QueryError, match="query: accepted: "):
        world().query(query)


def test_expositions_are_parsed() -> None:
    text = '# TYPE a counter\na{x="1",y="say \\"no\\""} 1.5e3\nb 2\n'
    assert list(parsed(text)) == [("a", {"x": "1", "y": 'say "no"'}, 1500.0), ("b", {}, 2.0)]
