"""The pipeline that retrains a model."""

from collections.abc import Mapping
from typing import Any, cast

import pulumi
import pulumi_aws as aws

from slipway import _check
from slipway.retraining import _airflow_pipeline, _engines, _jobs, _parts, _reading
from slipway.retraining._declaration import Declaration, Step, Wiring
from slipway.retraining._rights import job_rights
from slipway.retraining._states import Job
from slipway.retraining._triggers import triggers
from slipway.retraining.engine import Engine
from slipway.retraining.pipeline_args import RetrainingPipelineArgs
from slipway.security import Principal
from slipway.security._identity import Identity
from slipway.security.workload_identity import WorkloadIdentityArgs


class RetrainingPipeline(pulumi.ComponentResource):
    """Retrains a model: validates its data, trains, evaluates against the champion, registers a candidate.

    It runs by time, on new data, on drift or by hand; one run at a time, none twice for the same trigger, and none that
    the month's ceiling has no room for. A run ends with a candidate, a refusal or a failure, and always says so: on the
    event bus, and by the topic where a person is needed. Not stateful; what runs leave behind is in the buckets.
    """

    machine_arn: pulumi.Output[str]
    """ARN of the state machine, to start a run by hand and to follow it; empty where an Airflow that AWS does not reach
    starts the runs."""
    job_role_arn: pulumi.Output[str]
    """ARN of the role that the steps have, to let it reach what the pipeline does not know."""
    run_ceiling_usd: pulumi.Output[str]
    """The most that one run can cost, such as ``3.21``."""
    dag_text: pulumi.Output[str]
    """With the engine airflow: the DAG's file, for an Airflow that has its DAGs from elsewhere; empty with others."""
    dag_object_key: pulumi.Output[str]
    """With the engine airflow: key of the file in a bucket of DAGs; empty with others."""
    pipeline_version: pulumi.Output[str]
    """With the engine kubeflow: name of the version that runs; empty with others."""

    def __init__(self, name: str, args: RetrainingPipelineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:RetrainingPipeline", name, dict(args), opts)
        _check.known(args, RetrainingPipelineArgs.__annotations__)
        declaration = _reading.declaration(args)
        for arg, accepted in _reading.ARNS.items():
            _check.given(args, arg, *accepted)
        _engines.check(args, declaration.engine)
        place = _parts.place(args["lock_table_arn"])
        account = place.apply(lambda where: where.split()[2])
        wiring = _wiring(args)
        child = pulumi.ResourceOptions(parent=self)

        def identity(role: str, rights: WorkloadIdentityArgs) -> Identity:
            return _parts.identity(f"{name}-{role}", args, account, rights, child)

        job_role = identity("job", job_rights(args, declaration, place))
        definitions: Mapping[str, aws.batch.JobDefinition] = {}
        if declaration.engine is not Engine.KUBEFLOW:
            definitions = self._definitions(name, args, declaration, wiring, job_role)
        jobs = _jobs_of(args, declaration, definitions)
        nothing = pulumi.Output.from_input("")
        self.dag_text = self.dag_object_key = self.pipeline_version = self.machine_arn = nothing
        if declaration.engine is Engine.AIRFLOW:
            self.dag_text, self.dag_object_key = _airflow_pipeline.dag(name, args, declaration, wiring, jobs, child)
        if declaration.engine is Engine.KUBEFLOW:
            from slipway.retraining import _kubeflow_pipeline  # only here: nothing else needs the SDK of Kubernetes

            namespace = args["kubeflow_namespace"]
            self.pipeline_version = _kubeflow_pipeline.register(name, namespace, declaration, wiring, self)
        if not _engines.alone(args, declaration.engine):
            machine = _parts.machine(
                f"{name}-machine",
                _reading.machine_name(args["name_prefix"], declaration.model),
                _engines.definition(args, declaration, wiring, jobs),
                identity("machine", _machine_rights(args, declaration, definitions, place)),
                args,
                args["machine_log_group_arn"],
                child,
            )
            triggers(name, args, declaration, machine.arn, lambda rights: identity("trigger", rights).role_arn, child)
            self.machine_arn = machine.arn

        self.job_role_arn = job_role.role_arn
        self.run_ceiling_usd = pulumi.Output.from_input(f"{declaration.run_ceiling_cents() / 100:.2f}")
        self.register_outputs(
            {
                "machineArn": self.machine_arn,
                "jobRoleArn": self.job_role_arn,
                "runCeilingUsd": self.run_ceiling_usd,
                "dagText": self.dag_text,
                "dagObjectKey": self.dag_object_key,
                "pipelineVersion": self.pipeline_version,
            }
        )

    def _definitions(
        self,
        name: str,
        args: RetrainingPipelineArgs,
        declaration: Declaration,
        wiring: pulumi.Output[Wiring],
        job_role: Identity,
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
                retry_strategy=_jobs.retries(step.attempts),
                timeout={"attempt_duration_seconds": step.time_limit_minutes * 60},
                propagate_tags=True,
                deregister_on_new_revision=False,
                tags=args.get("tags"),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for step in declaration.steps
        }


def _queues(args: RetrainingPipelineArgs, declaration: Declaration) -> dict[str, Any]:
    """Queue of each step."""
    given: dict[str, Any] = dict(args)
    return {step.name: given[_reading.queue_of(step)] for step in declaration.steps}


def _jobs_of(
    args: RetrainingPipelineArgs, declaration: Declaration, definitions: Mapping[str, aws.batch.JobDefinition]
) -> pulumi.Output[Mapping[str, Job]]:
    """Where Batch runs each step; nothing where there are no definitions."""
    queues = _queues(args, declaration) if definitions else {}
    found = {step: pulumi.Output.all(queues[step], item.arn) for step, item in definitions.items()}
    if not found:
        return pulumi.Output.from_input(cast(Any, {}))
    return pulumi.Output.all(**found).apply(lambda known: {step: Job(*arns) for step, arns in known.items()})


def _machine_rights(
    args: RetrainingPipelineArgs,
    declaration: Declaration,
    definitions: Mapping[str, aws.batch.JobDefinition],
    place: pulumi.Output[str],
) -> WorkloadIdentityArgs:
    name = _reading.machine_name(args["name_prefix"], declaration.model)

    def for_jobs() -> list[Any]:
        queues = dict.fromkeys(_queues(args, declaration).values())
        return [*(definition.arn_prefix for definition in definitions.values()), *queues]

    writes, uses = _engines.rights(args, declaration, place, for_jobs)
    return {
        "principal": Principal.STATE_MACHINE,
        "writes": [args["lock_table_arn"], args["topic_arn"], args["machine_log_group_arn"], *writes],
        "uses": [*uses, args["event_bus_arn"], args["key_arn"]],
        "state_machine_arn": _parts.machine_arn(place, name),
    }


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
