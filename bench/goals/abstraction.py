"""What a component costs over the resources in it."""

import tempfile
from pathlib import Path

from bench.environments import PLAIN
from bench.process import interleave, lowest
from bench.result import Ratio, Result
from bench.run import difference, program

NAME = "abstraction"
LIMIT = 1.10
MODELS = 100
GOAL = f"{MODELS} models through the components <= {LIMIT}x the CPU of the same resources in a flat loop"


def measure(rounds: int) -> Result:
    """Components against a flat loop over the typed classes, both with slipway's entry point."""
    return against_flat(rounds, PLAIN, LIMIT, GOAL)


def against_flat(rounds: int, kind: str, limit: float, goal: str) -> Result:
    """The same of models of a ``kind``."""
    with tempfile.TemporaryDirectory() as directory:
        path = str(Path(directory) / "recorded.json")
        program("recorded", str(MODELS), path, kind)
        arguments = {"components": (str(MODELS), kind), "flat": (str(MODELS), path, kind)}
        composed, flat = (program(name, *given)[1] for name, given in arguments.items())
        problems = difference(composed, flat, components=False)
        if problems:
            return Result.checked(goal, problems, "")
        figures = interleave(arguments, lambda name: program(name, *arguments[name])[0].cpu, rounds)
    ratio = Ratio.of([figure["components"] / figure["flat"] for figure in figures])
    components = sum(1 for request in composed.requests if not request.custom)
    best = lowest(figures)
    detail = (
        f"{len(flat)} resources, the same in both, and {components} components; "
        f"CPU seconds {best['components']:.2f} and {best['flat']:.2f}"
    )
    return Result.compared(goal, ratio, limit, detail)
