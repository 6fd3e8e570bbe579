"""Pulumi's own CLI on a project of the benchmark: file state, echo providers, nothing of the user's."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from bench import process

PROGRAM = """import slipway
from bench.environments import found
from stacks.environment import build
from stacks.settings import load

settings = load()
slipway.run(lambda: build(settings, found(settings)))
"""
"""The repository's own ``__main__.py`` with releases made up: there is no bucket to find them in."""


def present() -> bool:
    """Whether ``pulumi`` and its Python language host are on PATH."""
    return all(shutil.which(name) for name in ("pulumi", "pulumi-language-python"))


class Project:
    """A project in a directory of its own; ``providers`` are those of ``bench.echo.serving``."""

    def __init__(self, directory: Path, providers: str, program: str = PROGRAM) -> None:
        self.directory = directory
        (directory / "state").mkdir(parents=True)
        (directory / "__main__.py").write_text(program)
        runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": sys.prefix}}
        (directory / "Pulumi.yaml").write_text(json.dumps({"name": "slipway", "runtime": runtime}))
        self._env = process.environment(
            PULUMI_HOME=str(directory / "home"),
            PULUMI_BACKEND_URL=f"file://{directory / 'state'}",
            PULUMI_CONFIG_PASSPHRASE="bench",  # noqa: S106 -- of a state that is thrown away
            PULUMI_SKIP_UPDATE_CHECK="true",
            PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION="true",
            PULUMI_DEBUG_PROVIDERS=providers,
        )

    def add(self, stack: str, config: dict[str, Any]) -> None:
        """A stack with its configuration; JSON is YAML."""
        self._pulumi("stack", "init", stack)
        path = self.directory / f"Pulumi.{stack}.yaml"
        salt = path.read_text() if path.exists() else ""
        path.write_text(f"{salt}\nconfig: {json.dumps(config)}\n")

    def up(self, stack: str, at_most: float | None = None) -> process.Cost:
        """Bring a stack up; CPU of all processes. ``at_most``: CPU seconds after which the CLI is stopped."""
        return self._pulumi("up", "--stack", stack, "--yes", "--skip-preview", at_most=at_most)

    def preview(self, stack: str) -> process.Cost:
        """Preview a stack; CPU of all processes."""
        return self._pulumi("preview", "--stack", stack)

    def _pulumi(self, *arguments: str, at_most: float | None = None) -> process.Cost:
        command = ["pulumi", *arguments, "--non-interactive"]
        return process.measure_all(command, self._env, self.directory, timeout=1800, at_most=at_most)
