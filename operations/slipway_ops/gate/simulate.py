"""``slipway gate simulate``: what a comparison would do with challengers whose truth is known.

Each run is one comparison with a look after every step of units. The same chances are used for the run with clean data
and for those in which something is wrong with the data, so that a promotion that the clean data would not have given
can be counted. Guardrails and slices are left out: they can only hold a promotion back.
"""

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.special import ndtri

from slipway_ops.gate.config import GateConfig
from slipway_ops.gate.counts import Arm, Cohort, Counts, Moments
from slipway_ops.gate.decision import Answer, decide
from slipway_ops.gate.errors import refused

LOOKS = 50
WEIGHTS = (10, 25, 50)
"""The stages of a ramp, and below how much of the time each has."""
PARTS = (0.2, 0.2, 0.6)
EXAMPLE = GateConfig.model_validate(
    {
        "metric": {
            "name": "accuracy",
            "kind": "binary",
            "direction": "increase",
            "label": "correct",
            "minimum_effect": 0.02,
            "baseline": 0.8,
        },
        "deadline_minutes": 10_000,
        "label_window_minutes": 60,
    }
)


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
class Figure:
    """How often what was answered."""

    name: str
    effect: float
    runs: int
    seed: int
    promoted: int
    rejected: int
    extra: int
    """Promoted, and not with clean data."""
    sample: int | None
    """Median of the units in the smaller arm at a promotion."""

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return {**self.__dict__, "waiting": self.runs - self.promoted - self.rejected}

    def __str__(self) -> str:
        """For people."""
        share, error = self.promoted / self.runs, math.sqrt(self.promoted * (self.runs - self.promoted) / self.runs**3)
        more = f", {self.extra} that clean data would not give" if self.name != "clean" else ""
        size = f", median sample {self.sample}" if self.sample else ""
        return (
            f"effect {self.effect:+g}, {self.name}: promoted {share:.2%} (+/- {2 * error:.2%}) of {self.runs} runs"
            f"{more}; rejected {self.rejected / self.runs:.2%}{size}; seed {self.seed}"
        )


def planned(config: GateConfig, spread: float | None = None) -> int:
    """Units per arm that give a challenger with the minimum effect a power of some 85 to 90 %."""
    return math.ceil(30 * (_spread(config, spread) / config.metric.minimum_effect) ** 2)


def run(
    config: GateConfig,
    runs: int,
    seed: int,
    spread: float | None = None,
    nuisances: tuple[Nuisance, ...] = NUISANCES,
    processes: int = 2,
) -> list[Figure]:
    """Clean runs at no effect and at the minimum effect, then each nuisance at both.

    ``spread`` is the standard deviation of an outcome, which a ``mean`` does not say itself. Without a
    ``maximum_sample`` in the configuration a run has ``planned`` units in the smaller arm.
    """
    least = config.maximum_sample or max(config.minimum_sample, planned(config, spread))
    config = config.model_copy(update={"guardrails": [], "slices": [], "maximum_sample": None})
    world = World(config, least, _spread(config, spread))
    chunk = max(1, math.ceil(runs / (4 * processes)))
    starts = [(start, min(start + chunk, runs)) for start in range(0, runs, chunk)]
    found = []
    for effect in (0.0, config.metric.minimum_effect):
        one = partial(_runs, world, effect, seed, nuisances)
        if processes > 1:
            with ProcessPoolExecutor(processes) as pool:
                parts = list(pool.map(one, starts))
        else:
            parts = [one(bounds) for bounds in starts]
        answers = [answers for part in parts for answers in part]
        clean = [answers[0] for answers in answers]
        for number, nuisance in enumerate((Nuisance(), *nuisances)):
            found.append(_figure(nuisance.name, effect, seed, [answers[number] for answers in answers], clean))
    return found


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


def final(config: GateConfig, path: Iterator[Counts]) -> tuple[Answer, int]:
    """The first answer that is not to wait, and the sample by then."""
    counts = Counts()
    for counts in path:
        answer = decide(config, counts, ["champion"], 0.0).answer
        if answer is not Answer.WAIT:
            return answer, counts.sample()
    return Answer.WAIT, counts.sample()


def _runs(
    world: World, effect: float, seed: int, nuisances: tuple[Nuisance, ...], bounds: tuple[int, int]
) -> list[list[tuple[Answer, int]]]:
    found = []
    for number in range(*bounds):
        draws = np.random.default_rng([seed, round(effect * 1e9), number]).random((3, world.units))
        paths: Callable[[Nuisance], Iterator[Counts]] = partial(looks, world, effect, draws=draws)
        found.append([final(world.config, paths(nuisance)) for nuisance in (Nuisance(), *nuisances)])
    return found


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


def _spread(config: GateConfig, spread: float | None) -> float:
    if config.metric.kind == "binary":
        rate = config.metric.baseline or 0.5
        return math.sqrt(rate * (1 - rate))
    if spread is None:
        raise refused("simulate", "spread", "the standard deviation of an outcome, because kind is mean", None)
    return spread


def _figure(
    name: str, effect: float, seed: int, found: list[tuple[Answer, int]], clean: list[tuple[Answer, int]]
) -> Figure:
    promoted = [sample for answer, sample in found if answer is Answer.PROMOTE]
    pairs = zip(found, clean, strict=True)
    return Figure(
        name=name,
        effect=effect,
        runs=len(found),
        seed=seed,
        promoted=len(promoted),
        rejected=sum(answer is Answer.REJECT for answer, _ in found),
        extra=sum(one[0] is Answer.PROMOTE and other[0] is not Answer.PROMOTE for one, other in pairs),
        sample=int(np.median(promoted)) if promoted else None,
    )
