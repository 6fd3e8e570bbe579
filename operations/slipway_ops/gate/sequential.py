"""Tests that may be looked at as often as one likes, and stopped at any look.

``log_e`` and ``radius`` are functions of counts; which counts may go into them is decided in ``cohorts``.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import betaincc, betaln, xlogy

PRECISION = 1000.0
"""Weight of the prior, in events, where no baseline says what size of effect to expect."""


def log_e(x1: Any, x0: Any, share: float, precision: float = PRECISION) -> Any:
    """Evidence that an event is more frequent in the challenger's arm, as the logarithm of an e-value.

    ``x1`` and ``x0`` are the events of challenger and champion (numbers or arrays), ``share`` is the challenger's part
    of the units. If the challenger has no more events per unit than the champion, each event is the challenger's with
    probability ``share`` at most, whatever the rate and however it moves; the likelihood of any greater probability
    over that of ``share`` is then a supermartingale, and so is its mean over a Beta distribution that is cut to what
    lies above ``share``. By Ville's inequality it ever reaches 1/alpha with probability alpha at most.
    """
    a, b = precision * share, precision * (1 - share)
    posterior = betaln(a + x1, b + x0) + _log_above(share, a + x1, b + x0)
    prior = betaln(a, b) + _log_above(share, a, b)
    return posterior - prior - xlogy(x1, share) - xlogy(x0, 1 - share)


def _log_above(share: float, a: Any, b: Any) -> Any:
    """Logarithm of the part of a Beta distribution that lies above ``share``.

    A part too small for a float is minus infinity: no evidence at all. Anything finite in its place would be evidence
    for the very challengers that are worst.
    """
    with np.errstate(divide="ignore"):
        return np.log(betaincc(a, b, share))


def precision(share: float, rate: float, effect: float) -> float:
    """Weight of the prior whose spread is that of ``effect`` on a ``rate``, both per unit."""
    return max(1.0, 1 / (share * (1 - share) * (effect / rate) ** 2))


@dataclass(frozen=True)
class Outcomes:
    """Binary outcomes of the two arms of a cohort."""

    share: float
    """The challenger's part of the units."""
    n1: Any
    x1: Any
    n0: Any
    x0: Any


def evidence(cohorts: Iterable[Outcomes], increase: bool, baseline: float | None, effect: float) -> Any:
    """Evidence that the challenger's rate is better, over all cohorts; see docs/adr/0014.

    Given the outcome of a unit, its arm is a matter of chance: both the units with the event and those without give
    evidence, and so does each cohort. Each e-value multiplies what the others say, so the logarithms are added.
    """
    total: Any = 0.0
    for cohort in cohorts:
        better1, better0 = (cohort.x1, cohort.x0) if increase else (cohort.n1 - cohort.x1, cohort.n0 - cohort.x0)
        good = None if baseline is None else baseline if increase else 1 - baseline
        share = cohort.share
        gain = PRECISION if good is None else precision(share, good, effect)
        loss = PRECISION if good is None else precision(share, 1 - good, effect)
        total = total + log_e(better1, better0, share, gain)
        total = total + log_e(cohort.n0 - better0, cohort.n1 - better1, 1 - share, loss)
    return total


def radius(variance: Any, effect: float, alpha: float) -> Any:
    """Distance from an estimate to the end of its one-sided confidence sequence at level ``alpha``.

    ``variance`` is that of the estimate. The sequence is that of a normal mixture over effects of the size ``effect``:
    with probability 1 - alpha it holds the truth at all looks together. It is exact for many units and an approximation
    for few, see ``config.LEAST``. (Waudby-Smith et al., Time-uniform central limit theory, with r^2 n = effect^2 /
    variance.)
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = effect**2 / np.asarray(variance, float)
        found = np.sqrt(
            variance * 2 * (ratio + 1) / ratio * np.log1p(np.sqrt(ratio + 1) / (2 * alpha)),
        )
    return np.where(np.asarray(variance) > 0, found, 0.0)[()]


@dataclass(frozen=True)
class Sample:
    """Size, mean and variance of a measure in the two arms of a cohort."""

    n1: Any
    mean1: Any
    var1: Any
    n0: Any
    mean0: Any
    var0: Any


def difference(cohorts: Iterable[Sample]) -> tuple[Any, Any]:
    """Challenger minus champion over all cohorts, and the variance of that estimate.

    A cohort weighs as much as its sizes let it say, n1 n0 / (n1 + n0): not by its outcomes, which would bias the sum.
    """
    weight: Any = 0.0
    total: Any = 0.0
    variance: Any = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        for cohort in cohorts:
            size = cohort.n1 * cohort.n0 / np.maximum(cohort.n1 + cohort.n0, 1)
            spread = cohort.var1 / np.maximum(cohort.n1, 1) + cohort.var0 / np.maximum(cohort.n0, 1)
            weight = weight + size
            total = total + size * (cohort.mean1 - cohort.mean0)
            variance = variance + size**2 * spread
        estimate, error = np.divide(total, weight), np.divide(variance, np.square(weight))
    missing = np.asarray(weight) <= 0
    return np.where(missing, math.nan, estimate)[()], np.where(missing, math.nan, error)[()]
