"""The command line of the gate: answers as exit codes, and one line for what is wrong."""

import builtins
import json
from pathlib import Path
from typing import Any

import pytest
from slipway_ops.cli import main

from tests.operations.gate.traffic import CANDIDATE, MODEL, Traffic, document, instant


class Command:
    """``slipway gate``, run inside this process."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self.capsys = root, capsys
        self.traffic = Traffic(root)
        self.config = root / "config.json"
        self.config.write_text(json.dumps(document(clock_skew_seconds=1)))

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        code = 0
        try:
            main(["gate", *arguments])
        except SystemExit as error:
            code = int(error.code or 0)
        captured = self.capsys.readouterr()
        return code, captured.out, captured.err

    def decide(self, *more: str, **changes: str | None) -> tuple[int, str, str]:
        flags: dict[str, str | None] = {
            "config": str(self.config),
            "predictions": str(self.traffic.predictions),
            "labels": str(self.traffic.labels),
            "model": MODEL,
            "candidate": CANDIDATE,
            "at": instant(700),
            **changes,
        }
        given = [part for name, value in flags.items() if value is not None for part in (f"--{name}", value)]
        return self("decide", *given, *more)


@pytest.fixture
def gate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(tmp_path, capsys)


def test_the_answer_is_the_exit_code(gate: Command) -> None:
    gate.traffic.many()
    code, out, err = gate.decide()
    assert (code, err) == (0, "")
    assert out.startswith("promote: accuracy: shown to be better by +0.2")
    assert gate.decide(at=instant(1))[0] == 3
    gate.traffic.many(better=-0.3)
    code, out, _ = gate.decide()
    assert (code, out.partition(":")[0]) == (4, "reject")


def test_json_is_the_record_and_a_stored_one_can_be_checked(gate: Command) -> None:
    gate.traffic.many()
    store = str(gate.root / "decisions")
    gate.decide(decisions=store, at=instant(-10))
    code, out, err = gate.decide("--json", "--final", decisions=store)
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert (found["decision"]["answer"], found["final"], found["weight"]) == ("promote", True, 50)
    path = found["record"].removeprefix("file://")
    assert gate("decide", "--record", path, "--check") == (0, "promote: the same again\n", "")
    stored = Path(path)
    stored.write_text(stored.read_text().replace('"crossovers": 0', '"crossovers": 1'))
    code, _, err = gate("decide", "--record", path, "--check")
    assert code == 1
    assert err.endswith("the decision comes out otherwise: counts.crossovers: 1 in the record, 0 now\n")


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"config": None}, "2 slipway gate decide: --config: accepted: a value: received: nothing"),
        ({"config": "/no/file"}, "2 slipway gate decide: --config: accepted: a readable file: received: /no/file"),
        ({"labels": None}, "2 slipway gate decide: --labels: accepted: s3://<bucket>/<prefix>, file:///<path> or a p"),
        ({"at": "now"}, "2 slipway gate decide: --at: accepted: RFC 3339 in UTC, such as 2026-11-20T09:30:00Z: rec"),
        (
            {"weight": "100"},
            "1 slipway gate decide: request: weight: accepted: less than or equal to 99: received: 100",
        ),
        ({"record": "x"}, "2 slipway gate decide: --record: accepted: together with --check: received: one of them"),
        ({"predictions": "/no/folder"}, "1 slipway gate decide: /no/folder: accepted: a folder or a file of events: "),
    ],
)
def test_what_is_wrong_is_one_line(
    gate: Command, changes: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLIPWAY_LABELS", raising=False)
    code, out, err = gate.decide(**changes)
    assert (out, err.count("\n")) == ("", 1)
    assert f"{code} {err}".startswith(message)


def test_a_wrong_configuration_names_the_file_and_the_field(gate: Command) -> None:
    gate.config.write_text(json.dumps(document(alpha=2)))
    code, _, err = gate.decide()
    assert code == 1
    assert err == (f"slipway gate decide: {gate.config}: alpha: accepted: less than or equal to 0.2: received: 2\n")


def test_serve_needs_a_place_for_its_decisions(gate: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLIPWAY_DECISIONS", raising=False)
    code, _, err = gate("serve", "--predictions", "a", "--labels", "b")
    assert (code, err.split(":")[1]) == (2, " --decisions")
    assert gate("serve", "--port", "70000")[0] == 2


def test_simulate_prints_figures_and_seed(gate: Command) -> None:
    gate.config.write_text(json.dumps(document(metric_minimum_effect=0.3, maximum_sample=400)))
    code, out, _ = gate("simulate", "--config", str(gate.config), "--runs", "4", "--seed", "7", "--json")
    found = json.loads(out)
    assert (code, len(found)) == (0, 18)
    assert {(one["runs"], one["seed"]) for one in found} == {(4, 7)}


def test_schema_is_printed(gate: Command) -> None:
    code, out, _ = gate("schema")
    assert (code, json.loads(out)["title"]) == (0, "GateConfig")


def test_without_the_extra_the_command_says_what_it_needs(gate: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def lacking(name: str, *more: Any) -> Any:
        if name == "slipway_ops.gate" and more[2] and "gate" in more[2]:
            raise ModuleNotFoundError("No module named 'numpy'", name="numpy")
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", lacking)
    code, _, err = gate.decide()
    assert (code, err) == (
        1,
        "slipway gate decide: numpy: accepted: installed with slipway-ops[gate]: received: nothing\n",
    )
