"""Promote, wait or reject, on counts."""

from typing import Any

import pytest
from slipway_ops.gate.config import GateConfig
from slipway_ops.gate.counts import Arm, Cohort, Counts, Moments
from slipway_ops.gate.decision import Answer, Decision, decide

from tests.operations.gate.traffic import gate_config

CONFIG = gate_config(metric_minimum_effect=0.02, metric_baseline=0.75)


def arm(units: int, successes: int, labelled: int | None = None, **changes: Any) -> Arm:
    known = units if labelled is None else labelled
    fields: dict[str, Any] = {
        "units": units,
        "requests": units,
        "coverage": Moments.binary(units, known),
        "outcome": Moments.binary(known, successes),
        "failures": Moments.binary(units, 0),
        **changes,
    }
    return Arm(**fields)


def counts(stable: Arm, canary: Arm, **changes: Any) -> Counts:
    cohort = Cohort(stage=0, weight=50, stable=stable, canary=canary)
    return Counts(cohorts=[cohort], visits=stable.units + canary.units, **changes)


def decided(counts: Counts, config: GateConfig = CONFIG, minutes: float = 10, champions: Any = ("a",)) -> Decision:
    return decide(config, counts, list(champions), minutes)


BETTER = counts(arm(5000, 3750), arm(5000, 4000))


def test_a_better_challenger_is_promoted() -> None:
    found = decided(BETTER)
    assert (found.answer, found.answer.verdict) == (Answer.PROMOTE, 1)
    assert found.reason.startswith("accuracy: shown to be better by +0.05 (+0.0")
    assert found.statistic and found.statistic.value and found.statistic.value > found.statistic.threshold
    assert found.interval and found.interval.lower > 0


@pytest.mark.parametrize(
    "found, answer, reason",
    [
        (counts(arm(5000, 3750), arm(5000, 3790)), "wait", "effect: not shown to be better: better by +0.008 ("),
        (
            counts(arm(300, 100), arm(300, 290)),
            "wait",
            "minimum_sample: 300 units with an outcome in the smaller arm, 4",
        ),
        (counts(arm(5000, 3750), arm(5000, 3400)), "reject", "effect: shown to be less than 0.02: better by -0.07 ("),
        (
            counts(arm(50000, 37500), arm(50000, 37550)),
            "reject",
            "effect: shown to be less than 0.02: better by +0.001",
        ),
        (
            counts(arm(5000, 3750), arm(5400, 4500)),
            "reject",
            "sample_ratio: 51.92% of 10400 units had the challenger, 5",
        ),
        (
            counts(arm(5000, 3750), arm(5220, 4300)),
            "wait",
            "sample_ratio: 51.08% of 10220 units had the challenger, 50",
        ),
        (counts(arm(5000, 2625, 3500), arm(5000, 2900, 3500)), "wait", "label_coverage: labels for 70.0% of the chal"),
        (
            counts(arm(5000, 0, 0), arm(5000, 4000)),
            "wait",
            "minimum_sample: 0 units with an outcome in the smaller arm",
        ),
        (
            counts(arm(5000, 3750), arm(5000, 0, 0)),
            "wait",
            "minimum_sample: 0 units with an outcome in the smaller arm",
        ),
        (counts(arm(5000, 3700, 4950), arm(5000, 4000)), "wait", "equal_coverage: the arms' label coverage differs by"),
        (counts(arm(5000, 3750), arm(5000, 4000), crossovers=101), "reject", "sticky: 1.01% of 10000 visits changed"),
        (Counts(), "wait", "minimum_sample: 0 units with an outcome in the smaller arm, 400 needed; label_coverage"),
    ],
)
def test_anything_else_is_not(found: Counts, answer: str, reason: str) -> None:
    made = decided(found)
    assert made.answer == answer
    assert made.reason.startswith(reason[:60])


def test_after_its_deadline_nobody_is_promoted() -> None:
    assert decided(BETTER, minutes=600).answer is Answer.PROMOTE
    found = decided(BETTER, minutes=600.1)
    assert (found.answer, found.reason) == (Answer.REJECT, "the deadline of 600 minutes has passed")


def test_a_declared_sample_that_is_used_up_ends_it() -> None:
    config = gate_config(metric_minimum_effect=0.02, metric_baseline=0.75, maximum_sample=5000)
    unclear = counts(arm(5000, 3750), arm(5000, 3790))
    assert decided(unclear, config).reason.startswith(
        "the declared sample is used up and it is not promoted: effect: not"
    )
    assert decided(unclear, config).answer is Answer.REJECT
    assert decided(BETTER, config).answer is Answer.PROMOTE


def test_a_champion_that_changed_ends_it() -> None:
    found = decided(BETTER, champions=("a", "b"))
    assert (found.answer, found.reason) == (Answer.REJECT, "champion: the champion changed: a, b")


def test_a_lower_rate_can_be_the_better_one() -> None:
    config = gate_config(metric_label="value", metric_direction="decrease", metric_minimum_effect=0.02)
    assert decided(counts(arm(5000, 1250), arm(5000, 1000)), config).answer is Answer.PROMOTE
    assert decided(counts(arm(5000, 1000), arm(5000, 1250)), config).answer is Answer.REJECT


def moments(n: int, mean: float, variance: float) -> Moments:
    return Moments(n=n, mean=mean, variance=variance)


def test_means_are_compared_by_their_interval() -> None:
    config = gate_config(
        metric_kind="mean", metric_direction="decrease", metric_label="brier", metric_minimum_effect=0.01
    )
    stable = arm(4000, 0, outcome=moments(4000, 0.2, 0.04), coverage=Moments.binary(4000, 4000))
    better = arm(4000, 0, outcome=moments(4000, 0.17, 0.04), coverage=Moments.binary(4000, 4000))
    found = decided(counts(stable, better), config)
    assert found.answer is Answer.PROMOTE
    assert found.interval and found.interval.estimate == pytest.approx(0.03)
    assert found.statistic and found.statistic.name == "lower end of the interval"
    assert decided(counts(better, stable), config).answer is Answer.REJECT


@pytest.mark.parametrize(
    "failures, answer, words",
    [
        ((0, 0), Answer.PROMOTE, ""),
        ((0, 200), Answer.REJECT, "guardrail errors: worse by more than the margin of 0.01: better by -0.04"),
        ((0, 50), Answer.WAIT, "guardrail errors: not yet shown to be within the margin of 0.01: better by -0.01"),
    ],
)
def test_a_guardrail_must_be_shown_to_hold(failures: tuple[int, int], answer: Answer, words: str) -> None:
    config = gate_config(
        metric_minimum_effect=0.02, metric_baseline=0.75, guardrails=[{"name": "errors", "margin": 0.01}]
    )
    stable = arm(5000, 3750, failures=Moments.binary(5000, failures[0]))
    canary = arm(5000, 4000, failures=Moments.binary(5000, failures[1]))
    found = decided(counts(stable, canary), config)
    assert (found.answer, found.reason[: len(words)]) == (answer, words or found.reason[:0])


def test_no_errors_in_few_requests_do_not_show_that_there_are_none() -> None:
    config = gate_config(guardrails=[{"name": "errors", "margin": 0.002}])
    found = decided(counts(arm(450, 225), arm(450, 400)), config)
    assert found.answer is Answer.WAIT
    assert found.reason.startswith("guardrail errors: not yet shown to be within the margin of 0.002")


@pytest.mark.parametrize(
    "successes, answer, words",
    [
        (750, Answer.PROMOTE, ""),
        (700, Answer.WAIT, "slice carrier: UA: better by -0.05 ("),
        (500, Answer.REJECT, "slice carrier: UA: better by -0.25 ("),
    ],
)
def test_a_slice_may_not_get_worse(successes: int, answer: Answer, words: str) -> None:
    config = gate_config(
        metric_minimum_effect=0.02, metric_baseline=0.75, slices=[{"feature": "carrier", "margin": 0.03}]
    )
    few = Moments.binary(50, 25)
    stable = arm(5000, 3750, slices={"carrier": {"UA": Moments.binary(1000, 750), "XX": few}})
    canary = arm(5000, 4000, slices={"carrier": {"UA": Moments.binary(1000, successes), "XX": Moments.binary(50, 0)}})
    found = decided(counts(stable, canary), config)
    assert (found.answer, found.reason[: len(words)]) == (answer, words)
