"""Candidate and champion about the frozen rows: what passes, and that all else is refused with a record."""

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from slipway_ops.cli import main

from tests.operations.retraining.conftest import Bus
from tests.operations.retraining.pipeline import DATASETS, MODELS, PLAN, SCORE, Pipeline, rows
from tests.operations.world import MODEL


@pytest.fixture
def trained(pipeline: Pipeline) -> Pipeline:
    """A first run that has trained a good model."""
    pipeline.arrive("b1", rows(0))
    pipeline.arrive("b2", rows(1000))
    assert pipeline("data", "validate")[0] == 0
    assert pipeline.train()[0] == 0
    return pipeline


@pytest.fixture
def second(pipeline: Pipeline, bus: Bus) -> Pipeline:
    """A second run, after a release of a poor model; only its training is missing."""
    pipeline.declare(f"{MODEL}.evaluation.json", {**PLAN, "metric": {**PLAN["metric"], "first_release": 0.5}})
    pipeline.arrive("b1", rows(0))
    pipeline.arrive("b2", rows(1000))
    pipeline.whole("run-1", 0.7)
    pipeline.arrive("b3", rows(2000))
    pipeline.begin("run-2")
    assert pipeline("data", "validate")[0] == 0
    return pipeline


def refused(pipeline: Pipeline, *arguments: str) -> str:
    """The reason of a refusal, which is recorded."""
    code, out, err = pipeline.evaluate(*arguments)
    assert code == 3, out + err
    record = pipeline.record("evaluation.json")
    outcome = pipeline.record("outcome.json")
    assert (record["state"], outcome["outcome"], outcome["reason"]) == ("refused", "refused", record["reason"])
    assert out.startswith(f"refused: {record['reason']}")
    reason: str = record["reason"]
    return reason


def test_a_better_candidate_passes(second: Pipeline) -> None:
    champion = second.record("registration.json", "run-1")["release"]
    assert second.train(0.5)[0] == 0
    code, out, err = second.evaluate()
    assert (code, out.startswith("passed: metric correct: shown to be better by +0.1")) == (0, True), out + err
    record = second.record("evaluation.json")
    assert record["champion"]["release"] == champion
    assert record["champion_rule"] == "the newest release that was neither withdrawn nor rejected by the gate"
    assert record["batches"] == ["b3"]
    assert record["candidate"]["means"]["correct"] > record["champion"]["means"]["correct"]
    names = [check["name"] for check in record["checks"]]
    assert names == [
        "rows",
        "metric correct",
        "guardrail brier",
        "slice group = a",
        "slice group = b",
        "slice group",
        "fairness group selection_rate",
    ]


def test_a_worse_candidate_is_refused(second: Pipeline) -> None:
    assert second.train(0.85)[0] == 0
    assert "metric correct: not shown to be better: better by -0." in refused(second)


def test_the_same_model_again_is_refused(second: Pipeline) -> None:
    assert second.train(0.7)[0] == 0
    assert "metric correct: not shown to be better: better by +0 (+0 to +0)" in refused(second)


def test_the_champion_may_be_named(second: Pipeline) -> None:
    champion = second.record("registration.json", "run-1")["release"]
    assert second.train(0.5)[0] == 0
    assert second.evaluate("--champion", champion)[0] == 0
    assert second.record("evaluation.json")["champion_rule"] == "the one that --champion names"
    second.begin("run-3")
    code, _, err = second.evaluate("--champion", f"{MODEL}-20260101-00000000")
    assert (code, "record: accepted: one that a step before wrote" in err) == (1, True)


def test_a_named_champion_that_is_not_there_is_no_first_release(second: Pipeline) -> None:
    assert second.train(0.5)[0] == 0
    code, _, err = second.evaluate("--champion", f"{MODEL}-20260101-00000000")
    assert (code, "no such record" in err) == (1, True)
    code, _, err = second.evaluate("--champion", "newest")
    assert (code, "--champion: accepted: <model>-<yyyymmdd>-<8 hex> or none: received: newest" in err) == (2, True)


@pytest.mark.parametrize("turned", ["withdrawn", "rejected"])
def test_a_release_that_was_turned_down_is_no_champion(second: Pipeline, turned: str) -> None:
    release = second.record("registration.json", "run-1")["release"]
    if turned == "withdrawn":
        second.world.store.withdraw(release, "it is wrong", "ci/x")
    else:
        decision = {"decision": {"answer": "reject", "reason": "x"}, "decided_at": "2026-03-01T00:00:00Z", "weight": 5}
        key = f"gate/decisions/{MODEL}/{release}/1/20260301T000000.000000Z-05-reject.json"
        second.s3.put_object(Bucket=MODELS, Key=key, Body=json.dumps(decision).encode())
    assert second.train(0.5)[0] == 0
    code, out, err = second.evaluate()
    assert code == 0, out + err
    record = second.record("evaluation.json")
    assert "champion" not in record
    assert record["checks"][1]["name"] == "first release correct"


def test_a_first_candidate_needs_a_declared_bound(trained: Pipeline) -> None:
    metric = {"label": "correct", "minimum_effect": 0.01}
    trained.declare(f"{MODEL}.evaluation.json", {**PLAN, "metric": metric})
    assert "champion: there is none, and the plan's metric.first_release says no bound" in refused(trained)


def test_a_first_candidate_below_the_bound_is_refused(trained: Pipeline) -> None:
    trained.declare(f"{MODEL}.evaluation.json", {**PLAN, "metric": {**PLAN["metric"], "first_release": 0.99}})
    assert "first release correct: 0." in refused(trained)


SCORES: list[tuple[str, str]] = [
    ("", "predictions of the candidate: file: accepted: predictions.parquet or predictions.jsonl"),
    (SCORE.replace('"score": 0.9 if late else 0.1', '"score": float("nan")'), "score: accepted: a finite number"),
    (SCORE.replace('"score": 0.9 if late else 0.1', '"score": None'), "score: accepted: "),
    (SCORE.replace('"label": int(row["label"])', '"label": None'), "label: accepted: "),
    (SCORE.replace('"group": row["group"]', '"colour": "red"'), "group: accepted: a column of this name"),
    (SCORE.replace('"row": row["id"]', '"row": 1'), "row: accepted: each name once"),
    (
        SCORE.replace("for row in csv", "for row in list(csv").replace("path.open()):", "path.open()))[:50]:"),
        "rows: 50, 200",
    ),
]


@pytest.mark.parametrize(("score", "reason"), SCORES)
def test_answers_that_cannot_be_judged_are_refused(trained: Pipeline, score: str, reason: str) -> None:
    (trained.world.directory / "score.py").write_text(score)
    assert reason in refused(trained)


DIFFERENT: list[tuple[str, str]] = [
    ('if int(row["id"]) % 7 == threshold * 10 % 7: continue', "row: accepted: the same rows from both"),
    ('row["label"] = str(int(threshold > 0.6))', "label: accepted: the same values from both"),
    ('row["group"] = f"g{threshold}"', "group: accepted: the same values from both"),
]


@pytest.mark.parametrize(("line", "reason"), DIFFERENT)
def test_both_must_answer_about_the_same(second: Pipeline, line: str, reason: str) -> None:
    changed = SCORE.replace("            late =", f"            {line}\n            late =")
    assert changed != SCORE
    assert second.train(0.5)[0] == 0
    (second.world.directory / "score.py").write_text(changed)
    assert f"predictions of candidate and champion: {reason}" in refused(second)


def test_each_model_has_the_settings_of_its_release(second: Pipeline) -> None:
    assert second.train(0.5)[0] == 0
    key = f"runs/{MODEL}/run-2/training/training.json"
    known = {**second.record("training/training.json"), "settings": {"DECISION_THRESHOLD": "0.4"}}
    second.s3.put_object(Bucket=MODELS, Key=key, Body=json.dumps(known).encode())
    said = second.world.directory / "said"
    line = f"open({str(said)!r}, 'a').write(repr(os.environ.get('DECISION_THRESHOLD')))\n"
    (second.world.directory / "score.py").write_text(SCORE.replace("threshold =", f"{line}threshold =", 1))
    assert second.evaluate()[0] == 0
    assert said.read_text() == "'0.4'None"


def test_rows_that_the_candidate_learnt_are_no_frozen_rows(trained: Pipeline) -> None:
    revision = trained.record("input.json")["dataset"]["revision"]
    trained.declare(f"{MODEL}.evaluation.json", {**PLAN, "frozen": {"revision": revision}})
    assert refused(trained) == "frozen rows: 1 of 2 files were trained on"


def test_more_batches_than_were_held_out_are_no_frozen_rows(trained: Pipeline) -> None:
    trained.declare(f"{MODEL}.evaluation.json", {**PLAN, "frozen": {"batches": 2}})
    assert refused(trained) == "frozen rows: 1 of 2 files were trained on"


def test_a_frozen_revision_of_its_own(trained: Pipeline) -> None:
    from slipway_ops.retraining.dvc import Remote, checksum

    path = trained.world.directory / "frozen.csv"
    path.write_bytes((trained.world.directory / "b2" / "part.csv").read_bytes().replace(b"\r\n", b"\n"))
    remote = Remote(trained.s3, DATASETS, MODEL)
    remote.put(path, checksum(path))
    revision = remote.put_folder({"frozen/part.csv": checksum(path)})
    trained.declare(f"{MODEL}.evaluation.json", {**PLAN, "frozen": {"revision": revision}})
    code, out, err = trained.evaluate()
    assert code == 0, out + err
    record = trained.record("evaluation.json")
    assert (record["dataset"]["revision"], record["batches"]) == (revision, ["frozen"])


FAILURES: list[tuple[Callable[[Pipeline], Any], str]] = [
    (
        lambda it: it.s3.delete_object(Bucket=MODELS, Key=f"runs/{MODEL}/run-1/training/model/model.json"),
        "model.json: object: accepted: one that a step before wrote",
    ),
    (
        lambda it: it.s3.put_object(Bucket=MODELS, Key=f"runs/{MODEL}/run-1/training/model/model.json", Body=b"x"),
        "model.json: file: accepted: ",
    ),
    (
        lambda it: it.s3.delete_object(Bucket=MODELS, Key=f"runs/{MODEL}/run-1/training/training.json"),
        "training.json: object: accepted: one that a step before wrote",
    ),
    (
        lambda it: it.s3.put_object(Bucket=MODELS, Key=f"runs/{MODEL}/run-1/training/lineage.json", Body=b"{}"),
        "lineage.json: model: accepted: a value: received: nothing",
    ),
    (
        lambda it: it.declare(f"{MODEL}.evaluation.json", b"{"),
        "evaluation.json: record: accepted: JSON",
    ),
    (
        lambda it: (it.world.directory / "score.py").write_text("raise SystemExit(3)"),
        "scoring of the candidate: exit code: accepted: 0, or 75 to be started again: received: ",
    ),
]


@pytest.mark.parametrize(("spoil", "message"), FAILURES)
def test_what_is_no_judgement_is_a_failure(trained: Pipeline, spoil: Callable[[Pipeline], Any], message: str) -> None:
    spoil(trained)
    code, out, err = trained.evaluate()
    assert (code, out) == (1, "")
    assert message in err.splitlines()[-1]
    assert trained.record("outcome.json")["outcome"] == "failed"
    assert not trained.has("evaluation.json")


def test_an_evaluation_that_is_done_is_not_done_again(trained: Pipeline) -> None:
    assert trained.evaluate()[0] == 0
    before = trained.record("evaluation.json")
    assert trained("evaluate", "--", sys.executable, "-c", "raise SystemExit(9)")[0] == 0
    assert trained.record("evaluation.json") == before


def test_a_scoring_may_want_to_be_started_again(trained: Pipeline) -> None:
    (trained.world.directory / "score.py").write_text("raise SystemExit(75)")
    assert trained.evaluate()[0] == 75
    assert not trained.has("outcome.json")


def test_the_command_is_after_the_dashes(trained: Pipeline) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["evaluate"])
    assert caught.value.code == 1
    assert "scoring of the candidate: command: accepted: a command after --" in trained.capfd.readouterr().err
