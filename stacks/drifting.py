"""The look for drift of a model, from what its settings say and what the platform shares."""

from typing import Any

import pulumi
from slipway.monitoring import DriftMonitor
from slipway.monitoring.drift_args import DriftMonitorArgs
from slipway_ops.environments import models_bucket

from stacks import drift_checks
from stacks.contract import PlatformContract
from stacks.pipelines import EVENT_KEYS, LABELS, PREDICTIONS
from stacks.settings import Settings


def declare(name: str, settings: Settings, contract: PlatformContract, operations: str) -> dict[str, Any]:
    """Declare the look at the model ``name`` by the operations image of this digest; what its team looks for."""
    drift, shared = settings.models[name].drift, contract.retraining
    assert drift and shared is not None, "settings.problems() requires the section, and the contract a platform's"

    args: DriftMonitorArgs = {
        "model": name,
        "name_prefix": f"{settings.namespace}-{settings.environment}",
        "region": settings.region,
        "image": pulumi.Output.concat(contract.operations_repository_url, "@", operations),
        "predictions": drift.events.predictions if drift.events else shared.apply(lambda known: _place(name, known)),
        "models_bucket_name": models_bucket(settings.namespace, settings.environment),
        "days": drift.days,
        "schedule": drift.schedule,
        "schedule_timezone": drift.timezone,
        "job_queue_arn": contract.shared("job_queue_arn"),
        "execution_role_arn": contract.shared("execution_role_arn"),
        "job_log_group_name": contract.shared("job_log_group_name"),
        "event_bus_arn": contract.shared("event_bus_arn"),
        "dead_letter_queue_arn": contract.shared("dead_letter_queue_arn"),
        "schedule_group_name": contract.shared("schedule_group_name"),
        "topic_arn": contract.shared("topic_arn"),
        "key_arn": contract.models_key_arn,
    }
    config = drift_checks.text(drift)
    if config:
        args["config"] = config
    if drift.reference:
        args["profile"] = drift.reference
    if drift.events is None:
        args["labels"] = contract.shared(LABELS)
        args["events_key_arns"] = shared.apply(lambda known: _keys(known[EVENT_KEYS]))
    else:
        args["events_key_arns"] = [*drift.events.key_arns]
        if drift.events.labels:
            args["labels"] = drift.events.labels
    if settings.permissions_boundary_arn:
        args["permissions_boundary_arn"] = settings.permissions_boundary_arn
    return {"drift_job": DriftMonitor(f"{name}-drift", args).job_definition_arn}


def _keys(text: str) -> list[pulumi.Input[str]]:
    return [*text.split()]


def _place(name: str, shared: dict[str, str]) -> str:
    """Where the platform's gate finds predictions; a shard's settings cannot know whether there is one."""
    if not shared[PREDICTIONS]:
        raise pulumi.RunError(
            f"slipway:models.{name}.drift.events: accepted: a section, because the platform has no gate that says "
            "where predictions and labels are: received: nothing"
        )
    return shared[PREDICTIONS]
