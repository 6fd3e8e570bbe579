"""Where jobs run: instances that AWS Batch starts for them and ends when there are none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from slipway import _tags
from slipway.retraining._declaration import QUEUE_MINUTES
from slipway.security import DataClass
from slipway.security import _policies_retraining as policies
from slipway.security import _policies_serving as instances

_IMAGES = {False: "ECS_AL2023", True: "ECS_AL2023_NVIDIA"}
_STUCK = (
    "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
)
"""Reasons that Batch gives for a job that blocks its queue."""


@dataclass(frozen=True)
class Plan:
    """What was asked for, checked."""

    prefix: str
    """Begins the names in AWS, ``acme-prod-retraining``."""
    families: Sequence[str]
    max_vcpus: int
    gpu_families: Sequence[str]
    gpu_max_vcpus: int
    """0 where there are no GPUs."""
    volume_gib: int


def queues(
    name: str, plan: Plan, args: Mapping[str, Any], log_group: aws.cloudwatch.LogGroup, child: pulumi.ResourceOptions
) -> dict[str, aws.batch.JobQueue]:
    """The queues: ``on-demand`` and ``spot``; with GPUs also ``gpu-on-demand`` and ``gpu-spot``."""
    tags = args.get("tags")
    profile, access = _profile(name, plan, args, log_group, child)
    group = aws.ec2.SecurityGroup(
        f"{name}-instances",
        vpc_id=args["vpc_id"],
        description="Instances of retraining jobs: nothing reaches them",
        ingress=[],
        egress=[
            {"description": "HTTPS", "protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["0.0.0.0/0"]}
        ],
        tags=_tags.merge(tags, {"Name": plan.prefix}),
        opts=child,
    )
    template = _template(name, plan, args, child)
    kinds = {"": (plan.families, plan.max_vcpus), "gpu-": (plan.gpu_families, plan.gpu_max_vcpus)}
    found: dict[str, aws.batch.JobQueue] = {}
    for kind, (families, vcpus) in kinds.items():
        if not vcpus:
            continue
        environments = {
            market: aws.batch.ComputeEnvironment(
                f"{name}-{kind}{market}",
                name_prefix=f"{plan.prefix}-{kind}{market}-",  # a queue holds it: its successor comes first
                type="MANAGED",
                state="ENABLED",
                compute_resources=_resources(
                    market == "spot", kind == "gpu-", families, vcpus, args["subnet_ids"], group, profile, template
                ),
                update_policy={"job_execution_timeout_minutes": 60, "terminate_jobs_on_update": False},
                tags=tags,
                # An instance whose rights went first could not leave its cluster, and its environment not be deleted.
                opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[access])),
            )
            for market in ("on-demand", "spot")
        }
        for market, order in (("on-demand", ["on-demand"]), ("spot", ["spot", "on-demand"])):
            found[kind + market] = aws.batch.JobQueue(
                f"{name}-{kind}{market}",
                name=f"{plan.prefix}-{kind}{market}",
                state="ENABLED",
                priority=1,
                compute_environment_orders=[
                    {"order": place, "compute_environment": environments[one].arn} for place, one in enumerate(order, 1)
                ],
                job_state_time_limit_actions=[
                    {"state": "RUNNABLE", "action": "CANCEL", "max_time_seconds": QUEUE_MINUTES * 60, "reason": reason}
                    for reason in _STUCK
                ],
                tags=tags,
                opts=child,
            )
    return found


def _profile(
    name: str, plan: Plan, args: Mapping[str, Any], log_group: aws.cloudwatch.LogGroup, child: pulumi.ResourceOptions
) -> tuple[aws.iam.InstanceProfile, aws.iam.RolePolicy]:
    role = aws.iam.Role(
        f"{name}-instances",
        assume_role_policy=instances.node_trust(),
        permissions_boundary=args.get("permissions_boundary_arn"),
        tags=args.get("tags"),
        opts=child,
    )
    access = aws.iam.RolePolicy(
        f"{name}-instances",
        role=role.name,
        policy=log_group.arn.apply(lambda arn: policies.batch_instance(f"{plan.prefix}-", arn)),
        opts=child,
    )
    return aws.iam.InstanceProfile(f"{name}-instances", role=role.name, tags=args.get("tags"), opts=child), access


def _template(name: str, plan: Plan, args: Mapping[str, Any], child: pulumi.ResourceOptions) -> aws.ec2.LaunchTemplate:
    """Encrypted volumes; instance metadata by token only, and out of the reach of containers (one hop)."""
    volume: aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgsDict = {
        "encrypted": "true",
        "volume_type": "gp3",
        "volume_size": plan.volume_gib,
        "delete_on_termination": "true",
    }
    if args.get("volume_key_arn") is not None:
        volume["kms_key_id"] = args["volume_key_arn"]
    tags = _tags.classified(args.get("tags"), DataClass.MODELS)
    return aws.ec2.LaunchTemplate(
        f"{name}-instances",
        update_default_version=True,
        block_device_mappings=[{"device_name": "/dev/xvda", "ebs": volume}],
        metadata_options={
            "http_endpoint": "enabled",
            "http_tokens": "required",
            "http_put_response_hop_limit": 1,
            "instance_metadata_tags": "disabled",
        },
        tag_specifications=[{"resource_type": kind, "tags": tags} for kind in ("instance", "volume")],
        tags=tags,
        opts=child,
    )


def _resources(
    spot: bool,
    gpu: bool,
    families: Sequence[str],
    vcpus: int,
    subnet_ids: pulumi.Input[list[pulumi.Input[str]]],
    group: aws.ec2.SecurityGroup,
    profile: aws.iam.InstanceProfile,
    template: aws.ec2.LaunchTemplate,
) -> aws.batch.ComputeEnvironmentComputeResourcesArgsDict:
    return {
        "type": "SPOT" if spot else "EC2",
        "allocation_strategy": "SPOT_PRICE_CAPACITY_OPTIMIZED" if spot else "BEST_FIT_PROGRESSIVE",
        "min_vcpus": 0,
        "max_vcpus": vcpus,
        "instance_types": [*families],
        "instance_role": profile.arn,
        "ec2_configurations": [{"image_type": _IMAGES[gpu]}],
        "launch_template": {
            "launch_template_id": template.id,
            "version": template.latest_version.apply(lambda version: str(int(version))),
        },
        "subnets": subnet_ids,
        "security_group_ids": [group.id],
    }
