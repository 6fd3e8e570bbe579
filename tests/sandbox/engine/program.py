"""Programs made of things, and the engine that runs them."""

import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.engine.outcome import Change, Op, Outcome
from sandbox.engine.project import Project
from sandbox.engine.standin import StandIn
from sandbox.engine.state import State
from tests.sandbox.engine.things import existing, log

COMMANDS = {"things": (sys.executable, "-u", "-m", "tests.sandbox.engine.things")}

HEADER = """
import pulumi


class Thing(pulumi.CustomResource):
    address: pulumi.Output[str]
    size: pulumi.Output[int]

    def __init__(self, name, props=None, opts=None):
        super().__init__("things:index:Thing", name, {"address": None, "size": None, **(props or {})}, opts)


class Box(pulumi.ComponentResource):
    def __init__(self, name, props=None, opts=None):
        super().__init__("boxes:index:Box", name, props, opts)


class Kit(pulumi.ComponentResource):
    label: pulumi.Output[str]

    def __init__(self, name, props=None, opts=None):
        super().__init__("things:index:Kit", name, {"label": None, **(props or {})}, opts, remote=True)


class Things(pulumi.ProviderResource):
    def __init__(self, name, props=None, opts=None):
        super().__init__("things", name, props, opts)


options = pulumi.ResourceOptions
"""


@dataclass
class Recorder:
    """Keeps what the engine reports."""

    changes: list[Change] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def change(self, change: Change) -> None:
        self.changes.append(change)

    def failure(self, type_: str, name: str, message: str) -> None:
        self.failures.append((name, message))

    def note(self, text: str) -> None:
        self.notes.append(text)

    def named(self, name: str) -> Change:
        return next(change for change in self.changes if change.name == name)


class World:
    """A project directory whose program tests write, and the things it makes."""

    def __init__(self, directory: Path) -> None:
        self.open(directory)
        self.project_directory.mkdir()
        (self.project_directory / "Pulumi.yaml").write_text("name: toys\nruntime: python\n")
        self.config("dev")

    def open(self, directory: Path) -> None:
        """A world that there is already."""
        self.directory = directory
        self.things_directory = directory / "things"
        self.project_directory = directory / "project"
        self.recorder = Recorder()

    def config(self, stack: str, text: str = "") -> None:
        (self.project_directory / f"Pulumi.{stack}.yaml").write_text(f"config:\n{textwrap.indent(text, '  ')}\n")

    def program(self, text: str) -> None:
        (self.project_directory / "__main__.py").write_text(HEADER + textwrap.dedent(text))

    def state_path(self, stack: str = "dev") -> Path:
        return self.directory / "stacks" / stack / "state.json"

    def state(self, stack: str = "dev") -> State:
        return State.load(self.state_path(stack), writable=False)

    def engine(self, stack: str = "dev", cloud: str = "one", kill: bool = False) -> StandIn:
        self.recorder = Recorder()
        environment = {
            "PATH": "/usr/bin:/bin",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
            "THINGS": str(self.things_directory),
            "KILL": "yes" if kill else "no",
        }
        return StandIn(
            project=Project.at(self.project_directory),
            stack=stack,
            state=self.state_path(stack),
            environment=environment,
            reporter=self.recorder,
            cloud=cloud,
            states=self.state_path,
            commands=COMMANDS,
        )

    def up(self, program: str | None = None, stack: str = "dev") -> Outcome:
        if program is not None:
            self.program(program)
        return self.engine(stack).up()

    def things(self) -> dict[str, dict[str, object]]:
        return existing(self.things_directory)

    def log(self) -> list[str]:
        return log(self.things_directory)

    def ops(self, op: Op) -> list[str]:
        return [change.name for change in self.recorder.changes if change.op is op]
