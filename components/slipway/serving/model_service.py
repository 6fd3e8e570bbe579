"""The service of one model, from one release."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from slipway import _check
from slipway.serving import _guards, _names, _workload

MODEL = r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?"
IMAGE = r"(?:[a-zA-Z0-9.-]+(?::\d+)?/)?[a-z0-9._-]+(?:/[a-z0-9._-]+)*@sha256:[0-9a-f]{64}"
IMAGE_ACCEPTED = "an image by digest, <repository>@sha256:<64 hex>; a tag may point elsewhere tomorrow"
OBJECT_URI = r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/\S+"
LABEL_VALUE = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
SHA256 = r"[0-9a-f]{64}"
CPU = r"[1-9]\d*m|[1-9]\d*|\d*\.\d+"
MEMORY = r"[1-9]\d*(?:Mi|Gi)"
PATH = r"/[\w./-]*"
VARIABLE = r"(?!SLIPWAY_)[A-Za-z_][A-Za-z0-9_]*"


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
    settings: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Serving settings of the release: environment variables of the server. Default: none."""
    ingress_namespaces: NotRequired[list[str]]
    """Namespaces that may call the service. Default: none."""
    health_path: NotRequired[str]
    """Answers 200 while the server is alive. Default: ``/healthz``."""
    ready_path: NotRequired[str]
    """Answers 200 while the server can predict. Default: ``health_path``."""
    startup_seconds: NotRequired[int]
    """How long the server may take to load the model. Default: 300."""


class ModelService(pulumi.ComponentResource):
    """A model's pods, autoscaler, address and guards in one namespace; stateless.

    Names never hold the release, so a newer or an older one is an update in place. Needs a Kubernetes provider in
    ``opts`` and nothing of a cloud: it runs on any conformant cluster.
    """

    url: pulumi.Output[str]
    """Address inside the cluster, without a path."""
    service_name: pulumi.Output[str]
    """Name of the Kubernetes Service."""

    def __init__(self, name: str, args: ModelServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:ModelService", name, dict(args), opts)
        _check.known(args, ModelServiceArgs.__annotations__)
        workload = _workload_of(args)
        minimum = _check.between("min_replicas", args.get("min_replicas", 2), 1, 1000)
        maximum = _check.between("max_replicas", args.get("max_replicas", max(10, minimum)), 1, 1000)
        if maximum < minimum:
            _check.refuse("max_replicas", f"at least min_replicas, {minimum}", maximum)
        cpu_percent = _check.between("target_cpu_percent", args.get("target_cpu_percent", 70), 1, 100)
        callers = _check.each(
            "ingress_namespaces", args.get("ingress_namespaces", []), _names.LABEL, _names.LABEL_ACCEPTED
        )
        model = workload.model
        namespace = _check.given(args, "namespace", _names.LABEL, _names.LABEL_ACCEPTED)
        child = pulumi.ResourceOptions(parent=self)
        metadata: k8s.meta.v1.ObjectMetaArgsDict = {
            "name": model,
            "namespace": namespace,
            "labels": _workload.object_labels(model),
        }

        account = k8s.core.v1.ServiceAccount(
            f"{name}-account",
            metadata={**metadata, "name": workload.service_account},
            automount_service_account_token=False,
            opts=child,
        )
        guard = k8s.networking.v1.NetworkPolicy(
            f"{name}-network",
            metadata=metadata,
            spec=_guards.network_spec(model, workload.port, callers),
            opts=child,
        )
        deployment = k8s.apps.v1.Deployment(
            f"{name}-server",
            metadata=metadata,
            spec=_workload.deployment_spec(workload),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[account, guard])),
        )
        k8s.policy.v1.PodDisruptionBudget(
            f"{name}-disruption", metadata=metadata, spec=_guards.disruption_spec(model), opts=child
        )
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": model}
        k8s.autoscaling.v2.HorizontalPodAutoscaler(
            f"{name}-scale",
            metadata=metadata,
            spec=_guards.autoscaler_spec(target, minimum, maximum, cpu_percent),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[deployment])),
        )
        service = k8s.core.v1.Service(
            f"{name}-service", metadata=metadata, spec=_guards.service_spec(model), opts=child
        )

        self.service_name = service.metadata.apply(lambda found: str(found.name))
        self.url = pulumi.Output.concat("http://", self.service_name, ".", namespace, ".svc")
        self.register_outputs({"url": self.url, "serviceName": self.service_name})


def _workload_of(args: ModelServiceArgs) -> _workload.Workload:
    model = _check.matches("model", args.get("model"), MODEL, "1 to 40 of a-z, 0-9 and -, beginning with a letter")
    account = _check.matches("service_account", args.get("service_account", model), _names.LABEL, _names.LABEL_ACCEPTED)
    health_path = _path("health_path", args.get("health_path", "/healthz"))
    return _workload.Workload(
        model=model,
        release=_check.matches("release", args.get("release"), LABEL_VALUE, "a release's id, at most 63 characters"),
        image=_later("image", args.get("image"), IMAGE, IMAGE_ACCEPTED),
        fetch_image=_later("fetch_image", args.get("fetch_image"), IMAGE, IMAGE_ACCEPTED),
        artifact_uri=_later("artifact_uri", args.get("artifact_uri"), OBJECT_URI, "s3://<bucket>/<key>"),
        artifact_version=_check.matches(
            "artifact_version", args.get("artifact_version"), r"(?!null$)\S+", "the id of an object's version"
        ),
        artifact_sha256=_check.matches(
            "artifact_sha256", args.get("artifact_sha256"), r"[0-9a-f]{64}", "64 hex digits"
        ),
        service_account=account,
        port=_check.between("port", args.get("port", 8080), 1024, 65535),
        cpu=_check.matches("cpu", args.get("cpu", "500m"), CPU, "CPUs such as 500m or 2"),
        memory=_check.matches("memory", args.get("memory", "512Mi"), MEMORY, "memory such as 512Mi or 4Gi"),
        gpus=_check.between("gpus", args.get("gpus", 0), 0, 16),
        artifact_gib=_check.between("artifact_gib", args.get("artifact_gib", 2), 1, 1000),
        startup_seconds=_check.between("startup_seconds", args.get("startup_seconds", 300), 5, 3600),
        health_path=health_path,
        ready_path=_path("ready_path", args.get("ready_path", health_path)),
        settings=_settings(args.get("settings", {})),
        region=args.get("region"),
    )


def _later(arg: str, value: pulumi.Input[str] | None, pattern: str, accepted: str) -> pulumi.Input[str]:
    """Check ``value`` now, or where it is an Output once it is known."""
    if isinstance(value, pulumi.Output):
        return value.apply(lambda known: _check.matches(arg, known, pattern, accepted))
    return _check.matches(arg, value, pattern, accepted)


def _path(arg: str, value: str) -> str:
    return _check.matches(arg, value, PATH, "a path such as /healthz")


def _settings(settings: Mapping[str, pulumi.Input[str]]) -> Mapping[str, pulumi.Input[str]]:
    accepted = "names of environment variables that do not begin with SLIPWAY_, which tells the release"
    for key, value in settings.items():
        _check.matches("settings", key, VARIABLE, accepted)
        if not isinstance(value, str | pulumi.Output):
            _check.refuse(f"settings.{key}", "text", value)
    return settings
