"""A candidate meets users: half of a month's half is its, and the gate decides on what both releases answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.loop import traffic
from sandbox.loop.commands import slipway
from sandbox.loop.stack import EXAMPLE, MODEL, Stack
from sandbox.loop.traffic import Half

CONFIG = EXAMPLE / "pipeline" / "gate.json"
WEIGHT = 50
LABELS_IN = timedelta(hours=37)
"""After the last flight: labels come within half a day, and a prediction waits for one for a day."""
DEADLINE = timedelta(days=18, hours=1)
_CODES = (0, 3, 4)
PROMOTE, REJECT, WAIT = "promote", "reject", "wait"


@dataclass(frozen=True)
class Verdict:
    """What the gate said last."""

    candidate: str
    answer: str
    reason: str
    record: str
    """Where its record is."""
    estimate: float | None
    lower: float | None
    upper: float | None


def begin(stack: Stack, candidate: str, half: Half) -> None:
    """The first question, which notes the weight that the trial has from now on."""
    _ask(stack, candidate, half.since)


def decide(stack: Stack, candidate: str, half: Half) -> Verdict:
    """Ask when all labels are in; who is still waiting then is asked about once more, past the deadline."""
    found = _ask(stack, candidate, half.until + LABELS_IN)
    if found.answer == WAIT:
        found = _ask(stack, candidate, half.since + DEADLINE)
    return found


def _ask(stack: Stack, candidate: str, at: datetime) -> Verdict:
    given: Mapping[str, str] = {
        "config": str(CONFIG),
        "model": MODEL,
        "candidate": candidate,
        **traffic.places(stack),
        "decisions": f"s3://{stack.models}/gate",
        "weight": str(WEIGHT),
        "at": at.isoformat().replace("+00:00", "Z"),
    }
    flags = [part for name, value in given.items() for part in (f"--{name}", value)]
    record: Any = slipway(stack.environment, "gate", "decide", *flags, accepted=_CODES)
    interval = record["decision"].get("interval") or {}
    return Verdict(
        candidate=candidate,
        answer=record["decision"]["answer"],
        reason=record["decision"]["reason"],
        record=str(record["record"]),
        estimate=interval.get("estimate"),
        lower=interval.get("lower"),
        upper=interval.get("upper"),
    )
