"""Whether resources that wait for each other cost more than resources that do not."""

from bench.process import interleave
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

    figures = interleave({"chain": lambda: cpu("yes"), "flat": lambda: cpu("no")}, rounds)
    plain = cpu("yes", "untuned_parameters")
    best = {name: min(figure[name] for figure in figures) for name in ("chain", "flat")}
    return Result.compared(
        GOAL,
        Ratio.of([figure["chain"] / figure["flat"] for figure in figures]),
        LIMIT,
        f"CPU seconds {best['chain']:.2f} and {best['flat']:.2f}; the chain without slipway.run {plain:.2f}",
    )
