"""The parts of a DAG file that are the same for every pipeline, with ``${…}`` for what is not."""

HEAD = '''"""Retraining of ${model}: a DAG for Airflow 2.10 and later, written by slipway.

It follows from the pipeline's declaration, where a change belongs: the next deployment writes this file anew.
"""

'''
IMPORTS = (
    HEAD
    + """import re
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

from airflow import DAG
from airflow.exceptions import AirflowException, AirflowSkipException
from airflow.providers.amazon.aws.operators.batch import BatchOperator
"""
)
IMPORTS_ALONE = IMPORTS.replace("import re\n", "import json\nimport re\n").replace(
    "from airflow import DAG\n", "import boto3\nfrom airflow import DAG\n"
)
NAMES = """
MODEL = ${model_text}
REGION = ${region}
RUNS = ${runs}
REFUSED = ${refused}  # exit code of a step that did its work and says no
AGAIN = ${again}  # of one that saved where it was and wants to be started again
"""
NAMES_ALONE = """EVENT_BUS = ${event_bus}
TOPIC = ${topic}
"""
STEP = '''

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
NOTICES = '''

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
DEFAULT_ARGS = """{
        "aws_conn_id": None,  # Airflow's own role
        "deferrable": True,
        "poll_interval": 30,
        "region_name": REGION,
        "retries": 0,
    }"""
DEFAULT_ARGS_ALONE = DEFAULT_ARGS.replace(
    '"deferrable": True,\n',
    '"deferrable": True,\n        "on_failure_callback": failed,\n        "on_skipped_callback": refused,\n',
)
DAG = """

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
