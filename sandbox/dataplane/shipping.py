"""The way of events from pods to the store, which Firehose or a log agent is elsewhere: played by a thread.

It moves lines, whole ones only, into the layout that the gate reads (``model=/day=``). Because the declared clock is
fast, it stamps each event with the declared instant at which it happened; a label goes out some declared time after
its prediction, as an arrival does.
"""

import json
import threading
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from sandbox.dataplane.clock import Clock, text

_EVERY_SECONDS = 0.2


class Shipper:
    """Moves events until it is stopped."""

    def __init__(
        self, model: str, sources: Callable[[], Iterable[Path]], target: Path, clock: Clock, label_seconds: float
    ) -> None:
        """``sources`` tells the logs that there are; labels follow ``label_seconds`` after their request."""
        self.predictions, self.labels = target / "predictions", target / "labels"
        self._model, self._sources, self._clock, self._delay = model, sources, clock, label_seconds
        self._read: dict[Path, int] = {}
        """Log -> bytes that were moved."""
        self._waiting: deque[tuple[float, str, int]] = deque()
        self._ended = threading.Event()
        for folder in (self.predictions, self.labels):
            folder.mkdir(parents=True, exist_ok=True)
        self._thread = threading.Thread(target=self._run, name="shipper", daemon=True)
        self._thread.start()

    def label(self, request_id: str, label: int) -> None:
        """A label that will be known later."""
        self._waiting.append((self._clock.seconds() + self._delay, request_id, label))

    def stop(self) -> None:
        """Move what is there, and end."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(_EVERY_SECONDS):
            self._ship()
        self._ship()

    def _ship(self) -> None:
        for source in {*self._sources(), *self._read}:
            if source.exists():
                self._move(source)
        lines: list[dict[str, object]] = []
        now = self._clock.seconds()
        while self._waiting and self._waiting[0][0] <= now:
            _, request_id, label = self._waiting.popleft()
            lines.append({"request_id": request_id, "ts": text(self._clock.now()), "label": label})
        self._append(self.labels, "labels", lines)

    def _move(self, source: Path) -> None:
        with source.open("rb") as file:
            file.seek(self._read.get(source, 0))
            content = file.read()
        whole = content.rfind(b"\n") + 1
        self._read[source] = self._read.get(source, 0) + whole
        events = [json.loads(line) for line in content[:whole].splitlines()]
        for event in events:
            event["ts"] = text(self._clock.declared(datetime.fromisoformat(event["ts"])))
        self._append(self.predictions, source.parent.name, events)

    def _append(self, folder: Path, name: str, events: list[dict[str, object]]) -> None:
        days: dict[str, list[str]] = {}
        for event in events:
            days.setdefault(str(event["ts"])[:10], []).append(json.dumps(event, separators=(",", ":")))
        for day, lines in days.items():
            path = folder / f"model={self._model}" / f"day={day}" / f"{name}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a") as file:
                file.write("\n".join(lines) + "\n")
