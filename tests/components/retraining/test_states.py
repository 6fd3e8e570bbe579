"""The state machines: every way through one ends, frees the lock and says so, and no expression in them can break."""

import json
from collections.abc import Iterator
from typing import Any

import jsonata
import pytest
from slipway.retraining import _guard, _locks, _recovery, _states
from slipway.retraining._declaration import RUN_VARIABLES
from slipway.retraining.engine import Engine

from tests.components.retraining.declared import GUARD, JOBS, WIRING, declaration

PREFIX = "arn:aws:states:eu-west-1:123456789012:stateMachine:acme-dev-retrain-"
MACHINE = json.loads(_states.definition(declaration(Engine.STEP_FUNCTIONS), WIRING, GUARD, JOBS))
RECOVERY = json.loads(_recovery.definition(GUARD, WIRING.event_bus_arn, PREFIX))
both = pytest.mark.parametrize("machine", [MACHINE, RECOVERY], ids=["run", "recovery"])


def following(state: dict[str, Any]) -> set[str]:
    """Where a state may lead."""
    ways = [state.get("Next"), state.get("Default")]
    ways += [way["Next"] for way in [*state.get("Choices", []), *state.get("Catch", [])]]
    return {way for way in ways if way}


def expressions(value: Any) -> Iterator[str]:
    """Every JSONata expression in a definition."""
    if isinstance(value, str) and value.startswith("{%"):
        yield value.removeprefix("{%").removesuffix("%}").strip()
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from expressions(item)


@both
def test_every_state_is_reached_and_leads_to_one_that_is_there(machine: dict[str, Any]) -> None:
    states = machine["States"]
    reached, ahead = set(), {machine["StartAt"]}
    while ahead:
        name = ahead.pop()
        reached.add(name)
        ahead |= following(states[name]) - reached
    assert reached == states.keys()


@both
def test_no_way_leads_in_a_circle(machine: dict[str, Any]) -> None:
    def walk(name: str, seen: tuple[str, ...]) -> None:
        assert name not in seen
        for way in following(machine["States"][name]):
            walk(way, (*seen, name))

    walk(machine["StartAt"], ())


def test_whoever_may_have_the_lock_frees_it_before_the_end() -> None:
    states = MACHINE["States"]

    def ends_without_release(name: str) -> list[str]:
        if name == _locks.RELEASE:
            return []
        if states[name]["Type"] in ("Succeed", "Fail"):
            return [name]
        return [end for way in following(states[name]) for end in ends_without_release(way)]

    assert ends_without_release("Stay below the ceiling") == []
    # Only who lost the race for the lock, or came with a trigger that was seen, has none to free.
    assert set(ends_without_release("Begin")) == {_guard.ENDED, _guard.FAILED}
    for name, state in states.items():
        skipping = [each for each in state.get("Catch", []) if each["Next"] == _locks.ANNOUNCE]
        assert not skipping or name in ("Act on a trigger once", "Take the lock", _locks.RELEASE)


@both
def test_every_call_has_a_limit_and_is_caught(machine: dict[str, Any]) -> None:
    assert machine["TimeoutSeconds"] > 0
    for name, state in machine["States"].items():
        if state["Type"] in ("Task", "Parallel"):
            assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name
        for task in [state, *(next(iter(each["States"].values())) for each in state.get("Branches", []))]:
            assert task["Type"] != "Task" or task["TimeoutSeconds"] > 0, name


@both
def test_every_expression_is_one(machine: dict[str, Any]) -> None:
    found = list(expressions(machine))
    assert found
    for expression in found:
        jsonata.Jsonata(expression)


def test_the_machine_outlives_its_steps_and_the_lock_both() -> None:
    steps = sum(
        max(task["TimeoutSeconds"] for task in [state, *_branches(state)] if "TimeoutSeconds" in task)
        for state in MACHINE["States"].values()
        if state["Type"] == "Parallel" or state.get("Resource", "").endswith("batch:submitJob.sync")
    )
    assert steps < MACHINE["TimeoutSeconds"]
    until = MACHINE["States"]["Take the lock"]["Arguments"]["ExpressionAttributeValues"][":until"]["N"]
    assert until == f"{{% $string($now + {MACHINE['TimeoutSeconds']}) %}}"


def _branches(state: dict[str, Any]) -> list[dict[str, Any]]:
    return [next(iter(branch["States"].values())) for branch in state.get("Branches", [])]


def test_a_step_is_told_of_its_run() -> None:
    task = MACHINE["States"]["validate"]
    told = task["Arguments"]["ContainerOverrides"]["Environment"]
    assert [each["Name"] for each in told] == [*RUN_VARIABLES]
    assert told[0]["Value"] == "{% $run %}"
    assert task["Arguments"]["JobDefinition"] == JOBS["validate"].definition_arn
    assert "Retry" not in task  # Batch alone starts a job again


def test_steps_run_side_by_side() -> None:
    state = MACHINE["States"]["train and profile"]
    assert [branch["StartAt"] for branch in state["Branches"]] == ["train", "profile"]
    assert state["Catch"][0]["Assign"]["step"] == "train and profile"


def said(name: str, cause: str | None, error: str = "States.TaskFailed") -> Any:
    """What ``Catch`` of a step assigns to a variable."""
    output = {"Error": error, **({} if cause is None else {"Cause": cause})}
    expression = jsonata.Jsonata(next(expressions(_guard.caught("train")[0]["Assign"][name])))
    expression.assign("states", {"errorOutput": output})
    return expression.evaluate(None)


ATTEMPT = '{"Container":{"ExitCode":75},"StatusReason":"Host EC2 (i-0b) terminated."}'
COMPACT = f'{{"Attempts":[{ATTEMPT}],"StatusReason":"Essential container in task exited","Container":'


@pytest.mark.parametrize(
    ("cause", "outcome", "why"),
    [
        (COMPACT + '{"ExitCode":3}}', "refused", "its record says why"),
        (COMPACT + '{"ExitCode": 3, "Reason":""}}', "refused", "its record says why"),
        (COMPACT + '{"ExitCode":1}}', "failed", "Essential container in task exited"),
        (COMPACT + '{"ExitCode":137}}', "failed", "Essential container in task exited"),
        (COMPACT + '{"ExitCode":33}}', "failed", "Essential container in task exited"),
        ('{"Status":"FAILED","StatusReason":"Host EC2 (i-0a) terminated."}', "failed", "Host EC2 (i-0a) terminated."),
        ('{"Status":"FAILED"', "failed", "States.TaskFailed"),
        ("", "failed", "States.TaskFailed"),
        (None, "failed", "States.TaskFailed"),
    ],
)
def test_refused_is_told_from_failed(cause: str | None, outcome: str, why: str) -> None:
    assert said("outcome", cause) == outcome
    assert said("why", cause) == why


def test_a_name_of_eventbridge_becomes_a_run() -> None:
    expression = jsonata.Jsonata(_guard.run_of("$name"))
    expression.assign("name", "0a1b-2c_3d.4e")
    assert expression.evaluate(None) == "0a1b-2c-3d-4e"


def test_recovery_reads_the_model_from_the_machine() -> None:
    begin = RECOVERY["States"]["Begin"]["Assign"]
    expression = jsonata.Jsonata(next(expressions(begin["model"])))
    expression.assign("states", {"input": {"machine": f"{PREFIX}flight-delay"}})
    assert expression.evaluate(None) == "flight-delay"
    pattern = json.loads(_recovery.pattern(PREFIX))["detail"]
    assert pattern == {"status": ["ABORTED", "FAILED", "TIMED_OUT"], "stateMachineArn": [{"prefix": PREFIX}]}
