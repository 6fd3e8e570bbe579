"""The provider's arguments: which cluster, and what is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import yaml

from sandbox.providers.changes import Difference, compare
from sandbox.providers.values import UNKNOWN, Properties

Failure = tuple[str, str]

_ACCEPTED = "the contents of a kubeconfig, because the sandbox reads no file of the user's"
_NO_USE = ("cluster", "context", "renderYamlToDirectory")
"""Arguments that would choose another cluster or another way of working."""


@dataclass(frozen=True)
class Config:
    """The arguments that matter here."""

    cluster: str
    """Identifies the cluster: ``clusterIdentifier``, else the address in the kubeconfig."""
    namespace: str = "default"
    mutable_config_maps: bool = False
    mutable_secrets: bool = False

    @classmethod
    def of(cls, arguments: Properties) -> Self:
        """Read the arguments; raises ``ValueError`` that lists everything wrong with them."""
        found = failures(arguments)
        if found:
            raise ValueError("; ".join(f"{key}: {text}" for key, text in found))
        return cls(
            arguments.get("clusterIdentifier") or server(arguments["kubeconfig"]),
            arguments.get("namespace") or "default",
            _true(arguments.get("enableConfigMapMutable")),
            _true(arguments.get("enableSecretMutable")),
        )


def failures(arguments: Properties) -> list[Failure]:
    """What is wrong with the arguments; what is not known yet is taken for right."""
    found = [
        (key, "accepted: nothing, the sandbox has one way to keep objects: received: a value")
        for key in _NO_USE
        if arguments.get(key)
    ]
    kubeconfig = arguments.get("kubeconfig")
    if not kubeconfig:
        found.append(("kubeconfig", f"accepted: {_ACCEPTED}: received: nothing"))
    elif kubeconfig != UNKNOWN:
        try:
            server(kubeconfig)
        except ValueError as error:
            found.append(("kubeconfig", str(error)))
    return found


def server(kubeconfig: str) -> str:
    """Address of the cluster that a kubeconfig selects; how it authenticates (``exec``, say) is left alone.

    Raises ``ValueError``; the message does not repeat the contents.
    """
    try:
        document = yaml.safe_load(kubeconfig)  # JSON is YAML
    except yaml.YAMLError:
        document = None
    if not isinstance(document, Mapping):
        raise ValueError(f"accepted: {_ACCEPTED}: received: text that is none")
    current = document.get("current-context")
    context = _named(document, "contexts", current).get("context")
    name = context.get("cluster") if isinstance(context, Mapping) else None
    cluster = _named(document, "clusters", name).get("cluster")
    address = cluster.get("server") if isinstance(cluster, Mapping) else None
    if not isinstance(address, str):
        received = f"context {current!r} with cluster {name!r}"
        raise ValueError(f"accepted: a kubeconfig whose current-context names a cluster: received: {received}")
    return address


def difference(old: Properties, new: Properties) -> Difference:
    """A provider is replaced, and with it every object, only where its cluster is another one.

    The cluster identifier decides where both have one; it may be added or removed freely. Without it, the address in
    the kubeconfig does.
    """
    found = compare(old, new)
    before, after = old.get("clusterIdentifier"), new.get("clusterIdentifier")
    if before or after:
        moved = {"clusterIdentifier"} if before and after and before != after else set()
    else:
        moved = {"kubeconfig"} if _address(old) != _address(new) or _address(new) == UNKNOWN else set()
    return Difference(found.changes, frozenset(moved & found.changes.keys()))


def _address(arguments: Properties) -> str | None:
    kubeconfig = arguments.get("kubeconfig")
    if not kubeconfig or kubeconfig == UNKNOWN:
        return kubeconfig
    try:
        return server(kubeconfig)
    except ValueError:
        return None


def _named(document: Mapping[str, Any], section: str, name: Any) -> Mapping[str, Any]:
    entries = document.get(section)
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, Mapping) and entry.get("name") == name:
            return entry
    return {}


def _true(value: Any) -> bool:
    return value in (True, "true")
