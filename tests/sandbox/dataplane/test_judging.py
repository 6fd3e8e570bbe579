"""What is measured beside what was declared, and whether an ending is the right one."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from slipway_ops.status import State, Status

from sandbox.dataplane import ab, judging, shares
from sandbox.dataplane.challengers import BETTER, BROKEN, EQUAL, WORSE, Build
from sandbox.dataplane.clock import Clock
from sandbox.dataplane.plot import Look, Panel, draw
from sandbox.dataplane.reading import DataPlaneError
from sandbox.dataplane.samples import Samples
from sandbox.dataplane.shares import Share
from sandbox.dataplane.steps import Ending

START = datetime(2026, 1, 1, tzinfo=UTC)
CLOCK = Clock(10, START)
STEPS = "Step-based analysis phase error/failed: "


def entry(user: str | None, arm: str, wall: float, ms: int = 5) -> dict[str, Any]:
    when = (START + timedelta(seconds=wall)).isoformat().replace("+00:00", "Z")
    return {"user": user, "arm": arm, "time": when, "ms": ms}


def test_shares_count_users_while_the_weight_was_certainly_the_same() -> None:
    log = [
        *(entry(f"u{number}", "canary" if number % 2 else "stable", 1.5) for number in range(100)),
        *(entry(f"u{number}", "canary" if number % 2 else "stable", 1.8) for number in range(10)),
        entry("early", "stable", 0.5),
        entry("across", "stable", 1.99, ms=50),
        entry("late", "canary", 2.5),
        entry(None, "stable", 1.5),
    ]
    set_at = [(10.0, 50), (20.0, 100), (21.0, 0)]
    (weight,) = shares.weights(log, set_at, CLOCK)
    assert (weight.part, weight.whole, weight.fits) == (50, 100, True)
    assert str(weight) == "users at weight 50: declared 50.0%, measured 50.0% of 100"
    stayed = shares.sticky(log, set_at, CLOCK)
    assert stayed is not None
    assert (stayed.part, stayed.whole, stayed.fits) == (10, 10, True)
    moved = shares.sticky([*log, entry("u0", "canary", 1.9)], set_at, CLOCK)
    assert moved is not None
    assert not moved.fits
    assert str(moved).endswith("<- NOT what is declared")
    assert shares.sticky(log, [], CLOCK) is None
    assert not Share("x", 0.5, 400, 1000).fits
    assert not Share("x", 0.5, 0, 0).fits


def test_the_mirrors_share_is_that_of_envoys_counters_while_there_was_a_shadow() -> None:
    samples = Samples()
    name = "envoy_cluster_upstream_rq_total"
    route = "httproute/models/m/rule/0"
    for second in range(40):
        lines = [f'{name}{{envoy_cluster_name="{route}/backend/0"}} {10 * second}']
        if 10 <= second <= 30:
            lines.append(f'{name}{{envoy_cluster_name="{route}-mirror-1"}} {second - 10}')
        samples.scrape("\n".join(lines), second)
    found = shares.mirrored(samples, "models", "m", 10)
    assert found is not None
    assert (found.part, found.whole, found.declared) == (20, 200, 0.1)
    assert shares.mirrored(Samples(), "models", "m", 10) is None


def test_the_access_log_is_read_to_its_last_whole_line(tmp_path: Path) -> None:
    assert shares.entries(tmp_path / "none") == []
    (tmp_path / "log").write_text('{"a": 1}\n{"a": 2')
    assert shares.entries(tmp_path / "log") == [{"a": 1}]


def result(name: str, ending: Ending, answer: str | None = None, reason: str = "", **more: Any) -> judging.Result:
    looks = [] if answer is None else [Look(4.2, 50, answer, reason, -0.1, 0.0, 0.1, "file:///r.json")]
    state = State.HEALTHY if ending.phase == "promoted" else State.DEGRADED
    told = Status("m", more.pop("state", state), "why", "r-2")
    build = Build(name, Path("a"), {}, "a note")
    release: Any = SimpleNamespace(id="r-2")
    made = judging.Result(build, release, ending, looks, more.pop("measured", []), told, "what decided", 10, 1.0)
    made.problems = judging.problems(made)
    return made


RIGHT = [
    (BROKEN, Ending("aborted", "Experiment analysis phase error/failed: x", 0, ["m-1"]), None, ""),
    (WORSE, Ending("aborted", STEPS + 'Metric "errors" assessed Failed', 5, weights=[(1, 50), (2, 0)]), "wait", ""),
    (EQUAL, Ending("aborted", STEPS + 'Metric "gate" assessed Failed', 6), "reject", "the deadline of 4 minutes"),
    (BETTER, Ending("promoted", weights=[(1, 50), (2, 100)]), "promote", "shown to be better"),
]


@pytest.mark.parametrize(("name", "ending", "answer", "reason"), RIGHT)
def test_the_right_endings(name: str, ending: Ending, answer: str | None, reason: str) -> None:
    made = result(name, ending, answer, reason)
    assert made.problems == []
    assert made.verdict != judging._NOT


@pytest.mark.parametrize(
    "made",
    [
        result(BROKEN, Ending("aborted", "Experiment analysis", weights=[(1, 50)])),
        result(BROKEN, RIGHT[1][1]),
        result(WORSE, RIGHT[0][1]),
        result(WORSE, Ending("aborted", 'Metric "gate"', weights=[(1, 50)]), "reject", "worse"),
        result(EQUAL, RIGHT[2][1], "reject", "effect: shown to be less"),
        result(EQUAL, RIGHT[3][1], "promote", ""),
        result(BETTER, RIGHT[2][1], "reject", "the deadline"),
        result(BETTER, RIGHT[3][1], "promote", "", state=State.DEGRADED),
        result(BETTER, RIGHT[3][1], "promote", "", measured=[Share("users", 0.5, 1, 1000)]),
    ],
)
def test_every_other_ending_is_a_problem(made: judging.Result) -> None:
    assert made.problems
    assert made.verdict == "NOT THE ENDING THAT IT DESERVES"


def test_what_decided_is_told_with_its_number() -> None:
    metrics = [{"name": "requests", "phase": "Successful", "measurements": [{"value": "[9]"}]}]
    metrics.append({"name": "errors", "phase": "Failed", "measurements": [{"value": "[0.4]"}]})
    conditions = [{"name": "requests"}, {"name": "errors", "successCondition": "len(result) > 0 && result[0] <= 0.1"}]
    run = {"spec": {"metrics": conditions}, "status": {"metricResults": metrics}}
    objects: Any = SimpleNamespace(get=lambda kind, name: run)
    told = judging.evidence(Ending("aborted", "Experiment", runs=["m-1"]), [], objects)
    assert told == "m-1: errors: accepted: result[0] <= 0.1: received: [0.4]"
    assert judging.evidence(Ending("aborted", "x"), [], objects) == "x"
    looks = [Look(1, 50, "reject", "too late", None, None, None, "r")]
    assert judging.evidence(Ending("aborted", 'Metric "gate"'), looks, objects) == "too late"


def test_it_is_told_and_drawn(tmp_path: Path) -> None:
    results = [result(*item) for item in RIGHT]
    results[2].looks = [Look(n / 4, 50, "wait", "", -1 / (n + 1), 0.0, 1 / (n + 1), f"r{n}") for n in range(20)]
    lines: list[str] = []
    judging.tell(results, tmp_path / "ab.png", 12.3, lines.append)
    text = "\n".join(lines)
    assert "stopped at the mirror" in text
    assert "record: AnalysisRun m-1" in text
    assert "record: r19" in text
    assert len([line for line in lines if " wait " in line]) == 7  # of twenty looks, six are enough
    draw([judging.panel(item, ab.GATE) for item in results], tmp_path / "ab.png")
    assert (tmp_path / "ab.png").read_bytes().startswith(b"\x89PNG")
    draw([Panel("a", "b", "c", [], 0.01, 4)], tmp_path / "ab.png")


def test_what_breaks_is_one_line_and_a_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> Any:
        raise DataPlaneError("HTTPRoute m: accepted: x: received: y")

    monkeypatch.setattr(ab, "run", broken)
    assert ab.main(tmp_path) == 1
    assert capsys.readouterr().err == "error: HTTPRoute m: accepted: x: received: y\n"

    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(ab, "run", interrupted)
    assert ab.main(tmp_path) == 130
    assert capsys.readouterr().err == "interrupted; everything that it started has ended\n"
    monkeypatch.setattr(ab, "run", lambda root, say: [result(*item) for item in RIGHT])
    assert ab.main(tmp_path, quiet=True) == 0
    assert capsys.readouterr().out.splitlines()[3] == "better  promoted"


def test_the_gate_of_the_command_is_one_that_the_gate_accepts() -> None:
    from slipway_ops.gate.config import parse

    assert parse(json.dumps(ab.GATE)).deadline_minutes == ab.GATE["deadline_minutes"]
