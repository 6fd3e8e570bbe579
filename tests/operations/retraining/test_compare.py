"""Answers about the frozen rows: what is read, what is refused, and what the plan makes of them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from slipway_ops.problems import ReleaseError
from slipway_ops.retraining import compare, plan, predictions
from slipway_ops.retraining.evaluation import Check
from slipway_ops.retraining.predictions import Predictions

from tests.operations.world import MODEL

LEAST: dict[str, Any] = {"model": MODEL, "frozen": {"batches": 1}, "minimum_rows": 100}
CORRECT = {"label": "correct", "minimum_effect": 0.01}


def planned(**changes: Any) -> plan.Plan:
    return plan.parse(json.dumps({**LEAST, "metric": CORRECT, **changes}).encode(), "plan", MODEL)


def lines(folder: Path, rows: list[dict[str, Any]]) -> Path:
    (folder / "predictions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def table(folder: Path, rows: list[dict[str, Any]]) -> Path:
    pa.parquet.write_table(pa.Table.from_pylist(rows), folder / "predictions.parquet")
    return folder


def answer(number: int, **changes: Any) -> dict[str, Any]:
    return {"row": number, "prediction": number % 2, "label": 1, "score": 0.5, "g": "a", **changes}


ROWS = [answer(number) for number in range(4)]


@pytest.mark.parametrize("write", [lines, table])
def test_the_order_of_rows_does_not_matter(write: Any, tmp_path: Path) -> None:
    write(tmp_path, [ROWS[2], ROWS[0], ROWS[3], ROWS[1]])
    found = predictions.load(tmp_path, "candidate", ["g"], score=True, numbers=True)
    assert found.rows.tolist() == ["0", "1", "2", "3"]
    assert found.prediction.tolist() == [0, 1, 0, 1]
    assert found.features["g"].tolist() == ["a"] * 4


REFUSED: list[tuple[list[dict[str, Any]], str]] = [
    ([*ROWS, answer(0)], "row: accepted: each name once: received: "),
    ([*ROWS, answer(9, prediction=None)], "prediction: accepted: a value in every row: received: "),
    ([*ROWS, answer(9, label=None)], "label: accepted: a value in every row"),
    ([*ROWS, answer(9, score=None)], "score: accepted: a value in every row"),
    ([*ROWS, answer(9, g=None)], "g: accepted: a value in every row"),
    ([*ROWS, answer(9, row=None)], "row: accepted: a value in every row"),
    ([answer(1, prediction="late")], "prediction: accepted: numbers: received: "),
    ([answer(1, score=[1])], "score: accepted: numbers"),
    ([{"row": 1, "prediction": 1, "label": 1, "score": 1}], "g: accepted: a column of this name: received: nothing"),
    ([{"prediction": 1, "label": 1, "score": 1, "g": "a"}], "row: accepted: a column of this name"),
]


@pytest.mark.parametrize("write", [lines, table])
@pytest.mark.parametrize(("rows", "message"), REFUSED)
def test_answers_that_cannot_be_judged_are_refused(
    write: Any, rows: list[dict[str, Any]], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ReleaseError) as caught:
        predictions.load(write(tmp_path, rows), "candidate", ["g"], score=True, numbers=True)
    assert str(caught.value).startswith(f"predictions of the candidate: {message}")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("name", ["prediction", "score", "label"])
def test_what_is_no_number_is_refused(name: str, value: float, tmp_path: Path) -> None:
    table(tmp_path, [answer(0, **{name: value}), answer(1, **{name: 1.0})])
    with pytest.raises(
        ReleaseError, match=f"{name}: accepted: a finite number in every row: received: .1 rows without"
    ):
        predictions.load(tmp_path, "candidate", ["g"], score=True, numbers=True)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {},
            "file: accepted: predictions.parquet or predictions.jsonl in SLIPWAY_OUTPUT, one of the two: received: no",
        ),
        ({"predictions.jsonl": b"{}\n", "predictions.parquet": b""}, "file: accepted: predictions.parquet or"),
        ({"predictions.jsonl": b""}, "row: accepted: at least one: received: 0"),
        ({"predictions.jsonl": b"no json"}, "file: accepted: a jsonl file that can be read"),
        ({"predictions.jsonl": b'{"row": 1}\n{"row": [1]}\n'}, "file: accepted: a jsonl file that can be read"),
        ({"predictions.parquet": b"no"}, "file: accepted: a parquet file that can be read"),
    ],
)
def test_files_that_are_none_are_refused(files: dict[str, bytes], message: str, tmp_path: Path) -> None:
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    with pytest.raises(ReleaseError) as caught:
        predictions.load(tmp_path, "champion", [], score=False, numbers=True)
    assert str(caught.value).startswith(f"predictions of the champion: {message}")


def answers(right: Any, label: Any = None, **features: Any) -> Predictions:
    """Answers that are right where ``right`` says so."""
    count = len(right)
    label = np.tile([0.0, 1.0], count)[:count] if label is None else label
    prediction = np.where(right, label, 1 - label)
    names = np.array([str(number) for number in range(count)])
    return Predictions(names, prediction, label, np.where(prediction == 1, 0.9, 0.1), features)


def test_both_must_be_about_the_same() -> None:
    one = answers(np.ones(4, bool), g=np.array(["a"] * 4))
    for other, message in (
        (answers(np.ones(3, bool), g=np.array(["a"] * 3)), "row: accepted: the same rows from both: received: .1 that"),
        (answers(np.ones(4, bool), np.ones(4), g=np.array(["a"] * 4)), "label: accepted: the same values from both"),
        (answers(np.ones(4, bool), g=np.array(["a", "a", "a", "b"])), "g: accepted: the same values from both"),
    ):
        with pytest.raises(ReleaseError, match=f"predictions of candidate and champion: {message}"):
            predictions.agree(one, other)
    predictions.agree(one, answers(np.zeros(4, bool), g=np.array(["a"] * 4)))


def wrong_in(*numbers: int, count: int = 1000) -> Any:
    right = np.ones(count, bool)
    right[list(numbers)] = False
    return right


def failed(checks: list[Check]) -> list[str]:
    return [check.name for check in checks if not check.passed]


def test_a_better_candidate_passes_and_an_equal_or_worse_one_does_not() -> None:
    good, bad = answers(wrong_in(*range(50))), answers(wrong_in(*range(150)))
    checks = compare.both(planned(), good, bad)
    assert failed(checks) == []
    assert "shown to be better by +0.1 (" in str(checks[1])
    assert failed(compare.both(planned(), good, good)) == ["metric correct"]
    assert failed(compare.both(planned(), bad, good)) == ["metric correct"]


def test_an_improvement_must_be_worth_a_release() -> None:
    one, other = answers(wrong_in(*range(50))), answers(wrong_in(*range(65)))
    assert failed(compare.both(planned(), one, other)) == []
    checks = compare.both(planned(metric={**CORRECT, "minimum_effect": 0.02}), one, other)
    assert failed(checks) == ["metric correct"]
    assert "0.02 is worth a release" in str(checks[1])


def test_less_is_better_of_an_error() -> None:
    metric = {"label": "brier", "minimum_effect": 0}
    one, other = answers(wrong_in(*range(50))), answers(wrong_in(*range(150)))
    assert failed(compare.both(planned(metric=metric), one, other)) == []
    assert failed(compare.both(planned(metric=metric), other, one)) == ["metric brier"]


def test_too_few_rows_are_refused() -> None:
    one, other = answers(wrong_in(*range(5), count=200)), answers(wrong_in(*range(50), count=200))
    assert failed(compare.both(planned(minimum_rows=200), one, other)) == []
    assert failed(compare.both(planned(minimum_rows=201), one, other)) == ["rows"]


def test_a_guardrail_must_be_shown_to_hold() -> None:
    one, other = answers(wrong_in(*range(50))), answers(wrong_in(*range(150)))
    sure = Predictions(one.rows, one.prediction, one.label, np.where(one.prediction == one.label, one.label, 0.5), {})
    rails = [{"label": "brier", "margin": 0.01}]
    assert failed(compare.both(planned(guardrails=rails), sure, other)) == []
    careless = Predictions(one.rows, one.prediction, one.label, np.full(1000, 0.5), {})
    assert failed(compare.both(planned(guardrails=rails), careless, other)) == ["guardrail brier"]


def test_no_slice_may_be_worse() -> None:
    groups = np.array(["a"] * 500 + ["b"] * 480 + ["c"] * 20)
    one = answers(wrong_in(*range(500, 560)), g=groups)
    other = answers(wrong_in(*range(200)), g=groups)
    slices = [{"feature": "g", "margin": 0.05, "minimum_rows": 100}]
    checks = compare.both(planned(slices=slices), one, other)
    assert failed(checks) == ["slice g = b"]
    assert str(checks[-1]) == "slice g: 2 values judged, 1 have fewer than 100 rows"
    wide = [{**slices[0], "margin": 0.3}]
    assert failed(compare.both(planned(slices=wide), one, other)) == []
    listed = [{**wide[0], "values": ["a", "c", "z"]}]
    assert failed(compare.both(planned(slices=listed), one, other)) == ["slice g = c", "slice g = z"]
    small = [{**wide[0], "minimum_rows": 501}]
    assert failed(compare.both(planned(slices=small), one, other)) == ["slice g"]


def test_rows_of_a_cluster_are_one_trial() -> None:
    one = answers(wrong_in(*range(50)), day=np.repeat(["1", "2", "3", "4"], 250))
    other = answers(wrong_in(*range(150)), day=np.repeat(["1", "2", "3", "4"], 250))
    checks = compare.both(planned(cluster="day"), one, other)
    assert failed(checks) == ["metric correct"]  # all of the difference is on one day
    assert checks[1].interval is not None
    assert checks[1].interval.clusters == 4


FAIRNESS: list[tuple[str, float, bool]] = [
    ("selection_rate", 0.5, True),
    ("selection_rate", 0.05, False),
    ("true_positive_rate", 0.25, True),
    ("true_positive_rate", 0.15, False),
    ("false_positive_rate", 0.01, True),
    ("metric", 0.15, True),
    ("metric", 0.05, False),
]


@pytest.mark.parametrize(("statistic", "gap", "passes"), FAIRNESS)
def test_groups_must_be_near_each_other(statistic: str, gap: float, passes: bool) -> None:
    groups = np.array(["a"] * 500 + ["b"] * 500)
    label = np.tile([0.0, 1.0], 500)
    right = np.ones(1000, bool)
    right[501:700:2] = False  # of b, 100 of the 250 with the label 1: 0.4 are not found
    right[501:601:2] = True
    one, other = answers(right, label, g=groups), answers(np.zeros(1000, bool), label, g=groups)
    rule = [{"feature": "g", "statistic": statistic, "maximum_gap": gap}]
    found = failed(compare.both(planned(fairness=rule), one, other))
    assert found == ([] if passes else [f"fairness g {statistic}"])


def test_one_group_is_no_comparison() -> None:
    one = answers(np.ones(1000, bool), g=np.array(["a"] * 950 + ["b"] * 50))
    rule = [{"feature": "g", "statistic": "selection_rate", "maximum_gap": 1}]
    checks = compare.both(planned(fairness=rule), one, answers(wrong_in(*range(100)), g=one.features["g"]))
    assert failed(checks) == ["fairness g selection_rate"]
    assert "1 groups of at least 100 rows, 2 needed" in str(checks[-1])


def test_a_first_candidate_has_to_reach_the_declared_bound() -> None:
    one = answers(wrong_in(*range(100)))
    assert failed(compare.alone(planned(), one)) == ["champion"]
    assert failed(compare.alone(planned(metric={**CORRECT, "first_release": 0.9}), one)) == []
    assert failed(compare.alone(planned(metric={**CORRECT, "first_release": 0.91}), one)) == ["first release correct"]
    brier = {"label": "brier", "minimum_effect": 0, "first_release": 0.1}
    assert failed(compare.alone(planned(metric=brier), one)) == []
    assert failed(compare.alone(planned(metric={**brier, "first_release": 0.05}), one)) == ["first release brier"]


def test_text_is_as_good_as_a_number_where_only_equality_counts(tmp_path: Path) -> None:
    rows = [{"row": number, "prediction": "late" if number % 2 else "on time", "label": "late"} for number in range(4)]
    found = predictions.load(lines(tmp_path, rows), "candidate", [], score=False, numbers=False)
    assert compare.means(compare.measured(planned(), found, "candidate")) == {"correct": 0.5}
    assert not compare.needs_numbers(planned())
    assert compare.needs_numbers(planned(metric={"label": "brier", "minimum_effect": 0}))


@pytest.mark.parametrize(
    ("change", "message"),
    [({"label": np.full(4, 2.0)}, "label: accepted: 0 or 1, because of brier"), ({"score": np.full(4, 1.5)}, "score:")],
)
def test_values_that_a_measure_does_not_allow_are_refused(change: dict[str, Any], message: str) -> None:
    one = answers(np.ones(4, bool))
    known = {"rows": one.rows, "prediction": one.prediction, "label": one.label, "score": one.score, "features": {}}
    metric = {"label": "brier", "minimum_effect": 0}
    with pytest.raises(ReleaseError, match=f"predictions of the candidate: {message}"):
        compare.measured(planned(metric=metric), Predictions(**{**known, **change}), "candidate")


def test_rates_are_of_two_classes() -> None:
    one = answers(np.ones(1000, bool), np.tile([0.0, 2.0], 500), g=np.array(["a", "b"] * 500))
    rule = [{"feature": "g", "statistic": "selection_rate", "maximum_gap": 1}]
    with pytest.raises(ReleaseError, match="accepted: 0 or 1, because of selection_rate"):
        compare.both(planned(fairness=rule), one, one)
