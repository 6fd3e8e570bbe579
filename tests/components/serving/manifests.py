"""Checks the Kubernetes objects of a graph against Kubernetes' own schemas."""

from typing import Any

import kubernetes_validate
from slipway.versions import KUBERNETES_SUPPORT_ENDS

from sandbox.providers.kubernetes import pod_security, rules
from tests.components.graph import Graph

CUSTOM = ("eks.amazonaws.com/", "karpenter.sh/")
"""Groups of custom resources, which no published schema describes; typed dictionaries do."""


def manifests(graph: Graph[Any]) -> list[dict[str, Any]]:
    """All Kubernetes objects of ``graph``."""
    return [resource.inputs for resource in graph.resources if resource.type.startswith("kubernetes:")]


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
        assert [*rules.of_metadata(one), *rules.problems(one), *restricted] == []
    return len(checked)
