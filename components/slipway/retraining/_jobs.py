"""The jobs of a pipeline's steps: what AWS Batch is told about the container of each."""

import json
from typing import Any

import pulumi_aws as aws

from slipway.retraining._declaration import AGAIN, Declaration, Step, Wiring, variables

_SCRATCH = "/tmp"  # noqa: S108 - inside the container, on a volume of its own


def container(
    declaration: Declaration,
    step: Step,
    wiring: Wiring,
    log_group_name: str,
    job_role_arn: str,
    execution_role_arn: str,
) -> str:
    """Properties of the step's container, as JSON.

    The root is read-only. ``/tmp`` is a volume that ends with the container; it gets what the image has there, so that
    also a user without rights can write to it.
    """
    needs = {"VCPU": step.vcpus, "MEMORY": step.memory_mib} | ({"GPU": step.gpus} if step.gpus else {})
    told = variables(declaration, step, wiring)
    properties: dict[str, Any] = {
        "image": step.image or wiring.image,
        "command": [*step.command],
        "resourceRequirements": [{"type": kind, "value": str(amount)} for kind, amount in needs.items()],
        "environment": [{"name": name, "value": told[name]} for name in sorted(told)],
        "jobRoleArn": job_role_arn,
        "executionRoleArn": execution_role_arn,
        "privileged": False,
        "readonlyRootFilesystem": not step.writable_root,
        "linuxParameters": {"initProcessEnabled": True},
        "volumes": [{"name": "scratch", "host": {}}],
        "mountPoints": [{"containerPath": _SCRATCH, "sourceVolume": "scratch", "readOnly": False}],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": log_group_name,
                "awslogs-region": declaration.region,
                "awslogs-stream-prefix": f"{declaration.model}-{step.name}",
            },
        },
    }
    return json.dumps(properties, sort_keys=True, separators=(",", ":"))


def retries(step: Step) -> aws.batch.JobDefinitionRetryStrategyArgsDict:
    """When Batch starts the step again. What fits no rule would be started again, so the last one fits everything."""
    return {
        "attempts": step.attempts,
        "evaluate_on_exits": [
            {"on_status_reason": "Host EC2*", "action": "retry"},
            {"on_reason": "CannotPullContainerError*", "action": "retry"},
            {"on_exit_code": str(AGAIN), "action": "retry"},
            {"on_reason": "*", "action": "exit"},
        ],
    }
