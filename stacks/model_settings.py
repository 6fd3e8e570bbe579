"""Settings of one model in an environment."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from stacks._section import Section
from stacks.drift_settings import DriftSettings
from stacks.retraining_settings import RetrainSettings
from stacks.values import (
    ClaimName,
    Cpu,
    Memory,
    MetricName,
    Minutes,
    Name,
    ReleaseId,
    Slug,
    Weights,
)

KNOWN_METRICS = {
    "accuracy": ("binary", "increase", "correct"),
    "brier": ("mean", "decrease", "brier"),
}
"""Metrics that need no more than their name: their kind, the direction that is better, how they come of a label."""


class ScaleSettings(Section):
    """Replicas of a model's service."""

    min: Annotated[int, Field(ge=1, le=1000)] = 1
    max: Annotated[int, Field(ge=1, le=1000)] = 3
    target_cpu_percent: Annotated[int, Field(ge=1, le=100)] = 70
    target_requests_per_second: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Requests a second that one replica shall have; more add replicas."""
    target_latency_ms: Annotated[int, Field(ge=1, le=600_000)] | None = None
    """95th percentile of the answers' time at which replicas are added."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min at most max ({self.max})")
        return self


class ResourceSettings(Section):
    """What one replica of a model requests, where it is not what the release says."""

    cpu: Cpu | None = None
    memory: Memory | None = None
    gpus: Annotated[int, Field(ge=0, le=16)] | None = None


class AuthSettings(Section):
    """Who may call the model through the gateway; without this section nobody reaches it from there."""

    claims: dict[ClaimName, Annotated[list[Name], Field(min_length=1)]] = {}
    """Each claim of the caller's token must have one of these values. None and no scopes: every good token will do."""
    scopes: list[Name] = []
    """All of these must be in the caller's token."""
    allow_unauthenticated: bool = False
    """Lets everybody call, without a token."""

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if self.allow_unauthenticated and (self.claims or self.scopes):
            raise ValueError("allow_unauthenticated, or claims and scopes: without a token there are none")
        return self


class SloSettings(Section):
    """What the service promises; shown with its outputs and, with ``monitoring``, watched by alerts."""

    latency_p99_ms: Annotated[int, Field(ge=1, le=600_000)] | None = None
    """Watched without ``auth``, where the model's own server is measured, it must be a bound of its histogram."""
    availability_percent: Annotated[float, Field(ge=50, lt=100)] | None = None


class Direction(StrEnum):
    """Which way a metric is better."""

    INCREASE = "increase"
    DECREASE = "decrease"


class Kind(StrEnum):
    """What a metric is made of: yes and no, or numbers."""

    BINARY = "binary"
    MEAN = "mean"


class GuardrailSettings(Section):
    """What must not get worse by more than a margin."""

    name: MetricName
    """``errors``, ``latency_ms``, or how it comes of a prediction and its label, as in ``label``."""
    kind: Annotated[Kind, Field(strict=False)] | None = None
    direction: Annotated[Direction, Field(strict=False)] | None = None
    margin: Annotated[float, Field(gt=0)]
    """In the measure's own unit."""


class SliceSettings(Section):
    """A feature, for none of whose values the metric may get worse by more than a margin."""

    feature: Name
    margin: Annotated[float, Field(gt=0)]
    minimum_sample: int | None = None
    """Of a value, in each arm; fewer are not judged."""


class OnlyIfBetterSettings(Section):
    """What must be better on real traffic before a release takes over; whatever stays unknown leaves the old one.

    What is not given is as in docs/reference/gate.schema.json.
    """

    metric: MetricName
    """``accuracy``, ``brier``, or another name with ``kind``, ``direction`` and ``label``."""
    minimum_effect: Annotated[float, Field(gt=0)]
    """By how much it must be better, in the metric's own unit."""
    kind: Annotated[Kind, Field(strict=False)] | None = None
    direction: Annotated[Direction, Field(strict=False)] | None = None
    label: MetricName | None = None
    """How the metric comes of a prediction and its label: ``correct``, ``brier``, ``value``, ``absolute_error`` or
    ``squared_error``."""
    baseline: float | None = None
    """The old release's rate as expected, which makes the test quicker; a wrong one only makes it slower."""
    alpha: float | None = None
    """Chance of promoting one that is not better."""
    minimum_sample: int | None = None
    """Subjects with a label that each arm must have before a promotion."""
    maximum_sample: int | None = None
    """Subjects with a label in each arm after which it was not better."""
    deadline_minutes: Minutes = 10080
    """After which it was not better."""
    label_window_minutes: Minutes = 1440
    """How long a prediction waits for its label; only then does it count."""
    minimum_label_coverage: float | None = None
    """Share of the predictions that must get a label."""
    sample_ratio_alpha: float | None = None
    """Chance of taking a fair split of the traffic for a broken one."""
    sample_percent: float | None = None
    """Share of the subjects that is looked at, where the traffic is more than the gate can hold."""
    guardrails: list[GuardrailSettings] = []
    slices: list[SliceSettings] = []

    @model_validator(mode="after")
    def _known(self) -> Self:
        spelt = (self.kind, self.direction, self.label)
        if self.metric in KNOWN_METRICS and any(value is not None for value in spelt):
            raise ValueError(f"nothing as kind, direction and label, because metric is {self.metric}")
        if self.metric not in KNOWN_METRICS and any(value is None for value in spelt):
            known = " or ".join(KNOWN_METRICS)
            raise ValueError(f"{known} as metric, or kind, direction and label: how it comes of a label")
        return self


class RolloutSettings(Section):
    """How a new release takes over; without this section pods are replaced one by one, and nothing is compared."""

    mirror_minutes: Minutes | None = None
    """How long the new release gets copies of requests before its first caller."""
    mirror_percent: Annotated[int, Field(ge=1, le=100)] = 10
    """Share of the requests that is copied."""
    steps_percent: Weights = [5, 25, 50]
    """Share of the callers at each step; after the last one come all."""
    step_minutes: Minutes = 15
    bake_minutes: Minutes = 60
    """How long the old release stays ready after the new one took over."""
    minimum_requests: Annotated[int, Field(ge=1, le=10_000_000)] = 100
    """Requests of a step without which the new release is not judged, and does not go on."""
    error_margin_percent: Annotated[int, Field(ge=0, le=100)] = 1
    """Errors of the new release above those of the old, in percent of all answers."""
    latency_margin_percent: Annotated[int, Field(ge=0, le=1000)] = 20
    """99th percentile above that of the old release."""
    only_if_better: OnlyIfBetterSettings | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.mirror_minutes is None and "mirror_percent" in self.model_fields_set:
            raise ValueError("mirror_percent with mirror_minutes: without, nobody would receive the copies")
        return self


class ModelStoresSettings(Section):
    """Stores of the environment that the model's server uses: identity, network and addresses follow."""

    online: Slug | None = None
    """Name in ``stores.online``; the server finds it as ``ONLINE_STORE_TABLE``."""
    online_writes: bool = False
    """Whether the server also writes to it."""
    database: Slug | None = None
    """Name in ``stores.databases``; the server finds it as ``PGHOST`` and its like."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.online_writes and self.online is None:
            raise ValueError("online_writes with online")
        return self


class ModelSettings(Section):
    """One model in this environment."""

    release: ReleaseId | None = None
    """The release that serves. Roll back by naming an older one. Without it the model waits for its first."""
    scale: ScaleSettings = ScaleSettings()
    resources: ResourceSettings = ResourceSettings()
    ingress_namespaces: list[Slug] = []
    """Kubernetes namespaces whose pods may call the model; none: only its own health checks reach it."""
    host: Slug | None = None
    """First label of its address, ``<host>.<domain>``; the model's name if not given."""
    team: Slug | None = None
    """Team that is told of its alerts, and may have topics of its own: ``monitoring.teams``; ``ml`` if not given."""
    auth: AuthSettings | None = None
    requests_per_second_limit: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Requests a second, at each replica of the gateway, above which callers are told to wait."""
    slo: SloSettings = SloSettings()
    rollout: RolloutSettings | None = None
    retrain: RetrainSettings | None = None
    drift: DriftSettings | None = None
    stores: ModelStoresSettings = ModelStoresSettings()
