"""Progressive rollout of pods that slipway's ``ModelService`` does not make."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi

from slipway import _check
from slipway._custom import argo
from slipway.rollout import _parts as parts
from slipway.rollout._front import front_of
from slipway.rollout._scale import scale_of
from slipway.rollout.rollout_args import RolloutArgs
from slipway.serving import _names, _workload
from slipway.serving import _service_settings as checks


class ProgressiveRolloutArgs(TypedDict):
    """Inputs of ``ProgressiveRollout``."""

    model: str
    """The model's name, which its objects take: at most 40 of a-z, 0-9 and -."""
    release: str
    """Id of the release that these pods are."""
    namespace: pulumi.Input[str]
    """Namespace, which exists; its NetworkPolicies must let the gateway in."""
    pod_template: Mapping[str, Any]
    """The pods, as Kubernetes writes them: ``metadata`` and ``spec``. The server's port is named ``http``. Labels that
    say model, release and arm are added."""
    hostname: str
    """Host name at the gateway, such as ``flight-delay.ml.example.com``."""
    prometheus_address: pulumi.Input[str]
    """Prometheus that has the gateway's metrics."""
    rollout: RolloutArgs
    """How a new release takes over."""
    startup_seconds: NotRequired[int]
    """How long the server may take to load the model. Default: 300."""
    min_replicas: NotRequired[int]
    """Fewest replicas. Default: 2, so that one may go."""
    max_replicas: NotRequired[int]
    """Most replicas. Default: 10, or ``min_replicas`` where that is more."""
    target_cpu_percent: NotRequired[int]
    """CPU use, in percent of the request, that the autoscaler aims at. Default: 70."""
    target_requests_per_second: NotRequired[int]
    """Requests a second of a replica that the autoscaler aims at, beside CPU; needs KEDA. Default: CPU alone."""
    target_latency_ms: NotRequired[int]
    """Latency of 95 % of the requests that the autoscaler aims at, beside CPU; needs KEDA. Default: CPU alone."""
    gateway_name: NotRequired[pulumi.Input[str]]
    """Gateway that the route attaches to. Default: ``models``."""
    gateway_namespace: NotRequired[str]
    """Namespace of the gateway and of its proxies. Default: ``gateway``."""
    jwt_issuer: NotRequired[pulumi.Input[str]]
    """Issuer of the tokens that callers show; required, as is the next one, without ``allow_unauthenticated``."""
    jwt_jwks_uri: NotRequired[pulumi.Input[str]]
    """Where the issuer publishes its keys."""
    jwt_audiences: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Audiences, one of which a token must be for; these or ``jwt_scopes`` are required. Default: any."""
    jwt_claims: NotRequired[dict[str, list[str]]]
    """Claims that a token must have, each with the accepted values. Default: any token of the audiences."""
    jwt_scopes: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Scopes that a token must have, all of them. Default: none."""
    allow_unauthenticated: NotRequired[bool]
    """Whether anybody may call. Default: no."""
    requests_per_second_limit: NotRequired[int]
    """Requests a second that each proxy of the gateway lets through. Default: no limit here."""
    request_timeout_seconds: NotRequired[int]
    """How long an answer may take, repetitions included. Default: 30."""
    max_parallel_requests: NotRequired[int]
    """Requests that each proxy has under way to an arm; more get 503. Default: 1024."""


class ProgressiveRollout(pulumi.ComponentResource):
    """Pods whose next release takes over step by step, with their way in and what judges a release; stateless.

    For pods of any kind: ``ModelService`` makes the same objects for a release of slipway's. Needs a Kubernetes
    provider in ``opts``, and in the cluster Argo Rollouts with the Gateway API plugin, Envoy Gateway and Prometheus.
    """

    service_name: pulumi.Output[str]
    """Name of the Kubernetes Service of the release that serves."""
    canary_service_name: pulumi.Output[str]
    """Name of the Kubernetes Service of the release that is to take over."""
    url: pulumi.Output[str]
    """Address at the gateway, without a path."""

    def __init__(self, name: str, args: ProgressiveRolloutArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:ProgressiveRollout", name, dict(args), opts)
        _check.known(args, ProgressiveRolloutArgs.__annotations__)
        model, release = checks.model_name(args), checks.release_id(args)
        front = front_of(args)
        scale = scale_of(args, routed=front is not None)
        plan = checks.plan_with(args.get("rollout"), front, scale)
        assert front and scale.prometheus is not None, "plan_with refuses a rollout without"
        namespace = _check.given(args, "namespace", _names.LABEL, _names.LABEL_ACCEPTED)
        template = _template(args.get("pod_template"), model, release)
        place = parts.Place(name, model, namespace, self)

        service = parts.service(place, plan)
        way = parts.front(place, front, plan)
        seconds = checks.startup_seconds(args)
        workload = parts.rollout(place, plan, release, template, seconds, scale.prometheus, [service, *way])
        parts.autoscaler(place, scale, argo.ROLLOUT, workload)
        parts.disruption(place)

        self.service_name = service.metadata.apply(lambda found: str(found.name))
        self.canary_service_name = pulumi.Output.concat(self.service_name, "-canary")
        self.url = pulumi.Output.from_input(f"https://{front.hostname}")
        self.register_outputs(
            {"serviceName": self.service_name, "canaryServiceName": self.canary_service_name, "url": self.url}
        )


def _template(template: Any, model: str, release: str) -> dict[str, Any]:
    """``template`` with the labels that find its pods."""
    if not isinstance(template, Mapping) or not isinstance(template.get("spec"), Mapping):
        _check.refuse("pod_template", "an object with metadata and spec", template)
    ports = [
        port.get("name")
        for container in template["spec"].get("containers", [])
        for port in (container.get("ports") or [])
    ]
    if ports.count("http") != 1:
        _check.refuse("pod_template.spec.containers", "one port that is named http", ports)
    metadata = dict(template.get("metadata") or {})
    labels = {**(metadata.get("labels") or {}), **_workload.pod_labels(model, release)}
    return {**template, "metadata": {**metadata, "labels": labels}}
