"""The endings of `make loop`: which year is as it must be, and what is said about one that is not."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sandbox.loop import checking, judging, plot
from sandbox.loop.judging import ENDINGS, Chapter, Ending, Quality, Year
from sandbox.loop.runs import Run
from sandbox.loop.trial import Verdict

STEPS = {"validate": "validation", "train": "training/lineage", "evaluate": "evaluation", "register": "registration"}


def run(ending: Ending, number: int) -> Run:
    names = list(STEPS)
    records: dict[str, Any] = {STEPS[name]: {} for name in names[: names.index(ending.step) + 1]}
    if "registration" in records:
        records["registration"] = {"release": f"flight-delay-2026112{number}-aaaaaaaa"}
    records["outcome"] = {"outcome": ending.outcome, "step": ending.step, "reason": "because"}
    return Run(f"run-{number}", "SUCCEEDED", ending.trigger, None, records, 1.0)


def chapter(ending: Ending, number: int) -> Chapter:
    verdict = None
    if ending.gate:
        verdict = Verdict(
            f"release-{number}", ending.gate, "for a reason", f"s3://bucket/gate/{number}.json", 0.01, -0.01, 0.03
        )
    return Chapter(ending.half, "something happened", run(ending, number), verdict)


def half(name: str, release: str, gain: float, alarm: bool = False) -> Quality:
    without = {"brier": 0.2, "roc_auc": 0.7}
    better = {"brier": 0.2 - gain, "roc_auc": 0.7 + gain}
    return Quality(name, release, alarm, "drift" if alarm else "as at training", better, without)


@pytest.fixture
def year() -> Year:
    """As it must be."""
    halves = [half("2013-04b", "one", 0, alarm=True), half("2013-05a", "one", 0), half("2013-08a", "two", 0.02)]
    return Year([chapter(ending, number) for number, ending in enumerate(ENDINGS)], halves)


def test_a_year_as_it_must_be_has_no_problem(year: Year) -> None:
    assert judging.problems(year) == []


def test_another_verdict_is_a_problem(year: Year) -> None:
    verdict = year.chapters[-1].verdict
    assert verdict
    year.chapters[-1].verdict = replace(verdict, answer="wait")
    (found,) = judging.problems(year)
    assert found.startswith("run 6: accepted: Ending(half='2013-07a', trigger='drift', outcome='candidate'")
    assert "gate='promote'): received: Ending(" in found
    assert found.endswith("gate='wait')")


def test_a_run_too_few_or_too_many_is_a_problem(year: Year) -> None:
    year.chapters.append(chapter(ENDINGS[1], 9))
    assert judging.problems(year) == ["runs: accepted: 6: received: 7"]
    del year.chapters[5:]
    (found,) = judging.problems(year)
    assert found.startswith("run 6: accepted: ")
    assert found.endswith("received: None")


def test_a_record_that_is_missing_or_must_not_be_is_a_problem(year: Year) -> None:
    del year.chapters[0].run.records["evaluation"]
    year.chapters[2].run.records["training/lineage"] = {}
    assert judging.problems(year) == [
        "2013-03a: manual: record evaluation: missing",
        "2013-05a: data: record training/lineage: of a step that must not run",
    ]


def test_the_pointer_must_move_and_the_loop_must_pay(year: Year) -> None:
    moved = year.halves[-1]
    year.halves[-1] = replace(moved, release="one")
    assert judging.problems(year) == ["the pointer did not move"]
    year.halves[-1] = half("2013-08a", "two", -0.02)
    assert judging.problems(year) == [
        "brier: accepted: better with the loop: received: -0.0200",
        "roc_auc: accepted: better with the loop: received: -0.0200",
    ]


def test_a_run_that_no_step_began_tells_what_the_machine_said() -> None:
    skipped = Run("run", "SUCCEEDED", "drift", {"outcome": "skipped", "reason": "another run goes on"})
    assert (skipped.outcome, skipped.reason, skipped.step, skipped.release) == (
        "skipped",
        "another run goes on",
        "",
        None,
    )
    assert Run("run", "TIMED_OUT", "drift", None).outcome == "timed_out"


def test_what_happened_is_told_drawn_and_kept(year: Year, tmp_path: Path) -> None:
    lines = judging.table(year)
    assert len(lines) == 1 + len(year.halves)
    assert "0.1800 / 0.2000" in lines[-1]
    assert lines[1].endswith("ALARM: drift")
    told = [line for one in year.chapters for line in judging.told(one, tmp_path)]
    assert any(line.endswith("the gate: promote (better by -0.0100 to +0.0300): for a reason") for line in told)
    assert told[-1] == f"          {tmp_path}/gate/5.json"
    assert judging.short("a word too many", 9) == "a word..."
    assert told[1] == f"          {tmp_path}/runs/flight-delay/run-0/evaluation.json"
    assert any(line.endswith("/runs/flight-delay/run-2/validation.json") for line in told)
    plot.draw(year, tmp_path / "loop.png")
    assert (tmp_path / "loop.png").read_bytes().startswith(b"\x89PNG")
    judging.save(year, 12.34, tmp_path / "loop.json")
    document = json.loads((tmp_path / "loop.json").read_text())
    assert [one["outcome"] for one in document["endings"]] == [ending.outcome for ending in ENDINGS]
    assert document["problems"] == []


def messages(year: Year) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{"text": "somebody was told"}]
    for one in year.chapters:
        detail = {"run": one.run.name, "outcome": one.run.outcome}
        found.append({"detail-type": checking.RUN_ENDED, "detail": detail})
        if one.run.outcome == judging.CANDIDATE:
            found.append({"detail-type": checking.CANDIDATE_READY, "detail": detail})
    return [*found, {"detail-type": checking.DRIFT, "detail": {}}]


def test_every_run_and_candidate_and_drift_is_said_on_the_bus(year: Year) -> None:
    checking.bus(messages(year), year)
    assert year.problems == []
    assert year.notes == ["events: 6 RunEnded, 4 CandidateReady, 1 DriftDetected; 1 to people"]


def test_what_is_not_said_on_the_bus_is_a_problem(year: Year) -> None:
    heard = [one for one in messages(year) if one.get("detail", {}).get("run") != "run-0"]
    checking.bus(heard, year)
    assert year.problems == [
        "events RunEnded: accepted: 6: received: 5",
        "events CandidateReady: accepted: 4: received: 3",
        "run-0: accepted: candidate: received: None",
    ]
