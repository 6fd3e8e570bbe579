"""The statistics against what is known of them, and against scipy where it has the same."""

import numpy as np
import pytest
from scipy import stats
from slipway_ops.drift import statistics
from slipway_ops.drift.bins import Bins
from slipway_ops.drift.quality import Area, Mean


def test_psi_of_a_shift_is_what_is_known_of_it() -> None:
    """Between two normal distributions that differ by d in their mean, it is d^2 (their symmetric divergence)."""
    edges = stats.norm.ppf(np.arange(1, 400) / 400)
    ends = np.concatenate([[-np.inf], edges, [np.inf]])
    one, other = (np.diff(stats.norm.cdf(ends, loc=shift)) * 1e7 for shift in (0, 0.5))
    assert statistics.psi(one, other) == pytest.approx(0.25, rel=0.01)
    assert statistics.psi(one, one) == 0


def test_chi_square_is_scipys() -> None:
    one, other = np.array([50, 30, 20, 40]), np.array([44, 41, 33, 28])
    expected = stats.chi2_contingency(np.array([one, other]), correction=False)
    assert statistics.chi_square(one, other) == pytest.approx((expected.statistic, expected.pvalue))
    assert statistics.chi_square([3, 0], [2, 0]) == (0.0, 1.0)
    assert statistics.chi_square([], []) == (0.0, 1.0)


def test_ks_at_the_edges_is_never_above_scipys() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=5000), rng.normal(0.2, 1, 4000)
    edges = np.quantile(one, np.arange(1, 100) / 100)
    counts = [np.bincount(np.searchsorted(edges, values), minlength=100) for values in (one, other)]
    distance, p_value = statistics.ks(*counts)
    expected = stats.ks_2samp(one, other, method="asymp")
    assert expected.statistic - 0.01 <= distance <= expected.statistic
    assert p_value >= expected.pvalue * 0.9
    assert statistics.ks([0, 0], [1, 2]) == (0.0, 1.0)


def test_more_is_fishers_test() -> None:
    expected = stats.fisher_exact([[20, 480], [10, 990]], alternative="greater").pvalue
    assert statistics.more(10, 1000, 20, 500) == pytest.approx(expected)
    assert statistics.more(10, 1000, 0, 500) == 1


def test_adjusted_is_scipys_control_of_false_discoveries() -> None:
    values = [0.001, 0.2, 0.03, 0.0004, 1.0]
    assert statistics.adjusted(values) == pytest.approx(stats.false_discovery_control(values, method="by").tolist())
    assert statistics.adjusted([]) == []


def test_cells_have_about_the_same_share_and_follow_the_bins() -> None:
    cells = statistics.grouping(np.full(100, 7))
    assert np.bincount(cells).tolist() == [10] * 10
    assert (np.diff(cells) >= 0).all()
    heavy = statistics.grouping([1, 900, 1, 1, 50, 47])
    assert len(np.unique(heavy)) <= 10
    assert heavy.tolist() == sorted(heavy.tolist())
    assert statistics.grouping([0]).tolist() == [0]


@pytest.mark.parametrize(
    "edges",
    [
        [],
        [1.0],
        [0, 1, 2, 3],
        np.linspace(-3, 3, 99),
        np.sort(np.random.default_rng(0).lognormal(0, 5, 99)),
        [0, 1e-300, 1],
        [-1.7e308, 0.0, 1.7e308],
    ],
)
def test_bins_are_those_of_searchsorted(edges: list[float]) -> None:
    rng = np.random.default_rng(3)
    ends = np.asarray(edges, float)
    near = [np.nextafter(ends, np.inf), np.nextafter(ends, -np.inf), ends]
    values = np.concatenate([rng.normal(size=2000), rng.lognormal(0, 5, 2000), *near, [np.inf, -np.inf]])
    expected = np.bincount(np.searchsorted(ends, values), minlength=len(ends) + 1)
    counts, missing = Bins(edges).count(np.concatenate([values, [np.nan] * 5]))
    assert (counts.tolist(), missing) == (expected.tolist(), 5)


def test_a_mean_over_subjects_knows_that_their_rows_are_not_independent() -> None:
    rng = np.random.default_rng(5)
    each = rng.random(400)
    values, unit = np.repeat(each, 10), np.repeat(np.arange(400), 10)
    alone, together = Mean(), Mean()
    alone.add(values)
    together.add(values, unit)
    assert alone.quality() is not None
    one, other = alone.quality(), together.quality()
    assert one and other
    assert [one.value, other.value] == pytest.approx([each.mean()] * 2)
    assert other.error == pytest.approx(each.std() / 20, rel=0.01)
    assert other.error == pytest.approx(one.error * 10**0.5, rel=0.01)
    assert Mean().quality() is None


def test_the_area_is_scikit_learns() -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(2)
    scores = rng.random(4000)
    labels = (rng.random(4000) < scores).astype(float)
    area = Area()
    area.add(scores[:1000], labels[:1000])
    area.add(np.append(scores[1000:], np.nan), np.append(labels[1000:], 1.0))
    found = area.quality()
    assert found
    assert found.value == pytest.approx(roc_auc_score(labels, scores), abs=0.002)
    assert found.rows == 4000
    draws = []
    for _ in range(100):
        some = rng.integers(0, 4000, 4000)
        draws.append(roc_auc_score(labels[some], scores[some]))
    assert found.error == pytest.approx(np.std(draws), rel=0.25)
    assert Area().quality() is None
