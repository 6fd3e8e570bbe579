"""A small simulation; `make bench` runs the whole."""

from slipway_ops.gate.simulate import EXAMPLE, planned, run
from slipway_ops.gate.worlds import NUISANCES

SEED = 20261118


def test_few_that_are_not_better_are_promoted_and_most_that_are() -> None:
    config = EXAMPLE.model_copy(update={"metric": EXAMPLE.metric.model_copy(update={"minimum_effect": 0.05})})
    nothing, effect = run(config, 150, SEED, nuisances=(), processes=1)
    assert nothing.promoted <= 0.05 * nothing.runs, nothing
    assert effect.promoted >= 0.8 * effect.runs, effect
    assert str(effect).startswith("effect +0.05, clean: promoted ")
    assert f"seed {SEED}" in str(effect)
    assert planned(config) == 1920


def test_what_is_wrong_with_the_data_promotes_nobody_more() -> None:
    config = EXAMPLE.model_copy(update={"metric": EXAMPLE.metric.model_copy(update={"minimum_effect": 0.05})})
    for figure in run(config, 8, SEED, processes=1):
        assert figure.extra == 0, figure
    assert len({nuisance.name for nuisance in NUISANCES}) == len(NUISANCES)


def test_a_mean_needs_its_spread() -> None:
    metric = {"name": "brier", "kind": "mean", "direction": "decrease", "label": "brier", "minimum_effect": 0.02}
    config = type(EXAMPLE).model_validate({"metric": metric, "deadline_minutes": 9, "label_window_minutes": 1})
    nothing, effect = run(config, 60, SEED, spread=0.2, nuisances=(), processes=1)
    assert (nothing.promoted <= 6, effect.promoted >= 40) == (True, True)
