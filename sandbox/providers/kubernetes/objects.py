"""How an object lives: what the server adds, how an update is merged, what of it the program said."""

import hashlib
import uuid
from datetime import UTC, datetime
from typing import Any

from sandbox.providers.kubernetes.kinds import ObjectKind
from sandbox.providers.values import Properties

AUTONAMED = "pulumi.com/autonamed"
"""Annotation of an object whose name the provider made up."""
_SERVER_METADATA = ("creationTimestamp", "generation", "resourceVersion", "uid")


def born(kind: ObjectKind, inputs: Properties, before: Properties | None) -> Properties:
    """The object that the server stores for a create; it keeps the identity of ``before``, if there was one."""
    document = {key: value for key, value in inputs.items() if not key.startswith("__")}
    metadata = dict(document.get("metadata", {}))
    metadata |= {
        "uid": str(uuid.uuid4()),
        "creationTimestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "generation": 1,
        "resourceVersion": "1",
    }
    if before is not None:
        metadata |= {key: before["metadata"][key] for key in _SERVER_METADATA if key in before["metadata"]}
    document = {"apiVersion": kind.api_version, "kind": kind.name, **document, "metadata": metadata}
    document = _defaulted(kind, document)
    return document if before is None else _advanced(before, document)


def updated(kind: ObjectKind, live: Properties, olds: Properties, news: Properties) -> Properties:
    """``live`` after an update from inputs ``olds`` to ``news``: what others set and the program never said stays."""
    old, new = ({key: value for key, value in inputs.items() if not key.startswith("__")} for inputs in (olds, news))
    return _advanced(live, _defaulted(kind, _merged(live, old, new)))


def said(live: Any, inputs: Any) -> Any:
    """The part of ``live`` that ``inputs`` speak of: what a program would have to say to leave it as it is."""
    if isinstance(live, dict) and isinstance(inputs, dict):
        return {key: said(live[key], value) for key, value in inputs.items() if key in live}
    if isinstance(live, list) and isinstance(inputs, list) and len(live) == len(inputs):
        return [said(one, other) for one, other in zip(live, inputs, strict=True)]
    return live


def imported(live: Properties) -> Properties:
    """Inputs for an object that the program did not make."""
    inputs = {key: value for key, value in live.items() if key != "status"}
    inputs["metadata"] = {key: value for key, value in live["metadata"].items() if key not in _SERVER_METADATA}
    return inputs


def overlaid(outputs: Any, inputs: Any) -> Any:
    """``outputs`` with the values of ``inputs``, level by level."""
    if isinstance(outputs, dict) and isinstance(inputs, dict):
        return {**outputs, **{key: overlaid(outputs.get(key), value) for key, value in inputs.items()}}
    return inputs


def _merged(live: Any, old: Any, new: Any) -> Any:
    if not (isinstance(live, dict) and isinstance(new, dict)):
        return live if new == old and live is not None else new
    before = old if isinstance(old, dict) else {}
    kept = {key: value for key, value in live.items() if key in new or key not in before}
    return {**kept, **{key: _merged(live.get(key), before.get(key), value) for key, value in new.items()}}


def _advanced(before: Properties, after: Properties) -> Properties:
    """Count versions as the server does: an object that is the same keeps its own."""
    if before == after:
        return after
    metadata = dict(after["metadata"])
    old = before["metadata"]
    metadata["resourceVersion"] = str(_number(old.get("resourceVersion")) + 1)
    changed = any(before.get(key) != after.get(key) for key in before.keys() | after.keys() if key != "metadata")
    metadata["generation"] = _number(old.get("generation")) + int(changed)
    return {**after, "metadata": metadata}


def _number(value: Any) -> int:
    return int(value) if str(value).isdigit() else 1


def _defaulted(kind: ObjectKind, document: Properties) -> Properties:
    """The few values of the server's that programs read or other objects match."""
    metadata = document["metadata"]
    if kind == ObjectKind("v1", "Namespace"):
        # NetworkPolicies select namespaces by it.
        labels = {**metadata.get("labels", {}), "kubernetes.io/metadata.name": metadata["name"]}
        return {**document, "metadata": {**metadata, "labels": labels}, "status": {"phase": "Active"}}
    if kind == ObjectKind("v1", "Service"):
        spec = dict(document.get("spec", {}))
        spec.setdefault("type", "ClusterIP")
        if spec["type"] != "ExternalName":
            spec.setdefault("clusterIP", _address(metadata["uid"]))
            spec.setdefault("clusterIPs", [spec["clusterIP"]])
        return {**document, "spec": spec}
    return document


def _address(uid: str) -> str:
    """An address of the range that EKS gives to services by default."""
    first, second = hashlib.sha256(uid.encode()).digest()[:2]
    return f"10.100.{first}.{max(second, 1)}"
