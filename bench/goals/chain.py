"""Whether resources that wait for each other cost more than resources that do not."""

from bench.process import interleave, lowest
from bench.result import Ratio, Result
from bench.run import program

NAME = "chain"
LIMIT = 1.20
RESOURCES = 300
GOAL = f"a chain of {RESOURCES} dependent resources <= {LIMIT}x the CPU of {RESOURCES} independent ones"


def measure(rounds: int) -> Result:
    """Two shapes of one program, both with slipway's entry point; once without it, to show what it takes away."""

    def cpu(chained: str, name: str = "parameters") -> float:
        return program(name, str(RESOURCES), chained)[0].cpu

    figures = interleave(("yes", "no"), cpu, rounds)
    plain = cpu("yes", "untuned_parameters")
    best = lowest(figures)
    return Result.compared(
        GOAL,
        Ratio.of([figure["yes"] / figure["no"] for figure in figures]),
        LIMIT,
        f"CPU seconds {best['yes']:.2f} and {best['no']:.2f}; the chain without slipway.run {plain:.2f}",
    )
