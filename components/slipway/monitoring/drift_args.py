"""What a drift monitor is declared with."""

from typing import NotRequired, TypedDict

import pulumi


class DriftMonitorArgs(TypedDict):
    """Inputs of ``DriftMonitor``; the addresses are outputs of a ``RetrainingEnvironment``."""

    model: str
    """Name of the model: 1 to 40 of a-z, 0-9 and -."""
    name_prefix: str
    """Beginning of the names in AWS, such as ``acme-prod``: that of the retraining environment."""
    region: str
    """Region of the job, such as ``eu-west-1``."""
    image: pulumi.Input[str]
    """slipway's operations image with what the gate has, by digest."""
    predictions: pulumi.Input[str]
    """Where prediction events are, ``s3://<bucket>/<prefix>``; of it the model's own, ``model=<name>/``, are read."""
    labels: NotRequired[pulumi.Input[str]]
    """Where label events are, likewise. Default: nowhere; then nothing is said about quality."""
    events_key_arns: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """KMS keys of their buckets, where they are others than ``key_arn``. Default: none."""
    models_bucket_name: pulumi.Input[str]
    """Bucket with the model's releases and runs; it gets the reports, ``drift/<model>/``."""
    profile: NotRequired[pulumi.Input[str]]
    """What production is compared with, ``s3://<bucket>/<key>``, as ``slipway drift profile`` writes it. Default: what
    the run left that made the release that serves."""
    config: NotRequired[str]
    """What counts as drift: JSON of docs/reference/drift.schema.json. Default: the defaults written there."""
    days: NotRequired[int]
    """Days that are looked at together, up to the last midnight, UTC. Default: 7."""
    schedule: NotRequired[str]
    """When to look: ``cron(…)`` or ``rate(…)`` of EventBridge Scheduler. Default: every day at 4:00."""
    schedule_timezone: NotRequired[str]
    """Time zone of the schedule, such as ``Europe/Dublin``. Default: UTC."""
    vcpus: NotRequired[int]
    """Processors. Default: 1."""
    memory_mib: NotRequired[int]
    """Memory in MiB; beyond it the job is killed. Default: 2048, enough for 100 features of a million requests."""
    time_limit_minutes: NotRequired[int]
    """Minutes that an attempt may run; then it is stopped. Default: 30."""
    attempts: NotRequired[int]
    """Starts at most, the first included: after a lost machine or an image that did not come. Default: 2."""
    job_queue_arn: pulumi.Input[str]
    """Batch queue of the job."""
    execution_role_arn: pulumi.Input[str]
    """Role with which the image is pulled and logs are written."""
    job_log_group_name: pulumi.Input[str]
    """Log group of the job."""
    event_bus_arn: pulumi.Input[str]
    """Bus that is told of drift, where ``on_drift`` of the model's pipeline hears it."""
    dead_letter_queue_arn: pulumi.Input[str]
    """Queue of what could not be delivered."""
    schedule_group_name: pulumi.Input[str]
    """Group of schedules."""
    topic_arn: NotRequired[pulumi.Input[str]]
    """Topic that tells people of a look that failed. Default: nobody is told."""
    key_arn: pulumi.Input[str]
    """KMS key of bucket, bus and queue."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str]]
    """Policy that bounds what the roles can ever do. Default: no boundary."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags added to the provider's default tags. Default: no extra tags."""
