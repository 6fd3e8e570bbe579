"""A stand-in for Pulumi's engine: runs the same program against the same plugins, for the sandbox only.

It exists so that a machine with nothing but Python can bring an environment up. It is never used for a real account:
it refuses to start where the cloud's address is not this machine.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sandbox import loopback
from sandbox.engine.deployment import Deployment
from sandbox.engine.monitor import serve
from sandbox.engine.outcome import Outcome, Reporter
from sandbox.engine.plugins import COMMANDS, Plugins
from sandbox.engine.project import Project
from sandbox.engine.run import Run
from sandbox.engine.state import State
from sandbox.workspace import ROOT


@dataclass(frozen=True)
class StandIn:
    """The stand-in engine for one stack."""

    project: Project
    stack: str
    state: Path
    environment: Mapping[str, str]
    """All of the environment of the program and the plugins."""
    reporter: Reporter
    cloud: str = ""
    """Instance of the cloud that the state belongs to."""
    states: Callable[[str], Path | None] = lambda _stack: None
    """Where the state of another stack is, for StackReferences."""
    commands: Mapping[str, Sequence[str]] = field(default_factory=lambda: COMMANDS)

    title: str = "stand-in engine: never used for a real account"

    def up(self) -> Outcome:
        """Bring the stack to what the program declares."""
        return self._deploy(preview=False)

    def preview(self) -> Outcome:
        """Say what ``up`` would do; changes nothing."""
        return self._deploy(preview=True)

    def destroy(self) -> Outcome:
        """Delete everything but what is protected and what that stands on."""
        state = self._load(writable=True)
        plugins = self._plugins()
        try:
            run = self._run(state, plugins, preview=False)
            deployment = Deployment(run)
            deployment.removal.everything()
        finally:
            plugins.stop()
            state.save()
        return _finish(run)

    def discard(self) -> None:
        """Forget a stack that was only previewed: nothing was written."""

    def _deploy(self, *, preview: bool) -> Outcome:
        state = self._load(writable=not preview)
        if not preview:
            state.save()
        plugins = self._plugins()
        try:
            used = {entry.package for entry in state.resources.values() if entry.is_provider}
            for package in sorted(used) or ["aws"]:
                plugins.prepare(package)  # while the program imports its SDKs
            run = self._run(state, plugins, preview=preview)
            deployment = Deployment(run)
            self._execute(deployment)
            if run.outcome.ok:
                deployment.removal.sweep()
        finally:
            plugins.stop()
            if not preview:
                state.save()
        return _finish(run)

    def _execute(self, deployment: Deployment) -> None:
        """Run the program to its end, and note if that was not a good one."""
        run = deployment.run
        address, stop = serve(deployment)
        command = [sys.executable, "-u", "-m", "sandbox.engine.program", "--monitor", address]
        command += ["--project", run.project, "--stack", run.stack, "--root", str(self.project.root)]
        if run.preview:
            command.append("--preview")
        process = subprocess.Popen(  # noqa: S603 -- our own launcher
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.project.root,
            env={**self._child_environment(), "PULUMI_CONFIG": json.dumps(run.config)},
            start_new_session=True,  # an interrupt is ours to handle: operations under way are finished first
        )
        printer = threading.Thread(target=_echo, args=(process, run), daemon=True)
        printer.start()
        try:
            code = process.wait()
            printer.join(5)
            if code != 0 and run.outcome.ok:
                run.fail("", "", "program", f"the program ended with code {code}")
        finally:
            process.kill()
            process.wait()
            stop()

    def _load(self, *, writable: bool) -> State:
        loopback.require(self.environment["AWS_ENDPOINT_URL"])
        state = State.load(self.state, writable=writable)
        if state.cloud and self.cloud and state.cloud != self.cloud:
            state = State(self.state if writable else None)
        state.stack, state.cloud = self.stack, self.cloud
        for pending in state.pending.values():
            self.reporter.note(f"an earlier run was interrupted while it did this: {pending.kind} {pending.urn}")
        if writable:
            state.pending.clear()
        return state

    def _plugins(self) -> Plugins:
        log = self.state.with_name("providers.log")
        return Plugins(self._child_environment(), self.project.root, log, self.commands)

    def _child_environment(self) -> dict[str, str]:
        return {**self.environment, "PYTHONPATH": str(ROOT), "PULUMI_PROJECT": self.project.name}

    def _run(self, state: State, plugins: Plugins, *, preview: bool) -> Run:
        return Run(
            project=self.project.name,
            stack=self.stack,
            config=self.project.config(self.stack),
            state=state,
            plugins=plugins,
            reporter=self.reporter,
            preview=preview,
            states=self.states,
        )


def _echo(process: "subprocess.Popen[str]", run: Run) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        run.reporter.note(line.rstrip("\n"))


def _finish(run: Run) -> Outcome:
    outcome = replace(run.outcome)
    for entry in run.state.resources.values():
        if not entry.is_default_provider:
            outcome.types[entry.type] += 1
            if entry.recorded:
                outcome.recorded[entry.type] += 1
    return outcome
