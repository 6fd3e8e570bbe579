"""The cluster that models are served on."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NotRequired, TypedDict, cast

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from slipway import _check, versions
from slipway._tags import classified
from slipway.security import DataClass
from slipway.security import _policies_serving as policies
from slipway.serving import _access, _namespaces
from slipway.serving import _cluster_parts as parts
from slipway.serving._cluster_settings import settings_of


class ServingClusterArgs(TypedDict):
    """Inputs of ``ServingCluster``."""

    cluster_name: str
    """Name of the cluster; changing it replaces everything."""
    region: pulumi.Input[str]
    """Region of the cluster."""
    vpc_id: pulumi.Input[str]
    """VPC of the subnets."""
    control_plane_subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Subnets of the control plane's interfaces, in at least two zones."""
    node_subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Subnets of nodes and pods; they need a way to the cluster's image registry."""
    cluster_key_arn: pulumi.Input[str]
    """KMS key that encrypts what the cluster stores."""
    logs_key_arn: pulumi.Input[str]
    """KMS key that encrypts the control plane's logs."""
    admin_role_arns: list[str]
    """IAM roles that administer the cluster; the one that deploys it must be among them."""
    viewer_role_arns: NotRequired[list[str]]
    """IAM roles that may read everything but secrets. Default: none."""
    version: NotRequired[str]
    """Kubernetes version. Default: the one slipway pins."""
    public_access_cidrs: NotRequired[list[str]]
    """Networks that may reach the API endpoint over the internet. Default: none, the endpoint is private."""
    private_access_cidrs: NotRequired[list[str]]
    """Networks inside, such as a VPN's or a CI runner's, that may reach the private endpoint. Default: nodes only."""
    log_types: NotRequired[list[str]]
    """Control-plane logs that are kept; ``audit`` always. Default: all five."""
    log_days: NotRequired[int]
    """Days that these logs are kept; one of CloudWatch's retentions. Default: 365."""
    cpu_limit: NotRequired[int]
    """vCPUs that general nodes may have together. Default: 64."""
    spot: NotRequired[bool]
    """Whether nodes may be spot instances, which AWS can take back. Default: no."""
    gpu_limit: NotRequired[int]
    """GPUs that nodes may have together. Default: 0, no GPU nodes."""
    gpu_instance_families: NotRequired[list[str]]
    """Instance families of GPU nodes. Default: ``g6`` and ``g6e`` where there is a ``gpu_limit``."""
    namespaces: NotRequired[list[str]]
    """Namespaces for workloads: restricted, closed and bounded. Default: ``models``."""
    namespace_cpu: NotRequired[int]
    """CPUs that the pods of a namespace may request together. Default: ``cpu_limit``."""
    namespace_memory_gib: NotRequired[int]
    """Memory that the pods of a namespace may request together. Default: 4 GiB for each of ``namespace_cpu``."""
    deletion_protection: NotRequired[bool]
    """Guards the cluster against deletion, in EKS and in Pulumi. Default: yes."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str]]
    """Permissions boundary of the cluster's and the nodes' roles. Default: none."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags added to the provider's default tags. Default: no extra tags."""


class ServingCluster(pulumi.ComponentResource):
    """EKS cluster in Auto Mode with its own node pools, access entries and closed namespaces; stateful.

    Use ``kubernetes`` as the provider of what runs on it: it waits for the namespaces and nodes, and what uses it is
    deleted before them.
    """

    cluster_name: pulumi.Output[str]
    """Name of the cluster."""
    cluster_arn: pulumi.Output[str]
    """ARN of the cluster; the identifier that Kubernetes providers should be given."""
    kubeconfig: pulumi.Output[str]
    """How to reach the cluster, as JSON; a secret."""
    cluster_security_group_id: pulumi.Output[str]
    """Security group of control plane and nodes."""

    def __init__(self, name: str, args: ServingClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:ServingCluster", name, dict(args), opts)
        _check.known(args, ServingClusterArgs.__annotations__)
        settings = settings_of(args)
        warning = versions.support_warning(settings.version, date.today())
        if warning:
            pulumi.log.warn(warning, self)
        tags = args.get("tags")
        child = pulumi.ResourceOptions(parent=self)

        # Before the cluster: EKS would make it itself, without a key and without an end.
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/aws/eks/{settings.cluster_name}/cluster",
            retention_in_days=settings.log_days,
            kms_key_id=args["logs_key_arn"],
            tags=classified(tags, DataClass.LOGS),
            opts=child,
        )
        trust = logs.arn.apply(lambda arn: policies.cluster_trust(arn, settings.cluster_name))
        role, rights = parts.role(f"{name}-cluster", trust, policies.EKS_CLUSTER_POLICIES, settings, args, child)
        node_role, node_rights = parts.role(
            f"{name}-node", policies.node_trust(), policies.EKS_NODE_POLICIES, settings, args, child
        )
        entrance = parts.entrance(f"{name}-api", settings.private_cidrs, args, child)
        cluster = aws.eks.Cluster(
            f"{name}-cluster",
            name=settings.cluster_name,
            version=settings.version,
            role_arn=role.arn,
            access_config={"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": False},
            bootstrap_self_managed_addons=False,
            # Auto Mode is these three together. With pools of our own there is no node role here: EKS refuses one.
            compute_config={"enabled": True, "node_pools": []},
            kubernetes_network_config={"elastic_load_balancing": {"enabled": True}},
            storage_config={"block_storage": {"enabled": True}},
            vpc_config={
                "subnet_ids": args["control_plane_subnet_ids"],
                "security_group_ids": [entrance.id],
                "endpoint_private_access": True,
                "endpoint_public_access": bool(settings.public_cidrs),
                **({"public_access_cidrs": settings.public_cidrs} if settings.public_cidrs else {}),
            },
            encryption_config={"provider": {"key_arn": args["cluster_key_arn"]}, "resources": ["secrets"]},
            enabled_cluster_log_types=settings.log_types,
            upgrade_policy={"support_type": "STANDARD"},
            zonal_shift_config={"enabled": True},
            deletion_protection=settings.deletion_protection,
            tags=classified(tags, DataClass.CLUSTER),
            opts=pulumi.ResourceOptions(parent=self, protect=settings.deletion_protection, depends_on=[logs, *rights]),
        )
        self.cluster_name = cluster.name
        self.cluster_arn = cluster.arn
        self.cluster_security_group_id = cluster.vpc_config.apply(_security_group)
        self.kubeconfig = pulumi.Output.secret(
            pulumi.Output.all(
                cluster.name,
                cluster.endpoint,
                cluster.certificate_authority.apply(lambda found: found.data),
                args["region"],
            ).apply(lambda known: _access.kubeconfig(*known))
        )

        entries = [parts.entry(f"{name}-node", cluster, node_role.arn, _access.NODE, settings, tags, child, kind="EC2")]
        for policy, arns, who in (
            (_access.ADMIN, settings.admins, "admin"),
            (_access.VIEWER, settings.viewers, "viewer"),
        ):
            entries += [
                parts.entry(f"{name}-{who}-{_access.role_key(arn)}", cluster, arn, policy, settings, tags, child)
                for arn in arns
            ]

        # Two providers of one cluster: this one makes what workloads need, the other waits until it is there.
        setup = self._kubernetes(f"{name}-setup", entries)
        inside = pulumi.ResourceOptions(parent=self, provider=setup)
        ready = parts.nodes(
            name, settings, args["node_subnet_ids"], self.cluster_security_group_id, node_role, node_rights, inside
        )
        ready.append(
            aws.eks.Addon(
                f"{name}-metrics-server",
                cluster_name=cluster.name,
                addon_name="metrics-server",
                addon_version=versions.METRICS_SERVER_ADDON,
                resolve_conflicts_on_create="OVERWRITE",
                resolve_conflicts_on_update="OVERWRITE",
                tags=tags,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[*ready]),  # it runs on nodes
            )
        )
        quota = _namespaces.quota_spec(settings.namespace_cpu, settings.namespace_memory_gib, settings.gpu_limit)
        for namespace in settings.namespaces:
            ready += _namespaces.declare(name, namespace, settings.version, quota, inside)
        self.kubernetes = self._kubernetes(f"{name}-kubernetes", ready)

        self.register_outputs(
            {
                "clusterName": self.cluster_name,
                "clusterArn": self.cluster_arn,
                "kubeconfig": self.kubeconfig,
                "clusterSecurityGroupId": self.cluster_security_group_id,
            }
        )

    def _kubernetes(self, name: str, after: list[pulumi.Resource]) -> k8s.Provider:
        """A provider that outlives what it made; keyed by the cluster, so that a new kubeconfig replaces nothing."""
        return k8s.Provider(
            name,
            kubeconfig=self.kubeconfig,
            cluster_identifier=self.cluster_arn,
            enable_server_side_apply=True,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*after]),
        )


def _security_group(config: Any) -> str:
    """Security group that EKS made for the cluster."""
    return cast(str, config.cluster_security_group_id)
