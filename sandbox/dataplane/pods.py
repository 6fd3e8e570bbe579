"""Pods as local processes: the model server of a pod's template, with its artifact fetched and checked before.

There is no container here. The init container's command runs as it is declared, with a folder of its own in place of
the pod's, and the server starts from the example's source with the environment that the template says. A pod that
fetches another artifact than the released one never starts, here as there. One process stands for all replicas of an
arm.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.dataplane.clusters import Address
from sandbox.dataplane.processes import KEPT, ProcessError, Program, free_port, get
from sandbox.loopback import require

_START_SECONDS = 60.0
_FETCH_SECONDS = 120.0
_LABEL = re.compile(r"metadata\.labels\['([^']+)'\]")
_CONTAINER = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive", "PYTHONUNBUFFERED": "1"}
"""What the example's image sets."""


@dataclass
class Pod:
    """A running pod."""

    name: str
    labels: dict[str, str]
    address: Address
    program: Program
    events: Path
    """Its prediction log."""

    @property
    def release(self) -> str:
        """The release that it serves."""
        return self.labels["release"]

    @property
    def ready(self) -> bool:
        """Whether a Service sends it requests."""
        return self.program.alive

    def stop(self) -> None:
        """End it."""
        self.program.stop()


class Node:
    """Where pods run."""

    def __init__(self, source: Path, directory: Path, environment: Mapping[str, str], subject_key: str) -> None:
        """``source`` has the ``serve.py`` of the model's image; ``environment`` leads to the artifact store."""
        require(environment["AWS_ENDPOINT_URL"])
        self._source, self._directory, self._environment = source, directory, dict(environment)
        self._subject_key = subject_key
        self.pods: list[Pod] = []
        self.quiet: Callable[[], AbstractContextManager[object]] = nullcontext
        """Entered while a pod starts. A load that shares its processors with it may wait; a cluster has others."""

    def start(self, name: str, template: Mapping[str, Any], labels: Mapping[str, str]) -> Pod:
        """Run a pod of ``template`` with ``labels`` beside its own; raises ``ProcessError`` if it never gets ready."""
        with self.quiet():
            return self._started(name, template, labels)

    def _started(self, name: str, template: Mapping[str, Any], labels: Mapping[str, str]) -> Pod:
        folder = self._directory / name
        folder.mkdir(parents=True)
        all_labels = {**template["metadata"]["labels"], **labels}
        artifact = folder / "artifact"
        for container in template["spec"].get("initContainers", []):
            self._fetch(container, artifact)
        (server,) = template["spec"]["containers"]
        port = free_port()
        variables = _variables(server, all_labels)
        own = {
            "SLIPWAY_ARTIFACT": str(artifact),
            "SLIPWAY_HOST": "127.0.0.1",
            "SLIPWAY_PORT": str(port),
            "SLIPWAY_PREDICTION_LOG": str(folder / "predictions.jsonl"),
            "SLIPWAY_SUBJECT_KEY": self._subject_key,
        }
        command = [sys.executable, str(self._source / "serve.py")]
        program = Program(name, command, {**_CONTAINER, **variables, **own}, folder / "log")
        pod = Pod(name, all_labels, ("127.0.0.1", port), program, folder / "predictions.jsonl")
        self.pods.append(pod)
        path = server.get("readinessProbe", {}).get("httpGet", {}).get("path", "/readyz")
        program.wait(lambda: bool(get(f"http://127.0.0.1:{port}{path}")), _START_SECONDS)
        return pod

    def stop(self, pod: Pod) -> None:
        """End a pod."""
        pod.stop()
        self.pods.remove(pod)

    def close(self) -> None:
        """End all pods."""
        for pod in self.pods:
            pod.stop()
        self.pods.clear()

    def endpoints(self, services: Sequence[Mapping[str, Any]]) -> dict[str, list[Address]]:
        """Service -> where the ready pods that it selects listen."""
        found: dict[str, list[Address]] = {}
        for service in services:
            wanted = service["spec"].get("selector") or {}
            chosen = [pod for pod in self.pods if pod.ready and wanted.items() <= pod.labels.items()]
            found[service["metadata"]["name"]] = [pod.address for pod in chosen]
        return found

    def _fetch(self, container: Mapping[str, Any], artifact: Path) -> None:
        """Run ``slipway artifact fetch`` as the init container does."""
        command, arguments = list(container["command"]), [str(item) for item in container["args"]]
        if command[0] != "slipway":
            raise ProcessError(f"{container['name']}: accepted: a command of slipway: received: {command}")
        arguments[arguments.index("--to") + 1] = str(artifact)
        variables = {item["name"]: item["value"] for item in container.get("env", [])}
        kept = {key: value for key, value in self._environment.items() if key in KEPT or key.startswith("AWS_")}
        program = [sys.executable, "-c", "from slipway_ops.cli import main; main()"]
        done = subprocess.run(  # noqa: S603 -- our own command, as the manifest has it
            [*program, *command[1:], *arguments],
            env={**kept, **variables, "NO_PROXY": "127.0.0.1,localhost"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_FETCH_SECONDS,
        )
        if done.returncode != 0:
            raise ProcessError(f"{container['name']} ended with code {done.returncode}: {done.stderr.strip()}")


def _variables(container: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, str]:
    """The container's environment; a field reference is a label of the pod."""
    found: dict[str, str] = {}
    for item in container.get("env", []):
        if "value" in item:
            found[item["name"]] = item["value"]
            continue
        path = item["valueFrom"].get("fieldRef", {}).get("fieldPath", "")
        match = _LABEL.fullmatch(path)
        if not match:
            raise ProcessError(f"{item['name']}: accepted: a value or a label of the pod: received: {item}")
        found[item["name"]] = labels[match[1]]
    return found
