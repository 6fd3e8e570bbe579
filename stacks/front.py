"""What stands in front of an environment's models, and what decides between their releases."""

from dataclasses import dataclass, field
from typing import Any

import pulumi
from slipway.rollout import PromotionGate, RolloutController
from slipway.rollout.promotion_gate import PromotionGateArgs
from slipway.rollout.rollout_controller import RolloutControllerArgs
from slipway.security import DataKeys, Principal, WorkloadIdentity
from slipway.security.workload_identity import WorkloadIdentityArgs
from slipway.serving import Gateway, Network, RequestAutoscaler, ServingCluster
from slipway.serving.gateway import GatewayArgs
from slipway.serving.request_autoscaler import RequestAutoscalerArgs
from slipway_ops.environments import decisions_uri, gateway_logs_bucket

from stacks.settings import Settings

GATE_NAMESPACE, GATE_ACCOUNT = "rollouts", "slipway-gate"


@dataclass(frozen=True)
class Built:
    """What of it there is."""

    gateway: Gateway | None = None
    gate_url: pulumi.Output[str] | None = None
    ready: list[pulumi.Output[str]] = field(default_factory=list)
    """Known once everything is there that the models' objects need."""
    controllers: list[pulumi.Resource] = field(default_factory=list)
    """What has a namespace of its own in which monitoring reads."""


@dataclass(frozen=True)
class Ground:
    """What it is built on."""

    network: Network
    keys: DataKeys
    cluster: ServingCluster
    models_bucket_arn: pulumi.Output[str]
    operations_image: pulumi.Output[str] | None
    """Where the operations image is known."""


def declare(settings: Settings, ground: Ground) -> Built:
    """Declare the gateway, the controllers and the gate that ``settings`` ask for."""
    inside = pulumi.ResourceOptions(providers=[ground.cluster.kubernetes])
    ready: list[pulumi.Output[str]] = []
    controllers: list[pulumi.Resource] = []
    gateway = gate_url = None
    if settings.gateway:
        gateway = Gateway("gateway", _gateway_args(settings, ground), inside)
        ready.append(gateway.gateway_name)
    if settings.request_autoscaler:
        scaler: RequestAutoscalerArgs = {}
        if settings.cluster and settings.cluster.version:
            scaler["kubernetes_version"] = settings.cluster.version
        ready.append(RequestAutoscaler("request-autoscaler", scaler, inside).namespace)
    if settings.rollouts:
        args: RolloutControllerArgs = {"plugin_image": settings.rollouts.plugin_image, "namespace": GATE_NAMESPACE}
        if settings.rollouts.controller_image:
            args["controller_image"] = settings.rollouts.controller_image
        if settings.cluster and settings.cluster.version:
            args["kubernetes_version"] = settings.cluster.version
        controller = RolloutController("rollouts", args, inside)
        ready.append(controller.namespace)
        controllers.append(controller)
        if settings.gate and ground.operations_image is not None:
            gate_url = _gate(settings, ground, controller.namespace, ground.operations_image, inside)
            ready.append(gate_url)
    return Built(gateway, gate_url, ready, controllers)


def _gateway_args(settings: Settings, ground: Ground) -> GatewayArgs:
    gateway = settings.gateway
    assert gateway, "callers ask first"
    args: GatewayArgs = {
        "vpc_id": ground.network.vpc_id,
        "public_subnet_ids": ground.network.public_subnet_ids,
        "public_subnet_cidr_blocks": ground.network.public_subnet_cidr_blocks,
        "cluster_security_group_id": ground.cluster.cluster_security_group_id,
        "domain": gateway.domain,
        "access_log_bucket_name": gateway_logs_bucket(settings.namespace, settings.environment),
        "logs_key_arn": ground.keys.key_arns["logs"],
        "allowed_cidrs": gateway.allowed_cidrs,
        "access_log_days": gateway.access_log_days,
        "waf_log_days": gateway.waf_log_days,
        "waf_requests_per_5_minutes": gateway.waf_requests_per_5_minutes,
        "min_replicas": gateway.min_replicas,
        "max_replicas": gateway.max_replicas,
        "route_namespaces": [settings.workload_namespace],
        "deletion_protection": settings.deletion_protection,
    }
    if gateway.zone_id:
        args["zone_id"] = gateway.zone_id
    if gateway.certificate_arn:
        args["certificate_arn"] = gateway.certificate_arn
    if gateway.issuer:
        args["jwt_issuer"] = gateway.issuer.url
        args["jwt_jwks_uri"] = gateway.issuer.jwks_uri
        args["jwt_audiences"] = gateway.issuer.audiences
    if gateway.cognito:
        args["cognito_domain_prefix"] = gateway.cognito.domain_prefix
    if settings.cluster and settings.cluster.version:
        args["kubernetes_version"] = settings.cluster.version
    return args


def _gate(
    settings: Settings,
    ground: Ground,
    namespace: pulumi.Output[str],
    image: pulumi.Output[str],
    inside: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """The gate and its identity: it reads events, and adds records to the models' bucket."""
    gate = settings.gate
    assert gate, "callers ask first"
    partition = ground.models_bucket_arn.apply(lambda arn: arn.rpartition(":")[0])
    decisions = decisions_uri(settings.namespace, settings.environment)

    def arn(uri: str) -> pulumi.Output[str]:
        return pulumi.Output.concat(partition, ":", uri.removeprefix("s3://").rstrip("/"), "/*")

    own: Any = ground.keys.key_arns["models"]
    identity: WorkloadIdentityArgs = {
        "principal": Principal.POD,
        "cluster_name": ground.cluster.cluster_name,
        "namespace": GATE_NAMESPACE,
        "service_account": GATE_ACCOUNT,
        "reads": [arn(gate.predictions), arn(gate.labels), arn(decisions)],
        "writes": [arn(decisions)],
        "uses": [own, *gate.key_arns],
    }
    if settings.permissions_boundary_arn:
        identity["permissions_boundary_arn"] = settings.permissions_boundary_arn
    known = WorkloadIdentity("gate-identity", identity)
    args: PromotionGateArgs = {
        "image": image,
        "predictions": gate.predictions,
        "labels": gate.labels,
        # Pods get their role when they start, so they start once it is there.
        "decisions": known.role_arn.apply(lambda _: decisions),
        "namespace": namespace,
        "service_account": GATE_ACCOUNT,
        "region": settings.region,
    }
    return PromotionGate("gate", args, inside).url
