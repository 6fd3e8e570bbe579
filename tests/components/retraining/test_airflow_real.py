"""The DAG in a real Airflow: loaded, and run to its end against jobs that end as a test says."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from slipway.retraining import _airflow

from tests.components.retraining import engines
from tests.components.retraining.aws_of_jobs import aws
from tests.components.retraining.declared import JOBS, STEPS, TOPIC, WIRING, declaration

pytestmark = pytest.mark.airflow

GUARDED, ALONE = "dev-flight-delay-retraining", "dev-flight-delay-retraining-alone"
CONF = {
    "reason": "drift",
    "dedupe_key": "d1",
    "dataset_uri": "s3://acme-dev-datasets/incoming/a",
    "dataset_version": "",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An Airflow with its database, and both forms of the DAG."""
    python = engines.python_of("airflow")
    folder = tmp_path_factory.mktemp("airflow")
    (folder / "dags").mkdir()
    (folder / "dags" / "guarded.py").write_text(_airflow.dag_text(declaration(), WIRING, JOBS))
    alone = _airflow.dag_text(declaration(), WIRING, JOBS, _airflow.Notices(TOPIC))
    (folder / "dags" / "alone.py").write_text(alone.replace(f'"{GUARDED}"', f'"{ALONE}"'))
    command = [str(python), "-W", "ignore", "-m", "airflow", "db", "migrate"]
    subprocess.run(command, env=environment(folder, "http://127.0.0.1:1"), capture_output=True, timeout=200, check=True)
    return folder


def environment(home: Path, url: str) -> dict[str, str]:
    return {
        "PATH": f"{engines.python_of('airflow').parent}:/usr/bin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def ask(home: Path, url: str = "http://127.0.0.1:1", **given: Any) -> Any:
    found = {"folder": str(home / "dags"), **given}
    return engines.answer("airflow", "airflow_asked.py", found, environment(home, url))


def test_both_forms_load_as_declared(home: Path) -> None:
    found = ask(home)

    assert found["errors"] == {}
    assert sorted(found["dags"]) == [GUARDED, ALONE]
    for name, dag in found["dags"].items():
        assert dag["catchup"] is False
        assert dag["max_active_runs"] == 1
        assert dag["paused"] is False
        assert {task: each["downstream"] for task, each in dag["tasks"].items()} == {
            "validate": ["profile", "train"],
            "train": ["evaluate"],
            "profile": ["evaluate"],
            "evaluate": ["register"],
            "register": [],
        }
        for step in STEPS:
            task = dag["tasks"][step.name]
            assert (task["retries"], task["attempts"]) == (0, step.attempts), "Batch alone starts a job again"
            assert task["started_again_on"][-1] == {"onReason": "*", "action": "EXIT"}
            assert task["minutes"] == step.worst_case_minutes()
            assert task["deferrable"]
            job = JOBS[step.name]
            assert (task["queue"], task["definition"]) == (job.queue_arn, job.definition_arn)
            alone = name == ALONE
            assert task["told"] == [alone, alone, alone and step.name == "register"]
    assert found["dags"][GUARDED]["schedule"] == "None"
    assert (found["dags"][ALONE]["schedule"], found["dags"][ALONE]["zone"]) == ("0 3 * * MON", "Europe/Dublin")


def test_a_run_that_ends_well(home: Path) -> None:
    with aws({}) as cloud:
        found = ask(home, cloud.url, dag=ALONE, conf=CONF)

    assert (found["state"], set(found["tasks"].values())) == ("success", {"success"})
    order = cloud.steps()
    assert (order[0], order[3:]) == ("validate", ["evaluate", "register"])
    told = cloud.told("train")
    run = told["SLIPWAY_RUN"]
    assert run.startswith("manual-")
    assert run.replace("-", "").isalnum()
    assert told == {
        "SLIPWAY_RUN": run,
        "SLIPWAY_RUN_URI": f"s3://acme-dev-models/runs/flight-delay/{run}/",
        "SLIPWAY_TRIGGER": "drift",
        "SLIPWAY_DEDUPE_KEY": "d1",
        "SLIPWAY_DATASET_URI": "s3://acme-dev-datasets/incoming/a",
        "SLIPWAY_DATASET_VERSION": "",
    }
    [event] = cloud.events
    assert (event["Source"], event["DetailType"], event["EventBusName"]) == (
        "slipway.retraining",
        "RunEnded",
        WIRING.event_bus_arn,
    )
    assert json.loads(event["Detail"]) == {
        "model": "flight-delay",
        "run": run,
        "outcome": "candidate",
        "step": "register",
        "reason": "",
    }
    assert cloud.notices == []


@pytest.mark.parametrize(
    ("exits", "state", "tasks", "outcome"),
    [
        ({"evaluate": 3}, "success", {"evaluate": "skipped", "register": "skipped"}, "refused"),
        ({"validate": 3}, "success", {"train": "skipped", "profile": "skipped", "register": "skipped"}, "refused"),
        ({"train": 1}, "failed", {"train": "failed", "evaluate": "upstream_failed"}, "failed"),
    ],
)
def test_a_run_that_does_not(
    home: Path, exits: dict[str, int | None], state: str, tasks: dict[str, str], outcome: str
) -> None:
    with aws(exits) as cloud:
        found = ask(home, cloud.url, dag=ALONE, conf={})

    [step] = exits
    assert found["state"] == state
    assert {name: found["tasks"][name] for name in tasks} == tasks
    assert cloud.steps().count(step) == 1, "nothing is submitted twice"
    assert not {"register"} & set(cloud.steps())
    [event] = cloud.events
    detail = json.loads(event["Detail"])
    assert (detail["outcome"], detail["step"]) == (outcome, step)
    assert detail["reason"] == "Essential container in task exited"
    [notice] = cloud.notices
    assert (notice["TopicArn"], notice["Subject"]) == (TOPIC, f"Retraining of flight-delay: {outcome} in {step}")


def test_the_state_machine_says_how_its_own_runs_ended(home: Path) -> None:
    with aws({"validate": 3}) as cloud:
        found = ask(home, cloud.url, dag=GUARDED, conf=CONF)
    assert found["tasks"]["validate"] == "skipped"
    assert cloud.events == cloud.notices == []


@pytest.mark.parametrize(
    ("code", "error", "ended"),
    [(3, "AirflowSkipException", []), (1, "TaskDeferralError", []), (None, "TaskDeferralError", ["job-0"])],
)
def test_a_trigger_that_gives_up(home: Path, code: int | None, error: str, ended: list[str]) -> None:
    """A refusal is one also then, and a job that still runs is ended: nobody would wait for it."""
    with aws({"train": code}) as cloud:
        cloud.submitjob({"jobName": "j", "jobQueue": "q", "jobDefinition": JOBS["train"].definition_arn})
        assert ask(home, cloud.url, dag=GUARDED, resume="train", job="job-0") == error
    assert cloud.ended == ended
