"""The pipeline that retrains a model."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from slipway import _check
from slipway.retraining import _jobs, _reading, _states
from slipway.retraining._declaration import Declaration, Step, Wiring
from slipway.retraining._locks import Guard
from slipway.retraining._rights import job_rights
from slipway.retraining._triggers import triggers
from slipway.retraining.pipeline_args import RetrainingPipelineArgs
from slipway.security import Principal, WorkloadIdentity
from slipway.security.workload_identity import WorkloadIdentityArgs

_ARNS = {
    "execution_role_arn": _check.A_ROLE,
    "machine_log_group_arn": (r"arn:aws[a-z-]*:logs:.+:log-group:[\w/.#-]+", "a log group's ARN"),
    "lock_table_arn": (r"arn:aws[a-z-]*:dynamodb:.+:table/[\w.-]+", "a DynamoDB table's ARN"),
    "event_bus_arn": (
        r"arn:aws[a-z-]*:events:.+:event-bus/(?!default$)[\w./-]+",
        "an event bus's ARN, not the default",
    ),
    "topic_arn": (r"arn:aws[a-z-]*:sns:.+", "an SNS topic's ARN"),
    "dead_letter_queue_arn": (r"arn:aws[a-z-]*:sqs:.+", "an SQS queue's ARN"),
    "key_arn": _check.A_KEY,
    "image": _reading.IMAGE,
    "repository": (r"[a-z0-9][a-z0-9._/-]+", "an ECR repository's name"),
    "datasets_bucket_name": (r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket's name"),
    "models_bucket_name": (r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket's name"),
    "job_log_group_name": (r"[\w/.#-]+", "a log group's name"),
}


class RetrainingPipeline(pulumi.ComponentResource):
    """Retrains a model: validates its data, trains, evaluates against the champion, registers a candidate.

    It runs by time, on new data, on drift or by hand; one run at a time, none twice for the same trigger, and none that
    the month's ceiling has no room for. A run ends with a candidate, a refusal or a failure, and always says so: on the
    event bus, and by the topic where a person is needed. Not stateful; what runs leave behind is in the buckets.
    """

    machine_arn: pulumi.Output[str]
    """ARN of the state machine, to start a run by hand and to follow it."""
    job_role_arn: pulumi.Output[str]
    """ARN of the role that the steps have, to let it reach what the pipeline does not know."""
    run_ceiling_usd: pulumi.Output[str]
    """The most that one run can cost, such as ``3.21``."""

    def __init__(self, name: str, args: RetrainingPipelineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:RetrainingPipeline", name, dict(args), opts)
        _check.known(args, RetrainingPipelineArgs.__annotations__)
        declaration = _reading.declaration(args)
        for arg, accepted in _ARNS.items():
            _check.given(args, arg, *accepted)
        account = _later(args["lock_table_arn"]).apply(lambda arn: arn.split(":")[4])
        place = _later(args["lock_table_arn"]).apply(_place)
        wiring = _wiring(args)

        job_role = self._identity(f"{name}-job", args, account, job_rights(args, declaration.model, place))
        definitions = self._definitions(name, args, declaration, wiring, job_role)
        machine = self._machine(name, args, declaration, wiring, definitions, account, place)
        triggers(
            name,
            args,
            declaration,
            machine.arn,
            lambda rights: self._identity(f"{name}-trigger", args, account, rights).role_arn,
            pulumi.ResourceOptions(parent=self),
        )

        self.machine_arn = machine.arn
        self.job_role_arn = job_role.role_arn
        self.run_ceiling_usd = pulumi.Output.from_input(f"{declaration.run_ceiling_cents() / 100:.2f}")
        self.register_outputs(
            {
                "machineArn": self.machine_arn,
                "jobRoleArn": self.job_role_arn,
                "runCeilingUsd": self.run_ceiling_usd,
            }
        )

    def _identity(
        self, name: str, args: RetrainingPipelineArgs, account: pulumi.Output[str], rights: WorkloadIdentityArgs
    ) -> WorkloadIdentity:
        rights["account_id"] = account
        if args.get("permissions_boundary_arn") is not None:
            rights["permissions_boundary_arn"] = args["permissions_boundary_arn"]
        if args.get("tags") is not None:
            rights["tags"] = args["tags"]
        return WorkloadIdentity(name, rights, pulumi.ResourceOptions(parent=self))

    def _definitions(
        self,
        name: str,
        args: RetrainingPipelineArgs,
        declaration: Declaration,
        wiring: pulumi.Output[Wiring],
        job_role: WorkloadIdentity,
    ) -> Mapping[str, aws.batch.JobDefinition]:
        """One for each step. Superseded revisions stay: a run that is on its way ends with the steps it began with."""
        known = pulumi.Output.all(wiring, args["job_log_group_name"], job_role.role_arn, args["execution_role_arn"])
        prefix = _reading.machine_name(args["name_prefix"], declaration.model)

        def container(step: Step) -> pulumi.Output[str]:
            return known.apply(lambda got: _jobs.container(declaration, step, *got))

        return {
            step.name: aws.batch.JobDefinition(
                f"{name}-{step.name}",
                name=f"{prefix}-{step.name}",
                type="container",
                platform_capabilities=["EC2"],
                container_properties=container(step),
                retry_strategy=_jobs.retries(step),
                timeout={"attempt_duration_seconds": step.time_limit_minutes * 60},
                propagate_tags=True,
                deregister_on_new_revision=False,
                tags=args.get("tags"),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for step in declaration.steps
        }

    def _machine(
        self,
        name: str,
        args: RetrainingPipelineArgs,
        declaration: Declaration,
        wiring: pulumi.Output[Wiring],
        definitions: Mapping[str, aws.batch.JobDefinition],
        account: pulumi.Output[str],
        place: pulumi.Output[str],
    ) -> aws.sfn.StateMachine:
        machine = _reading.machine_name(args["name_prefix"], declaration.model)
        given: dict[str, Any] = dict(args)
        queues = {step.name: given[_reading.queue_of(step)] for step in declaration.steps}
        role = self._identity(
            f"{name}-machine",
            args,
            account,
            {
                "principal": Principal.STATE_MACHINE,
                "writes": [args["lock_table_arn"], args["topic_arn"], args["machine_log_group_arn"]],
                "uses": [
                    *(definition.arn_prefix for definition in definitions.values()),
                    *dict.fromkeys(queues.values()),
                    args["event_bus_arn"],
                    args["key_arn"],
                ],
                "state_machine_arn": place.apply(
                    lambda where: "arn:{}:states:{}:{}:stateMachine:{}".format(*where.split(), machine)
                ),
            },
        )
        jobs = {
            step: pulumi.Output.all(queues[step], definition.arn).apply(lambda arns: _states.Job(*arns))
            for step, definition in definitions.items()
        }
        known = pulumi.Output.all(wiring, args["lock_table_arn"], args["topic_arn"], pulumi.Output.all(**jobs))
        return aws.sfn.StateMachine(
            f"{name}-machine",
            name=machine,
            type="STANDARD",
            role_arn=role.role_arn,
            definition=known.apply(
                lambda got: _states.definition(
                    declaration, got[0], Guard(got[1].split(":table/")[1], got[2]), dict(got[3])
                )
            ),
            logging_configuration={
                "level": "ALL",
                "include_execution_data": False,
                "log_destination": pulumi.Output.concat(args["machine_log_group_arn"], ":*"),
            },
            tracing_configuration={"enabled": True},
            encryption_configuration={
                "type": "CUSTOMER_MANAGED_KMS_KEY",
                "kms_key_id": args["key_arn"],
                "kms_data_key_reuse_period_seconds": 300,
            },
            tags=args.get("tags"),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role]),
        )


def _later(value: Any) -> pulumi.Output[Any]:
    return pulumi.Output.from_input(value)


def _place(arn: str) -> str:
    """Partition, region and account of an ARN, as words."""
    _, partition, _, region, account, _ = arn.split(":", 5)
    return f"{partition} {region} {account}"


def _wiring(args: RetrainingPipelineArgs) -> pulumi.Output[Wiring]:
    return pulumi.Output.all(
        environment=args["environment"],
        image=args["image"],
        repository=args["repository"],
        datasets_bucket=args["datasets_bucket_name"],
        models_bucket=args["models_bucket_name"],
        event_bus_arn=args["event_bus_arn"],
        tracking_uri=args.get("tracking_uri", ""),
    ).apply(lambda known: Wiring(**known))
