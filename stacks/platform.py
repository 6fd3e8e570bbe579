"""The platform of an environment: keys, network, model storage, registry, cluster and what stands in front of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws
from slipway.models import ModelBucket
from slipway.models.model_bucket import ModelBucketArgs
from slipway.security import DataKeys
from slipway.serving import Network, ServingCluster
from slipway.serving.network import NetworkArgs
from slipway.serving.serving_cluster import ServingClusterArgs
from slipway_ops.environments import OPERATIONS, models_bucket, repository

from stacks import front, images
from stacks.contract import PlatformContract
from stacks.releases import Found
from stacks.settings import ClusterSettings, NetworkSettings, Settings

if TYPE_CHECKING:
    from slipway.monitoring import MonitoringStack


@dataclass(frozen=True)
class Platform:
    """A platform, for what is declared on it in the same stack."""

    contract: PlatformContract
    network: Network
    keys: DataKeys
    cluster: ServingCluster
    monitoring: "MonitoringStack | None" = None


def declare(settings: Settings, found: Found) -> Platform:
    """Declare the platform."""
    assert settings.network and settings.cluster, "settings.problems() requires both sections of a platform"
    name = f"{settings.namespace}-{settings.environment}"
    account = aws.get_caller_identity_output().account_id

    keys = DataKeys(
        "keys",
        {
            "alias_prefix": name,
            "account_id": account,
            "region": settings.region,
            "administrator_arns": settings.keys.administrator_arns,
            "deletion_window_days": settings.keys.deletion_window_days,
            "rotation_period_days": settings.keys.rotation_period_days,
            "multi_region": settings.keys.multi_region,
            "deletion_protection": settings.deletion_protection,
        },
    )
    network = Network("network", _network_args(settings, settings.network, name, keys))
    bucket = ModelBucket("models", _bucket_args(settings, keys))
    operations = repository(settings.namespace, settings.environment, OPERATIONS)
    registry = images.declare(settings, "operations", "operations-publisher", [operations], keys.key_arns["models"])
    cluster = ServingCluster("cluster", _cluster_args(settings, settings.cluster, name, network, keys))

    image = None
    if found.operations_digest:
        image = pulumi.Output.concat(registry.repository_urls[operations], "@", found.operations_digest)
    built = front.declare(settings, front.Ground(network, keys, cluster, bucket.bucket_arn, image))
    gateway = built.gateway
    shared = {}
    if settings.datasets or settings.mlflow:
        from stacks import retraining  # most of its SDK modules are no other's

        ground = retraining.Ground(account, network, keys, bucket.bucket_arn, bucket.bucket_name, cluster, image)
        shared = retraining.declare(settings, ground)

    watch = None
    if settings.monitoring:
        from stacks import watching  # likewise

        watch = watching.declare(settings, watching.Ground(keys, cluster, built.controllers))

    contract = PlatformContract(
        cluster_name=cluster.cluster_name,
        cluster_arn=cluster.cluster_arn,
        kubeconfig=cluster.kubeconfig,
        # What is made in it waits for the controllers of its kinds, and is deleted before them.
        namespace=pulumi.Output.all(settings.workload_namespace, *built.ready).apply(lambda known: str(known[0])),
        models_bucket=bucket.bucket_name,
        models_bucket_arn=bucket.bucket_arn,
        models_key_arn=keys.key_arns["models"],
        personal_key_arn=keys.key_arns["personal"],
        operations_repository_url=registry.repository_urls[operations],
        gateway_domain=gateway.domain if gateway else None,
        gateway_name=gateway.gateway_name if gateway else None,
        jwt_issuer=gateway.issuer if gateway else None,
        jwt_jwks_uri=gateway.jwks_uri if gateway else None,
        jwt_audiences=gateway.audiences if gateway else None,
        gate_url=built.gate_url,
        retraining=pulumi.Output.all(**shared) if shared else None,
        monitoring_namespace=watch.namespace if watch else None,
    )
    return Platform(contract, network, keys, cluster, watch)


def _network_args(settings: Settings, network: NetworkSettings, name: str, keys: DataKeys) -> NetworkArgs:
    args: NetworkArgs = {
        "cidr_block": network.cidr,
        "zones": [settings.region + letter for letter in network.zones],
        "nat": network.nat,
        "interface_endpoints": network.interface_endpoints,
        "region": settings.region,
        "flow_log_days": network.flow_log_days,
        "logs_key_arn": keys.key_arns["logs"],
        "cluster_name": name,
    }
    if settings.permissions_boundary_arn:
        args["permissions_boundary_arn"] = settings.permissions_boundary_arn
    return args


def _bucket_args(settings: Settings, keys: DataKeys) -> ModelBucketArgs:
    storage = settings.storage
    args: ModelBucketArgs = {
        "bucket_name": models_bucket(settings.namespace, settings.environment),
        "key_arn": keys.key_arns["models"],
        "keep_versions_days": storage.keep_versions_days,
        "access_log_days": storage.access_log_days,
        "deletion_protection": settings.deletion_protection,
    }
    if storage.replica_bucket_arn and storage.replica_key_arn:
        args |= {"replica_bucket_arn": storage.replica_bucket_arn, "replica_key_arn": storage.replica_key_arn}
    if settings.permissions_boundary_arn:
        args["permissions_boundary_arn"] = settings.permissions_boundary_arn
    return args


def _cluster_args(
    settings: Settings, cluster: ClusterSettings, name: str, network: Network, keys: DataKeys
) -> ServingClusterArgs:
    args: ServingClusterArgs = {
        "cluster_name": name,
        "region": settings.region,
        "vpc_id": network.vpc_id,
        "control_plane_subnet_ids": network.intra_subnet_ids,
        "node_subnet_ids": network.private_subnet_ids,
        "cluster_key_arn": keys.key_arns["cluster"],
        "logs_key_arn": keys.key_arns["logs"],
        "admin_role_arns": cluster.admin_role_arns,
        "viewer_role_arns": cluster.viewer_role_arns,
        "public_access_cidrs": cluster.public_access_cidrs,
        "log_types": [*cluster.log_types],
        "log_days": cluster.log_days,
        "cpu_limit": cluster.cpu_limit,
        "spot": cluster.spot,
        "namespaces": [settings.workload_namespace],
        "namespace_cpu": cluster.namespace.cpu,
        "namespace_memory_gib": cluster.namespace.memory_gib,
        "deletion_protection": settings.deletion_protection,
    }
    if cluster.version:
        args["version"] = cluster.version
    if cluster.gpu:
        args |= {"gpu_limit": cluster.gpu.limit, "gpu_instance_families": cluster.gpu.instance_families}
    if settings.permissions_boundary_arn:
        args["permissions_boundary_arn"] = settings.permissions_boundary_arn
    return args
