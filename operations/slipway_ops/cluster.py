"""Reads the objects of an environment's cluster: through ``kubectl``, or from a folder of manifests.

Only what exists is read; nothing here writes to a cluster.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import yaml

from slipway_ops.problems import ReleaseError, refused

Object = Mapping[str, Any]

MANIFESTS = "SLIPWAY_MANIFESTS"
"""Environment variable: folder of the clusters' manifests, as the sandbox keeps them."""
TIMEOUT_SECONDS = 30

_ABSENT = ("NotFound", "not found", "the server doesn't have a resource type")


class Cluster(Protocol):
    """One cluster."""

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """The object, such as of the kind ``rollout.argoproj.io``; None where there is none."""

    def list(self, kind: str, namespace: str, labels: Mapping[str, str]) -> list[Object]:
        """The objects that carry all of ``labels``."""


class Kubectl:
    """What ``kubectl`` reaches."""

    def __init__(self, name: str, context: str | None = None) -> None:
        """The cluster called ``name``, by the context of that name or by ``current``, which must lead to it."""
        program = shutil.which("kubectl")
        if program is None:
            raise refused("cluster", "kubectl", f"kubectl on PATH, or --manifests or {MANIFESTS}", None)
        self._command = [program, *(["--context", context] if context else [])]
        if context is None:
            self._check_context(name)

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """As in ``Cluster``."""
        found: Object | None = self._json("get", kind, name, "--namespace", namespace)
        return found

    def list(self, kind: str, namespace: str, labels: Mapping[str, str]) -> list[Object]:
        """As in ``Cluster``."""
        selector = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
        found = self._json("get", kind, "--namespace", namespace, "--selector", selector) or {}
        items: list[Object] = found.get("items", [])
        return items

    def _check_context(self, name: str) -> None:
        """The current context may be that of another environment."""
        config = self._json("config", "view", "--minify") or {}
        clusters = [entry.get("name", "") for entry in config.get("clusters") or []]
        if not any(cluster.rpartition("/")[2] == name for cluster in clusters):
            accepted = f"a context of the cluster {name}, because kubectl's current one is not"
            raise refused("cluster", "--context", accepted, config.get("current-context") or None)

    def _json(self, *arguments: str) -> Any:
        command = [*self._command, *arguments, "--output", "json"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)  # noqa: S603 -- kubectl
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ReleaseError(f"cluster: kubectl {arguments[0]}: {error}") from None
        if done.returncode == 0:
            return json.loads(done.stdout)
        message = " ".join(done.stderr.split())
        if arguments[0] == "get" and any(words in message for words in _ABSENT):
            return None
        raise ReleaseError(f"cluster: kubectl {' '.join(arguments[:2])} failed: {message}")


class Folder:
    """A folder of objects: ``<kind>[.<group>]_<namespace>_<name>.yaml``, as the sandbox's provider writes them."""

    def __init__(self, directory: Path, name: str) -> None:
        """``directory`` is that of the cluster called ``name``, or has it as ``<name>-<8 hex>``."""
        found = sorted(path for path in directory.glob(f"{name}-????????") if path.is_dir())
        if not found and any(directory.glob("*_*_*.yaml")):
            found = [directory]
        if len(found) != 1:
            accepted = f"a folder with the objects of {name}, or one folder {name}-<8 hex>"
            received = ", ".join(path.name for path in found) or None
            raise refused(f"cluster: {directory}", f"--manifests or {MANIFESTS}", accepted, received)
        self.directory = found[0]

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """As in ``Cluster``."""
        path = self.directory / f"{kind}_{namespace}_{name}.yaml"
        return self._read(path) if path.is_file() else None

    def list(self, kind: str, namespace: str, labels: Mapping[str, str]) -> list[Object]:
        """As in ``Cluster``."""
        found = [self._read(path) for path in sorted(self.directory.glob(f"{kind}_{namespace}_*.yaml"))]
        return [one for one in found if labels.items() <= ((one.get("metadata") or {}).get("labels") or {}).items()]

    @staticmethod
    def _read(path: Path) -> Object:
        try:
            found = yaml.safe_load(path.read_bytes())
        except (OSError, yaml.YAMLError) as error:
            raise ReleaseError(f"{path}: {' '.join(str(error).split())}") from None
        if not isinstance(found, dict):
            raise refused(str(path), "object", "an object of Kubernetes", type(found).__name__)
        return found
