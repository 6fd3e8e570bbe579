"""What has to hold besides the evidence: each check passes, holds the decision back, or ends it."""

import math
from collections.abc import Iterator
from enum import StrEnum

from scipy.special import bdtr, betainc, ndtr

from slipway_ops.content import Section
from slipway_ops.gate import cohorts
from slipway_ops.gate.cohorts import Interval
from slipway_ops.gate.config import LEAST, GateConfig
from slipway_ops.gate.counts import Cohort, Counts

CALM = 0.05
"""A split or a difference of label coverage that is as unlikely as this holds a promotion back; ``sample_ratio_alpha``
ends it. So an imbalance that is too small to be certain of cannot make a challenger look better either."""
CROSSOVERS = 0.01
"""Share of visits that may have requests in both arms: some users come from two places, or lose their token."""
ENOUGH = 100
"""Units below which shares say nothing."""


class State(StrEnum):
    """How a check came out."""

    PASS = "pass"  # noqa: S105 -- not a word to pass with
    HOLD = "hold"
    """Not promoted as long as this is so."""
    FAIL = "fail"
    """Rejected."""


_RANK = [State.PASS, State.HOLD, State.FAIL]


class Check(Section):
    """One check, in words."""

    name: str
    state: State
    detail: str


def run(counts: Counts, config: GateConfig, champions: list[str]) -> list[Check]:
    """All of them."""
    return [
        _champion(champions),
        _split(counts, config),
        _sticky(counts),
        _sample(counts, config),
        *_coverage(counts, config),
        *_guardrails(counts, config),
        *_slices(counts, config),
    ]


def split_p(cohort: Cohort) -> float:
    """Probability of a split as far from the declared share, if that is what the units were split by.

    Exact: twice that of the binomial distribution's smaller tail.
    """
    canary, units = cohort.canary.units, cohort.stable.units + cohort.canary.units
    below = float(bdtr(canary, units, cohort.share))
    above = float(betainc(canary, units - canary + 1, cohort.share)) if canary else 1.0
    return min(1.0, 2 * min(below, above))


def coverage_p(counts: Counts) -> float:
    """Probability of a difference between the arms' label coverage as large, if there is none."""
    p = 1.0
    tested = 0
    for cohort in counts.cohorts:
        one, other = cohort.canary.coverage, cohort.stable.coverage
        if min(one.n, other.n) < ENOUGH:
            continue
        tested += 1
        # One more unit at the far end of each arm, so that arms with all labels do not prove that none can be missing.
        spread = sum((arm.variance + max(arm.mean, 1 - arm.mean) ** 2 / (arm.n + 1)) / arm.n for arm in (one, other))
        p = min(p, 2 * float(ndtr(-abs(one.mean - other.mean) / math.sqrt(spread))))
    return min(1.0, p * max(1, tested))


def _champion(champions: list[str]) -> Check:
    if len(champions) > 1:
        return Check(name="champion", state=State.FAIL, detail=f"the champion changed: {', '.join(champions)}")
    return Check(name="champion", state=State.PASS, detail=champions[0] if champions else "no request yet")


def _split(counts: Counts, config: GateConfig) -> Check:
    found = [(split_p(cohort) * len(counts.cohorts), cohort) for cohort in counts.cohorts]
    p, cohort = min(found, key=lambda pair: pair[0], default=(1.0, Cohort(stage=0, weight=50)))
    units = cohort.stable.units + cohort.canary.units
    seen = cohort.canary.units / units if units else cohort.share
    detail = f"{seen:.2%} of {units} units had the challenger, {cohort.share:.2%} declared, p = {min(1.0, p):.2g}"
    state = State.FAIL if p < config.sample_ratio_alpha else State.HOLD if p < CALM else State.PASS
    return Check(name="sample_ratio", state=state, detail=detail)


def _sticky(counts: Counts) -> Check:
    part = counts.crossovers / counts.visits if counts.visits else 0.0
    bad = counts.visits >= ENOUGH and part > CROSSOVERS
    detail = f"{part:.2%} of {counts.visits} visits changed their arm, at most {CROSSOVERS:.0%} may"
    return Check(name="sticky", state=State.FAIL if bad else State.PASS, detail=detail)


def _sample(counts: Counts, config: GateConfig) -> Check:
    sample = counts.sample()
    detail = f"{sample} units with an outcome in the smaller arm, {config.minimum_sample} needed"
    return Check(
        name="minimum_sample", state=State.PASS if sample >= config.minimum_sample else State.HOLD, detail=detail
    )


def _coverage(counts: Counts, config: GateConfig) -> Iterator[Check]:
    shares = {}
    for arm in ("canary", "stable"):
        found = [getattr(cohort, arm).coverage for cohort in counts.cohorts]
        units = sum(one.n for one in found)
        shares[arm] = sum(one.n * one.mean for one in found) / units if units else 0.0
    enough = min(shares.values()) >= config.minimum_label_coverage
    detail = (
        f"labels for {shares['canary']:.1%} of the challenger's predictions and {shares['stable']:.1%} of the "
        f"champion's, {config.minimum_label_coverage:.0%} needed"
    )
    yield Check(name="label_coverage", state=State.PASS if enough else State.HOLD, detail=detail)
    p = coverage_p(counts)
    yield Check(
        name="equal_coverage",
        state=State.PASS if p >= CALM else State.HOLD,
        detail=f"the arms' label coverage differs by {shares['canary'] - shares['stable']:+.2%}, p = {p:.2g}",
    )


def _guardrails(counts: Counts, config: GateConfig) -> Iterator[Check]:
    for number, rule in enumerate(config.guardrails):
        found = cohorts.guardrail(counts, config, number)
        state = _harm(found, rule.margin)
        words = {
            State.FAIL: "worse by more than the margin",
            State.HOLD: "not yet shown to be within the margin",
            State.PASS: "within the margin",
        }
        detail = f"{words[state]} of {rule.margin:g}: better by {said(found)}"
        yield Check(name=f"guardrail {rule.name}", state=state, detail=detail)


def _harm(found: Interval, margin: float) -> State:
    if not found.known or found.sample < LEAST:
        return State.HOLD
    if found.upper < -margin:
        return State.FAIL
    return State.PASS if found.lower > -margin else State.HOLD


def _slices(counts: Counts, config: GateConfig) -> Iterator[Check]:
    """A slice ends the comparison when it is shown to be worse, and holds it while it looks worse.

    To show of each slice that it is not worse would take as many units in each as the whole comparison has.
    """
    for number, rule in enumerate(config.slices):
        worst, detail, judged = State.PASS, "", 0
        values = cohorts.slices(counts, config, number)
        for value, found in values.items():
            if not found.known or found.sample < rule.minimum_sample:
                continue
            judged += 1
            state = State.HOLD if found.estimate < -rule.margin else State.PASS
            state = State.FAIL if found.upper < -rule.margin else state
            if _RANK.index(state) > _RANK.index(worst):
                worst, detail = state, f"{value}: better by {said(found)}, a loss of {rule.margin:g} is tolerated"
        detail = detail or f"none of {judged} judged values is worse; {len(values) - judged} have too few units"
        yield Check(name=f"slice {rule.feature}", state=worst, detail=detail)


def said(found: Interval) -> str:
    """An interval in words."""
    return f"{found.estimate:+.4g} ({found.lower:+.4g} to {found.upper:+.4g})" if found.known else "an unknown amount"
