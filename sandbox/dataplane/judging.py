"""Whether each challenger of `make ab` had the ending that it deserves, and how that is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slipway_ops import status
from slipway_ops.release import Release

from sandbox.dataplane.challengers import BETTER, BROKEN, EQUAL, WORSE, Build
from sandbox.dataplane.objects import Objects
from sandbox.dataplane.plot import Look, Panel
from sandbox.dataplane.shares import Share
from sandbox.dataplane.steps import ABORTED, PROMOTED, Ending

_ENDINGS = {
    BROKEN: "stopped at the mirror",
    WORSE: "aborted by the guardrails",
    EQUAL: "kept waiting until its deadline, and rejected",
    BETTER: "promoted",
}
_NOT = "NOT THE ENDING THAT IT DESERVES"
_MOST_LOOKS = 6


@dataclass
class Result:
    """What happened to one challenger."""

    build: Build
    release: Release
    ending: Ending
    looks: list[Look]
    measured: list[Share]
    status: status.Status
    """What ``slipway status`` says afterwards."""
    evidence: str
    """What decided, in words and numbers."""
    requests: int
    seconds: float
    problems: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """The ending, in words."""
        return _NOT if self.problems else _ENDINGS[self.build.name]


def problems(result: Result) -> list[str]:
    """What is not as it must be."""
    ending, name = result.ending, result.build.name
    last = result.looks[-1] if result.looks else None
    highest = max((weight for _, weight in ending.weights), default=0)
    found = [str(share) for share in result.measured if not share.fits]
    right = {
        BROKEN: ending.phase == ABORTED and ending.message.startswith("Experiment") and highest == 0,
        WORSE: ending.phase == ABORTED and highest > 0 and _by_guardrails(ending),
        EQUAL: ending.phase == ABORTED and last is not None and last.answer == "reject" and "deadline" in last.reason,
        BETTER: ending.phase == PROMOTED and last is not None and last.answer == "promote",
    }[name]
    if not right:
        found.append(f"accepted: {_ENDINGS[name]}: received: {ending.phase}: {result.evidence}")
    wanted = status.State.HEALTHY if name == BETTER else status.State.DEGRADED
    if result.status.state is not wanted:
        found.append(f"slipway status: accepted: {wanted}: received: {result.status.state}: {result.status.reason}")
    return found


def evidence(ending: Ending, looks: list[Look], objects: Objects) -> str:
    """What decided: the gate's reason, or the measurement that a guardrail did not pass."""
    if looks and not _by_guardrails(ending):
        return looks[-1].reason
    for run in reversed(ending.runs):
        found = objects.get("AnalysisRun", run)
        wanted = {metric["name"]: metric.get("successCondition", "") for metric in found["spec"]["metrics"]}
        for metric in found["status"]["metricResults"]:
            if metric["phase"] in ("Failed", "Error"):
                accepted = wanted[metric["name"]].rpartition("&& ")[2]
                return f"{run}: {metric['name']}: accepted: {accepted}: received: {metric['measurements'][-1]['value']}"
    return ending.message


def panel(result: Result, gate: Mapping[str, Any]) -> Panel:
    """A comparison, for the plot."""
    return Panel(
        f"{result.build.name} ({result.build.note})",
        result.verdict,
        result.evidence[:110],
        result.looks,
        gate["metric"]["minimum_effect"],
        gate["deadline_minutes"],
    )


def tell(results: list[Result], picture: Path, seconds: float, say: Callable[[str], None]) -> None:
    """The endings, with their records and the interval over time."""
    for result in results:
        say(f"\n{result.build.name:7} {result.verdict} ({result.requests:,} requests, {result.seconds:.0f} s)")
        say(f"        {result.evidence}")
        for item in _some(result.looks):
            between = "no outcome yet" if item.lower is None else f"{item.lower:+.3f} to {item.upper:+.3f}"
            say(f"        {item.minutes:4.1f} min  {item.weight} %  {item.answer:8} improvement {between}")
        record = result.looks[-1].record if result.looks else f"AnalysisRun {', '.join(result.ending.runs)}"
        say(f"        record: {record}")
        for problem in result.problems:
            say(f"        problem: {problem}")
    say(f"\nplot: {picture}\n{seconds:.0f} s in all")


def _by_guardrails(ending: Ending) -> bool:
    return ending.phase == ABORTED and 'Metric "gate"' not in ending.message


def _some(looks: list[Look]) -> list[Look]:
    """The first, the last, and some between."""
    if len(looks) <= _MOST_LOOKS:
        return looks
    step = (len(looks) - 1) / (_MOST_LOOKS - 1)
    return [looks[round(number * step)] for number in range(_MOST_LOOKS)]
