"""What the API server refuses although the schemas allow it: names, labels, selectors, quantities, references."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sandbox.providers.kubernetes import words
from sandbox.providers.kubernetes.schema import short
from sandbox.providers.values import has_unknown

Problem = tuple[str, str]

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED = re.compile(r"([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_QUANTITY = re.compile(r"([+-]?[0-9.]+)([eE][+-]?[0-9]+|[numkMGTPE]|[KMGTPE]i)?")
_UNITS = {unit: Decimal(10) ** (3 * power) for power, unit in enumerate(["n", "u", "m", "", "k", *"MGTPE"], -3)}
_UNITS |= {f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)}
_PORT = re.compile(r"(?=.{1,15}\Z)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
_LABEL_NAMED = ("Namespace", "Service")
_CONTROLLERS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Rollout")
_ANY_NAME = ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")

_TEMPLATES = {
    "Pod": (),
    "PodTemplate": ("template",),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    **dict.fromkeys(
        ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "Rollout"),
        ("spec", "template"),
    ),
}


def pod_template(document: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Path and value of the pod (template) in an object, if it has one."""
    steps = _TEMPLATES.get(document["kind"])
    if steps is None:
        return None
    value: Any = document
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return (".".join(steps), value) if isinstance(value, dict) else None


def of_metadata(document: dict[str, Any]) -> list[Problem]:
    """What is wrong with an object's name, namespace, labels and annotations."""
    metadata = document["metadata"]
    return [*_names(document["kind"], metadata), *_labels("metadata", metadata)]


def problems(document: dict[str, Any]) -> list[Problem]:
    """Path and text of everything that is wrong with an object that fits its schema.

    A single value that is not known yet is taken for right.
    """
    return [*of_metadata(document), *words.problems(document), *_exclusive(document), *of_template(document)]


def of_custom(document: dict[str, Any]) -> list[Problem]:
    """Path and text of everything that is wrong with a custom object, as far as it is like a built-in one."""
    return [*of_metadata(document), *of_template(document)]


def of_template(document: dict[str, Any]) -> list[Problem]:
    """What is wrong with the pod (template) of an object whose pods fit their schema."""
    template = pod_template(document)
    if template is None:
        return []
    path, pod = template
    found = list(_labels(f"{path}.metadata", pod.get("metadata") or {})) if path else []
    return [*found, *_selector(document, pod), *_pod(f"{path}.spec" if path else "spec", pod.get("spec") or {})]


def containers(prefix: str, spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Path and value of every container of a pod's spec."""
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(spec.get(field) or []):
            yield f"{prefix}.{field}[{index}]", container


def _names(kind: str, metadata: dict[str, Any]) -> Iterator[Problem]:
    label, subdomain = "1 to 63 of a-z, 0-9 and -", "1 to 253 of a-z, 0-9, - and ."
    named = (_LABEL, label) if kind in _LABEL_NAMED else (_SUBDOMAIN, subdomain)
    for field, (pattern, accepted) in {"name": named, "namespace": (_LABEL, label)}.items():
        value = metadata.get(field)
        if not isinstance(value, str) or has_unknown(value) or (field == "name" and kind in _ANY_NAME):
            continue
        if not pattern.fullmatch(value):
            yield f"metadata.{field}", f"accepted: {accepted}: received: {short(value)}"


def _labels(path: str, metadata: dict[str, Any]) -> Iterator[Problem]:
    for field in ("labels", "annotations"):
        values = metadata.get(field)
        for key, value in (values if isinstance(values, dict) else {}).items():
            if not _QUALIFIED.fullmatch(key):
                accepted = "keys [prefix/]name, the name of at most 63 letters, digits, -, _ and ."
                yield f"{path}.{field}", f"accepted: {accepted}: received: {short(key)}"
            elif field == "labels" and not has_unknown(value) and not _LABEL_VALUE.fullmatch(str(value)):
                accepted = "at most 63 letters, digits, -, _ and ."
                yield f"{path}.labels.{key}", f"accepted: {accepted}: received: {short(value)}"


def _selector(document: dict[str, Any], pod: dict[str, Any]) -> Iterator[Problem]:
    """A controller must select the pods that it makes."""
    if document["kind"] not in _CONTROLLERS:
        return
    wanted = (document["spec"].get("selector") or {}).get("matchLabels") or {}
    labels = (pod.get("metadata") or {}).get("labels") or {}
    if not has_unknown([wanted, labels]) and wanted.items() - labels.items():
        yield "spec.selector.matchLabels", f"accepted: labels of the pod template {labels}: received: {wanted}"


def _pod(path: str, spec: dict[str, Any]) -> Iterator[Problem]:
    """Containers that fit their pod: names once, volumes that exist, ports and resources well-formed."""
    volumes = {volume["name"] for volume in spec.get("volumes") or []}
    names: set[str] = set()
    for place, container in containers(path, spec):
        if container["name"] in names and not has_unknown(container["name"]):
            yield f"{place}.name", f"accepted: a name that no other container has: received: {container['name']}"
        names.add(container["name"])
        for index, mount in enumerate(container.get("volumeMounts") or []):
            if not has_unknown([mount["name"], *volumes]) and mount["name"] not in volumes:
                accepted = ", ".join(sorted(volumes)) or "nothing, the pod has no volumes"
                yield f"{place}.volumeMounts[{index}].name", f"accepted: {accepted}: received: {mount['name']}"
        for index, port in enumerate(container.get("ports") or []):
            name = port.get("name", "a")
            if not has_unknown(name) and not _PORT.fullmatch(name):
                accepted = "at most 15 of a-z, 0-9 and -, a letter among them"
                yield f"{place}.ports[{index}].name", f"accepted: {accepted}: received: {short(name)}"
        yield from _resources(f"{place}.resources", container.get("resources") or {})


def _exclusive(document: dict[str, Any]) -> Iterator[Problem]:
    """Fields that exclude or bound each other."""
    spec = document.get("spec") or {}
    if document["kind"] == "PodDisruptionBudget" and {"minAvailable", "maxUnavailable"} <= spec.keys():
        yield "spec.maxUnavailable", f"accepted: nothing beside minAvailable: received: {spec['maxUnavailable']}"
    if document["kind"] == "HorizontalPodAutoscaler" and spec:
        least, most = spec.get("minReplicas", 1), spec["maxReplicas"]
        if isinstance(least, int) and isinstance(most, int) and least > most:
            yield "spec.minReplicas", f"accepted: at most maxReplicas ({most}): received: {least}"


def _resources(path: str, resources: dict[str, Any]) -> Iterator[Problem]:
    values: dict[tuple[str, str], Decimal] = {}
    for section in ("requests", "limits"):
        for name, text in (resources.get(section) or {}).items():
            quantity = None if has_unknown(text) else parse_quantity(text)
            if quantity is not None and quantity >= 0:
                values[section, name] = quantity
            elif not has_unknown(text):
                yield f"{path}.{section}.{name}", f"accepted: a quantity such as 500m or 2Gi: received: {short(text)}"
    for (section, name), quantity in values.items():
        if section == "requests" and quantity > values.get(("limits", name), quantity):
            text = f"accepted: at most the limit {resources['limits'][name]}: received: {resources['requests'][name]}"
            yield f"{path}.requests.{name}", text


def parse_quantity(value: Any) -> Decimal | None:
    """The number that a resource quantity (``500m``, ``2Gi``, ``1.5``) stands for; None if it is none."""
    match = _QUANTITY.fullmatch(str(value))
    if match is None or match[1].count(".") > 1 or match[1].strip("+-.") == "":
        return None
    suffix = match[2] or ""
    if suffix[:1] in ("e", "E") and len(suffix) > 1 and suffix != "Ei":
        return Decimal(match[1] + suffix)
    return Decimal(match[1]) * _UNITS[suffix]
