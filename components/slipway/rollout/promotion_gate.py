"""The service that decides, by labels, whether a release is better than the one that serves."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from slipway import _check
from slipway.rollout import _gate_service
from slipway.serving import _names
from slipway.serving._service_settings import CPU, IMAGE, IMAGE_ACCEPTED, MEMORY

LABEL = (_names.LABEL, _names.LABEL_ACCEPTED)
FOLDER = (r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/\S*)?", "s3://<bucket>/<prefix>")


class PromotionGateArgs(TypedDict):
    """Inputs of ``PromotionGate``."""

    image: pulumi.Input[str]
    """slipway's operations image, by digest."""
    predictions: pulumi.Input[str]
    """Where prediction events are: ``s3://<bucket>/<prefix>``."""
    labels: pulumi.Input[str]
    """Where label events are."""
    decisions: pulumi.Input[str]
    """Where decisions, and the beginnings of their stages, are recorded."""
    namespace: NotRequired[pulumi.Input[str]]
    """Namespace, which exists: that of ``RolloutController``. Default: ``rollouts``."""
    service_account: NotRequired[str]
    """Service account of the pods, made here; the identity that reads events and records decisions refers to it.
    Default: ``slipway-gate``."""
    region: NotRequired[pulumi.Input[str]]
    """AWS region of the buckets. Default: what the pod's environment says."""
    replicas: NotRequired[int]
    """Pods; each answers by itself, and what they record is never written twice. Default: 2."""
    cpu: NotRequired[str]
    """CPU that a pod requests. Default: ``1``."""
    memory: NotRequired[str]
    """Memory that a pod requests and may use; 10 million events need one GiB. Default: ``2Gi``."""


class PromotionGate(pulumi.ComponentResource):
    """The gate's pods, address and guards, in the namespace of the rollouts' controller; stateless.

    Needs a Kubernetes provider in ``opts``, and an identity of its service account that reads the events and writes
    decisions.
    """

    url: pulumi.Output[str]
    """Address that analyses ask: the ``gate_url`` of rollouts."""
    service_account: pulumi.Output[str]
    """Service account, for the identity."""

    def __init__(self, name: str, args: PromotionGateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:PromotionGate", name, dict(args), opts)
        _check.known(args, PromotionGateArgs.__annotations__)
        namespace = args.get("namespace", "rollouts")
        _check.plain("namespace", namespace, *LABEL)
        account = _check.matches("service_account", args.get("service_account", _gate_service.NAME), *LABEL)
        gate = _gate_service.Gate(
            image=_check.given(args, "image", IMAGE, IMAGE_ACCEPTED),
            predictions=_check.given(args, "predictions", *FOLDER),
            labels=_check.given(args, "labels", *FOLDER),
            decisions=_check.given(args, "decisions", *FOLDER),
            service_account=account,
            region=args.get("region"),
            replicas=_check.between("replicas", args.get("replicas", 2), 1, 10),
            cpu=_check.matches("cpu", args.get("cpu", "1"), CPU, "CPUs such as 500m or 2"),
            memory=_check.matches("memory", args.get("memory", "2Gi"), MEMORY, "memory such as 512Mi or 4Gi"),
        )
        child = pulumi.ResourceOptions(parent=self)
        metadata: k8s.meta.v1.ObjectMetaArgsDict = {
            "name": _gate_service.NAME,
            "namespace": namespace,
            "labels": _gate_service.OBJECT_LABELS,
        }

        user = k8s.core.v1.ServiceAccount(
            f"{name}-account",
            metadata={**metadata, "name": account},
            automount_service_account_token=False,
            opts=child,
        )
        guard = k8s.networking.v1.NetworkPolicy(
            f"{name}-network", metadata=metadata, spec=_gate_service.network_spec(), opts=child
        )
        k8s.apps.v1.Deployment(
            f"{name}-server",
            metadata=metadata,
            spec=_gate_service.deployment_spec(gate),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[user, guard]),
        )
        k8s.policy.v1.PodDisruptionBudget(
            f"{name}-disruption", metadata=metadata, spec=_gate_service.disruption_spec(), opts=child
        )
        service = k8s.core.v1.Service(
            f"{name}-service", metadata=metadata, spec=_gate_service.service_spec(), opts=child
        )

        found = service.metadata.apply(lambda one: f"{one.name}.{one.namespace}")
        self.url = pulumi.Output.concat("http://", found, f".svc:{_gate_service.PORT}{_gate_service.PATH}")
        self.service_account = pulumi.Output.from_input(account)
        self.register_outputs({"url": self.url, "serviceAccount": self.service_account})
