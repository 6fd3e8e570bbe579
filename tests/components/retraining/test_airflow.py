"""The DAG's text and the states around it, without an Airflow."""

import dataclasses
from typing import Any

import pytest
from jsonata.jsonata import Jsonata
from slipway.retraining import _airflow, _airflow_states, _cron

from tests.components.retraining.declared import JOBS, TOPIC, WIRING, declaration


def text(**more: Any) -> str:
    return _airflow.dag_text(declaration(**more), WIRING, JOBS)


def alone(schedule: str | None) -> str:
    return _airflow.dag_text(declaration(schedule=schedule), WIRING, JOBS, _airflow.Notices(TOPIC))


def test_the_same_declaration_is_the_same_file() -> None:
    assert text() == text()
    compile(text(), "dag.py", "exec")


def test_a_dag_that_is_started_has_no_schedule_and_tells_nobody() -> None:
    assert "schedule=None" in text()
    for word in ("announce", "boto3", "CronTriggerTimetable", "TOPIC"):
        assert word not in text()


@pytest.mark.parametrize(
    ("schedule", "written"),
    [
        (None, "schedule=None,"),
        ("rate(6 hours)", "schedule=timedelta(hours=6),"),
        ("cron(0 3 ? * MON *)", 'schedule=CronTriggerTimetable("0 3 * * MON", timezone="Europe/Dublin"),'),
    ],
)
def test_the_schedule_of_an_airflow_that_starts_runs_itself(schedule: str | None, written: str) -> None:
    assert written in alone(schedule)
    assert ("import CronTriggerTimetable" in alone(schedule)) is ("Cron" in written)


def test_names_that_python_could_misread_are_text() -> None:
    strange = dataclasses.replace(WIRING, models_bucket='x"\n$y')
    compile(_airflow.dag_text(declaration(), strange, JOBS), "dag.py", "exec")


@pytest.mark.parametrize(
    ("schedule", "fields"),
    [
        ("cron(0 3 ? * MON *)", "0 3 * * MON"),
        ("cron(15 10 ? * 2-6 *)", "15 10 * * MON-FRI"),
        ("cron(0/15 8-18 ? jan,feb 1,7 *)", "0/15 8-18 * JAN,FEB SUN,SAT"),
        ("cron(0 12 1 * ? *)", "0 12 1 * *"),
    ],
)
def test_cron_of_eventbridge_as_others_write_it(schedule: str, fields: str) -> None:
    assert _cron.cron(schedule) == fields


@pytest.mark.parametrize(
    "schedule",
    [
        "cron(0 3 L * ? *)",
        "cron(0 3 15W * ? *)",
        "cron(0 3 ? * 2#1 *)",
        "cron(0 3 ? * 6L *)",
        "cron(0 3 ? * MON 2027)",
        "cron(0 3 ? * 2/2 *)",
        "cron(0 3 * * *)",
        "at(2027-01-01T00:00:00)",
    ],
)
def test_what_only_eventbridge_knows(schedule: str) -> None:
    with pytest.raises(ValueError, match=r"schedule: accepted: cron\(…\) without a year, L, W, # or a step"):
        _cron.cron(schedule)


@pytest.mark.parametrize(
    ("schedule", "interval"),
    [("rate(1 minute)", ("minutes", 1)), ("rate(12 hours)", ("hours", 12)), ("cron(0 3 ? * MON *)", None)],
)
def test_rates(schedule: str, interval: tuple[str, int] | None) -> None:
    assert _cron.interval(schedule) == interval


STATES, FIRST = _airflow_states.work(declaration(), WIRING, "acme-dev")


def evaluated(expression: str, **variables: Any) -> Any:
    found = Jsonata(expression.removeprefix("{%").removesuffix("%}").strip())
    frame = found.create_frame()
    for name, value in variables.items():
        frame.bind(name, value)
    return found.evaluate(None, frame)


@pytest.mark.parametrize(
    ("state", "tasks", "outcome", "step"),
    [
        ("success", {"validate": "success", "register": "success"}, "candidate", ""),
        ("success", {"register": "skipped", "evaluate": "skipped", "validate": "success"}, "refused", "evaluate"),
        ("success", {"validate": "skipped", "train": "skipped", "register": "skipped"}, "refused", "validate"),
        ("failed", {"train": "failed", "evaluate": "upstream_failed"}, "failed", "train"),
        ("failed", {"profile": "skipped", "train": "failed"}, "failed", "train"),
        ("failed", {"validate": "success"}, "failed", "airflow"),
    ],
)
def test_how_a_run_ended(state: str, tasks: dict[str, str], outcome: str, step: str) -> None:
    found = {"task_instances": [{"task_id": name, "state": said} for name, said in tasks.items()]}
    states = {"result": {"RestApiResponse": found}}
    assign = STATES[_airflow_states.REPORT]["Assign"]
    said = {name: evaluated(text, state=state, states=states) for name, text in assign.items()}
    assert (said["outcome"], said["step"], said["tell"]) == (outcome, step, outcome != "candidate")
    assert bool(said["why"]) is (outcome != "candidate")


def test_a_run_has_the_same_name_on_both_sides() -> None:
    start = STATES[FIRST]["Arguments"]
    assert (start["Method"], start["Path"]) == ("POST", "/dags/dev-flight-delay-retraining/dagRuns")
    assert start["Body"]["dag_run_id"] == "{% $run %}"
    asked = STATES[_airflow_states.ASK]["Arguments"]["Path"]
    assert evaluated(asked, run="r-1") == "/dags/dev-flight-delay-retraining/dagRuns/r-1"


def test_a_run_that_does_not_end_is_given_up_before_the_state_machine_is() -> None:
    [ended, late] = STATES[_airflow_states.JUDGE]["Choices"]
    now = 1_000_000
    limit = declaration().worst_case_minutes() * 60

    def at(seconds: int) -> Any:
        instant = f"1970-01-{1 + (now + seconds) // 86400:02d}T00:00:00Z"
        return evaluated(late["Condition"], now=now, states={"context": {"State": {"EnteredTime": instant}}})

    assert (at(0), at(limit + 2 * 86400)) == (False, True)
    assert late["Next"] == _airflow_states.STOP
    assert evaluated(ended["Condition"], state="running") is False
    assert evaluated(ended["Condition"], state="success") is True


def test_the_history_of_a_long_run_has_room() -> None:
    asked = declaration().worst_case_minutes() * 60 / STATES[_airflow_states.WAIT]["Seconds"]
    assert asked * 8 < 25_000
