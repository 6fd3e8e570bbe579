"""A sandbox of its own with a copy of the project's settings, to bring environments up and to edit them."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sandbox import first_release
from sandbox.cloud import clients, process
from sandbox.cloud.process import Cloud
from sandbox.engine.outcome import Change, Op, Outcome
from sandbox.engine.project import Project
from sandbox.session import STAND_IN, Session
from sandbox.workspace import ROOT, Workspace


@dataclass
class Log:
    """A reporter that keeps what it is told."""

    changes: list[Change] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def change(self, change: Change) -> None:
        self.changes.append(change)

    def failure(self, type_: str, name: str, message: str) -> None:
        self.failures.append(f"{type_} {name}: {message}")

    def note(self, text: str) -> None:
        self.notes.append(text)

    def moved(self) -> list[Change]:
        """What is not the same as before."""
        return [change for change in self.changes if change.op not in (Op.SAME, Op.READ)]


@dataclass
class Result:
    """One run of the engine and what the cloud counted meanwhile."""

    outcome: Outcome
    log: Log
    writes: int


class World:
    """The project in a sandbox of its own."""

    def __init__(self, root: Path, engine: str = STAND_IN) -> None:
        self.workspace, self.engine_name = Workspace(root / "sandbox"), engine
        copy = root / "project"
        copy.mkdir(parents=True)
        shutil.copy(ROOT / "__main__.py", copy)
        (copy / "stacks").symlink_to(ROOT / "stacks")
        (copy / "operations").symlink_to(ROOT / "operations")
        (copy / "settings").mkdir()
        for file in (ROOT / "stacks").glob("Pulumi.*.yaml"):
            shutil.copy(file, copy / "settings")
        content = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
        content["runtime"]["options"]["virtualenv"] = str(ROOT / ".venv")
        (copy / "Pulumi.yaml").write_text(yaml.safe_dump(content | {"stackConfigDir": "settings"}))
        self.project = Project.at(copy)

    @property
    def cloud(self) -> Cloud:
        return process.ensure(self.workspace.cloud)

    def session(self, stack: str) -> Session:
        return Session(self.workspace, self.project, stack)

    def environment(self, stack: str) -> dict[str, str]:
        return self.session(stack).environment(self.cloud)

    def client(self, service: str, stack: str = "local") -> Any:
        return clients.client(service, self.environment(stack))

    def up(self, stack: str) -> Result:
        return self._run(stack, lambda engine: engine.up())

    def preview(self, stack: str) -> Result:
        return self._run(stack, lambda engine: engine.preview())

    def down(self, stack: str) -> Result:
        return self._run(stack, lambda engine: engine.destroy())

    def first_release(self, stack: str) -> str:
        """Release the example as ``up --first-release`` does; returns the release's id."""
        log = Log()
        example = ROOT / "examples" / "flight-delay"
        return first_release.make(self.project, stack, example, self.environment(stack), log)

    def edit(self, stack: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change the stack's settings."""
        path = self.project.stack_file(stack)
        content = yaml.safe_load(path.read_text())
        change(content["config"])
        path.write_text(yaml.safe_dump(content))

    def stop(self) -> None:
        process.stop(self.workspace.cloud)

    def _run(self, stack: str, command: Callable[[Any], Outcome]) -> Result:
        session, log, cloud = self.session(stack), Log(), self.cloud
        with session.locked():
            session.settle(cloud, log)
            begun = cloud.writes()
            outcome = command(session.engine(self.engine_name, cloud, log))
        return Result(outcome, log, cloud.writes() - begun)


def shown(result: Result) -> str:
    """For a failed assertion: what went wrong."""
    moved = [f"{change.op} {change.type} {change.name} {change.details}" for change in result.log.moved()]
    return os.linesep.join([*result.log.failures, *result.log.notes, *moved])
