"""The jobs of a pipeline's steps: what AWS Batch is told about the container of each."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi_aws as aws

from slipway.retraining._declaration import AGAIN, Declaration, Step, Wiring, variables

_SCRATCH = "/tmp"  # noqa: S108 - inside the container, on a volume of its own


@dataclass(frozen=True)
class Place:
    """Where the jobs of an environment are, and as whom. All of it is known text."""

    region: str
    log_group_name: str
    job_role_arn: str
    execution_role_arn: str


def container(
    declaration: Declaration,
    step: Step,
    wiring: Wiring,
    log_group_name: str,
    job_role_arn: str,
    execution_role_arn: str,
) -> str:
    """Properties of the step's container, as JSON."""
    needs = {"VCPU": step.vcpus, "MEMORY": step.memory_mib} | ({"GPU": step.gpus} if step.gpus else {})
    return properties(
        Place(declaration.region, log_group_name, job_role_arn, execution_role_arn),
        stream=f"{declaration.model}-{step.name}",
        image=step.image or wiring.image,
        command=step.command,
        needs=needs,
        environment=variables(declaration, step, wiring),
        writable_root=step.writable_root,
    )


def properties(
    place: Place,
    *,
    stream: str,
    image: str,
    command: Sequence[str],
    needs: Mapping[str, int],
    environment: Mapping[str, str],
    writable_root: bool = False,
) -> str:
    """Properties of a job's container, as JSON; ``stream`` begins the names of its log streams.

    The root is read-only. ``/tmp`` is a volume that ends with the container; it gets what the image has there, so that
    also a user without rights can write to it.
    """
    told: dict[str, Any] = {
        "image": image,
        "command": [*command],
        "resourceRequirements": [{"type": kind, "value": str(amount)} for kind, amount in needs.items()],
        "environment": [{"name": name, "value": environment[name]} for name in sorted(environment)],
        "jobRoleArn": place.job_role_arn,
        "executionRoleArn": place.execution_role_arn,
        "privileged": False,
        "readonlyRootFilesystem": not writable_root,
        "linuxParameters": {"initProcessEnabled": True},
        "volumes": [{"name": "scratch", "host": {}}],
        "mountPoints": [{"containerPath": _SCRATCH, "sourceVolume": "scratch", "readOnly": False}],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": place.log_group_name,
                "awslogs-region": place.region,
                "awslogs-stream-prefix": stream,
            },
        },
    }
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


def retries(attempts: int) -> aws.batch.JobDefinitionRetryStrategyArgsDict:
    """When Batch starts a job again. What fits no rule would be started again, so the last one fits everything."""
    return {
        "attempts": attempts,
        "evaluate_on_exits": [
            {"on_status_reason": "Host EC2*", "action": "retry"},
            {"on_reason": "CannotPullContainerError*", "action": "retry"},
            {"on_exit_code": str(AGAIN), "action": "retry"},
            {"on_reason": "*", "action": "exit"},
        ],
    }
