"""When the challenger had which weight: write-once notes of every time the gate was asked about it."""

import re
from dataclasses import dataclass

from slipway_ops.gate.errors import refused
from slipway_ops.gate.instants import compact, micros
from slipway_ops.gate.store import Store

MOST = 15
"""Stages of one attempt that a comparison takes."""
_NOTE = re.compile(r"(\d{8}T\d{6}\.\d{6}Z)-(\d\d)\.json")


@dataclass(frozen=True)
class Stage:
    """A time in which the challenger's weight was certainly the same; microseconds since 1970."""

    weight: int
    since: int
    until: int
    open: bool = False
    """Whether it is the present one."""


class Stages:
    """The notes of one candidate's attempt.

    A stage reaches from the first to the last time that the gate was asked about its weight, because the weight was the
    same in between; what lies between two stages is left out, because the weight changed somewhere in it.
    """

    def __init__(self, store: Store, model: str, candidate: str, attempt: str) -> None:
        self._store = store
        self._prefix = f"stages/{model}/{candidate}/{attempt}/"

    def see(self, weight: int, at: int) -> None:
        """Note that the weight is ``weight`` at the instant ``at``."""
        self._store.put(f"{self._prefix}{compact(at)}-{weight:02}.json", b"{}\n")

    def all(self, at: int) -> list[Stage]:
        """The stages until ``at``, the last one open; a weight that comes back makes a stage of its own."""
        stages: list[Stage] = []
        for name in sorted(self._store.names(self._prefix)):
            match = _NOTE.fullmatch(name)
            if not match:
                continue
            when, weight = micros(match[1]), int(match[2])
            if when > at:
                break
            if stages and stages[-1].weight == weight:
                stages[-1] = Stage(weight, stages[-1].since, when)
            else:
                stages.append(Stage(weight, when, when))
        if len(stages) > MOST:
            raise refused(self._prefix, "stages", f"at most {MOST} in one attempt", len(stages))
        if stages:
            stages[-1] = Stage(stages[-1].weight, stages[-1].since, at, open=True)
        return stages
