"""Which bin a number is in, for many numbers at once."""

from typing import Any

import numpy as np

_GRID = 4096
_STEPS = 4


class Bins:
    """As ``searchsorted(edges, values)``, some four times as fast where the edges are not far too close to each other.

    A grid of equal cells over the range of the edges says nearly where a value is. Rounding cannot deceive it: the cell
    never falls while the value rises, so edges in lower cells are below the value, whatever the cell's exact ends.
    """

    def __init__(self, edges: Any) -> None:
        self._edges = np.asarray(edges, np.float64)
        self._steps = 0
        if len(self._edges) < 2:
            return
        self._low = self._edges[0]
        with np.errstate(over="ignore"):
            self._scale = (_GRID - 1) / (self._edges[-1] - self._low)
        cells = self._cells(self._edges)
        self._table = np.searchsorted(cells, np.arange(_GRID)).astype(np.intp)
        self._padded = np.append(self._edges, np.inf)
        self._steps = int(np.bincount(cells).max())

    def count(self, values: Any) -> tuple[Any, int]:
        """How many values are in each bin, and how many are NaN."""
        missing = int(np.count_nonzero(values != values))
        size = len(self._edges) + 1
        if not 0 < self._steps <= _STEPS:
            found = np.bincount(np.searchsorted(self._edges, values), minlength=size)
            found[-1] -= missing  # NaN is sorted behind everything
            return found, missing
        place = self._table[self._cells(values)]
        for _ in range(self._steps):
            place += values > self._padded[place]
        found = np.bincount(place, minlength=size)
        found[0] -= missing  # NaN is taken for the least, and is above no edge
        return found, missing

    def _cells(self, values: Any) -> Any:
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = (values - self._low) * self._scale
        np.fmax(scaled, 0, out=scaled)
        np.fmin(scaled, _GRID - 1, out=scaled)
        return scaled.astype(np.int64)
