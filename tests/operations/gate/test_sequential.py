"""The statistics against computations that share nothing with them."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta, binom
from slipway_ops.gate import sequential
from slipway_ops.gate.sequential import Outcomes, Sample, difference, evidence, log_e, radius


@pytest.mark.parametrize("share", [0.05, 0.25, 0.5])
@pytest.mark.parametrize("x1, x0, precision", [(0, 0, 1000), (12, 9, 1000), (60, 40, 50), (30, 70, 200), (3, 0, 20)])
def test_the_evidence_is_the_mean_likelihood_ratio(x1: int, x0: int, share: float, precision: float) -> None:
    a, b = precision * share, precision * (1 - share)

    def ratio(theta: float) -> float:
        return float((theta / share) ** x1 * ((1 - theta) / (1 - share)) ** x0 * beta.pdf(theta, a, b))

    peak = (a + x1) / (a + b + x1 + x0)
    above, _ = quad(ratio, share, 1, points=[max(peak, share), min(1, max(peak, share) + 0.02)], limit=500)
    cut, _ = quad(lambda theta: beta.pdf(theta, a, b), share, 1, points=[min(1, share + 0.05)], limit=500)
    assert log_e(x1, x0, share, precision) == pytest.approx(math.log(above / cut), abs=1e-6)


def test_the_worked_example_of_an_exact_test() -> None:
    # As computed by an independent implementation of Beta mixtures without the cut: odds 10.75 one way, less here.
    assert log_e(1200, 1000, 0.5) == pytest.approx(6.367230383224182, abs=1e-9)
    assert log_e(0, 0, 0.5) == 0.0


@pytest.mark.parametrize("share", [0.05, 0.25, 0.5])
def test_under_the_null_the_mean_of_an_e_value_is_at_most_one(share: float) -> None:
    x1 = np.arange(0, 401)
    values = log_e(x1, 400 - x1, share, 200)
    assert np.exp(binom.logpmf(x1, 400, share) + values).sum() == pytest.approx(1.0, rel=1e-9)
    for worse in (0.99, 0.9, 0.5):  # a challenger that is worse has fewer events than its share
        assert np.exp(binom.logpmf(x1, 400, share * worse) + values).sum() < 1


def test_the_worst_challenger_has_no_evidence_and_not_the_most() -> None:
    # The part of the posterior above the share is too small for a float here; cut off there it would seem to be huge.
    assert log_e(1_000, 100_000, 0.5) == -math.inf
    assert evidence([Outcomes(0.5, 100_000, 1_000, 100_000, 90_000)], True, 0.5, 0.01) == -math.inf


def test_events_and_their_absence_are_both_evidence_and_cohorts_are_added() -> None:
    one, two = Outcomes(0.1, 500, 400, 4500, 3300), Outcomes(0.5, 3000, 2400, 3000, 2300)
    gain = sequential.precision(0.1, 0.75, 0.02)
    loss = sequential.precision(0.1, 0.25, 0.02)
    expected = log_e(400, 3300, 0.1, gain) + log_e(1200, 100, 0.9, loss)
    assert evidence([one], True, 0.75, 0.02) == pytest.approx(expected)
    both = evidence([one, two], True, 0.75, 0.02)
    assert both == pytest.approx(expected + evidence([two], True, 0.75, 0.02))


def test_a_rate_that_should_fall_is_the_mirror_of_one_that_should_rise() -> None:
    up = evidence([Outcomes(0.25, 1000, 800, 3000, 2250)], True, 0.75, 0.02)
    down = evidence([Outcomes(0.25, 1000, 200, 3000, 750)], False, 0.25, 0.02)
    assert up == pytest.approx(down)
    assert evidence([Outcomes(0.25, 1000, 200, 3000, 750)], True, 0.25, 0.02) < 0


def test_a_baseline_that_swings_gives_no_evidence() -> None:
    # 400 runs of equal arms whose rate swings between 5 and 35 %, a look every 250 units.
    rng = np.random.default_rng(7)
    rate = 0.2 + 0.15 * np.sin(np.arange(40) / 3)
    n1 = rng.binomial(250, 0.5, (400, 40))
    x1, x0 = rng.binomial(n1, rate), rng.binomial(250 - n1, rate)
    found = evidence([Outcomes(0.5, n1.cumsum(1), x1.cumsum(1), (250 - n1).cumsum(1), x0.cumsum(1))], True, 0.2, 0.02)
    assert (found.max(axis=1) >= math.log(20)).mean() <= 0.05


@pytest.mark.parametrize("variance, effect, alpha", [(1e-4, 0.02, 0.05), (4.0, 1.0, 0.01), (1e-6, 0.5, 0.1)])
def test_the_radius_is_that_of_the_published_sequence(variance: float, effect: float, alpha: float) -> None:
    # Its form in the literature: v is the estimate's variance, n the units, r2 the tuning with n r2 = effect^2 / v.
    n = 1000
    r2 = effect**2 / variance / n
    published = math.sqrt(variance * 2 * (n * r2 + 1) / (n * r2) * math.log(1 + math.sqrt(n * r2 + 1) / (2 * alpha)))
    assert radius(variance, effect, alpha) == pytest.approx(published)
    assert radius(0.0, effect, alpha) == 0.0


def test_the_sequence_misses_an_effect_of_nothing_as_seldom_as_it_says() -> None:
    rng = np.random.default_rng(11)
    n = 400 * np.arange(1, 41)
    means = [rng.gamma(2, 5, (600, 40, 400)).mean(2).cumsum(1) / np.arange(1, 41) for _ in range(2)]
    lower = means[0] - means[1] - radius(2 * 50 / n, 1.0, 0.05)
    assert (lower > 0).any(axis=1).mean() <= 0.05


def test_stages_are_weighed_by_their_sizes_and_not_by_their_outcomes() -> None:
    samples = [Sample(100, 0.5, 0.25, 900, 0.4, 0.24), Sample(500, 0.6, 0.24, 500, 0.55, 0.2475)]
    sizes = [90, 250]
    estimate, variance = difference(samples)
    assert estimate == pytest.approx((90 * 0.1 + 250 * 0.05) / 340)
    spreads = [0.25 / 100 + 0.24 / 900, 0.24 / 500 + 0.2475 / 500]
    assert variance == pytest.approx(sum((size / 340) ** 2 * one for size, one in zip(sizes, spreads, strict=True)))
    # Simpson's paradox: a challenger as good as the champion in each stage is as good in all.
    estimate, _ = difference([Sample(100, 0.9, 0.1, 900, 0.9, 0.1), Sample(900, 0.1, 0.1, 900, 0.1, 0.1)])
    assert estimate == 0
    assert math.isnan(difference([])[0])
