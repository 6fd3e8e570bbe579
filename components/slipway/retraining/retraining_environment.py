"""What the retraining pipelines of an environment share."""

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from slipway import _check, _tags
from slipway.retraining import _compute, _messages, _parts, _prices, _reading, _recovery
from slipway.retraining._locks import Guard
from slipway.security import DataClass, Principal
from slipway.security.workload_identity import WorkloadIdentityArgs

_EMAIL = (r"[^\s@]+@[^\s@]+\.[^\s@]+", "an e-mail address")
_RECOVERY_DAYS = 35
"""The longest that DynamoDB lets a table be set back."""


class RetrainingEnvironmentArgs(TypedDict):
    """Inputs of ``RetrainingEnvironment``."""

    name_prefix: str
    """Beginning of the names in AWS, such as ``acme-prod``."""
    vpc_id: pulumi.Input[str]
    """VPC that the jobs run in."""
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Private subnets of the instances, with a way to AWS's services."""
    key_arn: pulumi.Input[str]
    """KMS key of class ``models``: of locks, events, notifications and what could not be delivered."""
    logs_key_arn: pulumi.Input[str]
    """KMS key of class ``logs``."""
    repository_arns: pulumi.Input[list[pulumi.Input[str]]]
    """ECR repositories whose images jobs run; all of a namespace is ``…:repository/acme-prod/*``."""
    max_vcpus: NotRequired[int]
    """Processors that jobs may have together, on demand and on Spot each. Default: 64."""
    instance_families: NotRequired[list[str]]
    """Families of instances that Batch chooses from. Default: m5, m5a, m6a, m6i and m7i."""
    gpu_max_vcpus: NotRequired[int]
    """Processors of instances with GPUs together, on demand and on Spot each. Default: 0, no GPUs."""
    gpu_instance_families: NotRequired[list[str]]
    """Families of instances with NVIDIA GPUs. Default: g5."""
    volume_gib: NotRequired[int]
    """Size of an instance's encrypted volume: images and what its jobs write. Default: 100."""
    volume_key_arn: NotRequired[pulumi.Input[str]]
    """KMS key of the volumes; its policy must allow EC2 Auto Scaling's service-linked role. Default: the account's key
    for EBS."""
    emails: NotRequired[list[str]]
    """Who is told of runs that failed, were refused or had no room below the ceiling; AWS asks each whether it agrees.
    Default: nobody; the topic can be subscribed to otherwise."""
    log_days: NotRequired[int]
    """Days that logs of jobs and runs are kept. Default: 90."""
    deletion_protection: NotRequired[bool]
    """Guards the table of locks and ledgers against deletion. Default: true."""
    account_id: NotRequired[pulumi.Input[str]]
    """Account for which services may take the roles. Default: the provider's own."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str]]
    """Policy that bounds what the roles can ever do. Default: no boundary."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags added to the provider's default tags. Default: no extra tags."""


class RetrainingEnvironment(pulumi.ComponentResource):
    """Batch queues, locks and ledgers, an event bus, notifications and logs for an environment's pipelines. Stateful.

    Instances run only while jobs do. The table says who runs and what a month has cost; without it two runs of a model
    could go on at once. Everything is encrypted with the given keys, and nothing is kept for ever.
    """

    job_queue_arn: pulumi.Output[str]
    """Queue of jobs on demand."""
    spot_job_queue_arn: pulumi.Output[str]
    """Queue of jobs on Spot, which go on demand where there is no Spot."""
    gpu_job_queue_arn: pulumi.Output[str]
    """Queue of jobs with GPUs on demand; empty without GPUs."""
    gpu_spot_job_queue_arn: pulumi.Output[str]
    """Queue of jobs with GPUs on Spot; empty without GPUs."""
    execution_role_arn: pulumi.Output[str]
    """Role with which images are pulled and logs written."""
    job_log_group_name: pulumi.Output[str]
    """Log group of the jobs."""
    machine_log_group_arn: pulumi.Output[str]
    """Log group of the runs."""
    lock_table_arn: pulumi.Output[str]
    """Table of locks and ledgers."""
    event_bus_arn: pulumi.Output[str]
    """Bus of drift, candidates and ended runs."""
    topic_arn: pulumi.Output[str]
    """Topic to subscribe people to."""
    dead_letter_queue_arn: pulumi.Output[str]
    """Queue of what could not be delivered; anything in it needs a person."""
    schedule_group_name: pulumi.Output[str]
    """Group of the schedules."""

    def __init__(self, name: str, args: RetrainingEnvironmentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:RetrainingEnvironment", name, dict(args), opts)
        _check.known(args, RetrainingEnvironmentArgs.__annotations__)
        plan = _plan(args)
        key_arn = _check.given(args, "key_arn", *_check.A_KEY)
        logs_key_arn = _check.given(args, "logs_key_arn", *_check.A_KEY)
        for arg in ("vpc_id", "subnet_ids", "repository_arns"):
            if args.get(arg) in (None, [], ""):
                _check.refuse(arg, "a value", args.get(arg))
        _check.plain("volume_key_arn", args.get("volume_key_arn"), *_check.A_KEY)
        log_days = _check.log_days("log_days", args.get("log_days", 90))
        emails = _check.each("emails", args.get("emails", []), *_EMAIL)
        protection = _check.flag("deletion_protection", args.get("deletion_protection", True))
        _check.plain("account_id", args.get("account_id"), *_check.AN_ACCOUNT)
        _check.plain("permissions_boundary_arn", args.get("permissions_boundary_arn"), *_check.A_MANAGED_POLICY)
        tags = _tags.classified(args.get("tags"), DataClass.MODELS)
        child = pulumi.ResourceOptions(parent=self)

        jobs, runs = (
            aws.cloudwatch.LogGroup(
                f"{name}-{role}",
                name=group,
                retention_in_days=log_days,
                kms_key_id=logs_key_arn,
                tags=_tags.classified(args.get("tags"), DataClass.LOGS),
                opts=child,
            )
            # Log groups of this prefix need no policy of their own, of which an account has only ten.
            for role, group in (("jobs", f"/slipway/{plan.prefix}"), ("runs", f"/aws/vendedlogs/states/{plan.prefix}"))
        )
        messages = _messages.messages(name, plan.prefix, args, emails, child)
        table = aws.dynamodb.Table(
            f"{name}-locks",
            name=plan.prefix,
            billing_mode="PAY_PER_REQUEST",
            attributes=[{"name": "pk", "type": "S"}],
            hash_key="pk",
            ttl={"enabled": True, "attribute_name": "expires_at"},
            point_in_time_recovery={"enabled": True, "recovery_period_in_days": _RECOVERY_DAYS},
            server_side_encryption={"enabled": True, "kms_key_arn": key_arn},
            deletion_protection_enabled=protection,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, protect=protection),
        )
        group = aws.scheduler.ScheduleGroup(f"{name}-schedules", name=plan.prefix, tags=tags, opts=child)
        queues = _compute.queues(name, plan, dict(args), jobs, child)
        pulling: WorkloadIdentityArgs = {
            "principal": Principal.BATCH,
            "reads": args["repository_arns"],
            "writes": [jobs.arn],
        }
        execution = _parts.identity(f"{name}-execution", args, args.get("account_id"), pulling, child)
        self._recovery(name, args, plan.prefix, messages, table, runs.arn)

        none = pulumi.Output.from_input("")
        self.job_queue_arn = queues["on-demand"].arn
        self.spot_job_queue_arn = queues["spot"].arn
        self.gpu_job_queue_arn = queues["gpu-on-demand"].arn if plan.gpu_max_vcpus else none
        self.gpu_spot_job_queue_arn = queues["gpu-spot"].arn if plan.gpu_max_vcpus else none
        self.execution_role_arn = execution.role_arn
        self.job_log_group_name = jobs.name
        self.machine_log_group_arn = runs.arn
        self.lock_table_arn = table.arn
        self.event_bus_arn = messages.bus.arn
        self.topic_arn = messages.topic.arn
        self.dead_letter_queue_arn = messages.dead_letters.arn
        self.schedule_group_name = group.name
        self.register_outputs(
            {
                "jobQueueArn": self.job_queue_arn,
                "spotJobQueueArn": self.spot_job_queue_arn,
                "gpuJobQueueArn": self.gpu_job_queue_arn,
                "gpuSpotJobQueueArn": self.gpu_spot_job_queue_arn,
                "executionRoleArn": self.execution_role_arn,
                "jobLogGroupName": self.job_log_group_name,
                "machineLogGroupArn": self.machine_log_group_arn,
                "lockTableArn": self.lock_table_arn,
                "eventBusArn": self.event_bus_arn,
                "topicArn": self.topic_arn,
                "deadLetterQueueArn": self.dead_letter_queue_arn,
                "scheduleGroupName": self.schedule_group_name,
            }
        )

    def _recovery(
        self,
        name: str,
        args: RetrainingEnvironmentArgs,
        prefix: str,
        messages: _messages.Messages,
        table: aws.dynamodb.Table,
        log_group_arn: pulumi.Output[str],
    ) -> None:
        """Frees the lock of a run that was stopped, ran out of time or broke."""
        child = pulumi.ResourceOptions(parent=self)
        account_id, machine = args.get("account_id"), f"{prefix}-recovery"
        place = _parts.place(table.arn)
        pipelines = _parts.machine_arn(place, _reading.machine_name(args["name_prefix"], ""))
        rights: WorkloadIdentityArgs = {
            "principal": Principal.STATE_MACHINE,
            "writes": [table.arn, messages.topic.arn, log_group_arn],
            "uses": [messages.bus.arn, args["key_arn"]],
            "state_machine_arn": _parts.machine_arn(place, machine),
        }
        definition = pulumi.Output.all(table.name, messages.topic.arn, messages.bus.arn, pipelines).apply(
            lambda known: _recovery.definition(Guard(known[0], known[1]), known[2], known[3])
        )
        role = _parts.identity(f"{name}-recovery", args, account_id, rights, child)
        recovery = _parts.machine(f"{name}-recovery", machine, definition, role, args, log_group_arn, child)
        caller = _parts.caller_rights(recovery.arn, args["key_arn"])
        _parts.rule(
            f"{name}-recovery",
            bus=None,
            pattern=pipelines.apply(_recovery.pattern),
            target_arn=recovery.arn,
            role_arn=_parts.identity(f"{name}-recovery-rule", args, account_id, caller, child).role_arn,
            transformer={"input_paths": _recovery.input_paths(), "input_template": _recovery.input_template()},
            dead_letter_arn=messages.dead_letters.arn,
            tags=args.get("tags"),
            child=child,
        )


def _plan(args: RetrainingEnvironmentArgs) -> _compute.Plan:
    prefix = _check.matches("name_prefix", args.get("name_prefix"), *_reading.NAME_PREFIX)
    gpu_vcpus = _check.between("gpu_max_vcpus", args.get("gpu_max_vcpus", 0), 0, 10_000)
    if not gpu_vcpus and args.get("gpu_instance_families") is not None:
        _check.refuse("gpu_instance_families", "nothing, because gpu_max_vcpus is 0", args.get("gpu_instance_families"))
    return _compute.Plan(
        prefix=f"{prefix}-retraining",
        families=_families(args, "instance_families", _prices.FAMILIES),
        max_vcpus=_check.between("max_vcpus", args.get("max_vcpus", 64), 2, 10_000),
        gpu_families=_families(args, "gpu_instance_families", _prices.GPU_FAMILIES),
        gpu_max_vcpus=gpu_vcpus,
        volume_gib=_check.between("volume_gib", args.get("volume_gib", 100), 30, 16_384),
    )


def _families(args: Any, arg: str, known: tuple[str, ...]) -> list[str]:
    """Only those whose prices are known: what a run may cost must hold wherever it runs."""
    given = _check.unique(arg, args.get(arg, list(known)), at_least=1)
    return [_check.one_of(f"{arg}[{i}]", family, known) for i, family in enumerate(given)]
