"""Comparisons whose truth is known: who comes, what happens to them, and what is wrong with what is told of it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from slipway_ops.gate.config import GateConfig
from slipway_ops.gate.counts import Arm, Cohort, Counts, Moments

LOOKS = 50
WEIGHTS = (10, 25, 50)
"""The stages of a ramp, and below how much of the time each has."""
PARTS = (0.2, 0.2, 0.6)


@dataclass(frozen=True)
class Nuisance:
    """What is wrong with the data of a run."""

    name: str = "clean"
    imbalance: float = 0.0
    """Added to the challenger's share, while the declared one stays."""
    missing: float = 0.0
    """Part of all labels that never comes."""
    unlabelled: str = ""
    """Arm without labels."""
    hidden: float = 0.0
    """Part of the challenger's bad outcomes whose labels never come."""
    delay: int = 0
    """Looks by which labels come later, within their time."""
    late: bool = False
    """Whether all labels come after their time."""


NUISANCES = (
    Nuisance("30 % of labels missing", missing=0.3),
    Nuisance("labels a day late, not waited for", late=True),
    Nuisance("labels a day late, waited for", delay=10),
    Nuisance("split off by 1 point", imbalance=0.01),
    Nuisance("split off by 2 points", imbalance=0.02),
    Nuisance("challenger without labels", unlabelled="canary"),
    Nuisance("champion without labels", unlabelled="stable"),
    Nuisance("a tenth of the challenger's failures unlabelled", hidden=0.1),
)


@dataclass(frozen=True)
class World:
    """Where challengers are compared."""

    config: GateConfig
    least: int
    """Units of the smaller arm at the end."""
    spread: float

    @property
    def units(self) -> int:
        """Units of a run."""
        return math.ceil(self.least / sum(weight / 100 * part for weight, part in zip(WEIGHTS, PARTS, strict=True)))

    def stages(self) -> Any:
        """The stage of each unit, in the order in which they come."""
        return np.repeat(np.arange(len(WEIGHTS)), np.diff(np.round(np.cumsum([0, *PARTS]) * self.units).astype(int)))


def looks(world: World, effect: float, nuisance: Nuisance, draws: Any) -> Iterator[Counts]:
    """The counts at each look of a run with the chances ``draws``: three numbers from 0 to 1 for each unit."""
    stage = world.stages()
    share = np.array(WEIGHTS)[stage] / 100
    canary = draws[0] < share + nuisance.imbalance
    outcome = _outcomes(world, effect, canary, draws[1])
    labelled = draws[2] >= nuisance.missing
    if nuisance.unlabelled:
        labelled &= canary != (nuisance.unlabelled == "canary")
    if nuisance.hidden:
        better = outcome > np.median(outcome) if world.config.metric.kind == "mean" else outcome == 1
        bad = ~better if world.config.metric.direction == "increase" else better
        labelled &= ~(canary & bad & (draws[2] < nuisance.hidden))
    if nuisance.late:
        labelled[:] = False
    group = stage * 2 + canary
    size = 2 * len(WEIGHTS)
    step = math.ceil(len(stage) / LOOKS)
    units = np.zeros(size)
    sums = np.zeros((4, size))  # mature units, labelled ones, their outcomes, squares of these
    shown = list(range(0, len(stage), step))
    for number, start in enumerate([*shown, *[len(stage)] * nuisance.delay]):
        units += np.bincount(group[start : start + step], minlength=size)
        if number >= nuisance.delay:
            first = shown[number - nuisance.delay]
            some = slice(first, first + step)
            known = labelled[some]
            values = np.where(known, outcome[some], 0.0)
            for row, weights in enumerate((np.ones(len(known)), known, values, values**2)):
                sums[row] += np.bincount(group[some], weights, size)
        yield _counts(world.config, units, sums)


def _outcomes(world: World, effect: float, canary: Any, chance: Any) -> Any:
    metric = world.config.metric
    gain = effect if metric.direction == "increase" else -effect
    if metric.kind == "binary":
        return (chance < (metric.baseline or 0.5) + gain * canary).astype(float)
    return world.spread * ndtri(chance) + gain * canary


def _counts(config: GateConfig, units: Any, sums: Any) -> Counts:
    def arm(group: int) -> Arm:
        mature, known, total, squares = (float(row[group]) for row in sums)
        coverage = Moments.binary(int(mature), int(known))
        if config.metric.kind == "binary":
            outcome = Moments.binary(int(known), round(total))
        else:
            mean = total / known if known else 0.0
            spread = max(0.0, squares - known * mean**2) / (known - 1) if known > 1 else 0.0
            outcome = Moments(n=int(known), mean=mean, variance=spread)
        return Arm(units=int(units[group]), requests=int(units[group]), coverage=coverage, outcome=outcome)

    cohorts = [
        Cohort(stage=number, weight=weight, stable=arm(2 * number), canary=arm(2 * number + 1))
        for number, weight in enumerate(WEIGHTS)
        if units[2 * number] or units[2 * number + 1]
    ]
    return Counts(cohorts=cohorts, visits=int(units.sum()))
