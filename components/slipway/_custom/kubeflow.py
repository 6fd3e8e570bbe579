"""Kubeflow Pipelines (``pipelines.kubeflow.org/v2beta1``), the fields that slipway writes."""

from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from slipway._custom import Metadata, custom_resource

API_VERSION = "pipelines.kubeflow.org/v2beta1"
PIPELINE, PIPELINE_VERSION = "Pipeline", "PipelineVersion"


class PipelineSpec(TypedDict):
    """A pipeline: what its versions have in common."""

    displayName: str
    description: str


class PipelineVersionSpec(TypedDict):
    """A version of a pipeline. Kubeflow refuses to change one, but for its display name and its tags."""

    pipelineName: str
    versionName: pulumi.Input[str]
    displayName: pulumi.Input[str]
    description: str
    pipelineSpec: pulumi.Input[Mapping[str, Any]]
    platformSpec: pulumi.Input[Mapping[str, Any]]


def pipeline(
    name: str, metadata: Metadata, spec: PipelineSpec, opts: pulumi.ResourceOptions
) -> k8s.apiextensions.CustomResource:
    """A pipeline."""
    return custom_resource(name, API_VERSION, PIPELINE, metadata, spec, opts)


def pipeline_version(
    name: str, metadata: Metadata, spec: PipelineVersionSpec, opts: pulumi.ResourceOptions
) -> k8s.apiextensions.CustomResource:
    """A version of a pipeline."""
    return custom_resource(name, API_VERSION, PIPELINE_VERSION, metadata, spec, opts)
