"""The stored objects of one model, read and written the way a controller does it: whole, and counted as a change."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.dataplane.reading import DataPlaneError, Manifest
from sandbox.providers.kubernetes.kinds import ObjectKind
from sandbox.providers.kubernetes.store import Store

_ENVOY = "gateway.envoyproxy.io/v1alpha1"
_ARGO = "argoproj.io/v1alpha1"
KINDS = {
    kind: ObjectKind(api_version, kind)
    for kind, api_version in {
        "AnalysisRun": _ARGO,
        "AnalysisTemplate": _ARGO,
        "BackendTrafficPolicy": _ENVOY,
        "ClientTrafficPolicy": _ENVOY,
        "Experiment": _ARGO,
        "HTTPRoute": "gateway.networking.k8s.io/v1",
        "ReplicaSet": "apps/v1",
        "Rollout": _ARGO,
        "SecurityPolicy": _ENVOY,
        "Service": "v1",
    }.items()
}
_FRONT = ("HTTPRoute", "BackendTrafficPolicy", "SecurityPolicy", "ClientTrafficPolicy")


class Objects:
    """The objects of a namespace, and those of the gateway in front of it."""

    def __init__(self, store: Store, namespace: str) -> None:
        self.store, self.namespace = store, namespace

    def find(self, kind: str, name: str) -> Manifest | None:
        """The object, or None."""
        return self.store.get(KINDS[kind], self.namespace, name)

    def get(self, kind: str, name: str) -> Manifest:
        """The object; raises ``DataPlaneError`` where there is none."""
        found = self.find(kind, name)
        if found is None:
            raise DataPlaneError(f"{kind} {self.namespace}/{name}: accepted: a stored object: received: nothing")
        return found

    def change(self, kind: str, name: str, change: Callable[[Manifest], None]) -> Manifest:
        """Read, let ``change`` edit, and write if anything is different; versions are counted as the server does it."""
        before = self.get(kind, name)
        after = copy.deepcopy(before)
        change(after)
        if after != before:
            metadata = after["metadata"]
            metadata["resourceVersion"] = str(int(metadata.get("resourceVersion", 0)) + 1)
            if after.get("spec") != before.get("spec"):
                metadata["generation"] = int(metadata.get("generation", 1)) + 1
            self.store.put(KINDS[kind], self.namespace, name, after)
        return after

    def make(self, kind: str, name: str, labels: Mapping[str, str], **sections: Any) -> Manifest:
        """Write an object that a controller makes, such as a ReplicaSet."""
        metadata = {"name": name, "namespace": self.namespace, "labels": dict(labels), "generation": 1}
        found: Manifest = {
            "apiVersion": KINDS[kind].api_version,
            "kind": kind,
            "metadata": {**metadata, "resourceVersion": "1"},
            **copy.deepcopy(sections),
        }
        self.store.put(KINDS[kind], self.namespace, name, found)
        return found

    def delete(self, kind: str, name: str) -> None:
        """Remove an object."""
        self.store.delete(KINDS[kind], self.namespace, name)

    def names(self, kind: str) -> list[str]:
        """Names of the namespace's objects of a kind."""
        return sorted(path.removesuffix(".yaml").split("_")[2] for path in self._paths(kind, self.namespace))

    def front(self) -> list[Manifest]:
        """The routes of the namespace, and the policies of the namespace and of the gateways."""
        found: list[Manifest] = []
        for kind in _FRONT:
            namespaces = (self.namespace, "*") if kind != "HTTPRoute" else (self.namespace,)
            for path in sorted({path for one in namespaces for path in self._paths(kind, one)}):
                _, namespace, name = path.removesuffix(".yaml").split("_")
                item = self.store.get(KINDS[kind], namespace, name)
                if item is not None:
                    found.append(item)
        return found

    def _paths(self, kind: str, namespace: str) -> list[str]:
        group = KINDS[kind].group
        prefix = f"{kind.lower()}.{group}" if group else kind.lower()
        return [path.name for path in self.store.directory.glob(f"{prefix}_{namespace}_*.yaml")]
