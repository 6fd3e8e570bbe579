"""What starts a run: a schedule, a batch of data, drift. Each hands the state machine the same input.

``{"model", "reason", "dedupe_key"}`` and, of a batch, ``"dataset_uri"``: where its manifest is. The key is the same
however often one trigger is delivered: the time that was scheduled, the manifest and its content, the drift's own key.
"""

import json
from collections.abc import Callable

import pulumi
import pulumi_aws as aws

from slipway.retraining import _parts
from slipway.retraining._declaration import Declaration
from slipway.retraining.pipeline_args import RetrainingPipelineArgs
from slipway.security.workload_identity import WorkloadIdentityArgs

MANIFEST = "manifest.json"
_WINDOW_MINUTES = 15
"""Within which a schedule starts its run, so that the schedules of many models do not start all at once."""


def triggers(
    name: str,
    args: RetrainingPipelineArgs,
    declaration: Declaration,
    machine_arn: pulumi.Output[str],
    role: Callable[[WorkloadIdentityArgs], pulumi.Output[str]],
    child: pulumi.ResourceOptions,
) -> None:
    """Declare the triggers; without any there is no role either."""
    wanted, model, key_arn = declaration.triggers, declaration.model, args["key_arn"]
    if not (wanted.schedule or wanted.on_new_data or wanted.on_drift):
        return
    rights = _parts.caller_rights(machine_arn, key_arn)
    if wanted.schedule:
        rights["writes"] = [args["dead_letter_queue_arn"]]  # a schedule leaves there in its role's name
    role_arn = role(rights)

    def rule(
        reason: str,
        bus: pulumi.Output[str] | None,
        pattern: pulumi.Input[str],
        transformer: aws.cloudwatch.EventTargetInputTransformerArgsDict,
    ) -> None:
        _parts.rule(
            f"{name}-{reason}",
            bus=bus,
            pattern=pattern,
            target_arn=machine_arn,
            role_arn=role_arn,
            transformer=transformer,
            dead_letter_arn=args["dead_letter_queue_arn"],
            tags=args.get("tags"),
            child=child,
        )

    if wanted.schedule:
        _schedule(name, args, declaration, machine_arn, role_arn, child)
    if wanted.on_new_data:
        batches = _parts.later(args["datasets_bucket_name"]).apply(lambda bucket: new_data_pattern(bucket, model))
        rule("data", None, batches, new_data_input(model))
    if wanted.on_drift:
        rule("drift", _parts.bus_name(args["event_bus_arn"]), drift_pattern(model), drift_input(model))


def schedule_input(model: str) -> str:
    """Input of a scheduled run. The time is the scheduled one, whichever attempt delivers it."""
    return json.dumps({"model": model, "reason": "schedule", "dedupe_key": "schedule-<aws.scheduler.scheduled-time>"})


def new_data_pattern(bucket: str, model: str) -> str:
    """Which events of S3 are a batch: its manifest, which is written last."""
    key = [{"wildcard": f"incoming/{model}/*/{MANIFEST}"}]
    detail = {"bucket": {"name": [bucket]}, "object": {"key": key}}
    return json.dumps({"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": detail})


def new_data_input(model: str) -> aws.cloudwatch.EventTargetInputTransformerArgsDict:
    """Input of a run for a batch."""
    template = {
        "model": model,
        "reason": "data",
        "dedupe_key": "<key>-<etag>",
        "dataset_uri": "s3://<bucket>/<key>",
    }
    paths = {"bucket": "$.detail.bucket.name", "key": "$.detail.object.key", "etag": "$.detail.object.etag"}
    return {"input_paths": paths, "input_template": json.dumps(template)}


def drift_pattern(model: str) -> str:
    """Which events of the environment's bus are this model's drift."""
    return json.dumps({"source": ["slipway.drift"], "detail-type": ["DriftDetected"], "detail": {"model": [model]}})


def drift_input(model: str) -> aws.cloudwatch.EventTargetInputTransformerArgsDict:
    """Input of a run for drift."""
    template = {"model": model, "reason": "drift", "dedupe_key": "<key>"}
    return {"input_paths": {"key": "$.detail.dedupe_key"}, "input_template": json.dumps(template)}


def _schedule(
    name: str,
    args: RetrainingPipelineArgs,
    declaration: Declaration,
    machine_arn: pulumi.Output[str],
    role_arn: pulumi.Output[str],
    child: pulumi.ResourceOptions,
) -> None:
    aws.scheduler.Schedule(
        f"{name}-schedule",
        group_name=args["schedule_group_name"],
        schedule_expression=declaration.triggers.schedule or "",
        schedule_expression_timezone=declaration.triggers.schedule_timezone,
        flexible_time_window={"mode": "FLEXIBLE", "maximum_window_in_minutes": _WINDOW_MINUTES},
        target={
            "arn": machine_arn,
            "role_arn": role_arn,
            "input": schedule_input(declaration.model),
            "retry_policy": {
                "maximum_event_age_in_seconds": _parts.RETRY_SECONDS,
                "maximum_retry_attempts": _parts.RETRIES,
            },
            "dead_letter_config": {"arn": args["dead_letter_queue_arn"]},
        },
        opts=child,
    )
