"""The command: which goals it measures and how it ends."""

import json
from types import SimpleNamespace

import pytest

from bench import __main__ as command
from bench.goals import split
from bench.result import Result


def run(monkeypatch: pytest.MonkeyPatch, results: dict[str, Result], *arguments: str) -> int:
    goals = {name: SimpleNamespace(measure=lambda _rounds, result=result: result) for name, result in results.items()}
    monkeypatch.setattr(command, "GOALS", goals)
    monkeypatch.setattr("sys.argv", ["bench", *arguments])
    return command.main()


def test_a_missed_goal_ends_it_with_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    results = {"a": Result.checked("first", [], "ok"), "b": Result.checked("second", ["too slow"], "")}
    assert run(monkeypatch, results) == 1
    assert "missed   second\n         too slow" in capsys.readouterr().out
    assert run(monkeypatch, results, "--only", "a") == 0


def test_json_is_one_object_a_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    results = {"a": Result.checked("first", [], "ok"), "b": Result.skipped("second", "no CLI")}
    assert run(monkeypatch, results, "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["name"], line["verdict"]) for line in lines] == [("a", "met"), ("b", "skipped")]


def test_an_unknown_goal_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(monkeypatch, {"a": Result.checked("first", [], "ok")}, "--only", "b")
    assert "'b'" in capsys.readouterr().err


def test_without_the_cli_the_split_is_skipped_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert split.measure(1).line().endswith("pulumi and pulumi-language-python are not on PATH")
