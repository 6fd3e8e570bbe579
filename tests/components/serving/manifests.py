"""Checks the Kubernetes objects of a graph against Kubernetes' own schemas."""

from typing import Any

import kubernetes_validate
import pytest
from slipway.versions import KUBERNETES_SUPPORT_ENDS

from sandbox.providers.kubernetes import crds, pod_security, rules
from tests.components.graph import Graph

CUSTOM = (
    "argoproj.io/",
    "eks.amazonaws.com/",
    "gateway.envoyproxy.io/",
    "gateway.networking.k8s.io/",
    "karpenter.sh/",
    "keda.sh/",
    "monitoring.coreos.com/",
)
"""Groups of custom resources, which no published schema describes; typed dictionaries do."""
CHARTS = "kubernetes:helm.sh/"
"""Charts stand for objects that only Helm knows."""


def manifests(graph: Graph[Any]) -> list[dict[str, Any]]:
    """All Kubernetes objects of ``graph``."""
    types = [resource for resource in graph.resources if resource.type.startswith("kubernetes:")]
    return [resource.inputs for resource in types if not resource.type.startswith(CHARTS)]


def manifest(graph: Graph[Any], kind: str, name: str) -> dict[str, Any]:
    """The only object of this kind and name."""
    (found,) = [one for one in manifests(graph) if one["kind"] == kind and one["metadata"]["name"] == name]
    return found


def check(objects: list[dict[str, Any]]) -> int:
    """Validate every built-in object strictly for every accepted version; returns how many objects were checked.

    Also what an API server refuses beyond schemas, and the restricted Pod Security profile of pod templates.
    """
    checked = [one for one in objects if not one["apiVersion"].startswith(CUSTOM)]
    for version in KUBERNETES_SUPPORT_ENDS:
        for one in checked:
            kubernetes_validate.validate(one, version, strict=True)
    for one in objects:
        template = rules.pod_template(one)
        restricted = pod_security.problems("spec", template[1]["spec"]) if template else []
        of_kind = rules.of_custom if one["apiVersion"].startswith(CUSTOM) else rules.problems
        assert [*of_kind(one), *restricted] == []
    return len(checked)


def against_definitions(objects: list[dict[str, Any]]) -> int:
    """Validate the custom objects by their definitions; returns how many. Skips where no folder of these is given."""
    if not crds.known():
        pytest.skip(f"{crds.CRDS} names no folder of CustomResourceDefinitions")
    known = set(crds.known())
    custom = [one for one in objects if f"{one['apiVersion']} {one['kind']}" in known]
    for one in custom:
        assert crds.examine(one)[0] == [], (one["kind"], one["metadata"]["name"])
    return len(custom)
