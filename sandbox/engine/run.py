"""What the parts of one run of the stand-in engine share."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.engine.outcome import Change, Detail, Op, Outcome, Reporter
from sandbox.engine.plugins import Plugins
from sandbox.engine.state import Entry, State


class StepError(Exception):
    """A resource cannot become what the program asks for; the message is for the user."""


@dataclass
class Run:
    """One update or preview."""

    project: str
    stack: str
    config: dict[str, str]
    state: State
    plugins: Plugins
    reporter: Reporter
    preview: bool
    states: Callable[[str], Path | None] = lambda _stack: None
    """Where the state of another stack is."""
    seen: dict[str, Entry] = field(default_factory=dict)
    """What the program declared, as it is now or would be."""
    failed: set[str] = field(default_factory=set)
    """URNs that failed or were skipped because something they need had."""
    errors: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    """URN -> the older URN (an alias) under which the state had it."""
    displaced: dict[str, Entry] = field(default_factory=dict)
    """Deleted already, because what they are made from is replaced; their successors come when they register."""
    outcome: Outcome = field(default_factory=Outcome)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def done(self, op: Op, entry: Entry, started: float, details: tuple[Detail, ...] = (), remark: str = "") -> None:
        """Count and tell what happened to ``entry``."""
        if entry.is_default_provider:
            return
        with self.lock:
            self.outcome.counts[op] += 1
        self.reporter.change(Change(op, entry.type, entry.name, time.monotonic() - started, details, remark))

    def fail(self, urn: str, type_: str, name: str, message: str) -> None:
        """``urn`` failed: what needs it is skipped, the rest goes on, the run has not succeeded."""
        with self.lock:
            self.failed.add(urn)
            self.errors.append(message)
            self.outcome.ok = False
        self.reporter.failure(type_, name, message)

    def skip(self, urn: str) -> None:
        """``urn`` cannot be done because something that it needs failed."""
        with self.lock:
            self.failed.add(urn)

    def blocked(self, urns: Iterable[str]) -> bool:
        """Whether anything among ``urns`` failed."""
        with self.lock:
            return not self.failed.isdisjoint(urns)

    def old(self, urn: str, aliases: Iterable[str] = ()) -> Entry | None:
        """What the state had under ``urn`` or one of its older names."""
        for name in (urn, *aliases):
            entry = self.state.resources.get(name)
            if entry is not None:
                if name != urn:
                    self.renamed[urn] = name
                return entry
        return None
