"""The clock of a rollout: declared minutes pass as seconds, so that a ladder of hours can be watched."""

import threading
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Time that passes ``speed`` times as fast as on the wall, from the moment it is made."""

    def __init__(self, speed: float, start: datetime | None = None) -> None:
        """``start`` is the present of both clocks, now by default."""
        self.speed = speed
        self.start = start or datetime.now(UTC)
        self._since = time.monotonic() - (datetime.now(UTC) - self.start).total_seconds()

    def seconds(self) -> float:
        """Declared seconds since the start."""
        return (time.monotonic() - self._since) * self.speed

    def now(self) -> datetime:
        """The declared present."""
        return self.start + timedelta(seconds=self.seconds())

    def declared(self, wall: datetime) -> datetime:
        """The declared instant of something that happened at ``wall``."""
        return self.start + (wall - self.start) * self.speed

    def wait(self, seconds: float, ended: threading.Event) -> bool:
        """Let so many declared seconds pass, or fewer if ``ended`` is set; whether it is."""
        return ended.wait(max(seconds, 0) / self.speed)


def text(when: datetime) -> str:
    """An instant as events have it: RFC 3339, UTC, microseconds."""
    return when.isoformat(timespec="microseconds").replace("+00:00", "Z")
