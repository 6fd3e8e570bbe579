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

from slipway_ops.gate.config import GateConfig
from slipway_ops.gate.counts import Counts
from slipway_ops.gate.decision import Answer, decide
from slipway_ops.gate.errors import refused
from slipway_ops.gate.worlds import NUISANCES, Nuisance, World, looks

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
