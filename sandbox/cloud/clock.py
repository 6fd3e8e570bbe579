"""The account's clock: real time plus what ``POST /sandbox/advance`` has added, so that nobody waits for days."""

import datetime as dt
import threading
import time
from collections.abc import Callable

_STEP_SECONDS = 3600.0

_lock = threading.Lock()
_offset = 0.0
_hooks: list[Callable[[dt.datetime], None]] = []


def now() -> dt.datetime:
    """The account's present, in UTC."""
    return dt.datetime.fromtimestamp(time.time() + _offset, dt.UTC)


def naive_now() -> dt.datetime:
    """``now()`` without a time zone: the form in which moto keeps times."""
    return now().replace(tzinfo=None)


def on_tick(hook: Callable[[dt.datetime], None]) -> Callable[[dt.datetime], None]:
    """Have ``hook`` called with the present for each hour that is advanced."""
    _hooks.append(hook)
    return hook


def advance(seconds: float) -> dt.datetime:
    """Move the clock forward, an hour at a time, and return the new present. ``seconds`` is not negative."""
    global _offset
    if not 0 <= seconds <= 100 * 366 * 86400:
        raise ValueError(f"seconds: accepted: 0 to a hundred years: received: {seconds}")
    with _lock:
        while seconds > 0:
            _offset += min(_STEP_SECONDS, seconds)
            seconds -= _STEP_SECONDS
            for hook in _hooks:
                hook(now())
    return now()
