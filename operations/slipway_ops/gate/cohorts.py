"""From counts to the statistics of a decision."""

from collections.abc import Callable, Iterator

from slipway_ops.gate import sequential
from slipway_ops.gate.config import GateConfig
from slipway_ops.gate.counts import Arm, Cohort, Counts, Moments
from slipway_ops.gate.sequential import Outcomes, Sample

BOUNDED = ("errors", "correct", "brier")
"""Measures from 0 to 1, as a binary ``value`` is too."""


def evidence(counts: Counts, config: GateConfig) -> float:
    """Logarithm of the e-value that the challenger is better; binary metrics only."""
    metric = config.metric
    outcomes = [
        Outcomes(
            cohort.share,
            cohort.canary.outcome.n,
            cohort.canary.outcome.successes,
            cohort.stable.outcome.n,
            cohort.stable.outcome.successes,
        )
        for cohort in counts.cohorts
    ]
    found = sequential.evidence(outcomes, metric.direction == "increase", metric.baseline, metric.minimum_effect)
    return float(found)


class Interval:
    """An improvement with its confidence sequence; positive is better, whatever the measure's direction."""

    def __init__(self, samples: list[Sample], increase: bool, effect: float, alpha: float) -> None:
        estimate, variance = sequential.difference(samples)
        radius = float(sequential.radius(variance, effect, alpha))
        self.known = bool(estimate == estimate)  # NaN is unlike itself
        self.estimate = float(estimate if increase else -estimate) if self.known else 0.0
        self.lower, self.upper = self.estimate - radius, self.estimate + radius
        self.sample = int(min(sum(sample.n1 for sample in samples), sum(sample.n0 for sample in samples)))


def interval(counts: Counts, config: GateConfig, alpha: float | None = None) -> Interval:
    """Of the metric."""
    metric = config.metric
    bounded = metric.kind == "binary" or metric.label in BOUNDED
    samples = list(_samples(counts.cohorts, lambda arm: arm.outcome, bounded))
    return Interval(samples, metric.direction == "increase", metric.minimum_effect, alpha or config.alpha)


def guardrail(counts: Counts, config: GateConfig, index: int) -> Interval:
    """Of a guardrail, at the level of the whole."""
    rule = config.guardrails[index]

    def of(arm: Arm) -> Moments:
        if rule.name == "errors":
            return arm.failures
        return arm.latency_ms if rule.name == "latency_ms" else arm.guardrails.get(rule.name, Moments())

    samples = list(_samples(counts.cohorts, of, rule.name in BOUNDED or rule.kind == "binary"))
    return Interval(samples, rule.better == "increase", rule.margin, config.alpha)


def slices(counts: Counts, config: GateConfig, index: int) -> dict[str, Interval]:
    """Of the metric for each value of a feature; the level is divided by the number of values."""
    rule, metric = config.slices[index], config.metric
    values = {
        value
        for cohort in counts.cohorts
        for arm in (cohort.stable, cohort.canary)
        for value in arm.slices.get(rule.feature, {})
    }
    found = {}
    for value in sorted(values):

        def of(arm: Arm, value: str = value) -> Moments:
            return arm.slices.get(rule.feature, {}).get(value, Moments())

        samples = list(_samples(counts.cohorts, of, metric.kind == "binary" or metric.label in BOUNDED))
        alpha = config.alpha / len(values)
        found[value] = Interval(samples, metric.direction == "increase", rule.margin, alpha)
    return found


def _samples(cohorts: list[Cohort], of: Callable[[Arm], Moments], bounded: bool) -> Iterator[Sample]:
    for cohort in cohorts:
        canary, stable = of(cohort.canary), of(cohort.stable)
        if canary.n and stable.n:
            variances = _variance(canary, bounded), _variance(stable, bounded)
            yield Sample(canary.n, canary.mean, variances[0], stable.n, stable.mean, variances[1])


def _variance(moments: Moments, bounded: bool) -> float:
    """With one more unit at the far end, where there is one: outcomes that were all alike do not prove certainty."""
    if not bounded:
        return moments.variance
    far = max(moments.mean, 1 - moments.mean)
    return moments.variance + far**2 / (moments.n + 1)
