"""The account's clock: real time plus what ``POST /sandbox/advance`` has added, so that nobody waits for days."""

import datetime as dt
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

_STEP_SECONDS = 3600.0
_SHORTEST_STEP_SECONDS = 1.0

_lock = threading.Lock()
_offset = 0.0
_hooks: list[Callable[[dt.datetime], None]] = []
_due: list[Callable[[], dt.datetime | None]] = []
_pauses: list[Callable[[], Any]] = []


def now() -> dt.datetime:
    """The account's present, in UTC."""
    return dt.datetime.fromtimestamp(time.time() + _offset, dt.UTC)


def naive_now() -> dt.datetime:
    """``now()`` without a time zone: the form in which moto keeps times."""
    return now().replace(tzinfo=None)


def on_tick(hook: Callable[[dt.datetime], None]) -> Callable[[dt.datetime], None]:
    """Have ``hook`` called with the present for each hour that is advanced, and at each moment that is due."""
    _hooks.append(hook)
    return hook


def on_due(moment: Callable[[], dt.datetime | None]) -> Callable[[], dt.datetime | None]:
    """Ask ``moment`` when something is due next; the clock stops there on its way and calls the hooks."""
    _due.append(moment)
    return moment


def on_pause(wait: Callable[[], Any]) -> Callable[[], Any]:
    """Have ``wait`` called after each step, while others may call the cloud: what it began can come to its end."""
    _pauses.append(wait)
    return wait


def advance(seconds: float, turn: AbstractContextManager[Any] | None = None) -> dt.datetime:
    """Move the clock forward, from one moment that is due to the next, and return the new present.

    ``seconds`` is not negative. Each step is made with ``turn``.
    """
    global _offset
    if not 0 <= seconds <= 100 * 366 * 86400:
        raise ValueError(f"seconds: accepted: 0 to a hundred years: received: {seconds}")
    with _lock:
        while True:
            with turn or nullcontext():
                step = min(_STEP_SECONDS, seconds, max(_until_due(), _SHORTEST_STEP_SECONDS))
                _offset += step
                seconds -= step
                for hook in _hooks:
                    hook(now())
            for wait in _pauses:
                wait()
            if seconds <= 0:
                return now()


def catch_up(turn: AbstractContextManager[Any]) -> None:
    """Call the hooks if something has become due while real time went by."""
    with turn:
        is_due = _until_due() <= 0
    if is_due:
        advance(0, turn)


def _until_due() -> float:
    """Seconds until the next moment that is due."""
    moments = [moment for ask in _due if (moment := ask()) is not None]
    return (min(moments) - now()).total_seconds() if moments else float("inf")
