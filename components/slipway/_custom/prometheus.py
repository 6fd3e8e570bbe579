"""Prometheus operator (``monitoring.coreos.com``), the fields that slipway writes."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from slipway._custom import Metadata, custom_resource
from slipway._custom.gateway_api import LabelSelector

API_VERSION = "monitoring.coreos.com/v1"


class RecordingRule(TypedDict):
    """A series that Prometheus computes."""

    record: str
    expr: str
    labels: NotRequired[dict[str, str]]


AlertingRule = TypedDict(
    "AlertingRule",
    {
        "alert": str,
        "expr": str,
        "for": str,
        "labels": dict[str, str],
        "annotations": dict[str, str],
    },
)
"""A condition that Alertmanager is told of. In this form because ``for`` is a word of Python."""


class RuleGroup(TypedDict):
    """Rules that are evaluated one after the other."""

    name: str
    interval: str
    rules: list[RecordingRule | AlertingRule]


class PrometheusRuleSpec(TypedDict):
    """Groups of rules."""

    groups: list[RuleGroup]


class NamespaceSelector(TypedDict):
    """Namespaces by name."""

    matchNames: list[str]


class RelabelConfig(TypedDict):
    """A change of a series' labels, or a decision whether it is kept. Names are those of Kubernetes: camelCase."""

    action: str
    sourceLabels: NotRequired[list[str]]
    regex: NotRequired[str]
    targetLabel: NotRequired[str]
    replacement: NotRequired[str]


class PodMetricsEndpoint(TypedDict):
    """A port of pods that Prometheus reads."""

    port: NotRequired[str]
    portNumber: NotRequired[int]
    path: NotRequired[str]
    interval: NotRequired[str]
    scrapeTimeout: NotRequired[str]
    honorLabels: NotRequired[bool]
    metricRelabelings: NotRequired[list[RelabelConfig]]


class PodMonitorSpec(TypedDict):
    """Pods that Prometheus reads."""

    selector: LabelSelector
    namespaceSelector: NotRequired[NamespaceSelector]
    podMetricsEndpoints: list[PodMetricsEndpoint]
    podTargetLabels: NotRequired[list[str]]
    sampleLimit: NotRequired[int]
    labelLimit: NotRequired[int]


def prometheus_rule(
    name: str, metadata: Metadata, spec: PrometheusRuleSpec, opts: pulumi.ResourceOptions
) -> k8s.apiextensions.CustomResource:
    """Recording rules and alerts."""
    return custom_resource(name, API_VERSION, "PrometheusRule", metadata, spec, opts)


def pod_monitor(
    name: str, metadata: Metadata, spec: PodMonitorSpec, opts: pulumi.ResourceOptions
) -> k8s.apiextensions.CustomResource:
    """Pods to read metrics from."""
    return custom_resource(name, API_VERSION, "PodMonitor", metadata, spec, opts)
