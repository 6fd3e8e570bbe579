"""Prediction events made single, and their labels joined to them by request id.

What comes out does not depend on the order in which files and rows are read: the earliest of several events of one
request is kept, and a request with contradicting labels has none.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from slipway_ops.gate import columns
from slipway_ops.gate.columns import Column, Wrong
from slipway_ops.gate.errors import refused
from slipway_ops.gate.parts import PARTS, split
from slipway_ops.gate.reader import Batch
from slipway_ops.gate.rows import Rows, View

THREADS = 2
LABEL_COLUMNS = (Column("request_id", "text"), Column("ts", "time"), Column("label", "value"))
_NEXT, _BUCKET = np.uint64(42), np.uint64(0xFFFF)
"""The 16 bits of a hash after those that say the part."""
_LABELLED, _CONTRADICTED = np.uint8(1), np.uint8(2)


def single(rows: Rows) -> None:
    """Sort the rows of each part by request and keep the earliest event of each."""
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda number: _single(rows, number), range(PARTS)))
    rows.count(
        duplicates=sum(duplicates for duplicates, _ in found),
        contradicting=sum(different for _, different in found),
        used=sum(rows.parts.sizes),
    )


def _single(rows: Rows, number: int) -> tuple[int, int]:
    """One part; how many duplicates there were, and how many of them said something else."""
    part = rows.parts.part(number)
    order = np.argsort(part["request"], kind="stable")
    request = part["request"][order]
    same = np.concatenate([[False], request[1:] == request[:-1]])[: len(order)]
    if not same.any():
        rows.parts.keep(number, order)
        return 0, 0
    inside = same | np.concatenate([same[1:], [False]])
    some = order[inside]
    others = [part[name][some] for name in sorted(part) if name not in ("request", "ts")]
    order[inside] = some[np.lexsort((*others, part["ts"][some], part["request"][some]))]
    again = np.flatnonzero(same)
    kept = np.maximum.accumulate(np.where(same, 0, np.arange(len(order))))[again]
    different = np.zeros(len(again), bool)
    for name in ("unit", "arm", "prediction", "score"):
        if name in part:
            one, other = part[name][order[again]], part[name][order[kept]]
            different |= (one != other) & ~((one != one) & (other != other))  # two missing values are the same
    rows.parts.keep(number, order[~same])
    return len(again), int(different.sum())


class Labels:
    """Puts labels to the requests of sorted parts, as columns of theirs; threads may add to it."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        rows.parts.new("label", np.nan, np.float64)
        rows.parts.new("state", 0, np.uint8)
        self._parts = [rows.parts.part(number) for number in range(PARTS)]
        self._tables = [_table(part["request"]) for part in self._parts]
        self._locks = [threading.Lock() for _ in self._parts]
        self._lock = threading.Lock()
        self.seen: dict[str, int] = {}
        config = rows.scope.config
        self._text = all(measure in ("value", "correct") for measure in config.measures)
        binary = "value" in config.measures and config.metric.kind == "binary"
        self._check: Callable[[Any], Any] | None = _rate if "brier" in config.measures else _truth if binary else None

    def count(self, **numbers: Any) -> None:
        """Add to what became of the events."""
        with self._lock:
            for name, number in numbers.items():
                self.seen[name] = self.seen.get(name, 0) + int(number)

    def add(self, batch: Batch) -> None:
        """Put the labels of a batch to their requests."""
        view = View(batch)
        request = view.read("request_id", columns.ids)
        ts = view.read("ts", columns.instants)
        values = self._rows.typed("label", view.read("label", self._codes), batch.subject)
        order, ends = split(request)
        request, ts, values = request[order], ts[order], values[order]
        self.count(read=len(request))
        start = 0
        for number, end in enumerate(ends):
            if end > start:
                self._join(number, request[start:end], ts[start:end], values[start:end])
            start = end

    def finish(self) -> None:
        """Leave NaN where there is no label or several contradict each other."""
        texts = self._rows.texts
        if "correct" in self._rows.scope.config.measures and len({*texts.values()}) > 1:
            words = {True: "text", False: "a number or truth value"}
            raise refused("labels", "label", f"{words[texts['prediction']]}, as prediction", words[texts["label"]])
        for part in self._parts:
            contradicted = (part["state"] & _CONTRADICTED) > 0
            self.count(contradicting=contradicted.sum(), used=((part["state"] > 0) & ~contradicted).sum())
            part["label"][contradicted] = np.nan
        self._parts = []
        self._rows.parts.drop("state")

    def _codes(self, column: Any) -> tuple[Any, bool]:
        values, text = columns.codes(column)
        missing = np.isnan(values)
        if missing.any():
            raise Wrong(int(missing.argmax()), "a value", None)
        if text and (not self._text or self._check):
            raise Wrong(0, "a number or truth value", column[0].as_py())
        if self._check is not None:
            wrong = ~self._check(values)
            if wrong.any():
                row = int(wrong.argmax())
                accepted = "0 or 1" if self._check is _truth else "a number from 0 to 1"
                raise Wrong(row, accepted, float(values[row]))
        return values, text

    def _join(self, number: int, request: Any, ts: Any, values: Any) -> None:
        scope, part = self._rows.scope, self._parts[number]
        known = part["request"]
        if not len(known):
            self.count(without_prediction=len(request))
            return
        place = _search(known, self._tables[number], request)
        found = known[place] == request
        age = ts - part["ts"][place]
        future = found & (ts > scope.at + scope.skew)
        early = found & ~future & (age < -scope.skew)
        late = found & ~future & (age > scope.window)
        good = found & ~future & ~early & ~late
        place, values = place[good], values[good]
        with self._locks[number]:
            new = _put(part["label"], part["state"], place, values)
        self.count(
            without_prediction=np.count_nonzero(~found),
            after_decision=np.count_nonzero(future),
            before_prediction=np.count_nonzero(early),
            late=np.count_nonzero(late),
            duplicates=len(place) - new,
        )


def _put(labels: Any, state: Any, place: Any, values: Any) -> int:
    """Set labels, and mark those that differ from another of their request; how many are the first of theirs."""
    before = (state[place] & _LABELLED) > 0
    state[place[before & (labels[place] != values)]] |= _CONTRADICTED
    new, first = place[~before], values[~before]
    labels[new] = first
    state[new] |= _LABELLED
    state[new[labels[new] != first]] |= _CONTRADICTED  # another of the same batch was put there
    new = np.sort(new)
    return int(np.count_nonzero(new[1:] != new[:-1])) + (len(new) > 0)


def _table(known: Any) -> Any:
    """Where the hashes begin that have the same next bits as the number of the entry."""
    bits = ((known >> _NEXT) & _BUCKET).astype(np.int64)
    return np.concatenate([[0], np.cumsum(np.bincount(bits, minlength=int(_BUCKET) + 1))[:-1]]).astype(np.int32)


def _search(known: Any, table: Any, wanted: Any) -> Any:
    """As ``searchsorted``, but never past the end; hashes are spread evenly, so the table says nearly where one is."""
    place = table[(wanted >> _NEXT) & _BUCKET]
    last = np.int32(len(known) - 1)
    np.minimum(place, last, out=place)
    alive = np.flatnonzero(known[place] < wanted)
    while len(alive):
        alive = alive[place[alive] < last]
        place[alive] += 1
        alive = alive[known[place[alive]] < wanted[alive]]
    return place


def _truth(values: Any) -> Any:
    return (values == 0) | (values == 1)


def _rate(values: Any) -> Any:
    return (values >= 0) & (values <= 1)
