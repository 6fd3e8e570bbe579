"""Load balancing of EKS Auto Mode (``eks.amazonaws.com/v1``), the fields that slipway writes."""

from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s

from slipway._custom import Metadata, custom_resource

API_VERSION = "eks.amazonaws.com/v1"


class ServiceReference(TypedDict):
    """A port of a Service."""

    name: str
    port: int


class TargetGroupBindingSpec(TypedDict):
    """Which pods are the targets of a target group that Kubernetes does not own. EKS requires the target's type."""

    serviceRef: ServiceReference
    targetGroupARN: pulumi.Input[str]
    targetType: str


def target_group_binding(
    name: str, metadata: Metadata, spec: TargetGroupBindingSpec, opts: pulumi.ResourceOptions
) -> k8s.apiextensions.CustomResource:
    """Registers a Service's pods with a target group."""
    return custom_resource(name, API_VERSION, "TargetGroupBinding", metadata, spec, opts)
