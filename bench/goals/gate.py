"""Whom the promotion gate promotes, in comparisons whose truth is known."""

from slipway_ops.gate.simulate import EXAMPLE, Figure, run

from bench.result import Result

NAME = "gate"
RUNS = 2000
WRONG = 400
"""Runs in which something is wrong with the data, of each kind."""
SEED = 20261118
FALSE = 0.05
POWER = 0.80
GOAL = (
    f"of {RUNS} challengers that are not better, with a look at every step, <= {FALSE:.0%} promoted; of as many with "
    f"the minimum effect >= {POWER:.0%}; wrong data promotes none that clean data would not"
)
UNSEEN = "split off by 1 point"
"""Too small an imbalance to be seen at once: a challenger that is better may be promoted in another run than it would
be with clean data, by chance."""


def measure(_rounds: int) -> Result:
    """Clean runs, then each nuisance at no effect and at the minimum effect."""
    nothing, effect = run(EXAMPLE, RUNS, SEED, nuisances=())
    wrong = [figure for figure in run(EXAMPLE, WRONG, SEED) if figure.name != "clean"]
    extra, runs = sum(figure.extra for figure in wrong), sum(figure.runs for figure in wrong)
    detail = (
        f"promoted {nothing.promoted / RUNS:.2%} and {effect.promoted / RUNS:.2%}, the latter with {effect.sample} "
        f"units in the smaller arm (median); {extra} of {runs} runs with wrong data promoted where "
        f"clean data did not; seed {SEED}"
    )
    return Result.checked(GOAL, problems(nothing, effect, wrong), detail)


def problems(nothing: Figure, effect: Figure, wrong: list[Figure]) -> list[str]:
    """What exceeds the goal."""
    found = [str(nothing)] if nothing.promoted > FALSE * nothing.runs else []
    found += [str(effect)] if effect.promoted < POWER * effect.runs else []
    return found + [str(one) for one in wrong if one.extra and not (one.effect and one.name == UNSEEN)]
