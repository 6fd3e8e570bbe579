"""The engine without a program: tests register what a program would, against the provider of things in this process."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2_grpc as rpc

from sandbox.engine.deployment import Answer, Deployment
from sandbox.engine.goal import Goal
from sandbox.engine.outcome import Op, Outcome
from sandbox.engine.provider import Provider, ProviderError
from sandbox.engine.run import Run
from sandbox.engine.state import State
from sandbox.engine.urns import STACK_TYPE
from sandbox.providers import protocol
from tests.sandbox.engine.program import Recorder
from tests.sandbox.engine.things import Things, existing, log

TYPE = "things:index:Thing"
_GOAL = Goal.__dataclass_fields__.keys() - {"name", "urn"}


class Plugins:
    """Providers of things as servers in this process."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._servers: list[Any] = []

    def prepare(self, package: str) -> None:
        pass

    def start(self, package: str) -> Provider:
        if package != "things":
            raise ProviderError(f"the sandbox has no provider for package {package!r}; it has things")
        things = Things({"THINGS": str(self._directory)})
        server, port = protocol.start(things, "1.0.0")
        self._servers.append(server)
        return Provider(rpc.ResourceProviderStub(grpc.insecure_channel(f"127.0.0.1:{port}")))

    def stop(self) -> None:
        for server in self._servers:
            server.stop(None)


class Program(Deployment):
    """Registers things by name."""

    def urn_of(self, name: str, type_: str = TYPE) -> str:
        return self.urn("", type_, name)

    def thing(self, label: str, /, *, needs: tuple[str, ...] = (), **options: Any) -> Answer:
        """Register a thing; what is no field of ``Goal`` is an input, ``needs`` are the things it depends on."""
        goal: dict[str, Any] = {key: options.pop(key) for key in list(options) if key in _GOAL}
        dependencies = [self.urn_of(item) for item in needs]
        type_ = goal.pop("type", TYPE)
        fields: dict[str, Any] = {"inputs": options, "dependencies": dependencies, **goal}
        return self.register(
            Goal(
                urn=self.urn(goal.get("parent", ""), type_, label),
                type=type_,
                name=label,
                **fields,
            )
        )

    def made_from(self, label: str, source: str, value: str | None = None, **options: Any) -> Answer:
        """A thing with an input taken from another one: it must be replaced when that input changes."""
        urn = self.urn_of(source)
        taken = self.run.seen[urn].outputs["address"] if value is None else value
        return self.thing(
            label, needs=(source,), property_dependencies={"made_from": [urn]}, made_from=taken, **options
        )


class Direct:
    """A stack whose runs are made of registrations."""

    def __init__(self, directory: Path) -> None:
        self.things_directory = directory / "things"
        self.path = directory / "state.json"
        self.recorder = Recorder()
        self.outcome = Outcome()

    @contextmanager
    def run(
        self, *, preview: bool = False, sweep: bool = True, config: dict[str, str] | None = None
    ) -> Generator[Program]:
        """One update (or preview); what is not registered inside is deleted at the end."""
        self.recorder = Recorder()
        plugins: Any = Plugins(self.things_directory)
        state = State.load(self.path, writable=not preview)
        run = Run("toys", "dev", config or {}, state, plugins, self.recorder, preview)
        program = Program(run)
        try:
            yield program
            if run.outcome.ok and sweep:
                program.removal.sweep()
        finally:
            plugins.stop()
            state.save()
            self.outcome = run.outcome

    def destroy(self) -> Outcome:
        with self.run(sweep=False) as program:
            program.removal.everything()
        return self.outcome

    def state(self) -> State:
        return State.load(self.path, writable=False)

    def things(self) -> dict[str, Any]:
        return existing(self.things_directory)

    def log(self) -> list[str]:
        return log(self.things_directory)

    def names(self, op: Op) -> list[str]:
        return sorted(change.name for change in self.recorder.changes if change.op is op and change.type != STACK_TYPE)
