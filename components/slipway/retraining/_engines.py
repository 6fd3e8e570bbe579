"""What each engine needs beside what all have: its arguments, its state machine, its rights."""

from collections.abc import Callable, Mapping
from typing import Any

import pulumi

from slipway import _check
from slipway.retraining import _airflow_states, _cron, _guard, _kubeflow_states, _parts, _reading, _states
from slipway.retraining._declaration import Declaration, Wiring
from slipway.retraining._locks import Guard
from slipway.retraining._states import Job
from slipway.retraining.engine import Engine
from slipway.retraining.pipeline_args import RetrainingPipelineArgs

_ENVIRONMENT = (r"[a-zA-Z][a-zA-Z0-9_-]{0,79}", "an MWAA environment's name")
_QUEUE = (r"arn:aws[a-z-]*:sqs:.+", "the ARN of the queue of KubeflowRuns")
_OWN = {
    "airflow_environment_name": (Engine.AIRFLOW, _ENVIRONMENT),
    "dags_bucket_name": (Engine.AIRFLOW, _reading.BUCKET),
    "kubeflow_cluster_name": (Engine.KUBEFLOW, _reading.CLUSTER),
    "kubeflow_namespace": (Engine.KUBEFLOW, _reading.NAMESPACE),
    "kubeflow_queue_arn": (Engine.KUBEFLOW, _QUEUE),
}
_UNGUARDED = ("on_new_data", "on_drift", "monthly_ceiling_usd", "cool_down_minutes")
"""What only the state machine does, so that an Airflow that it cannot reach would not do it."""


def check(args: RetrainingPipelineArgs, engine: Engine) -> None:
    """Each engine has arguments of its own; another's would be ignored, so they are refused."""
    for arg, (owner, accepted) in _OWN.items():
        given: Any = args.get(arg)
        if owner is not engine and given is not None:
            _check.refuse(arg, f"nothing, because the engine is {engine}", given)
        _check.plain(arg, given, *accepted)
        if owner is engine is Engine.KUBEFLOW and given is None:
            _check.refuse(arg, f"{accepted[1]}, because the engine is {engine}", given)
    if alone(args, engine):
        if args.get("schedule") is not None and _cron.interval(args["schedule"]) is None:
            _cron.cron(args["schedule"])
        for arg in _UNGUARDED:
            if args.get(arg):
                _check.refuse(
                    arg,
                    "nothing, because without airflow_environment_name Airflow itself starts the runs",
                    args.get(arg),
                )


def alone(args: RetrainingPipelineArgs, engine: Engine) -> bool:
    """Whether runs are started by an Airflow that AWS does not reach, without a state machine."""
    return engine is Engine.AIRFLOW and args.get("airflow_environment_name") is None


def definition(
    args: RetrainingPipelineArgs,
    declaration: Declaration,
    wiring: pulumi.Output[Wiring],
    jobs: pulumi.Output[Mapping[str, Job]],
) -> pulumi.Output[str]:
    """The state machine's definition: the guards are the same for every engine, the work is its own."""
    where = pulumi.Output.all(
        table=args["lock_table_arn"],
        topic=args["topic_arn"],
        airflow=args.get("airflow_environment_name", ""),
        queue=args.get("kubeflow_queue_arn", ""),
    )

    def machine(known: list[Any]) -> str:
        wired, placed, found = known
        guard = Guard(placed["table"].split(":table/")[1], placed["topic"])
        if declaration.engine is Engine.STEP_FUNCTIONS:
            return _states.definition(declaration, wired, guard, found)
        if declaration.engine is Engine.AIRFLOW:
            states, first = _airflow_states.work(declaration, wired, placed["airflow"])
        else:
            namespace = args["kubeflow_namespace"]
            states, first = _kubeflow_states.work(declaration, wired, namespace, queue_url(placed["queue"]))
        return _guard.text(_guard.guarded(declaration, wired, guard, states, first))

    return pulumi.Output.all(wiring, where, jobs).apply(machine)


def rights(
    args: RetrainingPipelineArgs, declaration: Declaration, place: pulumi.Output[str], for_jobs: Callable[[], list[Any]]
) -> tuple[list[Any], list[Any]]:
    """What the state machine writes and uses for the engine's sake; ``for_jobs`` are the ARNs that its jobs need."""
    if declaration.engine is Engine.STEP_FUNCTIONS:
        return [], for_jobs()
    if declaration.engine is Engine.KUBEFLOW:
        return [args["kubeflow_queue_arn"]], []
    environment = _parts.later(args["airflow_environment_name"])
    role = pulumi.Output.all(place, environment).apply(
        lambda it: "arn:{}:airflow:{}:{}:role/{}/{}".format(*it[0].split(), it[1], _airflow_states.AIRFLOW_ROLE)
    )
    return [], [role]


def queue_url(arn: str) -> str:
    """Address of an SQS queue."""
    _, partition, _, region, account, name = arn.split(":", 5)
    domain = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    return f"https://sqs.{region}.{domain}/{account}/{name}"
