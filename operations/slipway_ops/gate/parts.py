"""Columns of numbers, split by the first bits of a hash, so that each part can be sorted in a processor's cache.

Each column is one array, reserved once: memory that is reserved and never written to is not used, and nothing is copied
while the columns grow.
"""

import mmap
import threading
from typing import Any, Self

import numpy as np

PARTS = 64
MOST = 12_000_000
"""Rows that are held at once; what a decision needs stays below 1 GiB with them."""
_ROOM = MOST // PARTS + 9_000
"""Rows of a part; hashes are spread so evenly that no part of ``MOST`` different ones needs more."""
_SHIFT = np.uint64(58)
"""What is left of these bits of a hash is the number of its part."""


class Full(Exception):
    """There are more rows than fit, or too many with one hash."""


class Parts:
    """Rows of some columns; threads may add to them."""

    def __init__(self, types: dict[str, Any]) -> None:
        self._starts = [number * _ROOM for number in range(PARTS)]
        self.sizes = [0] * PARTS
        self._columns = {name: _reserved(PARTS * _ROOM, kind) for name, kind in types.items()}
        self._lock = threading.Lock()

    def add(self, key: str, rows: dict[str, Any]) -> None:
        """Add rows, each to the part of its hash in the column ``key``; raises ``Full``."""
        order, ends = split(rows[key])
        rows = {name: values[order] for name, values in rows.items()}
        with self._lock:
            start = 0
            for number, end in enumerate(ends):
                first = self._starts[number] + self.sizes[number]
                self.sizes[number] += end - start
                if self.sizes[number] > _ROOM or sum(self.sizes) > MOST:
                    raise Full
                for name, values in rows.items():
                    self._columns[name][first : first + end - start] = values[start:end]
                start = end

    def part(self, number: int) -> dict[str, Any]:
        """The columns of a part, to read and to change in place."""
        first = self._starts[number]
        return {name: column[first : first + self.sizes[number]] for name, column in self._columns.items()}

    def keep(self, number: int, order: Any) -> None:
        """Keep those rows of a part that ``order`` names, in its order."""
        for column in self.part(number).values():
            column[: len(order)] = column[order]
        self.sizes[number] = len(order)

    def new(self, name: str, fill: Any, kind: Any) -> None:
        """One more column."""
        column = _reserved(len(next(iter(self._columns.values()))), kind)
        for first, size in zip(self._starts, self.sizes, strict=True):
            column[first : first + size] = fill
        self._columns[name] = column

    def drop(self, *names: str) -> None:
        """Forget columns."""
        for name in names:
            self._columns.pop(name, None)

    def moved(self, key: str) -> Self:
        """The same rows, split by another column of hashes; empty afterwards.

        One column moves at a time, so that no more than one is there twice.
        """
        ways = []
        for number in range(PARTS):
            order, ends = split(self.part(number)[key])
            ways.append((order.astype(np.int32), np.diff([0, *ends])))
        found = object.__new__(type(self))
        sizes = np.sum([sizes for _, sizes in ways], axis=0)
        found._lock = threading.Lock()
        found._starts, found.sizes = [0, *np.cumsum(sizes)[:-1].tolist()], sizes.tolist()
        found._columns = {}
        total = int(sizes.sum())
        for name in list(self._columns):
            column = self._columns[name]
            target, places = np.empty(total, column.dtype), list(found._starts)
            for number, (order, counts) in enumerate(ways):
                values = self.part(number)[name][order]
                start = 0
                for other, count in enumerate(counts.tolist()):
                    target[places[other] : places[other] + count] = values[start : start + count]
                    places[other] += count
                    start += count
            found._columns[name] = target
            del self._columns[name], column
        return found


def _reserved(rows: int, kind: Any) -> Any:
    """A column of zeros; numpy's own would use huge pages, and so memory in the gaps between parts."""
    size = max(1, rows) * np.dtype(kind).itemsize
    return np.frombuffer(mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS), kind, rows)


def split(hashes: Any) -> tuple[Any, list[int]]:
    """The order in which rows lie by their parts, and where each part ends."""
    number = (hashes >> _SHIFT).astype(np.uint8)
    ends = np.cumsum(np.bincount(number, minlength=PARTS))
    return np.argsort(number, kind="stable"), ends.tolist()
