"""How many resources the shipped stacks have."""

from pathlib import Path
from typing import Any

import yaml

from bench import environments
from bench.result import Result
from tests.components.graph import declare

NAME = "sizes"
LIMIT = 300
GOAL = f"no shipped stack has more than {LIMIT} resources"
STACKS = Path(__file__).resolve().parents[2] / "stacks"


def measure(_rounds: int) -> Result:
    """Declare every stack file, each of its models with a release, and count what an engine would keep in its state."""
    sizes = {path.stem.removeprefix("Pulumi."): count(path) for path in sorted(STACKS.glob("Pulumi.*.yaml"))}
    detail = ", ".join(f"{name} {size}" for name, size in sizes.items())
    return Result.checked(GOAL, oversized(sizes), detail)


def oversized(sizes: dict[str, int]) -> list[str]:
    """One problem for each stack beyond the limit."""
    return [f"{name} has {size} resources" for name, size in sizes.items() if size > LIMIT]


def count(path: Path) -> int:
    """Registrations of a stack file, components and the stack itself included."""
    from stacks.environment import build
    from stacks.settings import parse

    config: dict[str, Any] = yaml.safe_load(path.read_text())["config"]
    for name, values in config.get("slipway:models", {}).items():
        values.setdefault("release", f"{name}-20260102-0123abcd")
    config.setdefault("slipway:operations_image", environments.DIGEST)
    settings = parse(config, path.name)
    return len(declare(lambda: build(settings, environments.found(settings))).resources) + 1
