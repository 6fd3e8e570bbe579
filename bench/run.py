"""Runs a measured program against the engine of this process."""

from bench.engine import Graph, serving
from bench.process import Cost, measure, python


def program(name: str, *arguments: str) -> tuple[Cost, Graph]:
    """Cost of one of ``bench.programs`` and what it registered."""
    with serving() as (engine, address):
        cost = measure(python("-m", "bench.child", address, name, *arguments))
    return cost, engine.graph


def difference(one: Graph, other: Graph, components: bool = True) -> list[str]:
    """What is not the same in two graphs, a line for each registration, and no more than five lines."""
    left, right = one.normalised(components), other.normalised(components)
    found = [f"only one program registers {key}" for key in sorted(left.keys() ^ right.keys())]
    for key in sorted(left.keys() & right.keys()):
        fields = sorted(left[key].keys() | right[key].keys())
        wrong = [field for field in fields if left[key].get(field) != right[key].get(field)]
        if wrong:
            found.append(f"{key} differs in {', '.join(wrong)}")
    return found[:5]
