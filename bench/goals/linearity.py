"""Whether a model costs the same in a large stack as in a small one."""

from bench.process import interleave
from bench.result import Ratio, Result
from bench.run import program

NAME = "linearity"
LIMIT = 1.25
SMALL = (2, 38)
"""Models between which the cost of one more is taken: the mean of the two is 20."""
LARGE = (140, 260)
"""Likewise 200."""
GOAL = f"CPU per added model at 200 models <= {LIMIT}x that at 20"


def per_model(low: float, high: float, models: tuple[int, int]) -> float:
    """CPU seconds of one more model, from those of two programs."""
    return (high - low) / (models[1] - models[0])


def measure(rounds: int) -> Result:
    """Four sizes of one program; three rounds at most, as one takes half a minute."""
    program("components", "1")  # writes byte code that is missing
    sizes = [str(size) for size in (*SMALL, *LARGE)]
    figures = interleave(sizes, lambda size: program("components", size)[0].cpu, min(rounds, 3))
    added = [
        tuple(per_model(figure[str(pair[0])], figure[str(pair[1])], pair) for pair in (SMALL, LARGE))
        for figure in figures
    ]
    ratio = Ratio.of([large / small for small, large in added])
    small, large = (min(column) for column in zip(*added, strict=True))
    return Result.compared(
        GOAL, ratio, LIMIT, f"milliseconds of CPU per added model {1000 * large:.0f} and {1000 * small:.0f}"
    )
