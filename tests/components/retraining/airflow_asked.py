"""Run by the Python of ``.venv-airflow``: loads DAG files into a real Airflow, or runs one of them to its end.

Standard input: the folder with the files and, to run one, its id and the trigger (``conf``). Standard output, in its
last line: what Airflow makes of the files, or how the run and its tasks ended.
"""

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

from airflow.dag_processing.bundles.manager import DagBundlesManager  # ty: ignore[import-not-found]

try:
    from airflow.dag_processing.dagbag import DagBag  # ty: ignore[import-not-found]
except ImportError:  # before Airflow 3.1
    from airflow.models.dagbag import DagBag  # ty: ignore[import-not-found]


def described(dag: Any) -> dict[str, Any]:
    timetable = dag.timetable
    return {
        "schedule": timetable.summary,
        "zone": str(getattr(timetable, "_timezone", "")),
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "paused": dag.is_paused_upon_creation,
        "tasks": {
            task.task_id: {
                "type": task.task_type,
                "downstream": sorted(task.downstream_task_ids),
                "retries": task.retries,
                "attempts": task.retry_strategy["attempts"],
                "started_again_on": list(task.retry_strategy["evaluateOnExit"]),
                "minutes": task.execution_timeout.total_seconds() / 60,
                "deferrable": task.deferrable,
                "queue": task.job_queue,
                "definition": task.job_definition,
                "told": [
                    bool(task.on_failure_callback),
                    bool(task.on_skipped_callback),
                    bool(task.on_success_callback),
                ],
            }
            for task in dag.tasks
        },
    }


def run(dag: Any, conf: dict[str, Any]) -> dict[str, Any]:
    """The DAG from beginning to end, in this process: deferred tasks wait here for their triggers."""
    with contextlib.redirect_stdout(sys.stderr):
        ended = dag.test(run_conf=conf)
        tasks = {instance.task_id: str(instance.state) for instance in ended.get_task_instances()}
    return {"state": str(ended.state), "run_id": ended.run_id, "tasks": tasks}


def resumed(dag: Any, task_id: str, job_id: str) -> str:
    """How a deferred task ends when its trigger says that the job failed: what the triggerer sends is ``__fail__``."""

    class Instance:
        def xcom_pull(self, **_: Any) -> str:
            return job_id

        def xcom_push(self, **_: Any) -> None:
            """Nobody reads it here."""

    try:
        dag.task_dict[task_id].resume_execution("__fail__", {"error": "Trigger failure"}, {"ti": Instance()})
    except Exception as error:
        return type(error).__name__
    return "done"


def main() -> None:
    given = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):
        bag = DagBag(given["folder"])
    if "dag" not in given:
        answer: Any = {
            "errors": {Path(file).name: error for file, error in bag.import_errors.items()},
            "dags": {name: described(dag) for name, dag in bag.dags.items()},
        }
    elif "resume" in given:
        answer = resumed(bag.dags[given["dag"]], given["resume"], given["job"])
    else:
        with contextlib.redirect_stdout(sys.stderr):
            DagBundlesManager().sync_bundles_to_db()
            bag.sync_to_db("dags-folder", None)
        answer = run(bag.dags[given["dag"]], given["conf"])
    print(json.dumps(answer))


main()
