"""The job that looks for drift, as AWS Batch and its schedule are told of it. Without Pulumi's resources."""

import json
from typing import Any

from slipway import _check

FOLDER = (r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\s*?$]+)?", "s3://<bucket>/<prefix>")
OBJECT = (r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^\s*?$]*[^\s*?$/]", "s3://<bucket>/<key>")
CONFIG = (
    "alpha",
    "minimum_rows",
    "psi",
    "ks",
    "prediction_psi",
    "missing",
    "unexpected",
    "quality",
    "label_window_minutes",
    "seasonal",
)
"""What a configuration may say: docs/reference/drift.schema.json, by which the job itself checks it."""


def config(value: Any) -> str:
    """A configuration's JSON, always the same text for the same configuration."""
    accepted = f"a JSON object of docs/reference/drift.schema.json: {', '.join(CONFIG)}"
    try:
        document = json.loads(value)
    except (TypeError, ValueError):
        _check.refuse("config", accepted, value)
    if not isinstance(document, dict) or not set(document) <= set(CONFIG):
        _check.refuse("config", accepted, value)
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def command(days: int) -> list[str]:
    """What the operations image is told: its entry point is ``slipway``."""
    return ["drift", "run", "--days", str(days)]


def events(partition: str, uri: str, model: str) -> str:
    """The model's part of a place of events, as what a workload reads of S3."""
    return f"arn:{partition}:s3:::{uri.removeprefix('s3://').rstrip('/')}/model={model}/*"


def submitting(partition: str) -> str:
    """ARN of the call by which a schedule submits a job: Batch is one of the services that have no template."""
    return f"arn:{partition}:scheduler:::aws-sdk:batch:submitJob"


def submission(job_name: str, queue_arn: str, definition_arn: str) -> str:
    """What that call is given; EventBridge Scheduler spells the names with a capital."""
    return json.dumps({"JobName": job_name, "JobQueue": queue_arn, "JobDefinition": definition_arn})


def failed_pattern(job_name: str, queue_arn: str) -> str:
    """Which events of Batch are a look that came to nothing."""
    detail = {"status": ["FAILED"], "jobName": [job_name], "jobQueue": [queue_arn]}
    return json.dumps({"source": ["aws.batch"], "detail-type": ["Batch Job State Change"], "detail": detail})


def failed_notice(model: str, log_group_name: str) -> str:
    """What people are told then."""
    lines = (
        f"Nobody knows whether {model} drifts: the look of <time> failed: <reason>",
        f"What it said is in the log group {log_group_name}, in the streams {model}-drift; its job is <job>.",
    )
    return "\n".join(json.dumps(line) for line in lines)
