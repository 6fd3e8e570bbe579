"""What a component costs over the resources in it, where every model has a retraining pipeline."""

from bench.environments import PIPELINES
from bench.goals import abstraction
from bench.result import Result

NAME = "pipelines"
GOAL = f"{abstraction.MODELS} models with retraining pipelines: {abstraction.LIMIT}x too"


def measure(rounds: int) -> Result:
    """As ``abstraction``, of models that are retrained by time, on new data and on drift."""
    return abstraction.against_flat(rounds, PIPELINES, abstraction.LIMIT, GOAL)
