"""The year, half a month after the other: users ask, labels and data come, drift is looked for, runs happen."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.loop import checking, traffic, trial
from sandbox.loop.commands import slipway
from sandbox.loop.judging import CANDIDATE, Chapter, Quality, Year, short
from sandbox.loop.runs import Machine
from sandbox.loop.stack import ENVIRONMENT, EXAMPLE, LIVE, MODEL, Stack
from sandbox.loop.traffic import CANARY, STABLE, Answers, Half

FIRST = ("2013-01a", "2013-01b", "2013-02a", "2013-02b", "2013-03a")
"""What the team has when it begins; the last one is kept for the evaluation."""
LATER = ("2013-03b", "2013-04a", "2013-04b", "2013-05a", "2013-05b", "2013-06a", "2013-06b", "2013-07a", "2013-07b",
         "2013-08a")  # fmt: skip
DAMAGED = "2013-05a"
"""Comes by the export of somebody else, and the first time it is not what it should be."""
PAUSE = timedelta(hours=2)
"""Past the pipeline's cool-down."""
MORNING = timedelta(hours=12)
"""After the last flight, when the export is there."""


@dataclass
class Player:
    """Plays the year in a stack."""

    stack: Stack
    say: Callable[[str], None]
    year: Year = field(default_factory=Year)
    candidate: Chapter | None = None
    """Whose release users meet next."""
    now: datetime | None = None
    heard: list[dict[str, Any]] = field(default_factory=list)
    """What was on the bus and told to people."""

    def __post_init__(self) -> None:
        self.machine, self.answers = Machine(self.stack), Answers(self.stack)
        self.first, self.batches = "", self.stack.root / "batches"
        self._data = ("--model", MODEL, "--datasets", f"s3://{self.stack.datasets}")

    def begin(self, half: Half) -> None:
        """The first release: trained by a run that a person starts, and served because there is no other."""
        self._morning(half)
        chapter = self._chapter(half, "a person asked for the first release", self.machine.start("first"))
        self.first = self._released(chapter)
        self._promote(self.first)

    def play(self, half: Half) -> None:
        """Half a month, to the morning after it."""
        serving = self._released()
        releases = {STABLE: serving}
        if self.candidate:
            releases[CANARY] = self._released(self.candidate)
        with ThreadPoolExecutor(2) as pool:
            others = [pool.submit(self._export, half)]
            if self.candidate:
                others.append(pool.submit(trial.begin, self.stack, releases[CANARY], half))
            traffic.play(self.stack, self.answers, half, releases)
            for other in others:
                other.result()
        self._morning(half)
        replaced = self._judge(half)
        if half.name == DAMAGED:
            self._deliver(half)
        alarm, reason = (False, "the release was replaced") if replaced else self._drift(half, serving)
        scores = {release: self.answers.scores(release, half) for release in {*releases.values(), self.first}}
        chosen = traffic.arms(half, CANARY in releases)
        met = scores[serving].copy()
        if CANARY in releases:
            met[chosen] = scores[releases[CANARY]][chosen]
        self.year.halves.append(
            Quality(
                half=half.name,
                release=serving,
                alarm=alarm,
                reason=reason,
                with_loop=traffic.quality(half, met),
                without=traffic.quality(half, scores[self.first]),
            )
        )

    def listen(self) -> None:
        """Read what came to people and to those who listen to the bus."""
        self.heard += checking.messages(self.stack, "inbox")
        dead = checking.messages(self.stack, "dead_letters")
        self.year.problems += [f"dead letters: accepted: none: received: {str(one)[:200]}" for one in dead]

    def _morning(self, half: Half) -> None:
        """Let the time of half a month pass; jobs are told the day."""
        at = half.until + MORNING
        if self.now is not None:
            self.listen()
            self.stack.cloud.advance((at - self.now).total_seconds())
        self.now = at
        self.stack.cloud.set_job_environment({"SLIPWAY_AT": at.isoformat().replace("+00:00", "Z")})

    def _judge(self, half: Half) -> bool:
        """Let the gate decide about the candidate that users met, and do what it says; whether the pointer moved."""
        chapter, self.candidate = self.candidate, None
        if chapter is None:
            return False
        chapter.verdict = trial.decide(self.stack, self._released(chapter), half)
        self.say(f"  {half.name}  the gate: {chapter.verdict.answer}: {short(chapter.verdict.reason, 100)}")
        if chapter.verdict.answer != trial.PROMOTE:
            return False
        self._promote(chapter.verdict.candidate)
        return True

    def _export(self, half: Half) -> None:
        """The team's own export adds the batch to the dataset; nothing starts."""
        file = half.file(self.batches)
        if half.name != DAMAGED:
            at = (half.until + MORNING).isoformat().replace("+00:00", "Z")
            slipway(self.stack.environment, "data", "add", *self._data, "--at", at, "--batch", half.name, str(file))

    def _deliver(self, half: Half) -> None:
        """Somebody else sends the batch, which starts a run: first as it must not be, then whole."""
        for name, why, path in (
            (f"{half.name}-damaged", "a damaged batch came", half.damaged(self.batches)),
            (half.name, "the batch came again, whole", half.file(self.batches)),
        ):
            slipway(self.stack.environment, "data", "send", *self._data, "--batch", name, str(path))
            self._chapter(half, why, self.machine.next())
            self.stack.cloud.advance(PAUSE.total_seconds())

    def _drift(self, half: Half, serving: str) -> tuple[bool, str]:
        """Look for drift, as a schedule would; an alarm starts a run by its event."""
        window = {"from": half.since, "to": half.until, "at": half.until + trial.LABELS_IN}
        flags = [part for name, at in window.items() for part in (f"--{name}", at.isoformat().replace("+00:00", "Z"))]
        places = {f"SLIPWAY_{name.upper()}": place for name, place in traffic.places(self.stack).items()}
        environment = {
            **self.stack.environment,
            **places,
            "SLIPWAY_MODEL": MODEL,
            "SLIPWAY_MODELS_BUCKET": self.stack.models,
            "SLIPWAY_EVENT_BUS": self.stack.outputs["bus"],
            "SLIPWAY_DRIFT_CONFIG": str(EXAMPLE / "pipeline" / "drift.json"),
        }
        found: Any = slipway(environment, "drift", "run", *flags)
        if found["release"] != serving:
            self.year.problems.append(f"{half.name}: release: accepted: {serving}: received: {found['release']}")
        if not found["alarm"]:
            self.say(f"  {half.name}  no drift: {short(found['reason'], 100)}")
            return False, found["reason"]
        self.say(f"  {half.name}  drift: {short(found['reason'], 120)}")
        self._chapter(half, "drift was found", self.machine.next())
        return True, found["reason"]

    def _chapter(self, half: Half, why: str, run: Any) -> Chapter:
        chapter = Chapter(half.name, why, run)
        self.year.chapters.append(chapter)
        self.say(f"  {half.name}  {why}: {run.outcome} ({run.seconds:.0f} s): {short(run.reason, 100)}")
        if run.outcome == CANDIDATE and self.first:
            self.candidate = chapter
        return chapter

    def _released(self, chapter: Chapter | None = None) -> str:
        """The chapter's release, or the one that serves."""
        found = chapter.run.release if chapter else self.stack.serving()
        assert found, "a candidate has a release, and something serves from the beginning"
        return found

    def _promote(self, release: str) -> None:
        """Copy the release to where it serves, and name it in the settings there."""
        given = ("--from", ENVIRONMENT, "--to", LIVE, "--release", release, "--stacks-dir", str(self.stack.stacks))
        moved: Any = slipway(self.stack.environment, "promote", MODEL, *given)
        self.say(f"  the pointer moved: {Path(moved['file']).name}:{moved['line']}: {moved['from']} -> {moved['to']}")
