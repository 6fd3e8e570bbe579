"""Fields that take one of a few words. The published schemas know them as text only; the API server knows better."""

from collections.abc import Iterator
from typing import Any

from sandbox.providers.kubernetes.schema import short
from sandbox.providers.values import UNKNOWN

_PROTOCOLS = ("TCP", "UDP", "SCTP")
_ANYWHERE: dict[str, tuple[str, ...]] = {
    "dnsPolicy": ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    "externalTrafficPolicy": ("Cluster", "Local"),
    "imagePullPolicy": ("Always", "IfNotPresent", "Never"),
    "internalTrafficPolicy": ("Cluster", "Local"),
    "podManagementPolicy": ("OrderedReady", "Parallel"),
    "policyTypes": ("Egress", "Ingress"),
    "protocol": _PROTOCOLS,
    "restartPolicy": ("Always", "Never", "OnFailure"),
    "sessionAffinity": ("ClientIP", "None"),
    "terminationMessagePolicy": ("FallbackToLogsOnError", "File"),
    "unhealthyPodEvictionPolicy": ("AlwaysAllow", "IfHealthyBudget"),
    "whenUnsatisfiable": ("DoNotSchedule", "ScheduleAnyway"),
}
_UNDER: dict[tuple[str, str], tuple[str, ...]] = {
    ("metrics", "type"): ("ContainerResource", "External", "Object", "Pods", "Resource"),
    ("strategy", "type"): ("Recreate", "RollingUpdate"),
    ("target", "type"): ("AverageValue", "Utilization", "Value"),
    ("updateStrategy", "type"): ("OnDelete", "RollingUpdate"),
}
_OF_KIND: dict[tuple[str, str], tuple[str, ...]] = {
    ("Service", "spec.type"): ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort"),
}
# Maps whose keys are the user's.
_FREE = ("annotations", "binaryData", "data", "labels", "matchLabels", "nodeSelector", "parameters", "stringData")


def problems(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Path and text of each field whose word is none of those that it takes."""
    yield from _visit(document["kind"], "", "", document)


def _visit(kind: str, path: str, parent: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _visit(kind, f"{path}[{index}]", parent, item)
    elif isinstance(value, dict):
        for key, item in value.items():
            where = f"{path}.{key}" if path else key
            words = _OF_KIND.get((kind, where)) or _UNDER.get((parent, key)) or _ANYWHERE.get(key)
            given = item if isinstance(item, list) else [item]
            if words and all(isinstance(word, str) for word in given):
                if set(given) - {*words, UNKNOWN}:
                    yield where, f"accepted: {' or '.join(words)}: received: {short(item)}"
            elif key not in _FREE:
                yield from _visit(kind, where, key, item)
