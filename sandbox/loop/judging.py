"""Whether the year went as it must: which runs began and why, how each ended, what the gate said, what came of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.loop.runs import Run
from sandbox.loop.stack import MODEL
from sandbox.loop.trial import PROMOTE, REJECT, Verdict

CANDIDATE, REFUSED = "candidate", "refused"


@dataclass
class Chapter:
    """A run and what came of its candidate."""

    half: str
    """When it began: after this half of a month."""
    why: str
    """What started it, in words."""
    run: Run
    verdict: Verdict | None = None
    """The gate's, on the half after it; None where there was no champion, or no candidate."""


@dataclass(frozen=True)
class Quality:
    """How good the answers of half a month were."""

    half: str
    release: str
    """That served."""
    alarm: bool
    reason: str
    with_loop: dict[str, float]
    without: dict[str, float]
    """Had the first release gone on."""


@dataclass
class Year:
    """What happened."""

    chapters: list[Chapter] = field(default_factory=list)
    halves: list[Quality] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was checked with the real programs, in words."""
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Ending:
    """What a run must be."""

    half: str
    trigger: str
    outcome: str
    step: str
    gate: str | None = None


ENDINGS = (
    Ending("2013-03a", "manual", CANDIDATE, "register"),
    Ending("2013-04b", "drift", CANDIDATE, "register", REJECT),
    Ending("2013-05a", "data", REFUSED, "validate"),
    Ending("2013-05a", "data", REFUSED, "evaluate"),
    Ending("2013-06b", "drift", CANDIDATE, "register", REJECT),
    Ending("2013-07a", "drift", CANDIDATE, "register", PROMOTE),
)
"""A damaged batch is refused before anything is learnt from it. In spring a candidate is worse than the champion, or
better on the flights of April and worse on those of May, which only users show; in summer one is better at last."""


def problems(year: Year) -> list[str]:
    """What is not as it must be."""
    found = list(year.problems)
    happened = [_ending(chapter) for chapter in year.chapters]
    for number, wanted in enumerate(ENDINGS):
        received = happened[number] if number < len(happened) else None
        if received != wanted:
            found.append(f"run {number + 1}: accepted: {wanted}: received: {received}")
    if len(happened) > len(ENDINGS):
        found.append(f"runs: accepted: {len(ENDINGS)}: received: {len(happened)}")
    for chapter in year.chapters:
        found += [f"{chapter.half}: {chapter.run.trigger}: {problem}" for problem in _records(chapter.run)]
    return found + _quality(year.halves)


def _ending(chapter: Chapter) -> Ending:
    verdict, run = chapter.verdict, chapter.run
    return Ending(chapter.half, run.trigger, run.outcome, run.step, verdict.answer if verdict else None)


def _records(run: Run) -> list[str]:
    """A run leaves the records of the steps that ran, and none of those that did not."""
    order = ["validation", "training/lineage", "evaluation", "registration"]
    steps = ["validate", "train", "evaluate", "register"]
    if run.step not in steps:
        return [f"step: accepted: {', '.join(steps)}: received: {run.step or 'nothing'}"]
    done = order[: steps.index(run.step) + 1]
    return [f"record {name}: {'missing' if name in done else 'of a step that must not run'}"
            for name in order if (name in done) is not (name in run.records)]  # fmt: skip


def _quality(halves: Sequence[Quality]) -> list[str]:
    """From the half after the pointer moved, the loop must have paid."""
    moved = [one for one in halves if one.release != halves[0].release]
    if not moved:
        return ["the pointer did not move"]
    found = []
    for name, sign in (("brier", -1), ("roc_auc", 1)):
        gain = sum(sign * (one.with_loop[name] - one.without[name]) for one in moved) / len(moved)
        if gain <= 0:
            found.append(f"{name}: accepted: better with the loop: received: {gain:+.4f}")
    return found


def table(year: Year) -> list[str]:
    """Quality over time, a line for each half of a month."""
    lines = ["half      serving                          Brier with / without    AUC with / without    drift"]
    for one in year.halves:
        brier, area = ((one.with_loop[name], one.without[name]) for name in ("brier", "roc_auc"))
        drift = f"ALARM: {one.reason}" if one.alarm else "-"
        lines.append(
            f"{one.half}  {one.release:32} {brier[0]:.4f} / {brier[1]:.4f}        {area[0]:.3f} / {area[1]:.3f}"
            f"         {short(drift, 90)}"
        )
    return lines


def told(chapter: Chapter, records: Path) -> list[str]:
    """A chapter, in words, and where its records are below ``records``."""
    run, verdict = chapter.run, chapter.verdict
    folder = records / "runs" / MODEL / run.name
    said = "evaluation" if "evaluation" in run.records else "validation"
    lines = [
        f"{chapter.half}  {chapter.why}: {run.trigger}: {run.outcome} at {run.step}: {short(run.reason, 140)}",
        f"          {folder / f'{said}.json'}",
    ]
    if verdict:
        between = "" if verdict.lower is None else f" (better by {verdict.lower:+.4f} to {verdict.upper:+.4f})"
        lines.append(f"          the gate: {verdict.answer}{between}: {short(verdict.reason, 110)}")
        lines.append(f"          {records / verdict.record.split('/', 3)[-1]}")
    return lines


def short(text: str, length: int) -> str:
    """The beginning of a text."""
    return text if len(text) <= length else f"{text[: length - 3].rstrip()}..."


def save(year: Year, seconds: float, target: Path) -> None:
    """Write what happened beside the picture; ``seconds`` is how long all of it took."""
    document: dict[str, Any] = {
        "endings": [
            vars(_ending(chapter))
            | {"run": chapter.run.name, "reason": chapter.run.reason}
            | {"seconds": round(chapter.run.seconds, 1), "own_seconds": chapter.run.own_seconds}
            for chapter in year.chapters
        ],
        "halves": [vars(one) for one in year.halves],
        "checked": year.notes,
        "problems": problems(year),
        "seconds": round(seconds, 1),
    }
    target.write_text(json.dumps(document, indent=1) + "\n")
