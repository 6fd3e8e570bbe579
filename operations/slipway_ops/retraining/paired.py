"""Paired comparison: both answered the same rows, so the difference in each row counts and what rows share does not.

The frozen rows are looked at once for each candidate, so a test for one look is right and has more power than the
gate's confidence sequence (``gate.sequential``), which may be looked at as often as one likes. It is the t-test of the
mean difference, one-sided; with clusters it is the same test with the sums over clusters as trials and their variance
with the correction G / (G - 1) (Liang and Zeger 1986), G - 1 degrees of freedom. Without clusters each row is its own,
and it is exactly the paired t-test.
"""

import math
from typing import Any

import numpy as np
from scipy import stats

from slipway_ops.retraining.evaluation import Interval

LEAST = 2
"""Clusters below which nothing can be said."""


def interval(gains: Any, clusters: Any, alpha: float) -> Interval | None:
    """The mean of ``gains``, one a row, and its one-sided bounds at level ``alpha``; None where nothing can be said.

    ``clusters`` is one whole number a row, or None where each row is independent.
    """
    rows = len(gains)
    if rows == 0:
        return None
    mean = float(np.mean(gains))
    deviations = gains - mean
    if clusters is None:
        count, squares = rows, float(np.sum(np.square(deviations)))
    else:
        _, codes = np.unique(clusters, return_inverse=True)
        sums = np.bincount(codes, deviations)
        count, squares = len(sums), float(np.sum(np.square(sums)))
    if count < LEAST:
        return None
    error = math.sqrt(squares * count / (count - 1)) / rows
    reach = float(stats.t.ppf(1 - alpha, count - 1)) * error
    return Interval(rows=rows, clusters=count, estimate=mean, lower=mean - reach, upper=mean + reach)
