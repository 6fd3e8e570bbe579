"""A question from the request to the stored record, and the record's decision made again."""

import json
from pathlib import Path
from typing import Any

import pytest
from slipway_ops.gate.errors import GateError
from slipway_ops.gate.gate import Outcome, Places, Request, again, answer
from slipway_ops.gate.record import Record
from slipway_ops.gate.stages import Stages
from slipway_ops.gate.store import Store

from tests.operations.gate.traffic import (
    CANDIDATE,
    DAY,
    MODEL,
    Traffic,
    document,
    instant,
    label,
    micros,
    prediction,
)


class Gate:
    """A gate with its places in a folder."""

    def __init__(self, root: Path) -> None:
        self.traffic, self.decisions = Traffic(root), root / "decisions"
        self.places = Places(str(self.traffic.predictions), str(self.traffic.labels), str(self.decisions))

    def ask(self, seconds: float, weight: int = 50, attempt: str = "1", **changes: Any) -> Outcome:
        fields = {"gate": document(clock_skew_seconds=1, **changes), "model": MODEL, "candidate": CANDIDATE}
        request = Request.parse({**fields, "weight": str(weight), "final": "false", "attempt": attempt})
        return answer(request, self.places, micros(seconds))

    @property
    def records(self) -> list[str]:
        return sorted(path.name for path in (self.decisions / "decisions").rglob("*.json"))


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)


def test_a_better_challenger_is_promoted_and_its_record_says_why(gate: Gate) -> None:
    gate.traffic.many()
    assert gate.ask(-10).record.decision.answer == "wait"
    found = gate.ask(700)
    assert (found.record.verdict, found.error) == (1, False)
    assert found.uri is not None
    stored = Record.parse(Path(found.uri.removeprefix("file://")).read_bytes(), "record")
    assert stored == found.record
    assert gate.records == ["20261118T115950.000000Z-50-wait.json", "20261118T121140.000000Z-50-promote.json"]
    assert [(stage.weight, stage.since, stage.open) for stage in stored.stages] == [
        (50, "2026-11-18T11:59:50.000000Z", True)
    ]
    (part,) = stored.predictions
    assert part.uri == f"file://{gate.traffic.predictions / DAY / 'part.jsonl'}"
    assert part.etag.startswith("sha256:")
    assert stored.code["slipway-ops"] and len(stored.code["gate"]) == 16
    assert again(stored) == []


def test_a_log_that_grew_gives_the_same_decision_again(gate: Gate) -> None:
    gate.traffic.many()
    gate.ask(-10)
    record = gate.ask(700).record
    with (gate.traffic.predictions / DAY / "part.jsonl").open("a") as file:
        file.write(json.dumps(prediction(99_999, 1)) + "\n")
    gate.traffic.label(label(1, 1), name="later.jsonl")
    assert again(record) == []


def test_events_that_were_changed_or_are_gone_are_noticed(gate: Gate) -> None:
    gate.traffic.many()
    gate.ask(-10)
    record = gate.ask(700).record
    path = gate.traffic.labels / DAY / "part.jsonl"
    text = path.read_text()
    path.write_text(text.replace("false", "true ", 1))
    with pytest.raises(GateError, match="etag: accepted: sha256:"):
        again(record)
    path.unlink()
    with pytest.raises(GateError, match=r"part\.jsonl"):
        again(record)


def test_a_record_that_was_changed_does_not_come_out_again(gate: Gate) -> None:
    gate.traffic.many(better=0.0)
    gate.ask(-10)
    record = gate.ask(700).record
    document = json.loads(record.json_bytes())
    document["counts"]["cohorts"][0]["canary"]["outcome"]["mean"] = 0.9
    document["decision"]["answer"], document["verdict"] = "promote", 1
    found = again(Record.parse(json.dumps(document).encode(), "record"))
    assert [line.split(":")[0] for line in found] == ["counts.cohorts.0.canary.outcome.mean", "decision.answer"]
    document["verdict"] = 0
    with pytest.raises(GateError, match=r"record: verdict: accepted: 1, as decision\.answer: received: 0"):
        Record.parse(json.dumps(document).encode(), "record")


@pytest.mark.parametrize(
    "nuisance", ["duplicates", "missing", "late", "unlabelled challenger", "unlabelled champion", "imbalance"]
)
def test_what_is_wrong_with_the_data_promotes_nobody_whom_clean_data_would_not(gate: Gate, nuisance: str) -> None:
    traffic = gate.traffic
    for better, expected in ((0.0, False), (0.3, nuisance == "duplicates")):
        traffic.many(better=better)
        predictions, labels = traffic.predictions / DAY / "part.jsonl", traffic.labels / DAY / "part.jsonl"
        rows = [json.loads(line) for line in predictions.read_text().splitlines()]
        truths = [json.loads(line) for line in labels.read_text().splitlines()]
        arms = {row["request_id"]: row["variant"] for row in rows}
        if nuisance == "duplicates":
            traffic.predict(*rows, *rows[::3])
            traffic.label(*truths[::2], *truths)
        elif nuisance == "missing":
            traffic.label(*(truth for number, truth in enumerate(truths) if number % 10 >= 3))
        elif nuisance == "late":
            traffic.label(*({**truth, "ts": instant(86_400)} for truth in truths))
        elif nuisance == "imbalance":
            traffic.predict(*(row for number, row in enumerate(rows) if number % 8 or row["variant"] == "canary"))
        else:
            unlabelled = {"unlabelled challenger": "canary", "unlabelled champion": "stable"}[nuisance]
            traffic.label(*(truth for truth in truths if arms[truth["request_id"]] != unlabelled))
        attempt = str(better)
        gate.ask(-10, attempt=attempt)
        assert (gate.ask(700, attempt=attempt).record.decision.answer == "promote") is expected


def test_stages_are_from_the_first_to_the_last_question_at_their_weight(gate: Gate) -> None:
    for seconds, weight in ((0, 5), (60, 5), (120, 25), (180, 25), (240, 5)):
        shown = gate.ask(seconds, weight).record.stages
    assert [(stage.weight, stage.since[14:19], stage.until[14:19], stage.open) for stage in shown] == [
        (5, "00:00", "01:00", False),
        (25, "02:00", "03:00", False),
        (5, "04:00", "04:00", True),
    ]


def test_the_deadline_counts_from_the_first_question_and_what_is_rejected_stays_so(gate: Gate) -> None:
    gate.ask(0, 5)
    found = gate.ask(601 * 60, 25)
    assert found.record.decision.reason.startswith("the deadline of 600 minutes has passed (minimum_sample: 0 units")
    later = gate.ask(700 * 60, 25)
    assert (later.uri, later.record) == (found.uri, found.record)
    assert len(gate.records) == 2
    anew = gate.ask(701 * 60, 5, attempt="2")
    assert anew.record.decision.answer == "wait"


def test_whatever_goes_wrong_rejects_and_is_recorded_but_is_not_final(gate: Gate) -> None:
    gate.traffic.predict("{}")
    found = gate.ask(0)
    assert (found.record.verdict, found.error, found.record.counts) == (-1, True, None)
    assert found.record.decision.reason.endswith("part.jsonl: line 1: release: accepted: text: received: nothing")
    assert gate.records == ["20261118T120000.000000Z-50-error.json"]
    with pytest.raises(GateError, match="record: no data to decide on again: "):
        again(found.record)
    gate.traffic.predict(prediction(1, 0))
    assert gate.ask(60).record.decision.answer == "wait"


def test_without_a_record_there_is_no_decision(gate: Gate) -> None:
    gate.traffic.many()
    gate.ask(-10)
    folder = gate.decisions / "decisions" / MODEL / CANDIDATE / "1"
    (folder / "20261118T121140.000000Z-50-promote.json").write_text("{}")
    found = gate.ask(700)
    assert (found.record.verdict, found.uri) == (-1, None)
    assert found.record.decision.reason.startswith("no record: ")
    assert found.record.decision.reason.endswith("there is another record of this instant")


@pytest.mark.parametrize(
    "change, message",
    [
        ({"weight": 0}, "weight: accepted: greater than or equal to 1: received: 0"),
        ({"weight": "100"}, 'weight: accepted: less than or equal to 99: received: "100"'),
        ({"weight": "x"}, 'weight: accepted: a valid integer, unable to parse string as an integer: received: "x"'),
        ({"final": "perhaps"}, "final: accepted: "),
        ({"model": "No"}, "model: accepted: 2 to 30 of a-z, 0-9 and -, beginning with a letter: received: "),
        ({"candidate": "../x"}, "candidate: accepted: 1 to 128 of A-Z, a-z, 0-9, '.', '_' and '-', first a letter or"),
        ({"gate": {}}, "gate.metric: accepted: a value: received: nothing; gate.deadline_minutes: accepted: a value"),
        ({"more": 1}, "more: accepted: no such field: received: 1"),
    ],
)
def test_a_question_that_is_none_names_the_field(change: dict[str, Any], message: str) -> None:
    good = {"gate": document(), "model": MODEL, "candidate": CANDIDATE, "weight": 5}
    with pytest.raises(GateError) as caught:
        Request.parse({**good, **change})
    assert str(caught.value).startswith(f"request: {message}")


def test_too_many_stages_are_refused(tmp_path: Path) -> None:
    stages = Stages(Store(str(tmp_path)), MODEL, CANDIDATE, "1")
    for number in range(16):
        stages.see(5 + number % 2, number)
    with pytest.raises(GateError, match="stages: accepted: at most 15 in one attempt: received: 16"):
        stages.all(100)


def test_what_is_written_once_is_not_written_again(tmp_path: Path) -> None:
    store = Store(tmp_path.as_uri())
    assert store.put("a/b.json", b"1")
    assert not store.put("a/b.json", b"2")
    assert (store.get("a/b.json"), store.get("a/c.json")) == (b"1", None)
    assert (store.names("a/"), store.names("c/")) == (["b.json"], [])
    (tmp_path / "file").write_text("")
    with pytest.raises(GateError, match="file/b: write failed: "):
        store.put("file/b", b"")
