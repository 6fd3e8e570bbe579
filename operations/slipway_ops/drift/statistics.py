"""How far two distributions are apart, and how surprising that is; everything from counts."""

import math
from typing import Any

import numpy as np
from scipy.special import chdtrc, gammaln, kolmogorov, ndtr, ndtri

GROUPS = 10
"""Cells that PSI and chi-square see of a number's finer bins."""
_LEAST = 10
"""Rows that a cell of a chi-square test must have in both samples together; smaller ones become one cell."""


def grouping(counts: Any) -> Any:
    """The cell of each of a reference's bins, so that at most ``GROUPS`` cells have about the same share."""
    total = max(int(np.sum(counts)), 1)
    cells = np.minimum(np.ceil(np.cumsum(counts) / total * GROUPS - 1e-9), GROUPS)
    return np.unique(cells, return_inverse=True)[1]


def grouped(counts: Any, cells: Any) -> Any:
    """Counts of bins as counts of cells."""
    return np.bincount(cells, counts, int(cells.max()) + 1) if len(cells) else np.zeros(0)


def psi(reference: Any, current: Any) -> float:
    """Population stability index of two rows of counts, half a row added to each cell."""
    p, r = (np.asarray(counts, float) + 0.5 for counts in (reference, current))
    p, r = p / p.sum(), r / r.sum()
    return float(((r - p) * np.log(r / p)).sum())


def ks(reference: Any, current: Any) -> tuple[float, float]:
    """Kolmogorov-Smirnov distance at the edges of bins, and its p-value.

    Between the edges the distance may be larger, so it is never too large, nor the p-value too small.
    """
    n, m = float(np.sum(reference)), float(np.sum(current))
    if not n or not m:
        return 0.0, 1.0
    distance = float(np.abs(np.cumsum(reference) / n - np.cumsum(current) / m).max())
    return distance, float(kolmogorov(math.sqrt(n * m / (n + m)) * distance))


def chi_square(reference: Any, current: Any) -> tuple[float, float]:
    """Pearson's statistic for two samples being of one distribution, and its p-value."""
    one, other = (np.asarray(counts, float) for counts in (reference, current))
    small = one + other < _LEAST
    if small.any():
        one, other = (np.append(counts[~small], counts[small].sum()) for counts in (one, other))
        kept = one + other > 0
        one, other = one[kept], other[kept]
    n, m = one.sum(), other.sum()
    if len(one) < 2 or not n or not m:
        return 0.0, 1.0
    value = float((np.square(math.sqrt(m / n) * one - math.sqrt(n / m) * other) / (one + other)).sum())
    return value, float(chdtrc(len(one) - 1, value))


def more(reference: int, of_reference: int, current: int, of_current: int) -> float:
    """p-value of there being so many more in the current sample, if the share were the reference's (Fisher)."""
    if not current:
        return 1.0
    marked, others = reference + current, of_reference + of_current - reference - current
    drawn = np.arange(current, min(marked, of_current) + 1, dtype=float)  # scipy.stats takes a second to import
    ways = _choose(marked, drawn) + _choose(others, of_current - drawn) - _choose(marked + others, of_current)
    return float(min(np.exp(ways).sum(), 1.0))


def _choose(n: Any, k: Any) -> Any:
    """Logarithm of the binomial coefficient."""
    with np.errstate(invalid="ignore"):  # of what cannot be drawn there is no way
        return np.where((k >= 0) & (k <= n), gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0), -np.inf)


def adjusted(values: list[float]) -> list[float]:
    """p-values times what false-discovery control costs (Benjamini and Yekutieli 2001).

    It holds whatever the tests have to do with each other, as features do.
    """
    size = len(values)
    if not size:
        return []
    order = np.argsort(values)
    factor = size * sum(1 / number for number in range(1, size + 1))
    scaled = np.asarray(values)[order] * factor / np.arange(1, size + 1)
    found = np.empty(size)
    found[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return [float(value) for value in found]


def quantile(level: float) -> float:
    """Of the normal distribution."""
    return float(ndtri(level))


def above(value: float) -> float:
    """Probability that a normal number is above ``value``."""
    return float(ndtr(-value))
