"""The provider: checks objects as an API server would, and keeps them as files."""

import hashlib
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from sandbox.providers.backend import Backend, Existing, Failure
from sandbox.providers.changes import Difference, compare
from sandbox.providers.kubernetes import config, crds, objects, pod_security, rules, schema
from sandbox.providers.kubernetes.kinds import KindError, ObjectKind
from sandbox.providers.kubernetes.store import Manifest, Store
from sandbox.providers.values import UNKNOWN, Properties

MANIFESTS = "SLIPWAY_MANIFESTS"
"""Environment variable: the directory of all clusters' manifests."""
NAMESPACE_WAIT = 10.0
"""Seconds that a create waits for its namespace, which may be made at the same time."""
FOREIGN_WAIT = 1.0
"""Seconds after which a stack without any namespace is taken to use another stack's."""
_BUILT_IN_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_NAMESPACE = ObjectKind("v1", "Namespace")


class KubernetesBackend(Backend):
    """One cluster."""

    package = "kubernetes"

    def __init__(self) -> None:
        self._config: config.Config | None = None
        self._store: Store | None = None
        self._levels: dict[str, str | None] = {}  # of namespaces that this run declares
        self._foreign: set[str] = set()
        self._made: set[tuple[ObjectKind, str]] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def check_config(self, inputs: Properties) -> tuple[Properties, list[Failure]]:
        """Refuse whatever is no kubeconfig with a cluster."""
        return inputs, config.failures(inputs)

    def diff_config(self, old: Properties, new: Properties) -> Difference:
        """The same cluster identifier: no new kubeconfig replaces anything."""
        return config.difference(old, new)

    def configure(self, config: Properties, environment: Mapping[str, str]) -> None:
        """Open the cluster's directory."""
        self._configure(config, environment.get(MANIFESTS))

    def _configure(self, arguments: Properties, directory: str | None) -> None:
        if not directory:
            raise ValueError(f"{MANIFESTS}: accepted: a directory for manifests: received: nothing")
        self._config = config.Config.of(arguments)
        self._store = Store(Path(directory), self._config.cluster)

    def check(
        self, type_: str, urn: str, name: str, olds: Properties, news: Properties, seed: bytes
    ) -> tuple[Properties, list[Failure]]:
        """Fill in kind, name and namespace, and list everything that the server would refuse."""
        del urn
        try:
            kind = ObjectKind.of(type_, news)
        except KindError as error:
            return news, [("kind", str(error))]
        inputs = {**news, "apiVersion": kind.api_version, "kind": kind.name}
        metadata = inputs.get("metadata", {})
        if not isinstance(metadata, dict):
            return inputs, [] if metadata == UNKNOWN else [("metadata", f"accepted: a map: received: {metadata!r}")]
        metadata = self._named(kind, name, olds.get("metadata") or {}, metadata, seed)
        inputs["metadata"] = metadata
        found = self._problems(kind, inputs)
        if "generateName" in metadata:
            found.append(("metadata.generateName", "accepted: metadata.name, or neither: received: generateName"))
        if not kind.namespaced and "namespace" in metadata:
            text = f"accepted: nothing, {kind.name} belongs to no namespace: received: {metadata['namespace']}"
            found.append(("metadata.namespace", text))
        if kind == _NAMESPACE:
            self._levels[metadata["name"]] = (metadata.get("labels") or {}).get(pod_security.ENFORCE)
        return inputs, found

    def diff(self, type_: str, identifier: str, olds: Properties, outputs: Properties, news: Properties) -> Difference:
        """Compare what the program said; a replacement under the same chosen name deletes first."""
        del identifier, outputs
        kind = ObjectKind.of(type_, news)
        mutable = self._config or config.Config("")
        paths = kind.replace_on(mutable.mutable_config_maps, mutable.mutable_secrets)
        found = compare(olds, news, paths)
        before, after = olds.get("metadata") or {}, news.get("metadata") or {}
        same = all(before.get(key) == after.get(key) for key in ("name", "namespace"))
        chosen = (after.get("annotations") or {}).get(objects.AUTONAMED) != "true"
        return Difference(found.changes, found.replaces, delete_before_replace=same and chosen)

    def create(self, type_: str, inputs: Properties, timeout: float) -> tuple[str, Properties]:
        """Write the manifest. One that exists is taken over, as server-side apply does: a killed update goes on."""
        kind = ObjectKind.of(type_, inputs)
        namespace, name = self._place(kind, inputs)
        self._await_namespace(namespace, timeout)
        self._refuse(kind, inputs)
        with self._lock:
            if (kind, _identifier(namespace, name)) in self._made:
                raise ValueError(f"{kind.name} {_identifier(namespace, name)} already exists: two resources declare it")
            live = objects.born(kind, inputs, self.store.get(kind, namespace, name))
            self.store.put(kind, namespace, name, live)
            self._made.add((kind, _identifier(namespace, name)))
        return _identifier(namespace, name), self._outputs(kind, live)

    def read(self, type_: str, identifier: str, inputs: Properties, outputs: Properties) -> Existing | None:
        """The object as its file has it now."""
        del outputs
        kind = ObjectKind.of(type_, inputs)
        namespace, name = _parsed(identifier)
        live = self.store.get(kind, namespace, name)
        if live is None:
            return None
        known = objects.said(live, inputs) if inputs else objects.imported(live)
        return Existing(identifier, self._outputs(kind, live), known)

    def update(
        self, type_: str, identifier: str, olds: Properties, outputs: Properties, news: Properties, timeout: float
    ) -> Properties:
        """Merge the change into the manifest; one that was deleted behind Pulumi's back is written again."""
        del outputs, timeout
        kind = ObjectKind.of(type_, news)
        self._refuse(kind, news)
        namespace, name = _parsed(identifier)
        with self._lock:
            before = self.store.get(kind, namespace, name)
            live = objects.born(kind, news, None) if before is None else objects.updated(kind, before, olds, news)
            if live != before:
                self.store.put(kind, namespace, name, live)
        return self._outputs(kind, live)

    def delete(self, type_: str, identifier: str, inputs: Properties, outputs: Properties, timeout: float) -> None:
        """Remove the manifest."""
        del inputs, outputs, timeout
        kind = ObjectKind.of(type_, {})
        with self._lock:
            self.store.delete(kind, *_parsed(identifier))
            self._made.discard((kind, identifier))

    def invoke(self, token: str, arguments: Properties) -> Properties:
        """Charts, YAML and kustomize files are functions of the real provider."""
        del arguments
        raise ValueError(f"{token} is not supported by the sandbox: declare the objects themselves")

    def preview(self, type_: str, inputs: Properties, outputs: Properties | None) -> Properties:
        """An update keeps what the server added."""
        del type_
        merged: Properties = objects.overlaid(outputs or {}, inputs)
        return merged

    def cancel(self) -> None:
        """Stop waiting for namespaces."""
        self._stopped.set()

    @property
    def default_namespace(self) -> str:
        """Namespace of what names none."""
        return self._config.namespace if self._config else "default"

    @property
    def store(self) -> Store:
        """The cluster's manifests; raises ``ValueError`` where the cluster is not known."""
        if self._store is None:
            raise ValueError("the provider was not configured: its kubeconfig is not known yet")
        return self._store

    def _named(self, kind: ObjectKind, name: str, olds: Properties, metadata: Properties, seed: bytes) -> Properties:
        if "name" not in metadata:
            made = olds.get("name") or f"{name.lower()}-{hashlib.sha256(seed).hexdigest()[:7]}"
            annotations = {**(metadata.get("annotations") or {}), objects.AUTONAMED: "true"}
            metadata = {**metadata, "name": made, "annotations": annotations}
        if kind.namespaced and not metadata.get("namespace"):
            metadata = {**metadata, "namespace": self.default_namespace}
        return metadata

    def _problems(self, kind: ObjectKind, inputs: Properties) -> list[Failure]:
        document = {key: value for key, value in inputs.items() if not key.startswith("__")}
        examine, of_kind = (crds.examine, rules.of_custom) if kind.custom else (schema.examine, rules.problems)
        found, shaped = examine(document, kind.name == "Secret")
        if found or not shaped:  # the other rules need the shape; an update looks again when all is known
            return found
        found = of_kind(document)
        template = rules.pod_template(document)
        if template is not None and self._level(inputs["metadata"].get("namespace")) == "restricted":
            path, pod = template
            found += pod_security.problems(f"{path}.spec" if path else "spec", pod.get("spec") or {})
        return found

    def _refuse(self, kind: ObjectKind, inputs: Properties) -> None:
        found = self._problems(kind, inputs)
        if found:
            problems = "; ".join(f"{path}: {text}" for path, text in found)
            raise ValueError(f"{kind.name} {inputs['metadata'].get('name')}: {problems}")

    def _level(self, namespace: str | None) -> str | None:
        """Pod Security level that a namespace enforces: what this run declares, else what the cluster has."""
        if namespace is None or namespace in self._levels or self._store is None:
            return self._levels.get(namespace or "")
        manifest = self._store.get(_NAMESPACE, "", namespace)
        labels = manifest["metadata"].get("labels") if manifest else None
        return (labels or {}).get(pod_security.ENFORCE)

    def _await_namespace(self, namespace: str, timeout: float) -> None:
        """Wait for a namespace that is made at the same time; raise ``ValueError`` if it does not come.

        A stack that makes no namespace at all uses one that another stack made and whose manifest is not here: then
        neither the namespace nor its Pod Security level can be looked up.
        """
        started, patience = time.monotonic(), min(timeout or NAMESPACE_WAIT, NAMESPACE_WAIT)
        while namespace and namespace not in (*_BUILT_IN_NAMESPACES, *self._foreign):
            if self.store.get(_NAMESPACE, "", namespace) is not None:
                return
            waited = time.monotonic() - started
            if waited > min(patience, FOREIGN_WAIT) and not self._levels and not self.store.namespaces():
                self._foreign.add(namespace)
            elif waited > patience or self._stopped.wait(0.02):
                known = ", ".join(sorted({*_BUILT_IN_NAMESPACES, *self.store.namespaces()}))
                raise ValueError(f"metadata.namespace: accepted: {known}: received: {namespace}")

    @staticmethod
    def _place(kind: ObjectKind, inputs: Properties) -> tuple[str, str]:
        metadata = inputs["metadata"]
        return metadata.get("namespace", "") if kind.namespaced else "", metadata["name"]

    @staticmethod
    def _outputs(kind: ObjectKind, live: Manifest) -> Properties:
        return {**live, "__recorded": True} if kind.recorded else live


def _identifier(namespace: str, name: str) -> str:
    return f"{namespace}/{name}" if namespace else name


def _parsed(identifier: str) -> tuple[str, str]:
    namespace, _, name = identifier.rpartition("/")
    return namespace, name
