"""The pieces of a cluster: its roles, who may enter, and its nodes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from slipway import _tags
from slipway._tags import Tags
from slipway.security import _policies_serving as policies
from slipway.serving import _access, _nodes
from slipway.serving._cluster_settings import ClusterSettings

if TYPE_CHECKING:
    from slipway.serving.serving_cluster import ServingClusterArgs


def role(
    name: str,
    trust: pulumi.Input[str],
    managed: Sequence[str],
    settings: ClusterSettings,
    args: "ServingClusterArgs",
    child: pulumi.ResourceOptions,
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    """A role, and its rights by AWS's own managed policies: Auto Mode works with no others."""
    role = aws.iam.Role(
        name,
        assume_role_policy=trust,
        permissions_boundary=args.get("permissions_boundary_arn"),
        tags=args.get("tags"),
        opts=child,
    )
    rights: list[pulumi.Resource] = [
        aws.iam.RolePolicyAttachment(
            f"{name}-{policy}",
            role=role.name,
            policy_arn=policies.managed_policy_arn(settings.partition, policy),
            opts=child,
        )
        for policy in managed
    ]
    return role, rights


def entrance(
    name: str, cidrs: Sequence[str], args: "ServingClusterArgs", child: pulumi.ResourceOptions
) -> aws.ec2.SecurityGroup:
    """Security group of the private endpoint, for callers that are no nodes; rules can come and go."""
    group = aws.ec2.SecurityGroup(
        name,
        vpc_id=args["vpc_id"],
        description="Who may reach the cluster's private API endpoint besides its nodes",
        egress=[],
        tags=_tags.merge(args.get("tags"), {"Name": name}),
        opts=child,
    )
    for cidr in cidrs:
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-{cidr}",
            security_group_id=group.id,
            description="HTTPS to the API endpoint",
            cidr_ipv4=cidr,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            tags=args.get("tags"),
            opts=child,
        )
    return group


def entry(
    name: str,
    cluster: aws.eks.Cluster,
    principal_arn: pulumi.Input[str],
    policy: str,
    settings: ClusterSettings,
    tags: Tags | None,
    child: pulumi.ResourceOptions,
    kind: str = "STANDARD",
) -> pulumi.Resource:
    """Lets a role into the whole cluster with one of EKS's access policies; returns what makes it effective."""
    entry = aws.eks.AccessEntry(
        name, cluster_name=cluster.name, principal_arn=principal_arn, type=kind, tags=tags, opts=child
    )
    association: pulumi.Resource = aws.eks.AccessPolicyAssociation(
        name,
        cluster_name=cluster.name,
        principal_arn=entry.principal_arn,
        policy_arn=_access.access_policy_arn(settings.partition, policy),
        access_scope={"type": "cluster"},
        opts=child,
    )
    return association


def nodes(
    name: str,
    settings: ClusterSettings,
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]],
    security_group_id: pulumi.Input[str],
    role: aws.iam.Role,
    rights: list[pulumi.Resource],
    opts: pulumi.ResourceOptions,
) -> list[pulumi.Resource]:
    """The node class and its pools, with network policies switched on."""
    policies_on = k8s.core.v1.ConfigMap(
        f"{name}-network-policies",
        metadata={"name": "amazon-vpc-cni", "namespace": "kube-system"},
        data={"enable-network-policy-controller": "true"},
        opts=opts,
    )
    given: pulumi.Output[list[str]] = pulumi.Output.from_input(cast(Any, subnet_ids))
    subnets = given.apply(lambda ids: [_nodes.Term(id=identity) for identity in ids])
    node_class = k8s.apiextensions.CustomResource(
        f"{name}-nodes",
        api_version=_nodes.NODE_CLASS_API,
        kind="NodeClass",
        metadata={"name": _nodes.NODE_CLASS},
        spec=_nodes.node_class_spec(role.name, subnets, security_group_id),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[policies_on, *rights])),
    )
    pools = {_nodes.GENERAL: _nodes.general_pool_spec(settings.cpu_limit, spot=settings.spot)}
    if settings.gpu_limit:
        pools[_nodes.GPU_POOL] = _nodes.gpu_pool_spec(settings.gpu_limit, settings.gpu_families, spot=settings.spot)
    made: list[pulumi.Resource] = [
        k8s.apiextensions.CustomResource(
            f"{name}-nodes-{pool}",
            api_version=_nodes.NODE_POOL_API,
            kind="NodePool",
            metadata={"name": pool},
            spec=spec,
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[node_class])),
        )
        for pool, spec in pools.items()
    ]
    return made
