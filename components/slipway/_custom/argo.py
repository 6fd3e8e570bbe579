"""Argo Rollouts (``argoproj.io/v1alpha1``), the fields that slipway writes.

There is no field for ``setMirrorRoute``: with the Gateway API plugin it changes nothing and reports success, so copies
of the traffic are declared in the HTTPRoute. Nor for ``setHeaderRoute``, whose rule loses timeouts and retries.
"""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from slipway._custom import Metadata, custom_resource
from slipway._custom.gateway_api import LabelSelector

API_VERSION = "argoproj.io/v1alpha1"
ROLLOUT = "Rollout"


class FieldRef(TypedDict):
    """A field of the Rollout."""

    fieldPath: str


class ValueFrom(TypedDict):
    """Where a value is found when the analysis begins."""

    fieldRef: FieldRef


class Argument(TypedDict):
    """A value that an analysis is given, always as text; in a template its name alone."""

    name: str
    value: NotRequired[str]
    valueFrom: NotRequired[ValueFrom]


class TemplateRef(TypedDict):
    """An AnalysisTemplate of the same namespace."""

    templateName: str


class StepAnalysis(TypedDict):
    """Analyses that must succeed before the next step."""

    templates: list[TemplateRef]
    args: NotRequired[list[Argument]]


class BackgroundAnalysis(TypedDict):
    """Analyses that run beside the steps from ``startingStep`` on."""

    templates: list[TemplateRef]
    args: NotRequired[list[Argument]]
    startingStep: int


class PodLabels(TypedDict):
    """Labels that the controller puts on pods, without replacing them."""

    labels: dict[str, str]


class ExperimentTemplate(TypedDict):
    """Pods of an experiment. Without ``weight`` the experiment takes no traffic of the route."""

    name: str
    specRef: str
    replicas: int
    metadata: PodLabels


class ExperimentAnalysis(TypedDict):
    """An analysis of an experiment."""

    name: str
    templateName: str
    requiredForCompletion: bool


class Experiment(TypedDict):
    """Pods that exist only for this step."""

    duration: str
    templates: list[ExperimentTemplate]
    analyses: list[ExperimentAnalysis]


class CanaryScale(TypedDict):
    """Canary pods, as a share of all."""

    weight: int


class Pause(TypedDict):
    """Time to wait."""

    duration: str


class Step(TypedDict):
    """One step of a rollout; exactly one of the fields."""

    setWeight: NotRequired[int]
    setCanaryScale: NotRequired[CanaryScale]
    pause: NotRequired[Pause]
    analysis: NotRequired[StepAnalysis]
    experiment: NotRequired[Experiment]


class PluginRoute(TypedDict):
    """An HTTPRoute whose weights the plugin sets."""

    name: str


class PluginConfig(TypedDict):
    """What the Gateway API plugin does. The API server accepts any word here, so a misspelt one is found only here."""

    namespace: pulumi.Input[str]
    httpRoutes: list[PluginRoute]


class TrafficRouting(TypedDict):
    """Who sets the weights."""

    plugins: dict[str, PluginConfig]


class Canary(TypedDict):
    """How a new version takes over."""

    stableService: str
    canaryService: str
    stableMetadata: PodLabels
    canaryMetadata: PodLabels
    trafficRouting: TrafficRouting
    maxSurge: str
    maxUnavailable: int
    minPodsPerReplicaSet: int
    dynamicStableScale: bool
    abortScaleDownDelaySeconds: int
    scaleDownDelaySeconds: int
    scaleDownDelayRevisionLimit: int
    analysis: BackgroundAnalysis
    steps: list[Step]


class Strategy(TypedDict):
    """How versions replace each other."""

    canary: Canary


class RollbackWindow(TypedDict):
    """Going back to one of so many revisions skips steps and analyses."""

    revisions: int


class RolloutSpec(TypedDict):
    """A workload whose versions replace each other step by step.

    It has no ``replicas``, which belong to an autoscaler: a number here would be put back at every deployment.
    """

    selector: LabelSelector
    template: Mapping[str, Any]
    strategy: Strategy
    revisionHistoryLimit: int
    progressDeadlineSeconds: int
    progressDeadlineAbort: bool
    rollbackWindow: RollbackWindow


class PrometheusProvider(TypedDict):
    """A query of Prometheus; its result is a list of numbers."""

    address: pulumi.Input[str]
    query: pulumi.Input[str]
    timeout: int


class WebProvider(TypedDict):
    """A request; its result is what ``jsonPath`` finds in the answer."""

    method: str
    url: pulumi.Input[str]
    timeoutSeconds: int
    jsonPath: str
    jsonBody: Mapping[str, Any]


class Provider(TypedDict):
    """Where a measurement comes from; exactly one of the fields."""

    prometheus: NotRequired[PrometheusProvider]
    web: NotRequired[WebProvider]


class Metric(TypedDict):
    """What is measured how often, and what the results mean."""

    name: str
    provider: Provider
    successCondition: str
    failureCondition: NotRequired[str]
    count: NotRequired[int]
    interval: NotRequired[str]
    initialDelay: NotRequired[str]
    failureLimit: int
    inconclusiveLimit: int
    consecutiveErrorLimit: int
    consecutiveSuccessLimit: NotRequired[int]


class AnalysisTemplateSpec(TypedDict):
    """Measurements that belong together."""

    args: NotRequired[list[Argument]]
    metrics: list[Metric]


def rollout(
    name: str, metadata: Metadata, spec: RolloutSpec, opts: pulumi.ResourceOptions
) -> k8s.apiextensions.CustomResource:
    """A workload whose versions replace each other step by step."""
    return custom_resource(name, API_VERSION, ROLLOUT, metadata, spec, opts)


def analysis_template(
    name: str, metadata: Metadata, spec: AnalysisTemplateSpec, opts: pulumi.ResourceOptions
) -> k8s.apiextensions.CustomResource:
    """Measurements that decide whether a rollout goes on."""
    return custom_resource(name, API_VERSION, "AnalysisTemplate", metadata, spec, opts)
