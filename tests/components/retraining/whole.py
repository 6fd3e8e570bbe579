"""An environment with a pipeline and a workflow, wired as a stack wires them."""

from typing import Any

import pulumi
from slipway.retraining import CandidateWorkflow, RetrainingEnvironment, RetrainingPipeline

from tests.components.callers import SHORTEST

SHARED = (
    "job_queue_arn",
    "spot_job_queue_arn",
    "execution_role_arn",
    "job_log_group_name",
    "machine_log_group_arn",
    "lock_table_arn",
    "event_bus_arn",
    "topic_arn",
    "dead_letter_queue_arn",
    "schedule_group_name",
)
"""Outputs of an environment that are inputs of a pipeline."""
ALL = {"schedule": "cron(0 3 ? * MON *)", "on_new_data": True, "on_drift": True}


def environment(**more: Any) -> RetrainingEnvironment:
    args: Any = SHORTEST["RetrainingEnvironment"] | more
    return RetrainingEnvironment("retraining", args)


def pipeline(shared: RetrainingEnvironment, **more: Any) -> RetrainingPipeline:
    args: Any = SHORTEST["RetrainingPipeline"] | {name: getattr(shared, name) for name in SHARED} | more
    return RetrainingPipeline("flight-delay", args)


def whole(*, token: str | None = None, environment_args: Any = None, **more: Any) -> pulumi.ComponentResource:
    """All of it; with ``token``, candidates go to GitHub."""
    shared = environment(**(environment_args or {}))
    made = pipeline(shared, **(ALL | more))
    github = {"repository": "acme/models", "token": token} if token else {"topic_arn": shared.topic_arn}
    args: Any = {
        "environment": "dev",
        "event_bus_arn": shared.event_bus_arn,
        "dead_letter_queue_arn": shared.dead_letter_queue_arn,
        **github,
    }
    CandidateWorkflow("candidates", args)
    return made
