"""Pulumi's own engine, kept apart from everything of the user's.

A ``PULUMI_HOME`` of its own whose plugins are the sandbox's providers, a file backend of its own, no network. Pulumi
writes a salt into a stack's settings when the stack is made: it is made in a private copy, and every command gets that
copy, so the tree stays as it is.
"""

import json
import os
import shlex
import shutil
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sandbox import loopback
from sandbox.engine.events import Events
from sandbox.engine.outcome import Outcome, Reporter
from sandbox.engine.plugins import COMMANDS
from sandbox.engine.project import Project
from sandbox.engine.urns import PROVIDER_PREFIX, name_of
from sandbox.providers.protocol import sdk_version
from sandbox.workspace import ROOT, Workspace

_ISOLATION = {
    "PULUMI_SKIP_UPDATE_CHECK": "true",
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    "PULUMI_DISABLE_REGISTRY_RESOLVE": "true",
    "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
    "PULUMI_SUPPRESS_NEO_LINK": "true",
    "PULUMI_CONFIG_PASSPHRASE": "",
    "PULUMI_DEBUG_COMMANDS": "true",  # makes --event-log known
}


class PulumiError(Exception):
    """Pulumi refused a command; the message is its own."""


def installed() -> bool:
    """Whether ``pulumi`` is on PATH."""
    return shutil.which("pulumi") is not None


def plugin_versions() -> dict[str, str]:
    """Versions that the installed SDKs ask for, by package."""
    return {package: sdk_version(f"pulumi_{package}") for package in COMMANDS}


@dataclass(frozen=True)
class Real:
    """Pulumi's engine for one stack."""

    workspace: Workspace
    project: Project
    stack: str
    environment: Mapping[str, str]
    """All of the environment of Pulumi, the program and the plugins."""
    reporter: Reporter
    commands: Mapping[str, Sequence[str]] = field(default_factory=lambda: COMMANDS)
    versions: Mapping[str, str] = field(default_factory=plugin_versions)

    title: str = "Pulumi's engine"

    def up(self) -> Outcome:
        """Bring the stack to what the program declares."""
        return self._deploy("up", "--yes", "--skip-preview")

    def preview(self) -> Outcome:
        """Say what ``up`` would do; changes nothing."""
        return self._deploy("preview")

    def destroy(self) -> Outcome:
        """Delete everything but what is protected and what that stands on."""
        self._prepare()
        before = self._resources()
        outcome = self._run("destroy", "--yes", "--skip-preview", "--exclude-protected")
        left = {resource["urn"] for resource in self._resources()}
        for resource in before:
            if resource["urn"] not in left and resource.get("retainOnDelete"):
                outcome.retained.append(f"{resource['type']} {resource.get('id', '')}")
            elif resource["urn"] in left and resource.get("protect"):
                outcome.protected.append(f"{resource['type']} {name_of(resource['urn'])}")
        self._survey(outcome)
        outcome.outputs = {}
        if outcome.ok and not left:
            self.discard()
        return outcome

    def discard(self) -> None:
        """Forget a stack that is empty or was only previewed."""
        self._pulumi("stack", "rm", "--yes", "--preserve-config", private=True)

    @staticmethod
    def set_aside(workspace: Workspace, project: Project, stack: str) -> None:
        """Move Pulumi's state of a stack whose cloud is gone to the stack's other files."""
        directory = workspace.pulumi_state / ".pulumi" / "stacks" / project.name
        for path in directory.glob(f"{stack}.json*"):
            path.rename(workspace.stack(stack) / path.name)

    def _deploy(self, *command: str) -> Outcome:
        self._prepare()
        outcome = self._run(*command)
        self._survey(outcome)
        return outcome

    @property
    def _private(self) -> Path:
        return self.workspace.stack(self.stack) / "pulumi"

    @property
    def _config_file(self) -> Path:
        return self._private / "config" / f"Pulumi.{self.stack}.yaml"

    def _prepare(self) -> None:
        """Plugins, a stack, and its settings as they are now with the salt that the stack got."""
        loopback.require(self.environment["AWS_ENDPOINT_URL"])
        for package, command in self.commands.items():
            self._install(package, command)
        self.workspace.pulumi_state.mkdir(parents=True, exist_ok=True)
        self._config_file.parent.mkdir(parents=True, exist_ok=True)
        (self._private / "Pulumi.yaml").write_text(
            f"name: {self.project.name}\nruntime: python\nstackConfigDir: config\n"
        )
        salt = None
        if self._config_file.exists():
            salt = (yaml.safe_load(self._config_file.read_text()) or {}).get("encryptionsalt")
        settings = self.project.stack_file(self.stack).read_text()
        known = self.workspace.pulumi_state / ".pulumi" / "stacks" / self.project.name / f"{self.stack}.json"
        if salt and known.exists():
            settings += f"\nencryptionsalt: {salt}\n"
        self._config_file.write_text(settings)
        if not known.exists():
            self._pulumi("stack", "init", "--no-select", private=True)
        # the sandbox has a lock that ends with its holder; Pulumi's would outlive a killed run
        locks = self.workspace.pulumi_state / ".pulumi" / "locks" / "organization" / self.project.name / self.stack
        shutil.rmtree(locks, ignore_errors=True)

    def _install(self, package: str, command: Sequence[str]) -> None:
        name = f"resource-{package}-v{self.versions[package]}"
        script = self.workspace.pulumi_home / "plugins" / name / f"pulumi-resource-{package}"
        path = shlex.quote(str(ROOT))
        text = f'#!/bin/sh\nPYTHONPATH={path} exec {shlex.join(command)} "$@"\n'
        if not script.exists() or script.read_text() != text:
            script.parent.mkdir(parents=True, exist_ok=True)
            script.write_text(text)
            script.chmod(0o755)

    def _run(self, command: str, *options: str) -> Outcome:
        log = self._private / "events.json"
        log.unlink(missing_ok=True)
        log.touch()
        events = Events(self.reporter)
        output = self._private / "output.log"
        with output.open("w") as stream:
            process = subprocess.Popen(  # noqa: S603 -- Pulumi, with arguments of ours
                self._command(command, *options, "--event-log", str(log), "--config-file", str(self._config_file)),
                cwd=self.project.root,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            ended = threading.Event()
            follower = threading.Thread(target=events.follow, args=(log, ended))
            follower.start()
            try:
                code = process.wait()
            except BaseException:
                process.send_signal(signal.SIGINT)  # Pulumi finishes the operations under way
                process.wait()
                raise
            finally:
                ended.set()
                follower.join()
        outcome = events.outcome
        if code != 0:
            outcome.ok = False
            if not events.failed:
                lines = output.read_text().splitlines()[-30:]
                self.reporter.failure("", "pulumi", "\n".join(lines) or f"ended with code {code}")
        return outcome

    def _survey(self, outcome: Outcome) -> None:
        """What there is now."""
        for resource in self._resources():
            outcome.types[resource["type"]] += 1
            if (resource.get("outputs") or {}).get("__recorded"):
                outcome.recorded[resource["type"]] += 1

    def _resources(self) -> list[dict[str, Any]]:
        """The stack's resources as its state has them, without default providers."""
        deployment = json.loads(self._pulumi("stack", "export", private=True)).get("deployment") or {}
        return [
            resource
            for resource in deployment.get("resources") or []
            if not (resource["type"].startswith(PROVIDER_PREFIX) and name_of(resource["urn"]).startswith("default"))
        ]

    def _pulumi(self, *command: str, private: bool) -> str:
        result = subprocess.run(  # noqa: S603 -- Pulumi, with arguments of ours
            self._command(*command),
            cwd=self._private if private else self.project.root,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            raise PulumiError(f"pulumi {' '.join(command)}: {(result.stderr or result.stdout).strip()}")
        return result.stdout

    def _command(self, *command: str) -> list[str]:
        return ["pulumi", *command, "--stack", self.stack, "--non-interactive", "--color", "never"]

    def _environment(self) -> dict[str, str]:
        home = str(self.workspace.pulumi_home)
        backend = f"file://{self.workspace.pulumi_state}"
        return {
            "LANG": os.environ.get("LANG", "C.UTF-8"),
            **self.environment,
            **_ISOLATION,
            "PULUMI_HOME": home,
            "PULUMI_BACKEND_URL": backend,
        }
