"""One stack in the sandbox: its lock, its cloud, its engine."""

import fcntl
import json
import os
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sandbox import standing
from sandbox.cloud.process import Cloud
from sandbox.engine.outcome import Outcome, Reporter
from sandbox.engine.project import Project
from sandbox.engine.real import Real, installed
from sandbox.engine.standin import StandIn
from sandbox.engine.state import write_private
from sandbox.workspace import Workspace

STAND_IN, PULUMI, AUTO = "stand-in", "pulumi", "auto"
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "SLIPWAY_CRDS")


class SessionError(Exception):
    """The stack cannot be worked on; the message is for the user."""


class Engine(Protocol):
    """What both engines do."""

    @property
    def title(self) -> str:
        """How it calls itself in a summary."""

    def up(self) -> Outcome:
        """Bring the stack to what the program declares."""

    def preview(self) -> Outcome:
        """Say what ``up`` would do."""

    def destroy(self) -> Outcome:
        """Delete what is not protected."""

    def discard(self) -> None:
        """Forget a stack that was only previewed."""


@dataclass(frozen=True)
class Session:
    """A stack of a project in a workspace."""

    workspace: Workspace
    project: Project
    stack: str

    @contextmanager
    def locked(self) -> Generator[None]:
        """One command at a time changes the stack; the lock ends with the process that holds it."""
        path = self.workspace.root / "locks" / f"{self.stack}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = path.read_text().strip()
                raise SessionError(f"stack {self.stack} is being worked on by process {holder}") from None
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            yield

    @property
    def region(self) -> str:
        """The stack's region."""
        return self.project.config(self.stack).get("aws:region", "us-east-1")

    @property
    def record(self) -> dict[str, Any]:
        """What the last command left: ``engine``, ``cloud`` and, after an ``up``, ``last``; empty if none."""
        try:
            content: dict[str, Any] = json.loads(self._record_path.read_text())
        except (OSError, ValueError):
            return {}
        return content

    def note(self, **values: Any) -> None:
        """Add to the record."""
        self._record_path.parent.mkdir(parents=True, exist_ok=True)
        write_private(self._record_path, json.dumps({**self.record, **values}, indent=1, sort_keys=True))

    def environment(self, cloud: Cloud) -> dict[str, str]:
        """All of the environment of the program and its plugins: nothing of the user's but where programs and home are.

        So neither a profile nor an endpoint of the user's shell can lead to an account.
        """
        base = {key: os.environ[key] for key in _KEPT if key in os.environ}
        files = {
            "SLIPWAY_MANIFESTS": str(self.workspace.manifests(cloud.instance)),
            "SLIPWAY_CLAIMS": str(self.workspace.claims(self.stack)),
        }
        return {**base, **cloud.environment(self.region), **files}

    def settle(self, cloud: Cloud | None, reporter: Reporter) -> None:
        """If the cloud that the stack was in is gone, set what was known of it aside."""
        if cloud:
            standing.ensure(self.project.config(self.stack), self.environment(cloud))
        record = self.record
        if not record or (cloud and record.get("cloud") == cloud.instance):
            return
        old = str(record.get("cloud"))[:8]
        target = self.workspace.root / "aside" / f"{self.stack}-{old}"
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        if record.get("engine") == PULUMI:
            Real.set_aside(self.workspace, self.project, self.stack)
        self.workspace.stack(self.stack).rename(target)
        reporter.note(
            f"warning: the cloud that {self.stack} was in ({old}) has ended and everything in it is gone; "
            f"its old state is kept in {_short(target)}"
        )

    def engine(self, choice: str, cloud: Cloud, reporter: Reporter) -> Engine:
        """The engine of ``choice``; ``auto`` stays with the one that the stack has, else takes Pulumi where it is.

        Raises ``SessionError``.
        """
        had = self.record.get("engine")
        found = installed()
        if choice == AUTO:
            choice = had or (PULUMI if found else STAND_IN)
        if had and had != choice:
            raise SessionError(
                f"stack {self.stack} was brought up with engine {had}: take it down before changing that"
            )
        if choice == PULUMI and not found:
            raise SessionError("engine pulumi: there is no `pulumi` on PATH")
        self.note(engine=choice, cloud=cloud.instance)
        environment: Mapping[str, str] = self.environment(cloud)
        if choice == PULUMI:
            return Real(self.workspace, self.project, self.stack, environment, reporter)
        return StandIn(
            project=self.project,
            stack=self.stack,
            state=self.workspace.state(self.stack),
            environment=environment,
            reporter=reporter,
            cloud=cloud.instance,
            states=lambda other: self._state_of(other, cloud),
        )

    def others(self, cloud: Cloud) -> list[str]:
        """Other stacks that are in ``cloud``."""
        names = [name for name in self.workspace.stacks() if name != self.stack]
        return [name for name in names if self._state_of(name, cloud)]

    def forget(self) -> None:
        """The stack is empty: remove its files."""
        shutil.rmtree(self.workspace.stack(self.stack), ignore_errors=True)

    def _state_of(self, stack: str, cloud: Cloud) -> Path | None:
        other = Session(self.workspace, self.project, stack)
        return self.workspace.state(stack) if other.record.get("cloud") == cloud.instance else None

    @property
    def _record_path(self) -> Path:
        return self.workspace.stack(self.stack) / "stack.json"


def _short(path: Path) -> str:
    return os.path.relpath(path)
