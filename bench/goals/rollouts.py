"""What a component costs over the resources in it, where every model has a rollout."""

from bench.environments import ROLLOUTS
from bench.goals import abstraction
from bench.result import Result

NAME = "rollouts"
GOAL = f"{abstraction.MODELS} models with rollouts: {abstraction.LIMIT}x too"


def measure(rounds: int) -> Result:
    """As ``abstraction``, of models that are reached through the gateway and taken over in steps."""
    return abstraction.against_flat(rounds, ROLLOUTS, abstraction.LIMIT, GOAL)
