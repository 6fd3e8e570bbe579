"""What splitting an environment into stacks saves."""

import statistics
import tempfile
from pathlib import Path

from bench import cli, echo, environments
from bench.result import Ratio, Result

NAME = "split"
LIMIT = 0.30
MODELS = 100
SHARD = 17
"""Models of one shard."""
PLATFORM = "organization/slipway/platform"
GOAL = f"{MODELS} models over split stacks from empty <= {LIMIT}x the CPU of one stack"


def measure(_rounds: int) -> Result:
    """A platform and its shards, one after the other, then all in one stack; one round: it takes minutes.

    The one stack is stopped once its CLI alone has used so much that the goal is met. The noise is that of the shards:
    all but the last declare the same.
    """
    if not cli.present():
        return Result.skipped(GOAL, "pulumi and pulumi-language-python are not on PATH")
    models = environments.names(MODELS)
    with tempfile.TemporaryDirectory() as directory, echo.serving() as providers:
        project = cli.Project(Path(directory) / "project", providers)
        project.add("platform", environments.platform())
        platform = project.up("platform").cpu
        shards = []
        for start in range(0, MODELS, SHARD):
            project.add(f"models-{start}", environments.shard(models[start : start + SHARD], PLATFORM))
            shards.append(project.up(f"models-{start}").cpu)
        split = platform + sum(shards)
        project.add("whole", environments.whole(models))
        whole = project.up("whole", at_most=split / LIMIT).cpu
    stopped = " (stopped there)" if whole >= split / LIMIT else ""
    detail = f"CPU seconds {split:.0f} in {len(shards) + 1} stacks and {whole:.0f} in one{stopped}"
    noise = 2 * statistics.stdev(shards[:-1]) * len(shards) ** 0.5 / whole
    return Result.compared(GOAL, Ratio(split / whole, noise, 1), LIMIT, detail)
