"""The service of one model, from one release."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from slipway import _check
from slipway._custom import argo
from slipway.rollout import _parts as parts
from slipway.rollout.rollout_args import RolloutArgs
from slipway.serving import _guards, _names, _workload
from slipway.serving._service_settings import settings_of


class EgressArgs(TypedDict):
    """A network that pods may connect to."""

    cidr_block: str
    """Network, such as ``10.0.16.0/20``."""
    port: int
    """TCP port."""


class ModelServiceArgs(TypedDict):
    """Inputs of ``ModelService``."""

    model: str
    """The model's name, which its objects take: at most 40 of a-z, 0-9 and -."""
    release: str
    """Id of the release that serves."""
    image: pulumi.Input[str]
    """The server, by digest."""
    artifact_uri: pulumi.Input[str]
    """The artifact: ``s3://<bucket>/<key>``."""
    artifact_version: str
    """Object version of the artifact."""
    artifact_sha256: str
    """SHA-256 of the artifact, in hex. A pod that fetches anything else does not start."""
    fetch_image: pulumi.Input[str]
    """slipway's operations image, by digest; it fetches and checks the artifact."""
    namespace: pulumi.Input[str]
    """Namespace, which exists."""
    service_account: NotRequired[str]
    """Service account of the pods, made here; a cloud identity refers to it. Default: ``model``."""
    region: NotRequired[pulumi.Input[str]]
    """AWS region of the artifact. Default: what the pod's environment says."""
    port: NotRequired[int]
    """Port that the server listens on; it is told as ``SLIPWAY_PORT``. Default: 8080."""
    cpu: NotRequired[str]
    """CPU that a replica requests, such as ``500m`` or ``2``. Default: ``500m``."""
    memory: NotRequired[str]
    """Memory that a replica requests and may use, such as ``512Mi``. Default: ``512Mi``."""
    gpus: NotRequired[int]
    """GPUs of a replica. Default: 0."""
    artifact_gib: NotRequired[int]
    """Disk for the artifact; larger ones are refused by the node. Default: 2."""
    min_replicas: NotRequired[int]
    """Fewest replicas. Default: 2, so that one may go."""
    max_replicas: NotRequired[int]
    """Most replicas. Default: 10, or ``min_replicas`` where that is more."""
    target_cpu_percent: NotRequired[int]
    """CPU use, in percent of the request, that the autoscaler aims at. Default: 70."""
    prometheus_address: NotRequired[pulumi.Input[str]]
    """Prometheus that has the gateway's metrics; what is below and ``rollout`` ask it. Default: none."""
    target_requests_per_second: NotRequired[int]
    """Requests a second of a replica that the autoscaler aims at, beside CPU; needs KEDA. Default: CPU alone."""
    target_latency_ms: NotRequired[int]
    """Latency of 95 % of the requests that the autoscaler aims at, beside CPU; needs KEDA. Default: CPU alone."""
    settings: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Serving settings of the release: environment variables of the server. Default: none."""
    priority_class: NotRequired[str]
    """Priority class of the pods: who goes first where room is short. Default: the cluster's default."""
    ingress_namespaces: NotRequired[list[str]]
    """Namespaces that may call the service, beside the gateway's. Default: none."""
    egress: NotRequired[list[EgressArgs]]
    """What the pods may connect to, beside AWS's HTTPS endpoints: a database, for one. Default: nothing."""
    health_path: NotRequired[str]
    """Answers 200 while the server is alive. Default: ``/healthz``."""
    ready_path: NotRequired[str]
    """Answers 200 while the server can predict. Default: ``health_path``."""
    warm_up_path: NotRequired[str]
    """Answers 200 once the server has predicted something by itself; asked with GET while it starts, and until then it
    gets no request. Default: ``health_path``."""
    startup_seconds: NotRequired[int]
    """How long the server may take to load the model. Default: 300."""
    hostname: NotRequired[str]
    """Host name at the gateway, such as ``flight-delay.ml.example.com``. Default: no way in from outside."""
    gateway_name: NotRequired[pulumi.Input[str]]
    """Gateway that the route attaches to. Default: ``models``."""
    gateway_namespace: NotRequired[str]
    """Namespace of the gateway and of its proxies. Default: ``gateway``."""
    jwt_issuer: NotRequired[pulumi.Input[str]]
    """Issuer of the tokens that callers show. Required with ``hostname``, as is the next one."""
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
    rollout: NotRequired[RolloutArgs]
    """How a new release takes over; needs ``hostname``, ``prometheus_address`` and Argo Rollouts. Default: pod by
    pod."""


class ModelService(pulumi.ComponentResource):
    """A model's pods, autoscaler, address, way in and guards in one namespace; stateless.

    Names never hold the release, so a newer or an older one is an update in place. Needs a Kubernetes provider in
    ``opts`` and nothing of a cloud: it runs on any conformant cluster. With ``rollout`` a Rollout of Argo Rollouts has
    the pods, and a new release beside the old one takes over step by step.
    """

    url: pulumi.Output[str]
    """Address inside the cluster, without a path."""
    service_name: pulumi.Output[str]
    """Name of the Kubernetes Service, with and without a rollout."""

    def __init__(self, name: str, args: ModelServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:ModelService", name, dict(args), opts)
        _check.known(args, ModelServiceArgs.__annotations__)
        settings = settings_of(args)
        workload, plan = settings.workload, settings.plan
        namespace = _check.given(args, "namespace", _names.LABEL, _names.LABEL_ACCEPTED)
        place = parts.Place(name, workload.model, namespace, self)

        account = k8s.core.v1.ServiceAccount(
            f"{name}-account",
            metadata={**place.metadata(), "name": workload.service_account},
            automount_service_account_token=False,
            opts=place.opts(),
        )
        guard = k8s.networking.v1.NetworkPolicy(
            f"{name}-network",
            metadata=place.metadata(),
            spec=_guards.network_spec(workload.model, workload.port, settings.callers, settings.egress),
            opts=place.opts(),
        )
        service = parts.service(place, plan)
        way = parts.front(place, settings.front, plan) if settings.front else []
        if plan and settings.scale.prometheus is not None:
            parts.autoscaler(
                place,
                settings.scale,
                argo.ROLLOUT,
                parts.rollout(
                    place,
                    plan,
                    workload.release,
                    _workload.pod_template(workload, progressive=True),
                    workload.startup_seconds,
                    settings.scale.prometheus,
                    [account, guard, service, *way],
                ),
            )
        else:
            deployment = k8s.apps.v1.Deployment(
                f"{name}-server",
                metadata=place.metadata(),
                spec=_workload.deployment_spec(workload),
                opts=place.opts(account, guard),
            )
            parts.autoscaler(place, settings.scale, "Deployment", deployment)
        parts.disruption(place)

        self.service_name = service.metadata.apply(lambda found: str(found.name))
        self.url = pulumi.Output.concat("http://", self.service_name, ".", namespace, ".svc")
        self.register_outputs({"url": self.url, "serviceName": self.service_name})
