"""How good answers are, from labels: sums that can be added up, and what follows from them with its uncertainty.

Rows of one subject are no independent trials, so the standard error of a mean is that of a ratio of sums over subjects.
The area under the ROC curve comes from histograms of the score by label, its error from Hanley and McNeil (1982).
"""

import math
from typing import Any

import numpy as np

from slipway_ops.drift.config import Measure
from slipway_ops.drift.profile import Quality

LOWER_IS_BETTER: frozenset[Measure] = frozenset({"brier", "absolute_error", "squared_error"})
OUTCOMES: dict[Measure, str] = {
    "brier": "brier",
    "accuracy": "correct",
    "absolute_error": "absolute_error",
    "squared_error": "squared_error",
    "roc_auc": "brier",
}
"""What the gate calls the outcome of a row; the area needs what the Brier score needs."""
BINS = 1000
"""Of a score from 0 to 1, for the area: it is off by less than half a bin's share of pairs."""


class Mean:
    """A mean over rows that belong to subjects."""

    def __init__(self) -> None:
        self._sums = np.zeros(5)

    def add(self, values: Any, unit: Any = None) -> None:
        """Add outcomes, each with the hash of its subject; NaN is left out. A subject must come in one call."""
        known = ~np.isnan(values)
        values = values[known]
        if unit is None:
            sums, sizes = values, np.ones(len(values))
        else:
            _, place = np.unique(unit[known], return_inverse=True)
            sums, sizes = np.bincount(place, values), np.bincount(place).astype(float)
        self._sums += [sums.sum(), sizes.sum(), (sums * sums).sum(), (sums * sizes).sum(), (sizes * sizes).sum()]

    def quality(self) -> Quality | None:
        """The mean; None without a row."""
        total, n, squares, products, sizes = self._sums
        if n < 1:
            return None
        mean = total / n
        spread = max(squares - 2 * mean * products + mean * mean * sizes, 0.0)
        return Quality(value=float(mean), rows=int(n), error=math.sqrt(spread) / float(n))


class Area:
    """Area under the ROC curve."""

    def __init__(self) -> None:
        self._counts = np.zeros((2, BINS), np.int64)

    def add(self, scores: Any, labels: Any) -> None:
        """Add scores from 0 to 1 with their labels, 0 or 1; rows without one of them are left out."""
        known = ~(np.isnan(scores) | np.isnan(labels))
        place = np.clip((scores[known] * BINS).astype(np.int64), 0, BINS - 1)
        truth = labels[known] > 0.5
        self._counts[0] += np.bincount(place[~truth], minlength=BINS)
        self._counts[1] += np.bincount(place[truth], minlength=BINS)

    def quality(self) -> Quality | None:
        """The area; None unless both labels occur."""
        negative, positive = self._counts.astype(float)
        n, p = negative.sum(), positive.sum()
        if not n or not p:
            return None
        below = np.cumsum(negative) - negative
        area = float((positive * (below + negative / 2)).sum() / (n * p))
        q1, q2 = area / (2 - area), 2 * area * area / (1 + area)
        spread = area * (1 - area) + (p - 1) * (q1 - area * area) + (n - 1) * (q2 - area * area)
        return Quality(value=area, rows=int(n + p), error=math.sqrt(max(spread, 0.0) / (n * p)))
