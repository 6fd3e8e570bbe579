"""From events to counts: joins, duplicates, late arrivals, clocks, subjects and stages."""

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from slipway_ops.gate.counts import Counts

from tests.operations.gate.traffic import DAY, Traffic, gate_config, label, lines, only, parquet, prediction


@pytest.fixture
def traffic(tmp_path: Path) -> Traffic:
    return Traffic(tmp_path)


def test_an_outcome_is_a_prediction_and_its_label(traffic: Traffic) -> None:
    traffic.predict(*(prediction(n, n, "canary" if n % 2 else "stable") for n in range(10)))
    traffic.label(*(label(n, n + 3, n < 6) for n in range(10)))
    found = traffic.count()
    cohort = only(found.counts)
    assert (cohort.stable.units, cohort.stable.outcome.n, cohort.stable.outcome.successes) == (5, 5, 3)
    assert (cohort.canary.units, cohort.canary.outcome.n, cohort.canary.outcome.successes) == (5, 5, 3)
    assert cohort.canary.coverage.mean == 1.0
    assert cohort.canary.latency_ms.mean == 10.0
    assert found.champions == ["flight-delay-20261101-aaaaaaaa"]


def test_parquet_and_lines_of_json_say_the_same(traffic: Traffic, tmp_path: Path) -> None:
    rows = [prediction(n, n, "canary" if n % 2 else "stable", subject=f"s{n // 3}") for n in range(40)]
    labels = [label(n, n + 3, n % 4 > 0) for n in range(40)]
    gate = gate_config(clock_skew_seconds=1, slices=[{"feature": "distance", "margin": 0.1}])
    traffic.predict(*rows)
    traffic.label(*labels)
    expected = traffic.count(gate).counts
    other = Traffic(tmp_path / "other")
    stamp = pa.timestamp("us", "UTC")
    parquet(other.predictions / DAY / "a.parquet", rows[:25], ts=stamp)
    parquet(other.predictions / DAY / "b.parquet", rows[25:])
    parquet(other.labels / DAY / "a.parquet", labels, ts=stamp)
    assert other.count(gate).counts == expected
    zipped = Traffic(tmp_path / "zipped")
    path = zipped.predictions / DAY / "a.jsonl.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))  # an object may lack the last newline
    lines(zipped.labels / DAY / "a.jsonl", labels)
    assert zipped.count(gate).counts == expected


def test_lines_that_are_not_alike_are_read_as_others_are(traffic: Traffic, tmp_path: Path) -> None:
    def write(to: Traffic, *before: Any) -> Counts:
        features = {"distance": 300, "late": True, "carrier": "AA", "share": 0.5}
        rows = [prediction(n, n, features=features, score=n % 2) for n in range(4)]
        to.predict(*before, *rows)
        to.label(*(label(n, n + 1, n < 3) for n in range(4)))
        names = ("distance", "late", "carrier", "share")
        slices = [{"feature": name, "margin": 0.1} for name in names]
        return to.count(gate_config(slices=slices, clock_skew_seconds=1)).counts

    expected = write(traffic)
    assert sorted(only(expected).stable.slices["late"]) == ["true"]
    assert sorted(only(expected).stable.slices["distance"]) == ["300"]
    failed = [prediction(n, 0, variant="shadow", prediction=None, features=...) for n in range(100, 110)]
    for number, before in enumerate((failed, failed * 6, [prediction(9, 0, variant="shadow", latency_ms=None)])):
        found = write(Traffic(tmp_path / str(number)), *before)
        assert found.cohorts == expected.cohorts, number


def test_the_order_of_events_and_files_makes_no_difference(traffic: Traffic, tmp_path: Path) -> None:
    rows = [prediction(n % 70, n % 70, "canary" if n % 3 else "stable", subject=f"s{n % 23}") for n in range(90)]
    labels = [label(n, n + 3, n % 4 > 0) for n in range(70)]
    traffic.predict(*rows)
    traffic.label(*labels)
    other = Traffic(tmp_path / "other")
    for number in range(3):
        other.predict(*reversed(rows[number::3]), name=f"{number}.jsonl")
        other.label(*reversed(labels[number::3]), name=f"{number}.jsonl")
    assert other.count().counts == traffic.count().counts


def test_duplicates_count_once(traffic: Traffic) -> None:
    rows = [prediction(n, n, "canary" if n % 2 else "stable") for n in range(10)]
    labels = [label(n, n + 3) for n in range(10)]
    traffic.predict(*rows)
    traffic.label(*labels)
    clean = traffic.count().counts
    traffic.predict(*rows[:4], name="again.jsonl")
    traffic.label(*labels[:3], label(2, 9), name="again.jsonl")
    found = traffic.count().counts
    assert found.cohorts == clean.cohorts
    assert (found.predictions["duplicates"], found.predictions["contradicting"]) == (4, 0)
    assert (found.labels["duplicates"], found.labels["contradicting"]) == (4, 0)


def test_labels_that_contradict_each_other_are_none(traffic: Traffic) -> None:
    traffic.predict(prediction(1, 1), prediction(2, 2))
    traffic.label(label(1, 3, True), label(2, 3, True), label(2, 4, False))
    found = traffic.count().counts
    assert only(found).stable.outcome.n == 1
    assert found.labels["contradicting"] == 1


def test_of_events_of_one_request_the_earliest_counts(traffic: Traffic) -> None:
    traffic.predict(prediction(1, 5, "canary"), prediction(1, 4, "stable", prediction=False))
    traffic.label(label(1, 6, False))
    found = traffic.count().counts
    assert (only(found).stable.outcome.successes, only(found).canary.units) == (1, 0)
    assert found.predictions["contradicting"] == 1


@pytest.mark.parametrize(
    "seconds, fate",
    [(60, "used"), (61, "late"), (0, "used"), (-1, "used"), (-2, "before_prediction"), (4000, "after_decision")],
)
def test_a_label_counts_from_its_prediction_until_its_window_ends(traffic: Traffic, seconds: int, fate: str) -> None:
    traffic.predict(prediction(1, 0))
    traffic.label(label(1, seconds))
    found = traffic.count().counts
    assert found.labels[fate] == 1
    assert only(found).stable.outcome.n == (fate == "used")
    assert only(found).stable.coverage.mean == (fate == "used")


def test_a_prediction_counts_when_its_window_has_ended(traffic: Traffic) -> None:
    traffic.predict(prediction(1, 0), prediction(2, 30))
    traffic.label(label(1, 1), label(2, 31))
    cohort = only(traffic.count(at=70).counts)
    assert (cohort.stable.units, cohort.stable.coverage.n, cohort.stable.outcome.n) == (2, 1, 1)


def test_labels_of_other_requests_are_counted_apart(traffic: Traffic) -> None:
    traffic.predict(prediction(1, 0))
    traffic.label(label(1, 1), label(99, 1))
    assert traffic.count().counts.labels["without_prediction"] == 1


def test_events_of_other_arms_releases_models_and_times_are_left_out(traffic: Traffic) -> None:
    traffic.predict(
        prediction(1, 0),
        prediction(2, 0, variant="shadow"),
        prediction(3, 0, "canary", release="flight-delay-20261001-cccccccc"),
        prediction(4, 0, "canary", variant="stable"),
        prediction(5, 0, model="fraud"),
        prediction(6, -20),
        prediction(7, 4000),
        prediction(8, 0, model=...),
    )
    found = traffic.count().counts.predictions
    assert found["used"] == 2
    assert (found["other_variant"], found["other_release"], found["other_model"]) == (1, 2, 1)
    assert found["outside_stages"] == 2


def test_a_failed_request_has_no_outcome_and_is_an_error(traffic: Traffic) -> None:
    traffic.predict(
        prediction(1, 0, prediction=None, status=503, subject="one"),
        prediction(2, 1, prediction=None, error="timeout", subject="two"),
        prediction(3, 2, status=200, subject="two"),
    )
    traffic.label(label(1, 3), label(3, 3))
    arm = only(traffic.count().counts).stable
    assert (arm.requests, arm.errors, arm.failures.n, arm.failures.mean) == (3, 2, 2, 0.75)
    assert (arm.outcome.n, arm.coverage.mean) == (0, 0.0)


def test_a_subject_is_one_unit_with_its_first_request(traffic: Traffic) -> None:
    traffic.predict(
        prediction(1, 5, subject="one", prediction=False),
        prediction(2, 3, subject="one"),
        prediction(3, 9, subject="two"),
        prediction(4, 9),
    )
    traffic.label(*(label(n, 10) for n in range(1, 5)))
    arm = only(traffic.count().counts).stable
    assert (arm.units, arm.requests, arm.outcome.n, arm.outcome.successes) == (3, 4, 3, 3)


def test_of_a_mean_a_subject_has_the_mean_of_its_requests(traffic: Traffic) -> None:
    traffic.predict(
        *(prediction(n, n, subject="one", score=score) for n, score in enumerate([0.0, 0.5])),
        prediction(2, 2, subject="two", score=1.0),
    )
    traffic.label(*(label(n, 10) for n in range(3)))
    gate = gate_config(
        metric_kind="mean", metric_direction="decrease", metric_label="brier", metric_minimum_effect=0.01
    )
    arm = only(traffic.count(gate).counts).stable
    assert arm.outcome.n == 2
    assert arm.outcome.mean == pytest.approx((1.25 / 2 + 0) / 2)


def test_a_subject_in_both_arms_crossed_over(traffic: Traffic) -> None:
    traffic.predict(prediction(1, 1, subject="one"), prediction(2, 2, "canary", subject="one"))
    found = traffic.count().counts
    assert (found.visits, found.crossovers) == (1, 1)
    assert (only(found).stable.requests, only(found).canary.requests) == (1, 0)


def test_who_had_the_champion_before_is_a_cohort_of_its_own(traffic: Traffic) -> None:
    stages = ((10, -10, 100), (40, 200, 300))
    traffic.predict(
        prediction(1, 10, subject="always champion"),
        prediction(2, 210, subject="always champion"),
        prediction(3, 10, subject="rises"),
        prediction(4, 210, "canary", subject="rises"),
        prediction(5, 10, "canary", subject="always challenger"),
        prediction(6, 210, "canary", subject="always challenger"),
        prediction(7, 210, "canary", subject="new"),
        prediction(8, 150, subject="between the stages"),
    )
    found = traffic.count(stages=stages, at=300).counts
    shown = [(one.stage, one.came_from, one.stable.units, one.canary.units) for one in found.cohorts]
    assert shown == [(0, None, 2, 1), (1, None, 0, 1), (1, 10, 1, 1)]
    assert [round(one.share, 4) for one in found.cohorts] == [0.1, 0.4, 0.3333]
    assert (found.visits, found.crossovers, found.predictions["outside_stages"]) == (7, 0, 1)


def test_back_from_the_challenger_is_a_crossover(traffic: Traffic) -> None:
    traffic.predict(prediction(1, 10, "canary", subject="one"), prediction(2, 210, subject="one"))
    found = traffic.count(stages=((10, -10, 100), (40, 200, 300)), at=300).counts
    assert found.crossovers == 1


def test_the_time_around_a_change_of_the_weight_is_left_out(traffic: Traffic) -> None:
    gate = gate_config(clock_skew_seconds=20)
    traffic.predict(*(prediction(n, seconds) for n, seconds in enumerate([5, 15, 75, 85, 215, 225, 310])))
    found = traffic.count(gate, stages=((10, 0, 100), (40, 200, 300)), at=300).counts
    assert [one.stable.units for one in found.cohorts] == [1, 2]


def test_slices_are_by_the_value_of_a_feature(traffic: Traffic) -> None:
    rows = [
        prediction(1, 0, features={"carrier": "AA"}),
        prediction(2, 0, features={"carrier": "UA", "other": [1]}),
        prediction(3, 0, features={}),
        prediction(4, 0, features=...),
    ]
    traffic.predict(*rows)
    traffic.label(*(label(n, 1) for n in range(1, 5)))
    gate = gate_config(slices=[{"feature": "carrier", "margin": 0.1}], clock_skew_seconds=1)
    found = only(traffic.count(gate).counts).stable.slices["carrier"]
    assert {value: one.n for value, one in found.items()} == {"AA": 1, "UA": 1, "(missing)": 2}


def test_only_some_units_are_looked_at_and_always_the_same(traffic: Traffic) -> None:
    traffic.predict(*(prediction(n, 0, subject=f"s{n // 2}") for n in range(2000)))
    gate = gate_config(sample_percent=25, clock_skew_seconds=1)
    first = traffic.count(gate).counts
    assert 200 < only(first).stable.units < 300
    assert only(first).stable.requests == 2 * only(first).stable.units
    assert first.predictions["not_sampled"] == 2000 - only(first).stable.requests
    assert traffic.count(gate).counts == first


def test_a_line_that_is_being_written_waits(traffic: Traffic) -> None:
    traffic.predict(prediction(1, 0), '{"model": "flight-del', end="")
    found = traffic.count().counts
    assert (found.predictions["read"], found.predictions["unfinished"]) == (1, 1)


def test_other_days_are_not_read(traffic: Traffic) -> None:
    traffic.predict(prediction(1, 0))
    lines(traffic.predictions / "model=flight-delay" / "day=2026-11-16" / "part.jsonl", ["no JSON"])
    lines(traffic.predictions / "model=fraud" / "day=2026-11-18" / "part.jsonl", ["no JSON"])
    assert traffic.count().counts.predictions["read"] == 1


@pytest.mark.parametrize(
    "predicted, truth, successes",
    [("late", "late", 1), ("late", "in time", 0), (1, True, 1), (0, False, 1), (2.5, 2.5, 1), (2, 3, 0)],
)
def test_a_prediction_is_correct_if_it_equals_its_label(
    traffic: Traffic, predicted: Any, truth: Any, successes: int
) -> None:
    traffic.predict(prediction(1, 0, prediction=predicted))
    traffic.label(label(1, 1, truth))
    assert only(traffic.count().counts).stable.outcome.successes == successes


@pytest.mark.parametrize("measure, expected", [("absolute_error", 2.0), ("squared_error", 4.0), ("value", 5.0)])
def test_other_outcomes(traffic: Traffic, measure: str, expected: float) -> None:
    traffic.predict(prediction(1, 0, prediction=3))
    traffic.label(label(1, 1, 5))
    gate = gate_config(metric_kind="mean", metric_direction="decrease", metric_label=measure, clock_skew_seconds=1)
    assert only(traffic.count(gate).counts).stable.outcome.mean == expected


def test_a_guardrail_on_an_outcome_has_its_own_moments(traffic: Traffic) -> None:
    traffic.predict(prediction(1, 0), prediction(2, 0, score=0.5))
    traffic.label(label(1, 1), label(2, 1, False))
    gate = gate_config(guardrails=[{"name": "brier", "margin": 0.1}], clock_skew_seconds=1)
    arm = only(traffic.count(gate).counts).stable
    assert arm.guardrails["brier"].mean == pytest.approx((0.0625 + 0.25) / 2)
    assert arm.outcome.successes == 1
