"""What ``slipway.run`` saves."""

from bench.engine import Graph
from bench.process import interleave, lowest
from bench.result import Ratio, Result
from bench.run import difference, program

NAME = "entry-point"
LIMIT = 0.75
MODELS = 77
GOAL = f"slipway.run <= {LIMIT}x the CPU of the same program without it at about 1,000 resources, same graph"


def measure(rounds: int) -> Result:
    """One program of models, with the entry point and without; their graphs are compared in each round."""
    graphs: dict[str, list[Graph]] = {"components": [], "untuned": []}

    def run(name: str) -> float:
        cost, graph = program(name, str(MODELS))
        graphs[name].append(graph)
        return cost.cpu

    program("components", "1")  # writes byte code that is missing
    figures = interleave(graphs, run, rounds)
    problems = [
        problem
        for tuned, untuned in zip(graphs["components"], graphs["untuned"], strict=True)
        for problem in difference(tuned, untuned)
    ]
    if problems:
        return Result.checked(GOAL, problems, "")
    ratio = Ratio.of([figure["components"] / figure["untuned"] for figure in figures])
    best = lowest(figures)
    detail = (
        f"{len(graphs['untuned'][0])} registrations; CPU seconds {best['components']:.2f} with it, "
        f"{best['untuned']:.2f} without"
    )
    return Result.compared(GOAL, ratio, LIMIT, detail)
