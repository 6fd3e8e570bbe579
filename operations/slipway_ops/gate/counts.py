"""Sufficient statistics of a comparison: all that a decision needs, and all that its record keeps of the events."""

import math
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field
from pydantic import model_validator as validator

from slipway_ops.content import Section
from slipway_ops.problems import FieldError

Count = Annotated[int, Field(ge=0)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Moments(Section):
    """Size, mean and variance of one number per unit."""

    n: Count = 0
    mean: Finite = 0.0
    variance: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """Of the sample, by n - 1."""

    @classmethod
    def of(cls, values: Any) -> Self:
        """Of an array, without what is NaN in it."""
        known = np.asarray(values, float)
        known = known[~np.isnan(known)]
        if not known.size:
            return cls()
        return cls(
            n=int(known.size),
            mean=float(known.mean()),
            variance=float(known.var(ddof=1)) if known.size > 1 else 0.0,
        )

    @classmethod
    def binary(cls, n: int, successes: int) -> Self:
        """Of ``n`` outcomes of which ``successes`` are 1."""
        if n == 0:
            return cls()
        rate = successes / n
        return cls(n=n, mean=rate, variance=rate * (1 - rate) * n / (n - 1) if n > 1 else 0.0)

    @property
    def successes(self) -> int:
        """How many outcomes are 1, where all are 0 or 1."""
        return round(self.n * self.mean)


class Arm(Section):
    """What one arm of a cohort has seen."""

    units: Count = 0
    """Subjects, and requests without a subject."""
    requests: Count = 0
    errors: Count = 0
    """Requests that failed."""
    latency_ms: Moments = Field(default_factory=Moments)
    """Mean of a unit's requests."""
    failures: Moments = Field(default_factory=Moments)
    """Share of a unit's requests that failed."""
    coverage: Moments = Field(default_factory=Moments)
    """Share of a unit's predictions that have a label, of those whose time for one has passed."""
    outcome: Moments = Field(default_factory=Moments)
    """The metric. binary: of a unit's first prediction; mean: over its predictions."""
    guardrails: dict[str, Moments] = Field(default_factory=dict)
    """Other outcomes, each the mean over a unit's predictions."""
    slices: dict[str, dict[str, Moments]] = Field(default_factory=dict)
    """The metric by feature and value of the unit's first prediction."""


class Cohort(Section):
    """Units that were given an arm by the same chance."""

    stage: Count
    """Index of the stage."""
    weight: Annotated[int, Field(ge=1, le=99)]
    """Percent of traffic that the challenger had in it."""
    came_from: Annotated[int, Field(ge=1, le=99)] | None = None
    """The weight at which these units were last seen, in the champion's arm; None: they were not seen before."""
    stable: Arm = Field(default_factory=Arm)
    canary: Arm = Field(default_factory=Arm)

    @validator(mode="after")
    def _rises(self) -> Self:
        if self.came_from is not None and self.came_from >= self.weight:
            raise FieldError("came_from", f"less than weight ({self.weight})", self.came_from)
        return self

    @property
    def share(self) -> float:
        """The challenger's part of these units: of those who had the champion until now, only what the weight rose."""
        return share(self.weight, self.came_from)


class Counts(Section):
    """All of a comparison."""

    cohorts: list[Cohort] = Field(default_factory=list)
    visits: Count = 0
    """Units seen in a stage, added over the stages; those that had the challenger before are in no cohort."""
    crossovers: Count = 0
    """Visits with requests in both arms, or back from the challenger to the champion."""
    predictions: dict[str, int] = Field(default_factory=dict)
    """What became of the prediction events."""
    labels: dict[str, int] = Field(default_factory=dict)
    """What became of the label events."""

    def sample(self) -> int:
        """Units with an outcome in the smaller arm."""
        stable = sum(cohort.stable.outcome.n for cohort in self.cohorts)
        return min(stable, sum(cohort.canary.outcome.n for cohort in self.cohorts))


def share(weight: int, came_from: int | None) -> float:
    """The challenger's part of units that were not seen before, or came from a smaller weight."""
    before = came_from or 0
    return (weight - before) / (100 - before)


class Grouped:
    """Moments of many groups at once, added up from batches in constant memory."""

    def __init__(self, groups: int) -> None:
        self._n = np.zeros(groups)
        self._mean = np.zeros(groups)
        self._m2 = np.zeros(groups)

    def add(self, group: Any, values: Any) -> None:
        """Add ``values``, each to its ``group``; NaN is left out."""
        known = ~np.isnan(values)
        group, values = group[known], values[known]
        size = len(self._n)
        n = np.bincount(group, minlength=size).astype(float)
        mean = np.bincount(group, values, size) / np.maximum(n, 1)
        self._merge(n, mean, np.bincount(group, np.square(values - mean[group]), size))

    def merge(self, other: Self) -> None:
        """Add the groups of another."""
        self._merge(other._n, other._mean, other._m2)

    def _merge(self, n: Any, mean: Any, m2: Any) -> None:
        """Add groups of sizes ``n`` with sums of squares ``m2`` around their means (Chan et al. 1979)."""
        total = self._n + n
        delta = mean - self._mean
        part = np.divide(n, total, out=np.zeros_like(total), where=total > 0)
        self._m2 += m2 + delta**2 * self._n * part
        self._mean += delta * part
        self._n = total

    def moments(self, group: int) -> Moments:
        """Those of one group."""
        n = int(self._n[group])
        variance = max(float(self._m2[group]), 0.0) / (n - 1) if n > 1 else 0.0
        mean = float(self._mean[group])
        return Moments(n=n, mean=mean if math.isfinite(mean) else 0.0, variance=variance)
