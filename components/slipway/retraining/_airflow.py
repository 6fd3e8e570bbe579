"""A declaration as a DAG of Apache Airflow 2.10 and later: a file that needs Airflow and its Amazon provider only.

Each step is a job of AWS Batch, from the same job definition as with every other engine, and waits for it without
holding a worker (``deferrable``). A step that refuses is *skipped*, and so is what comes after it: the run is no
failure, but has no candidate. Batch alone starts a job again, so a refusal never does.

Where the environment's state machine starts the runs (``_airflow_states``), the DAG has no schedule of its own: lock,
cool-down and ceiling are the same for all engines. An Airflow that AWS cannot reach starts them itself and says itself
how they ended (``Notices``); of these guards it then has "one run at a time" only.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from string import Template

from slipway.retraining import _cron
from slipway.retraining._declaration import AGAIN, QUEUE_MINUTES, REFUSED, Declaration, Step, Wiring, run_uri
from slipway.retraining._states import Job

POLL_SECONDS = 30


@dataclass(frozen=True)
class Notices:
    """Where an Airflow that starts runs by itself says how they ended."""

    topic_arn: str


def dag_id(declaration: Declaration, wiring: Wiring) -> str:
    """Name of the DAG; an Airflow may serve more than one environment."""
    return f"{wiring.environment}-{declaration.model}-retraining"


def object_key(declaration: Declaration, wiring: Wiring) -> str:
    """Key of the file in the bucket that an Airflow reads its DAGs from."""
    return f"dags/{dag_id(declaration, wiring)}.py"


def dag_text(declaration: Declaration, wiring: Wiring, jobs: Mapping[str, Job], notices: Notices | None = None) -> str:
    """The DAG's file. ``jobs`` has each step by name. With ``notices`` it has the declared schedule and announces ends.

    Raises ``ValueError`` for a schedule that Airflow cannot keep.
    """
    alone = notices is not None
    values = {
        "model": declaration.model,
        "dag_id": _text(dag_id(declaration, wiring)),
        "model_text": _text(declaration.model),
        "runs": _text(run_uri(wiring.models_bucket, declaration.model, "").rstrip("/")),
        "region": _text(declaration.region),
        "refused": REFUSED,
        "again": AGAIN,
        "schedule": _schedule(declaration) if alone else "None",
        "event_bus": _text(wiring.event_bus_arn),
        "topic": _text(notices.topic_arn) if notices else "",
        "default_args": _DEFAULT_ARGS_ALONE if alone else _DEFAULT_ARGS,
    }
    parts = [_IMPORTS_ALONE if alone else _IMPORTS, _NAMES, *([_NAMES_ALONE] if alone else []), _STEP]
    parts += [_NOTICES] if alone else []
    parts.append(_DAG)
    head = Template("".join(parts)).substitute(values)
    if "CronTriggerTimetable(" in head:
        provider = "from airflow.providers.amazon.aws.operators.batch import BatchOperator\n"
        head = head.replace(provider, f"{provider}from airflow.timetables.trigger import CronTriggerTimetable\n", 1)
    last = declaration.steps[-1].name
    steps = [_step(step, jobs[step.name], alone and step.name == last) for step in declaration.steps]
    return head + "\n".join(steps) + _edges(declaration)


def _schedule(declaration: Declaration) -> str:
    triggers = declaration.triggers
    if triggers.schedule is None:
        return "None"
    interval = _cron.interval(triggers.schedule)
    if interval:
        return f"timedelta({interval[0]}={interval[1]})"
    fields, zone = _text(_cron.cron(triggers.schedule)), _text(triggers.schedule_timezone)
    return f"CronTriggerTimetable({fields}, timezone={zone})"


def _step(step: Step, job: Job, announces: bool) -> str:
    return (
        f"    {_variable(step.name)} = Step(\n"
        f"        task_id={_text(step.name)},\n"
        f"        job_queue={_text(job.queue_arn)},\n"
        f"        job_definition={_text(job.definition_arn)},\n"
        f"        retry_strategy=attempts({step.attempts}),\n"
        f"        execution_timeout=timedelta(minutes={step.worst_case_minutes()}),\n"
        f"        max_retries={step.worst_case_minutes() * 60 // POLL_SECONDS + QUEUE_MINUTES},\n"
        + ("        on_success_callback=candidate,\n" if announces else "")
        + "    )\n"
    )


def _edges(declaration: Declaration) -> str:
    """What each step waits for, one line for each step that waits."""
    lines = []
    for step in declaration.steps:
        ahead = [_variable(name) for name in step.after]
        if ahead:
            before = ahead[0] if len(ahead) == 1 else f"[{', '.join(ahead)}]"
            lines.append(f"    {before} >> {_variable(step.name)}\n")
    return "\n" + "".join(lines) if lines else ""


def _variable(step: str) -> str:
    return "step_" + step.replace("-", "_")


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


_HEAD = '''"""Retraining of ${model}: a DAG for Airflow 2.10 and later, written by slipway.

It follows from the pipeline's declaration, where a change belongs: the next deployment writes this file anew.
"""

'''
_IMPORTS = (
    _HEAD
    + """import re
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

from airflow import DAG
from airflow.exceptions import AirflowException, AirflowSkipException
from airflow.providers.amazon.aws.operators.batch import BatchOperator
"""
)
_IMPORTS_ALONE = _IMPORTS.replace("import re\n", "import json\nimport re\n").replace(
    "from airflow import DAG\n", "import boto3\nfrom airflow import DAG\n"
)
_NAMES = """
MODEL = ${model_text}
REGION = ${region}
RUNS = ${runs}
REFUSED = ${refused}  # exit code of a step that did its work and says no
AGAIN = ${again}  # of one that saved where it was and wants to be started again
"""
_NAMES_ALONE = """EVENT_BUS = ${event_bus}
TOPIC = ${topic}
"""
_STEP = '''

def run_of(context):
    """Id of the run, as slipway writes it: letters, digits and -."""
    return re.sub(r"[^A-Za-z0-9]+", "-", context["run_id"]).strip("-")[:80]


def variables_of(context):
    """What a job is told about its run; all else is in its job definition."""
    run, conf = run_of(context), context["dag_run"].conf or {}
    scheduled = context["run_id"].startswith("scheduled__")
    return {
        "SLIPWAY_RUN": run,
        "SLIPWAY_RUN_URI": f"{RUNS}/{run}/",
        "SLIPWAY_TRIGGER": conf.get("reason") or ("schedule" if scheduled else "manual"),
        "SLIPWAY_DEDUPE_KEY": conf.get("dedupe_key") or run,
        "SLIPWAY_DATASET_URI": conf.get("dataset_uri") or "",
        "SLIPWAY_DATASET_VERSION": conf.get("dataset_version") or "",
    }


def attempts(number):
    """When Batch starts a job again: its machine was taken, its image did not come, or it asks for it."""
    return {
        "attempts": number,
        "evaluateOnExit": [
            {"onStatusReason": "Host EC2*", "action": "RETRY"},
            {"onReason": "CannotPullContainerError*", "action": "RETRY"},
            {"onExitCode": str(AGAIN), "action": "RETRY"},
            {"onReason": "*", "action": "EXIT"},
        ],
    }


class Step(BatchOperator):
    """A job of AWS Batch. One that refuses skips what comes after it; Batch alone starts a job again."""

    def __init__(self, **kwargs):
        super().__init__(job_name=f"{MODEL}-{kwargs['task_id']}", **kwargs)

    def submit_job(self, context):
        told = variables_of(context)
        self.job_name = f"{self.job_name}-{told['SLIPWAY_RUN']}"[:128]
        self.container_overrides = {"environment": [{"name": key, "value": told[key]} for key in sorted(told)]}
        super().submit_job(context)
        context["ti"].xcom_push(key="job_id", value=self.job_id)

    def execute(self, context):
        with self.judged(context):
            return super().execute(context)

    def resume_execution(self, next_method, next_kwargs, context):
        with self.judged(context):
            return super().resume_execution(next_method, next_kwargs, context)

    @contextmanager
    def judged(self, context):
        """Tells a refusal from a failure, and leaves no job behind that nobody waits for."""
        try:
            yield
        except AirflowException as failure:
            job_id = self.job_id or context["ti"].xcom_pull(task_ids=self.task_id, key="job_id")
            if not job_id:
                raise
            job = self.hook.get_job_description(job_id)
            context["ti"].xcom_push(key="reason", value=job.get("statusReason") or str(failure))
            if job["status"] not in ("SUCCEEDED", "FAILED"):
                self.hook.client.terminate_job(jobId=job_id, reason="nobody waits for it any more")
            if job.get("container", {}).get("exitCode") == REFUSED:
                raise AirflowSkipException(f"{self.task_id} refused: see the run's records") from failure
            raise
'''
_NOTICES = '''

def announce(context, outcome):
    """RunEnded on the environment's bus; what a person should know also by the topic."""
    run, step = run_of(context), context["ti"].task_id
    reason = context["ti"].xcom_pull(task_ids=step, key="reason") or ""
    detail = {"model": MODEL, "run": run, "outcome": outcome, "step": step, "reason": reason[:1000]}
    entry = {
        "Source": "slipway.retraining",
        "DetailType": "RunEnded",
        "Detail": json.dumps(detail),
        "EventBusName": EVENT_BUS,
    }
    boto3.client("events", region_name=REGION).put_events(Entries=[entry])
    if outcome != "candidate":
        subject = f"Retraining of {MODEL}: {outcome} in {step}"[:100]
        boto3.client("sns", region_name=REGION).publish(TopicArn=TOPIC, Subject=subject, Message=json.dumps(detail))


def failed(context):
    announce(context, "failed")


def refused(context):
    announce(context, "refused")


def candidate(context):
    announce(context, "candidate")
'''
_DEFAULT_ARGS = """{
        "aws_conn_id": None,  # Airflow's own role
        "deferrable": True,
        "poll_interval": 30,
        "region_name": REGION,
        "retries": 0,
    }"""
_DEFAULT_ARGS_ALONE = _DEFAULT_ARGS.replace(
    '"deferrable": True,\n',
    '"deferrable": True,\n        "on_failure_callback": failed,\n        "on_skipped_callback": refused,\n',
)
_DAG = """

with DAG(
    dag_id=${dag_id},
    schedule=${schedule},
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    tags=["slipway", MODEL],
    default_args=${default_args},
):
"""
