"""Envoy Gateway's ``EnvoyProxy``: how the proxies of a Gateway run, the fields that slipway writes."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from slipway._custom import Metadata, custom_resource
from slipway._custom.envoy import API_VERSION
from slipway._custom.gateway_api import LabelSelector


class TopologySpreadConstraint(TypedDict):
    """How pods are spread."""

    maxSkew: int
    topologyKey: str
    whenUnsatisfiable: str
    labelSelector: LabelSelector
    matchLabelKeys: NotRequired[list[str]]


class Pod(TypedDict):
    """The proxies' pods."""

    labels: NotRequired[dict[str, str]]
    topologySpreadConstraints: list[TopologySpreadConstraint]


class Resources(TypedDict):
    """What a container requests and may use."""

    requests: dict[str, str]
    limits: dict[str, str]


class Container(TypedDict):
    """Envoy's container."""

    imageRepository: NotRequired[pulumi.Input[str]]
    resources: Resources


class DeploymentPatchSpec(TypedDict):
    """Fields of a Deployment that Envoy Gateway has no own words for."""

    minReadySeconds: int


class DeploymentPatchValue(TypedDict):
    """The part of a Deployment that is patched."""

    spec: DeploymentPatchSpec


class DeploymentPatch(TypedDict):
    """A patch of the Deployment that Envoy Gateway makes."""

    type: str
    value: DeploymentPatchValue


class RollingUpdate(TypedDict):
    """How many pods more or fewer there may be during an update."""

    maxSurge: str
    maxUnavailable: int


class Strategy(TypedDict):
    """How pods are replaced."""

    type: str
    rollingUpdate: RollingUpdate


class EnvoyDeployment(TypedDict):
    """The proxies' Deployment."""

    name: str
    strategy: Strategy
    pod: Pod
    container: Container
    patch: DeploymentPatch


class MetricTarget(TypedDict):
    """The value that an autoscaler aims at."""

    type: str
    averageUtilization: int


class ResourceMetric(TypedDict):
    """Use of a resource."""

    name: str
    target: MetricTarget


class Metric(TypedDict):
    """What an autoscaler looks at."""

    type: str
    resource: ResourceMetric


class EnvoyHpa(TypedDict):
    """How many proxies there are; with it the Deployment has no number of its own."""

    minReplicas: int
    maxReplicas: int
    metrics: list[Metric]


class EnvoyPDB(TypedDict):
    """How many proxies may be taken away at once."""

    maxUnavailable: int


class EnvoyService(TypedDict):
    """The proxies' Service."""

    name: str
    type: str


class KubernetesProvider(TypedDict):
    """What Envoy Gateway makes for the proxies."""

    envoyDeployment: EnvoyDeployment
    envoyHpa: EnvoyHpa
    envoyPDB: EnvoyPDB
    envoyService: EnvoyService


class Provider(TypedDict):
    """Where the proxies run."""

    type: str
    kubernetes: KubernetesProvider


class AccessLogFormat(TypedDict):
    """What an entry says."""

    type: str
    json: dict[str, str]


class AccessLogFile(TypedDict):
    """The file of a log."""

    path: str


class AccessLogSink(TypedDict):
    """Where entries go."""

    type: str
    file: AccessLogFile


class AccessLogSetting(TypedDict):
    """A log."""

    format: AccessLogFormat
    sinks: list[AccessLogSink]


class AccessLog(TypedDict):
    """The logs of requests."""

    settings: list[AccessLogSetting]


class Prometheus(TypedDict):
    """Metrics in Prometheus' format."""

    disable: bool


class Metrics(TypedDict):
    """The proxies' metrics."""

    prometheus: Prometheus


class Telemetry(TypedDict):
    """What the proxies tell."""

    accessLog: AccessLog
    metrics: Metrics


class Shutdown(TypedDict):
    """How a proxy ends."""

    drainTimeout: str
    minDrainDuration: str


class Logging(TypedDict):
    """The proxies' own log."""

    level: dict[str, str]


class EnvoyProxySpec(TypedDict):
    """How a Gateway's proxies run."""

    provider: Provider
    logging: Logging
    telemetry: Telemetry
    shutdown: Shutdown


def envoy_proxy(
    name: str, metadata: Metadata, spec: EnvoyProxySpec, opts: pulumi.ResourceOptions
) -> k8s.apiextensions.CustomResource:
    """How a Gateway's proxies run."""
    return custom_resource(name, API_VERSION, "EnvoyProxy", metadata, spec, opts)
