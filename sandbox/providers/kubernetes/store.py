"""A cluster's objects as manifest files: ``<kind>[.<group>]_<namespace>_<name>.yaml``.

Whatever an object holds, a Secret too, stands there in plain text, so files are readable by their owner only.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from sandbox.providers.kubernetes.kinds import ObjectKind

Manifest = dict[str, Any]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class Store:
    """The manifests of one cluster."""

    def __init__(self, directory: Path, cluster: str) -> None:
        """``cluster`` is any text that identifies it, such as its ARN."""
        readable = re.sub(r"[^A-Za-z0-9.-]+", "-", cluster.rpartition("/")[2])[:40].strip(".-") or "cluster"
        self.directory = directory / f"{readable}-{hashlib.sha256(cluster.encode()).hexdigest()[:8]}"

    def get(self, kind: ObjectKind, namespace: str, name: str) -> Manifest | None:
        """The object, or None; raises ``ValueError`` that names the file if it holds something else."""
        path = self._path(kind, namespace, name)
        try:
            document = yaml.load(path.read_bytes(), _LOADER)  # noqa: S506 -- a safe loader
        except FileNotFoundError:
            return None
        except yaml.YAMLError as error:
            raise ValueError(f"{path}: accepted: a Kubernetes object in YAML: received: {error}") from None
        if not isinstance(document, dict) or not isinstance(document.get("metadata"), dict):
            raise ValueError(f"{path}: accepted: a Kubernetes object with metadata: received: something else")
        return document

    def put(self, kind: ObjectKind, namespace: str, name: str, manifest: Manifest) -> None:
        """Write the object in one step."""
        path = self._path(kind, namespace, name)
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=self.directory, prefix=".")  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                yaml.dump(manifest, file, _DUMPER, encoding="utf-8", sort_keys=True, allow_unicode=True, width=120)
            Path(partial).replace(path)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise

    def delete(self, kind: ObjectKind, namespace: str, name: str) -> None:
        """Remove the object, if it is there; a namespace takes everything in it along, as in a cluster."""
        if kind == ObjectKind("v1", "Namespace"):
            for path in self._within(name):
                path.unlink(missing_ok=True)
        self._path(kind, namespace, name).unlink(missing_ok=True)

    def namespaces(self) -> list[str]:
        """Names of the namespaces that are here."""
        return sorted(
            path.name.split("_")[2].removesuffix(".yaml") for path in self.directory.glob("namespace__*.yaml")
        )

    def _within(self, namespace: str) -> Iterator[Path]:
        return (path for path in self.directory.glob("*.yaml") if path.name.split("_")[1] == namespace)

    def _path(self, kind: ObjectKind, namespace: str, name: str) -> Path:
        group = f".{kind.group}" if kind.group else ""
        # Names have no underscore, so no two objects share a file. RBAC allows others, such as ":".
        safe = re.sub(r"[^A-Za-z0-9.:-]", lambda match: f"%{ord(match[0]):x}", name)
        return self.directory / f"{kind.name.lower()}{group}_{namespace}_{safe}.yaml"
