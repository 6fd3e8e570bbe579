"""Custom resources, which no published SDK class describes, through typed dictionaries.

Each module has an API group or a kind: a TypedDict for each object that slipway writes, with exactly the fields that it
uses, and a function for each kind. A field that is misspelt, or that a kind does not have, is a type error; at run time
nothing would notice it until an API server refuses it. The names are Kubernetes' own, in camelCase.
"""

from collections.abc import Mapping
from typing import TypeAlias

import pulumi
import pulumi_kubernetes as k8s

Metadata: TypeAlias = k8s.meta.v1.ObjectMetaArgsDict
"""Name, namespace, labels and annotations of an object."""


def custom_resource(
    name: str,
    api_version: str,
    kind: str,
    metadata: Metadata,
    spec: Mapping[str, object],
    opts: pulumi.ResourceOptions,
) -> k8s.apiextensions.CustomResource:
    """The object of a kind that a CRD defines. Callers use a module's function for the kind, which types ``spec``."""
    return k8s.apiextensions.CustomResource(
        name, api_version=api_version, kind=kind, metadata=metadata, spec=spec, opts=opts
    )
