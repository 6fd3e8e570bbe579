"""The daily look at whether a model still meets, says and achieves what it did at training."""

import pulumi
import pulumi_aws as aws

from slipway import _check
from slipway.monitoring import _drift_job, _drift_rights
from slipway.monitoring.drift_args import DriftMonitorArgs
from slipway.retraining import _jobs, _parts, _reading, _schedule

DAILY = "cron(0 4 * * ? *)"
"""A window ends at midnight, UTC; the events of the day before have arrived by then."""
_WINDOW_MINUTES = 15
"""Within which a look starts, so that those of many models do not start all at once."""
_QUEUE = (r"arn:aws[a-z-]*:batch:.+:job-queue/[\w-]+", "a Batch job queue's ARN")
_GROUP = (r"[\w.-]{1,64}", "the name of a group of schedules")
_GIVEN = ("image", "models_bucket_name", "execution_role_arn", "job_log_group_name", "event_bus_arn")


class DriftMonitor(pulumi.ComponentResource):
    """Looks for drift of one model by a schedule, leaves a report and, if there is any, the event that says so.

    The report has a page for people and metrics for a scraper. A schedule may start a look twice; both then give the
    event the same key, and a pipeline acts on it once. Not stateful; what a look leaves is in the models' bucket.
    """

    job_definition_arn: pulumi.Output[str]
    """ARN of the job's definition, to look by hand."""
    job_role_arn: pulumi.Output[str]
    """ARN of the job's role."""
    schedule_arn: pulumi.Output[str]
    """ARN of the schedule."""

    def __init__(self, name: str, args: DriftMonitorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:DriftMonitor", name, dict(args), opts)
        _check.known(args, DriftMonitorArgs.__annotations__)
        model = _check.matches("model", args.get("model"), *_reading.MODEL)
        prefix = _check.matches("name_prefix", args.get("name_prefix"), *_reading.NAME_PREFIX)
        region = _check.matches("region", args.get("region"), *_check.A_REGION)
        config = _drift_job.config(args["config"]) if args.get("config") is not None else ""
        days = _check.between("days", args.get("days", 7), 1, 366)
        expression = _schedule.schedule("schedule", args.get("schedule", DAILY))
        zone = _check.matches("schedule_timezone", args.get("schedule_timezone", "UTC"), *_reading.TIMEZONE)
        vcpus = _check.between("vcpus", args.get("vcpus", 1), 1, 16)
        memory = _check.between("memory_mib", args.get("memory_mib", 2048), 512, 65_536)
        minutes = _check.between("time_limit_minutes", args.get("time_limit_minutes", 30), 1, 24 * 60)
        attempts = _check.between("attempts", args.get("attempts", 2), 1, 10)
        for arg in (*_GIVEN, "dead_letter_queue_arn", "key_arn"):
            _check.given(args, arg, *_reading.ARNS[arg])
        _check.given(args, "job_queue_arn", *_QUEUE)
        _check.given(args, "schedule_group_name", *_GROUP)
        _check.given(args, "predictions", *_drift_job.FOLDER)
        _check.plain("labels", args.get("labels"), *_drift_job.FOLDER)
        _check.plain("profile", args.get("profile"), *_drift_job.OBJECT)
        _check.plain("topic_arn", args.get("topic_arn"), *_reading.ARNS["topic_arn"])
        child, place = pulumi.ResourceOptions(parent=self), _parts.place(args["event_bus_arn"])
        partition, account = place.apply(lambda known: known.split()[0]), place.apply(lambda known: known.split()[2])
        job_name = f"{prefix}-drift-{model}"

        role = _parts.identity(f"{name}-job", args, account, _drift_rights.job(args, model, partition), child)
        told: dict[str, pulumi.Input[str]] = {
            "AWS_REGION": region,
            "SLIPWAY_EVENT_BUS": args["event_bus_arn"],
            "SLIPWAY_MODEL": model,
            "SLIPWAY_MODELS_BUCKET": args["models_bucket_name"],
            "SLIPWAY_PREDICTIONS": args["predictions"],
            **({"SLIPWAY_LABELS": args["labels"]} if args.get("labels") is not None else {}),
            **({"SLIPWAY_PROFILE": args["profile"]} if args.get("profile") is not None else {}),
            **({"SLIPWAY_DRIFT_CONFIG": config} if config else {}),
        }
        definition = aws.batch.JobDefinition(
            f"{name}-job",
            name=job_name,
            type="container",
            platform_capabilities=["EC2"],
            container_properties=pulumi.Output.all(
                pulumi.Output.all(args["job_log_group_name"], role.role_arn, args["execution_role_arn"]),
                pulumi.Output.all(**told),
                args["image"],
            ).apply(
                lambda known: _jobs.properties(
                    _jobs.Place(region, *known[0]),
                    stream=f"{model}-drift",
                    image=known[2],
                    command=_drift_job.command(days),
                    needs={"VCPU": vcpus, "MEMORY": memory},
                    environment=known[1],
                )
            ),
            retry_strategy=_jobs.retries(attempts),
            timeout={"attempt_duration_seconds": minutes * 60},
            propagate_tags=True,
            deregister_on_new_revision=False,
            tags=args.get("tags"),
            opts=child,
        )
        caller = _parts.identity(f"{name}-trigger", args, account, _drift_rights.trigger(args, definition), child)
        schedule = aws.scheduler.Schedule(
            f"{name}-schedule",
            name=f"drift-{model}",
            group_name=args["schedule_group_name"],
            schedule_expression=expression,
            schedule_expression_timezone=zone,
            flexible_time_window={"mode": "FLEXIBLE", "maximum_window_in_minutes": _WINDOW_MINUTES},
            target={
                "arn": partition.apply(_drift_job.submitting),
                "role_arn": caller.role_arn,
                "input": pulumi.Output.all(args["job_queue_arn"], definition.arn).apply(
                    lambda known: _drift_job.submission(job_name, *known)
                ),
                "retry_policy": {
                    "maximum_event_age_in_seconds": _parts.RETRY_SECONDS,
                    "maximum_retry_attempts": _parts.RETRIES,
                },
                "dead_letter_config": {"arn": args["dead_letter_queue_arn"]},
            },
            opts=child,
        )
        if args.get("topic_arn") is not None:
            self._tell(name, args, model, job_name)

        self.job_definition_arn, self.job_role_arn, self.schedule_arn = definition.arn, role.role_arn, schedule.arn
        self.register_outputs(
            {
                "jobDefinitionArn": self.job_definition_arn,
                "jobRoleArn": self.job_role_arn,
                "scheduleArn": self.schedule_arn,
            }
        )

    def _tell(self, name: str, args: DriftMonitorArgs, model: str, job_name: str) -> None:
        _parts.rule(
            f"{name}-failed",
            bus=None,
            pattern=_parts.later(args["job_queue_arn"]).apply(lambda arn: _drift_job.failed_pattern(job_name, arn)),
            target_arn=args["topic_arn"],
            role_arn=None,
            transformer={
                "input_paths": {"time": "$.time", "reason": "$.detail.statusReason", "job": "$.detail.jobId"},
                "input_template": _parts.later(args["job_log_group_name"]).apply(
                    lambda group: _drift_job.failed_notice(model, group)
                ),
            },
            dead_letter_arn=args["dead_letter_queue_arn"],
            tags=args.get("tags"),
            child=pulumi.ResourceOptions(parent=self),
        )
