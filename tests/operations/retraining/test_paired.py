"""The paired test: that it is the known one, and that it keeps its promise."""

from typing import Any

import numpy as np
import pytest
from scipy import stats
from slipway_ops.retraining import paired


def test_it_is_the_paired_t_test() -> None:
    chance = np.random.default_rng(1)
    one, other = chance.normal(0.3, 1, 500), chance.normal(0, 1, 500)
    found = paired.interval(one - other, None, 0.05)
    assert found is not None
    known = stats.ttest_rel(one, other, alternative="greater").confidence_interval(0.95)
    assert found.lower == pytest.approx(known.low)
    assert found.estimate == pytest.approx(float(np.mean(one - other)))
    assert found.upper - found.estimate == pytest.approx(found.estimate - found.lower)
    assert (found.rows, found.clusters) == (500, 500)


def test_each_row_a_cluster_of_its_own_is_no_cluster() -> None:
    gains = np.random.default_rng(2).normal(0, 1, 300)
    found, same = paired.interval(gains, np.arange(300), 0.05), paired.interval(gains, None, 0.05)
    assert found is not None
    assert same is not None
    assert (found.clusters, found.estimate) == (300, same.estimate)
    assert found.lower == pytest.approx(same.lower)


def wrongly_better(clusters: int, spread: float, aware: bool, runs: int = 1500) -> float:
    """Share of comparisons of equals that come out as better, where rows of a cluster have a part in common."""
    chance, wrong = np.random.default_rng(3), 0
    for _ in range(runs):
        sizes = chance.integers(10, 40, clusters)
        codes = np.repeat(np.arange(clusters), sizes)
        gains = chance.normal(0, spread, clusters)[codes] + chance.normal(0, 1, len(codes))
        found = paired.interval(gains, codes if aware else None, 0.05)
        assert found is not None
        wrong += found.lower > 0
    return wrong / runs


def test_equals_pass_as_rarely_as_promised() -> None:
    assert wrongly_better(20, 0, aware=False) == pytest.approx(0.05, abs=0.02)
    assert wrongly_better(20, 1, aware=True) == pytest.approx(0.05, abs=0.025)
    assert wrongly_better(20, 1, aware=False) > 0.2  # what a plan without `cluster` would do to such rows


@pytest.mark.parametrize(
    ("gains", "clusters"), [([], None), ([1.0], None), ([1.0, 2.0, 3.0], [7, 7, 7])], ids=["none", "one", "one cluster"]
)
def test_where_nothing_can_be_said_nothing_is(gains: list[float], clusters: Any) -> None:
    assert paired.interval(np.array(gains), clusters and np.array(clusters), 0.05) is None


def test_the_same_answers_are_no_better() -> None:
    found = paired.interval(np.zeros(100), None, 0.05)
    assert found is not None
    assert (found.lower, found.estimate, found.upper) == (0, 0, 0)
