"""What the job that looks for drift, and the schedule that starts it, may do in AWS."""

import pulumi
import pulumi_aws as aws

from slipway.monitoring import _drift_job
from slipway.monitoring.drift_args import DriftMonitorArgs
from slipway.security import Principal
from slipway.security.workload_identity import WorkloadIdentityArgs


def job(args: DriftMonitorArgs, model: str, partition: pulumi.Output[str]) -> WorkloadIdentityArgs:
    """Reads the model's events, releases and runs, writes its reports, and tells the bus."""
    own = pulumi.Output.concat("arn:", partition, ":s3:::", args["models_bucket_name"])
    places = [args["predictions"], *([args["labels"]] if args.get("labels") is not None else [])]

    def events(uri: pulumi.Input[str]) -> pulumi.Output[str]:
        return pulumi.Output.all(partition, uri).apply(lambda known: _drift_job.events(known[0], known[1], model))

    reads = [
        *(events(uri) for uri in places),
        *(pulumi.Output.concat(own, f"/{what}/{model}/*") for what in ("releases", "runs")),
    ]
    if args.get("profile") is not None:
        one = pulumi.Output.all(partition, args["profile"])
        reads.append(one.apply(lambda known: f"arn:{known[0]}:s3:::{known[1].removeprefix('s3://')}"))
    keys = pulumi.Output.all(args["event_bus_arn"], args["key_arn"], args.get("events_key_arns") or [])
    return {
        "principal": Principal.BATCH,
        "reads": pulumi.Output.all(*reads).apply(lambda arns: [*dict.fromkeys(arns)]),
        "writes": [pulumi.Output.concat(own, f"/drift/{model}/*")],
        "uses": keys.apply(lambda known: [*dict.fromkeys([known[0], known[1], *known[2]])]),
    }


def trigger(args: DriftMonitorArgs, definition: aws.batch.JobDefinition) -> WorkloadIdentityArgs:
    """Submits this job to this queue; what cannot be delivered a schedule leaves in its role's name."""
    return {
        "principal": Principal.EVENTS,
        "writes": [definition.arn_prefix, args["dead_letter_queue_arn"]],
        "uses": [args["job_queue_arn"], args["key_arn"]],
    }
