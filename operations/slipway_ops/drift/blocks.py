"""Counting a reference, and each part of its time, so that what changes with the season shows: the second pass."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from slipway_ops.drift.profile import Column, NumberColumn, Period, Usual, cells
from slipway_ops.drift.statistics import ks, psi
from slipway_ops.drift.table import Rows, Table
from slipway_ops.drift.tally import Tally
from slipway_ops.gate import columns, instants
from slipway_ops.gate.columns import Wrong
from slipway_ops.gate.errors import refused

MOST_BLOCKS = 400
_DAY = 86_400_000_000


class Blocks:
    """Which part of the reference's time a row is of."""

    def __init__(self, table: Table, time: str, days: int) -> None:
        self._time, self.period, self.number, self.whole = time, None, 0, 1
        if time not in table.names:
            return
        ends = [(int(found.min()), int(found.max())) for found in map(self._instants, table.batches([time]))]
        first, last = min(end[0] for end in ends), max(end[1] for end in ends)
        self._first = first - first % _DAY
        self._length = max(days, -(-(last - self._first) // (_DAY * MOST_BLOCKS))) * _DAY
        self.number = (last - self._first) // self._length + 1
        self.whole = max((last + _DAY - self._first) // self._length, 1)
        """Blocks without the last one, if its time ends too early: a week without its Sunday is another week."""
        self.period = Period(first=instants.text(first), last=instants.text(last))

    @property
    def columns(self) -> list[str]:
        """The column of time, if there is one."""
        return [self._time] if self.number else []

    def of(self, rows: Rows) -> Any:
        """The block of each row; None without a time."""
        return (self._instants(rows) - self._first) // self._length if self.number else None

    def _instants(self, rows: Rows) -> Any:
        return rows.read(self._time, columns.instants)


def count(table: Table, bare: Mapping[str, Column], blocks: Blocks) -> dict[str, Column]:
    """The columns with everything counted; raises ``GateError`` that names the row and the column."""
    tallies = {name: [Tally(column) for _ in range(max(blocks.number, 1))] for name, column in bare.items()}
    for rows in table.batches([*dict.fromkeys([*bare, *blocks.columns])]):
        place = blocks.of(rows)
        there = [0] if place is None else np.unique(place).tolist()
        for number in there:
            which = None if place is None or len(there) == 1 else np.flatnonzero(place == number)
            for name in bare:
                column = rows.column(name)
                _add(rows, name, tallies[name][number], column if which is None else column.take(which))
    return {name: _finished(column, tallies[name], blocks.whole) for name, column in bare.items()}


def _add(rows: Rows, name: str, tally: Tally, column: Any) -> None:
    try:
        tally.add(column)
    except Wrong as error:
        raise refused(str(rows), name, error.accepted, error.received) from None


def _finished(column: Column, tallies: list[Tally], whole: int) -> Column:
    counts = np.sum([tally.counts for tally in tallies], axis=0)
    missing, unexpected = sum(tally.missing for tally in tallies), sum(tally.unexpected for tally in tallies)
    shared: dict[str, Any] = {"missing": missing, "unexpected": unexpected}
    if isinstance(column, NumberColumn):
        shared["counts"] = counts.tolist()
    else:
        shared["values"] = dict(zip(column.values, counts[:-1].tolist(), strict=True))
        shared["other"] = int(counts[-1])
    made = type(column).model_validate({**column.model_dump(), **shared})
    return type(column).model_validate({**made.model_dump(), "usual": _usual(made, tallies[:whole]).model_dump()})


def _usual(column: Column, tallies: list[Tally]) -> Usual:
    """The largest difference of a block; a block with less than half of the mean block's rows says nothing."""
    mean = sum(tally.rows for tally in tallies) / max(len(tallies), 1)
    some = [tally for tally in tallies if tally.known and tally.rows * 2 >= mean]
    if len(some) < 2:
        return Usual()
    return Usual(
        psi=max(psi(*cells(column, tally.counts)) for tally in some),
        ks=max(ks(column.counts, tally.counts)[0] for tally in some) if isinstance(column, NumberColumn) else 0.0,
        missing=max(tally.missing / tally.rows for tally in some),
        unexpected=max(tally.unexpected / tally.known for tally in some),
        blocks=len(some),
    )
