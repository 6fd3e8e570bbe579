"""Promote, reject or wait: a pure function of the configuration, the counts and the time that has passed."""

import math
from enum import StrEnum

from slipway_ops.content import Section
from slipway_ops.gate import checks, cohorts
from slipway_ops.gate.checks import Check, State
from slipway_ops.gate.config import LEAST, GateConfig
from slipway_ops.gate.counts import Counts, Finite


class Answer(StrEnum):
    """What the gate says."""

    PROMOTE = "promote"
    WAIT = "wait"
    REJECT = "reject"

    @property
    def verdict(self) -> int:
        """The number that the rollout's analysis reads."""
        return {Answer.PROMOTE: 1, Answer.WAIT: 0, Answer.REJECT: -1}[self]


class Estimate(Section):
    """The improvement and its confidence sequence; positive is better, whatever the metric's direction."""

    estimate: Finite
    lower: Finite
    """With probability 1 - alpha never above the truth, at no look."""
    upper: Finite
    """Likewise never below."""
    sample: int
    """Units with an outcome in the smaller arm."""


class Statistic(Section):
    """The evidence that the challenger is better."""

    name: str
    value: Finite | None
    """None: not computable, or no evidence at all (minus infinity)."""
    threshold: Finite
    """From which the evidence is enough."""


class Decision(Section):
    """An answer with all that it rests on."""

    answer: Answer
    reason: str
    checks: list[Check]
    statistic: Statistic | None = None
    interval: Estimate | None = None
    """None: an arm has no outcome."""


def decide(config: GateConfig, counts: Counts, champions: list[str], minutes: float) -> Decision:
    """The decision, ``minutes`` after the challenger's first request.

    Promoted is a challenger that is shown to be better, where the interval still reaches the minimum effect, and for
    which every check passes. The share of challengers that are not better and are promoted is at most ``alpha``,
    however often this is asked, because evidence that is enough is a condition; all others can only hold it back.
    """
    found = checks.run(counts, config, champions)
    interval = cohorts.interval(counts, config)
    statistic, better = _evidence(config, counts, interval)
    judged = interval.known and interval.sample >= LEAST
    small = judged and interval.upper < config.metric.minimum_effect
    effect = _effect(config, interval, judged, better, small)
    found = [*found, effect]
    failed = [check for check in found if check.state is State.FAIL]
    held = [check for check in found if check.state is State.HOLD]
    used_up = config.maximum_sample is not None and counts.sample() >= config.maximum_sample
    if minutes > config.deadline_minutes:
        answer, reason = Answer.REJECT, f"the deadline of {config.deadline_minutes:g} minutes has passed"
        if held or failed:
            reason += f" ({_words(failed or held)})"
    elif failed:
        answer, reason = Answer.REJECT, _words(failed)
    elif not held:
        answer, reason = Answer.PROMOTE, f"{config.metric.name}: {effect.detail}"
    elif used_up:
        answer, reason = Answer.REJECT, f"the declared sample is used up and it is not promoted: {_words(held)}"
    else:
        answer, reason = Answer.WAIT, _words(held)
    estimate = None
    if interval.known:
        estimate = Estimate(
            estimate=interval.estimate, lower=interval.lower, upper=interval.upper, sample=interval.sample
        )
    return Decision(answer=answer, reason=reason, checks=found, statistic=statistic, interval=estimate)


def failed(reason: str) -> Decision:
    """The decision when something went wrong: nothing unknown is promoted."""
    return Decision(answer=Answer.REJECT, reason=reason, checks=[])


def _evidence(config: GateConfig, counts: Counts, interval: cohorts.Interval) -> tuple[Statistic, bool]:
    """The statistic, and whether it shows that the challenger is better.

    A binary metric must pass both tests: the exact one, on which the guarantee rests, and the interval, which does not
    take the arms' sizes from the declared shares and so is not moved by units that got lost.
    """
    above = interval.known and interval.sample >= LEAST and interval.lower > 0
    if config.metric.kind == "mean":
        value = interval.lower if interval.known else None
        return Statistic(name="lower end of the interval", value=value, threshold=0.0), above
    threshold = math.log(1 / config.alpha)
    value = cohorts.evidence(counts, config)
    known = value if math.isfinite(value) else None
    return Statistic(name="log e-value", value=known, threshold=threshold), above and value >= threshold


def _effect(config: GateConfig, interval: cohorts.Interval, judged: bool, better: bool, small: bool) -> Check:
    effect = config.metric.minimum_effect
    amount = f"better by {checks.said(interval)}"
    if small:
        return Check(name="effect", state=State.FAIL, detail=f"shown to be less than {effect:g}: {amount}")
    if not judged:
        return Check(name="effect", state=State.HOLD, detail=f"too few outcomes: {amount}")
    if not better:
        return Check(name="effect", state=State.HOLD, detail=f"not shown to be better: {amount}")
    return Check(name="effect", state=State.PASS, detail=f"shown to be {amount}")


def _words(found: list[Check]) -> str:
    return "; ".join(f"{check.name}: {check.detail}" for check in found)
