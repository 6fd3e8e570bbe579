"""What an analysis means, as Argo Rollouts has it, the traps included."""

import itertools
import math
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from sandbox.dataplane.analysis import Phase, Run
from sandbox.dataplane.clock import Clock
from sandbox.dataplane.conditions import ConditionError, holds

GATE = {"successCondition": "result == 1", "failureCondition": "result == -1"}
KNOWN = "len(result) > 0 && !isNaN(result[0]) && result[0] <= 0.01"


def run(answers: Sequence[Any], **metric: Any) -> tuple[Phase, str]:
    """The outcome of a metric whose measurements are ``answers``, the last one again and again."""
    left = list(answers)

    def measure(provider: Any) -> Any:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    spec = {"name": "m", "provider": {}, "interval": "1s", **metric}
    template = {"metadata": {"name": "t"}, "spec": {"metrics": [spec]}}
    return Run([template], {}, measure, Clock(1000)).execute(threading.Event())


def test_inconclusive_answers_alone_succeed_unless_a_success_is_asked_for() -> None:
    """The trap: without consecutiveSuccessLimit, a gate that never says yes would promote."""
    assert run([0], **GATE, count=3, inconclusiveLimit=3)[0] is Phase.SUCCESSFUL
    assert run([0], **GATE, count=3, inconclusiveLimit=3, consecutiveSuccessLimit=1)[0] is Phase.INCONCLUSIVE
    assert run([0], **GATE, count=3, inconclusiveLimit=1) == (
        Phase.INCONCLUSIVE,
        'Metric "m" assessed Inconclusive due to inconclusive (2) > inconclusiveLimit (1)',
    )


@pytest.mark.parametrize(
    ("answers", "metric", "phase"),
    [
        ([0, 0, 1], {**GATE, "count": 9, "inconclusiveLimit": 9, "consecutiveSuccessLimit": 1}, Phase.SUCCESSFUL),
        ([0, -1], {**GATE, "count": 9, "inconclusiveLimit": 9, "consecutiveSuccessLimit": 1}, Phase.FAILED),
        ([0], {"successCondition": "result == 1 || result == 0", "failureCondition": "result == -1"}, None),
        ([[0.0]], {"successCondition": KNOWN, "count": 1}, Phase.SUCCESSFUL),
        ([[]], {"successCondition": KNOWN, "count": 1}, Phase.FAILED),
        ([[math.nan]], {"successCondition": KNOWN, "count": 1}, Phase.FAILED),
        ([[0.5], [0.0]], {"successCondition": KNOWN, "count": 3, "failureLimit": 1}, Phase.SUCCESSFUL),
        ([[0.5]], {"successCondition": KNOWN, "count": 3, "failureLimit": 1}, Phase.FAILED),
        ([[]], {"successCondition": "result[0] <= 1", "count": 1}, Phase.ERROR),
        ([OSError("away"), [0.0]], {"successCondition": KNOWN, "count": 1}, Phase.SUCCESSFUL),
        ([OSError("away")], {"successCondition": KNOWN, "count": 1, "consecutiveErrorLimit": 2}, Phase.ERROR),
        ([5.0], {"failureCondition": "result > 4", "count": 1}, Phase.FAILED),
        ([5.0], {"failureCondition": "result > 5", "count": 1}, Phase.SUCCESSFUL),
        ([5.0], {"count": 1}, Phase.SUCCESSFUL),
    ],
)
def test_what_measurements_mean(answers: list[Any], metric: dict[str, Any], phase: Phase | None) -> None:
    assert run(answers, **{"count": 1, **metric})[0] is (phase or Phase.SUCCESSFUL)


def test_a_run_that_is_told_to_end_has_succeeded_and_what_is_bad_stays_bad() -> None:
    """The second trap: a background analysis that the controller ends was good, whatever it was about to find."""
    ended = threading.Event()
    ended.set()
    template = {"metadata": {"name": "t"}, "spec": {"metrics": [{"name": "m", "provider": {}, "interval": "1m"}]}}
    assert Run([template], {}, lambda _: 1, Clock(1)).execute(ended)[0] is Phase.SUCCESSFUL


def test_arguments_fill_text_and_none_may_be_missing() -> None:
    seen: list[Any] = []
    body = {"candidate": "{{args.candidate}}", "list": ["{{args.candidate}}", 1]}
    metric = {"name": "m", "provider": {"web": {"jsonBody": body}}}
    template = {"metadata": {"name": "t"}, "spec": {"args": [{"name": "candidate"}], "metrics": [metric]}}
    with pytest.raises(ValueError, match="AnalysisTemplate t: args: accepted: a value for each: received: no"):
        Run([template], {}, seen.append, Clock(1))
    run = Run([template], {"candidate": "r-2"}, seen.append, Clock(1000))
    assert run.execute(threading.Event()) == (Phase.SUCCESSFUL, "")
    assert seen == [{"web": {"jsonBody": {"candidate": "r-2", "list": ["r-2", 1]}}}]
    assert run.status()["metricResults"][0]["phase"] == "Successful"


def test_delays_and_intervals_follow_the_declared_clock() -> None:
    clock, at = Clock(100), []
    metric = {"name": "m", "provider": {}, "initialDelay": "20s", "interval": "20s", "count": 3}
    template = {"metadata": {"name": "t"}, "spec": {"metrics": [metric]}}
    Run([template], {}, lambda _: at.append(clock.seconds()), clock).execute(threading.Event())
    assert at[0] >= 20
    assert all(later - earlier >= 20 for earlier, later in itertools.pairwise(at))


@pytest.mark.parametrize(
    ("condition", "result", "expected"),
    [
        ("result == 1", 1, True),
        ("result != 1", 1, False),
        ("!(result > 2)", 1.5, True),
        ("isInf(result) || result < -1", -2, True),
        ("len(result) == 2 && result[1] >= 3", [1, 3], True),
        ("asFloat(result) <= 1 && true", "0.5", True),
    ],
)
def test_conditions(condition: str, result: Any, expected: bool) -> None:
    assert holds(condition, result) is expected


@pytest.mark.parametrize("condition", ["result", "result +", "open(result) == 1", "result.x == 1", "result[3] > 1"])
def test_conditions_that_cannot_be_evaluated(condition: str) -> None:
    with pytest.raises(ConditionError, match="could not evaluate "):
        holds(condition, [1])
