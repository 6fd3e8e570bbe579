"""Counting columns against a reference, batch by batch: memory depends on the features, never on the rows."""

import threading
from typing import Any

import numpy as np
import pyarrow as pa

from slipway_ops.drift.bins import Bins
from slipway_ops.drift.profile import CategoryColumn, NumberColumn, Profile
from slipway_ops.gate import columns
from slipway_ops.gate.columns import Wrong, pc

_FINITE = np.finfo(np.float64)


def measured(column: Any) -> Any:
    """Floats, NaN where there is none; truth values are 0 and 1, and text is taken for the number that it writes."""
    column = columns.plain(column)
    kind = column.type
    if pa.types.is_string(kind):
        return _written(column)
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        if column.null_count:
            column = pc.fill_null(column.cast(pa.float64(), safe=False), np.nan)
        return column.to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
    return columns.numbers(column)


def _written(column: Any) -> Any:
    """Lines of JSON that are not alike come as text."""
    column = pc.replace_substring_regex(column, "^true$", "1")
    column = pc.replace_substring_regex(column, "^false$", "0")
    try:
        return measured(column.cast(pa.float64()))
    except pa.ArrowInvalid:
        for row, value in enumerate(column.to_pylist()):
            try:
                float(value or 0)
            except ValueError:
                raise Wrong(row, "a number", value) from None
        raise Wrong(0, "numbers", column[0].as_py()) from None


class Tally:
    """Counts of one column; threads may add to it."""

    def __init__(self, reference: NumberColumn | CategoryColumn) -> None:
        self.reference = reference
        self.counts = np.zeros(len(reference.counts), np.int64)
        self.rows = self.missing = self.unexpected = 0
        self._lock = threading.Lock()
        if isinstance(reference, NumberColumn):
            self._bins = Bins(reference.edges)
            self._least = _FINITE.min if reference.minimum is None else reference.minimum
            self._most = _FINITE.max if reference.maximum is None else reference.maximum
        else:
            self._known = {name: number for number, name in enumerate(reference.values)}

    @property
    def known(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing

    def add(self, column: Any) -> None:
        """Add a column's values; raises ``Wrong``."""
        if isinstance(self.reference, NumberColumn):
            found = self._numbers(measured(column))
        else:
            found = self._categories(column)
        counts, missing, unexpected = found
        with self._lock:
            self.rows += len(column)
            self.counts += counts
            self.missing += missing
            self.unexpected += unexpected

    def _numbers(self, values: Any) -> tuple[Any, int, int]:
        counts, missing = self._bins.count(values)
        inside = int(np.count_nonzero((values >= self._least) & (values <= self._most)))
        return counts, missing, len(values) - missing - inside

    def _categories(self, column: Any) -> tuple[Any, int, int]:
        indices, names = columns.names(column)
        by_name = np.bincount(indices, minlength=len(names))
        counts, missing, unexpected = np.zeros(len(self.counts), np.int64), 0, 0
        reference = self.reference
        assert isinstance(reference, CategoryColumn), "numbers are counted elsewhere"
        for name, number in zip(names, by_name.tolist(), strict=True):
            if name == columns.MISSING:
                missing += number
                continue
            counts[self._known.get(name, -1)] += number
            if name not in self._known and reference.complete:
                unexpected += number
        return counts, missing, unexpected


class Tallies:
    """The features and answers of one time."""

    def __init__(self, profile: Profile) -> None:
        self.features = {name: Tally(column) for name, column in profile.features.items()}
        self.outputs = {str(name): Tally(column) for name, column in profile.outputs.items()}
