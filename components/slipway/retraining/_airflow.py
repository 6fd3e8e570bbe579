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

from slipway.retraining import _airflow_text as text
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
        "default_args": text.DEFAULT_ARGS_ALONE if alone else text.DEFAULT_ARGS,
    }
    parts = [
        text.IMPORTS_ALONE if alone else text.IMPORTS,
        text.NAMES,
        *([text.NAMES_ALONE] if alone else []),
        text.STEP,
    ]
    parts += [text.NOTICES] if alone else []
    parts.append(text.DAG)
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
