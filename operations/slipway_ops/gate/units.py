"""From single, labelled predictions to counts: rows of one subject are one unit.

A subject stays in its arm while the weight does, so its requests are no independent trials. It counts once in a stage,
by the arm of its first request there, and only where that arm was a matter of chance (``Cohort``).
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from slipway_ops.gate.config import GateConfig
from slipway_ops.gate.counts import Arm, Cohort, Counts, Grouped, Moments
from slipway_ops.gate.join import THREADS
from slipway_ops.gate.parts import PARTS, Parts
from slipway_ops.gate.rows import VALUES, Scope

_STAGE = np.uint64(15)
"""The bits of a unit's hash that give way to the stage's number."""
_ARMS = 2


def outcome(measure: str, part: dict[str, Any], labels: Any) -> Any:
    """One measure of every row, NaN where it is not known."""
    if measure == "value":
        return labels
    if measure == "brier":
        return np.square(part["score"] - labels)
    prediction = part["prediction"]
    if measure == "correct":
        return np.where(np.isnan(prediction) | np.isnan(labels), np.nan, prediction == labels)
    error = prediction - labels
    return np.abs(error) if measure == "absolute_error" else np.square(error)


def count(scope: Scope, rows: Parts, values: list[dict[str, int]]) -> Counts:
    """Sufficient statistics of labelled rows, which are used up; ``values`` are those of the slices' features."""
    by_unit = _by_unit(scope, rows)
    tallies = _Tallies(scope)
    with ThreadPoolExecutor(THREADS) as pool:
        for part in pool.map(lambda number: _visits(scope, tallies, by_unit.part(number)), range(PARTS)):
            tallies.merge(part)  # in the order of the parts, so that sums are the same every time
    return tallies.counts(values)


def _by_unit(scope: Scope, rows: Parts) -> Parts:
    """The rows by unit and stage, with an outcome for each measure and without what outcomes are made of."""
    rows.drop("request")
    measures = list(enumerate(scope.config.measures))
    for number, _ in measures[1:]:
        rows.new(f"outcome{number}", np.nan, np.float64)
    for part in range(PARTS):
        _outcomes(measures, rows.part(part))  # in a function: what it names must be gone when columns are dropped
    rows.drop("prediction", "score", "stage")
    return rows.moved("unit")


def _outcomes(measures: list[tuple[int, str]], part: dict[str, Any]) -> None:
    found = [(number, outcome(name, part, part["label"])) for number, name in measures]
    for number, values in found:
        part[f"outcome{number}" if number else "label"][:] = values  # the metric takes the labels' place
    part["unit"] &= ~_STAGE
    part["unit"] |= part["stage"]


class _Part:
    """What one part of the rows adds."""

    def __init__(self, groups: int, slices: int) -> None:
        self.whole = np.zeros((3, groups), np.int64)
        self.visits = self.crossovers = 0
        self.means: dict[str, Grouped] = {}
        self.slices = [Grouped(groups * VALUES) for _ in range(slices)]


class _Tallies:
    """Sums over the parts, and which cohort a visit belongs to."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.weights = np.array([stage.weight for stage in scope.stages], np.int64)
        size = len(self.weights)
        self.table = np.full((size, size + 1), -1, np.int64)
        """Cohort by stage and, plus one, the stage of the visit before; -1: its arm was no matter of chance."""
        self.cohorts: list[tuple[int, int | None]] = []
        for stage in range(size):
            for before in range(-1, stage):
                if before < 0 or self.weights[before] < self.weights[stage]:
                    self.table[stage, before + 1] = len(self.cohorts)
                    self.cohorts.append((stage, None if before < 0 else int(self.weights[before])))
        self.groups = len(self.cohorts) * _ARMS
        self._sum = self.part()

    def part(self) -> _Part:
        return _Part(self.groups, len(self.scope.config.slices))

    def merge(self, part: _Part) -> None:
        self._sum.whole += part.whole
        self._sum.visits += part.visits
        self._sum.crossovers += part.crossovers
        for name, grouped in part.means.items():
            self._sum.means.setdefault(name, Grouped(self.groups)).merge(grouped)
        for mine, other in zip(self._sum.slices, part.slices, strict=True):
            mine.merge(other)

    def counts(self, values: list[dict[str, int]]) -> Counts:
        cohorts = [
            Cohort(
                stage=stage,
                weight=int(self.weights[stage]),
                came_from=before,
                stable=self._arm(values, number * _ARMS),
                canary=self._arm(values, number * _ARMS + 1),
            )
            for number, (stage, before) in enumerate(self.cohorts)
        ]
        seen = [cohort for cohort in cohorts if cohort.stable.units or cohort.canary.units]
        return Counts(cohorts=seen, visits=self._sum.visits, crossovers=self._sum.crossovers)

    def _arm(self, values: list[dict[str, int]], group: int) -> Arm:
        config = self.scope.config
        units, requests, errors = (int(number) for number in self._sum.whole[:, group])

        def moments(name: str) -> Moments:
            return self._sum.means[name].moments(group) if name in self._sum.means else Moments()

        known = moments("outcome")
        if config.metric.kind == "binary":
            known = Moments.binary(known.n, known.successes)  # whole numbers, whatever the order of the sums
        slices = {}
        for part, codes, grouped in zip(config.slices, values, self._sum.slices, strict=True):
            found = {name: grouped.moments(group * VALUES + code) for name, code in sorted(codes.items())}
            slices[part.feature] = {name: one for name, one in found.items() if one.n}
        return Arm(
            units=units,
            requests=requests,
            errors=errors,
            latency_ms=moments("latency"),
            failures=moments("failures"),
            coverage=moments("coverage"),
            outcome=known,
            guardrails={name: moments(name) for _, name in guarded(config)},
            slices=slices,
        )


def guarded(config: GateConfig) -> list[tuple[int, str]]:
    """The measures of labels that a guardrail is about, by their number."""
    names = {guardrail.name for guardrail in config.guardrails}
    return [(number, name) for number, name in enumerate(config.measures) if name in names]


def _visits(scope: Scope, tallies: _Tallies, view: dict[str, Any]) -> _Part:
    """The visits of one part: all rows of a unit are in it."""
    part = tallies.part()
    if not len(view["unit"]):
        return part
    order = np.argsort(view["unit"], kind="stable")
    view = {name: array[order] for name, array in view.items()}
    key, ts, arm = view["unit"], view["ts"], view["arm"]
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    visits = len(starts)
    of = np.repeat(np.arange(visits), np.diff(np.concatenate([starts, [len(key)]])))
    earliest = np.flatnonzero(ts == np.minimum.reduceat(ts, starts)[of])
    first = earliest[np.concatenate([[True], of[earliest[1:]] != of[earliest[:-1]]])]
    given = arm[first]
    own = arm == given[of]
    unit, stage = key[starts] >> np.uint64(4), (key[starts] & _STAGE).astype(np.int64)
    again = np.concatenate([[False], unit[1:] == unit[:-1]])
    before, had = np.concatenate([[0], stage[:-1]]), np.concatenate([[0], given[:-1]])
    cohort = np.where(again, tallies.table[stage, before + 1], tallies.table[stage, 0])
    cohort = np.where(again & (had == 1), -1, cohort)
    back = again & (had == 1) & (given == 0) & (tallies.weights[stage] >= tallies.weights[before])
    part.visits, part.crossovers = visits, int(((np.add.reduceat(~own, starts) > 0) | back).sum())

    counted = cohort >= 0
    group = (cohort * _ARMS + given)[counted]
    rows = own & counted[of]
    row_group = (cohort * _ARMS + given)[of[rows]]
    part.whole[0] = np.bincount(group, minlength=tallies.groups)
    part.whole[1] = np.bincount(row_group, minlength=tallies.groups)
    part.whole[2] = np.bincount(row_group, view["failed"][rows], tallies.groups)

    def add(name: str, values: Any) -> None:
        part.means.setdefault(name, Grouped(tallies.groups)).add(group, values[counted])

    def mean(values: Any, which: Any) -> Any:
        sizes = np.bincount(of[which], minlength=visits)
        sums = np.bincount(of[which], values[which], visits)
        return np.divide(sums, sizes, out=np.full(visits, np.nan), where=sizes > 0)

    mature = ts + scope.window <= scope.at
    add("failures", mean(view["failed"], own))
    add("latency", mean(view["latency"], own & ~np.isnan(view["latency"])))
    metric = view["label"]
    if scope.config.metric.kind == "binary":
        values = np.where(mature[first], metric[first], np.nan)
        add("coverage", np.where(mature[first], ~np.isnan(metric[first]), np.nan))
    else:
        values = mean(metric, own & mature & ~np.isnan(metric))
        add("coverage", mean(~np.isnan(metric), own & mature))
    add("outcome", values)
    for number, name in guarded(scope.config):
        one = view[f"outcome{number}" if number else "label"]
        add(name, mean(one, own & mature & ~np.isnan(one)))
    for number, grouped in enumerate(part.slices):
        codes = view[f"slice{number}"][first].astype(np.int64)
        grouped.add(group * VALUES + codes[counted], values[counted])
    return part
