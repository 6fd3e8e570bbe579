"""What splitting an environment into stacks saves."""

import tempfile
from pathlib import Path

from bench import cli, echo, environments
from bench.result import Ratio, Result

NAME = "split"
LIMIT = 0.30
MODELS = 100
SHARD = 17
"""Models of one shard."""
GOAL = f"{MODELS} models over split stacks from empty <= {LIMIT}x the CPU of one stack"


def measure(_rounds: int) -> Result:
    """A platform and its shards, one after the other, then all in one stack; one round: it takes minutes.

    The one stack is stopped once its CLI alone has used so much that the goal is met.
    """
    if not cli.present():
        return Result.skipped(GOAL, "pulumi and pulumi-language-python are not on PATH")
    models = environments.names(MODELS)
    shards = [models[start : start + SHARD] for start in range(0, MODELS, SHARD)]
    with tempfile.TemporaryDirectory() as directory, echo.serving() as providers:
        project = cli.Project(Path(directory) / "project", providers)
        project.add("platform", environments.platform())
        split = project.up("platform").cpu
        for number, shard in enumerate(shards):
            project.add(f"models-{number}", environments.shard(shard, "organization/slipway/platform"))
            split += project.up(f"models-{number}").cpu
        project.add("whole", environments.whole(models))
        enough = split / LIMIT
        whole = project.up("whole", at_most=enough).cpu
    stopped = " (stopped there)" if whole >= enough else ""
    detail = f"CPU seconds {split:.0f} in {len(shards) + 1} stacks and {whole:.0f} in one{stopped}"
    return Result.compared(GOAL, Ratio.of([split / whole]), LIMIT, detail)
