"""KEDA (``keda.sh/v1alpha1``), the fields that slipway writes."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from slipway._custom import Metadata, custom_resource

API_VERSION = "keda.sh/v1alpha1"


class TargetRef(TypedDict):
    """The workload whose replicas are set."""

    apiVersion: str
    kind: str
    name: str


class Trigger(TypedDict):
    """A measure of load. Values of ``metadata`` are text."""

    type: str
    name: NotRequired[str]
    metricType: str
    metadata: dict[str, pulumi.Input[str]]


class Fallback(TypedDict):
    """Replicas while a measure cannot be had."""

    failureThreshold: int
    replicas: int
    behavior: str


class HorizontalPodAutoscalerConfig(TypedDict):
    """What the autoscaler that KEDA makes is like; ``behavior`` is a built-in type, that of the autoscaler itself."""

    behavior: Mapping[str, Any]


class Advanced(TypedDict):
    """Details of scaling."""

    restoreToOriginalReplicaCount: bool
    horizontalPodAutoscalerConfig: HorizontalPodAutoscalerConfig


class ScaledObjectSpec(TypedDict):
    """How many replicas a workload has."""

    scaleTargetRef: TargetRef
    pollingInterval: int
    minReplicaCount: int
    maxReplicaCount: int
    fallback: Fallback
    advanced: Advanced
    triggers: list[Trigger]


def scaled_object(
    name: str, metadata: Metadata, spec: ScaledObjectSpec, opts: pulumi.ResourceOptions
) -> k8s.apiextensions.CustomResource:
    """Scales a workload by any measure."""
    return custom_resource(name, API_VERSION, "ScaledObject", metadata, spec, opts)
