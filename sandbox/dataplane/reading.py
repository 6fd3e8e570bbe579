"""Reads declared objects so that nothing in them is passed over in silence."""

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Manifest = dict[str, Any]

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PARTS = re.compile(r"([\d.]+)(ms|h|m|s)")


class DataPlaneError(ValueError):
    """Declared objects cannot be put into a data plane; the message names the field."""


class Fields:
    """An object's fields, taken out one by one; what remains is what the data plane does not do."""

    def __init__(self, manifest: Manifest, under: str = "spec") -> None:
        self.name = f"{manifest['kind']} {manifest['metadata']['name']}"
        self._root = {under: copy.deepcopy(manifest.get(under) or {})}
        self._under = under

    def take(self, path: str, default: Any = None) -> Any:
        """The value at ``path`` (``timeout.http.requestTimeout``), which is then no longer there."""
        value: Any = self._root[self._under]
        *steps, last = path.split(".")
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        return value.pop(last, default) if isinstance(value, dict) else default

    def rest(self) -> list[str]:
        """``HTTPRoute fraud: spec.rules[0].timeouts`` for each value that was not taken."""
        return [f"{self.name}: {path}" for path in _leaves(self._under, self._root[self._under])]

    def refuse(self, path: str, accepted: str, received: Any) -> DataPlaneError:
        """An error about a field."""
        return DataPlaneError(f"{self.name}: {self._under}.{path}: accepted: {accepted}: received: {received!r}")


def seconds(text: str) -> float:
    """Seconds of a Kubernetes duration such as ``1h30m`` or ``250ms``; raises ``DataPlaneError``."""
    parts = _PARTS.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise DataPlaneError(f"duration: accepted: a duration such as 1h30m or 250ms: received: {text!r}")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def duration(text: str) -> str:
    """A duration as Envoy writes it: seconds with a fraction."""
    return f"{seconds(text):.9f}".rstrip("0").rstrip(".") + "s"


def find(objects: Sequence[Manifest], kind: str, name: str | None = None) -> Manifest | None:
    """The first object of a kind, and of a name if one is given."""
    named = (item for item in objects if item["kind"] == kind and name in (None, item["metadata"]["name"]))
    return next(named, None)


def policy(objects: Sequence[Manifest], kind: str, route: Manifest) -> Manifest | None:
    """The policy of a kind that holds for a route: its own, else its gateway's. Of two, nothing is merged."""
    own = route["metadata"]
    targets = [("HTTPRoute", own["namespace"], own["name"])]
    for parent in route["spec"].get("parentRefs", []):
        targets.append(("Gateway", parent.get("namespace", own["namespace"]), parent["name"]))
    for target, namespace, name in targets:
        for item in objects:
            local = item["metadata"]["namespace"] == namespace  # a policy reaches its own namespace only
            if item["kind"] == kind and local and _targets(item["spec"], target, name):
                return item
    return None


def _targets(spec: Mapping[str, Any], kind: str, name: str) -> bool:
    return any(ref["kind"] == kind and ref["name"] == name for ref in spec.get("targetRefs", []))


def _leaves(path: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(f"{path}.{key}", item)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for index, item in enumerate(value):
            yield from _leaves(f"{path}[{index}]", item)
    else:
        yield path
