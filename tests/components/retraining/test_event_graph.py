"""Nothing dangles, nothing is open, nothing is kept for ever; and the walk that says so finds it when it is."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.components.graph import Graph, Resource, declare
from tests.components.retraining import event_graph as types
from tests.components.retraining.event_graph import problems
from tests.components.retraining.whole import whole

PARALLEL = [
    {"name": "validate", "time_limit_minutes": 10},
    {"name": "train", "time_limit_minutes": 10, "spot": True, "attempts": 2},
    {"name": "profile", "command": ["python", "profile.py"], "time_limit_minutes": 10, "after": ["validate"]},
    {"name": "evaluate", "time_limit_minutes": 10, "after": ["train", "profile"]},
]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"token": "ghp_0123"},
        {"steps": PARALLEL},
        {"schedule": None},
        {"schedule": None, "on_new_data": False, "on_drift": False},
        {"environment_args": {"gpu_max_vcpus": 16, "emails": ["ml@acme.example"]}},
    ],
    ids=["all triggers", "GitHub", "side by side", "no schedule", "by hand", "GPUs"],
)
def test_nothing_dangles(more: dict[str, Any]) -> None:
    assert problems(declare(lambda: whole(**more)).resources) == []


@pytest.fixture(scope="module")
def graph() -> Graph[Any]:
    return declare(lambda: whole(token="ghp_0123"))


def test_it_is_all_of_it(graph: Graph[Any]) -> None:
    checked = {
        types.RULE: 4,
        types.TARGET: 4,
        types.SCHEDULE: 1,
        types.BUS: 1,
        types.TOPIC: 1,
        types.QUEUE: 1,
        types.TABLE: 1,
        types.LOGS: 2,
        types.MACHINE: 2,
        types.JOB: 4,
        types.JOB_QUEUE: 2,
        types.COMPUTE: 2,
        types.DESTINATION: 1,
        types.CONNECTION: 1,
        types.ROLE: 8,
    }
    assert {type_: len(graph.all(type_)) for type_ in checked} == checked


def without(*path: str) -> Callable[[dict[str, Any]], None]:
    """Take an input away."""

    def change(inputs: dict[str, Any]) -> None:
        for key in path[:-1]:
            inputs = inputs[key]
        del inputs[path[-1]]

    return change


def put(*path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Give an input another value."""

    def change(inputs: dict[str, Any]) -> None:
        for key in path[:-1]:
            inputs = inputs[key]
        inputs[path[-1]] = value

    return change


def document(key: str, old: str, new: str) -> Callable[[dict[str, Any]], None]:
    """Change a text inside a document."""

    def change(inputs: dict[str, Any]) -> None:
        assert old in inputs[key]
        inputs[key] = inputs[key].replace(old, new)

    return change


GONE = "arn:aws:sqs:eu-west-1:123456789012:gone"
MUTATIONS: dict[str, tuple[str, str, Callable[[dict[str, Any]], None], str]] = {
    "a target without dead letters": (types.TARGET, "flight-delay-data", without("deadLetterConfig"), "no dead-letter"),
    "dead letters to nowhere": (
        types.TARGET,
        "candidates-candidates",
        put("deadLetterConfig", value={"arn": GONE}),
        "no dead-letter",
    ),
    "a target that is not retried": (types.TARGET, "flight-delay-drift", without("retryPolicy"), "no retry policy"),
    "a target of another rule": (types.TARGET, "flight-delay-data", put("rule", value="x"), "no target"),
    "a target that is not there": (
        types.TARGET,
        "flight-delay-data",
        put("arn", value=GONE),
        "calls what is not there",
    ),
    "a target without a role": (types.TARGET, "flight-delay-data", without("roleArn"), "may not states:StartExecution"),
    "a target on the default bus": (types.TARGET, "flight-delay-drift", without("eventBusName"), "on another bus"),
    "a rule of no bus": (types.RULE, "flight-delay-drift", put("eventBusName", value="x"), "a bus that is not there"),
    "a rule for everything": (types.RULE, "flight-delay-drift", put("eventPattern", value="{}"), "any source"),
    "a schedule without dead letters": (
        types.SCHEDULE,
        "flight-delay-schedule",
        without("target", "deadLetterConfig"),
        "no dead-letter",
    ),
    "a schedule of no group": (types.SCHEDULE, "flight-delay-schedule", without("groupName"), "in a group"),
    "a schedule without a window": (
        types.SCHEDULE,
        "flight-delay-schedule",
        put("flexibleTimeWindow", "mode", value="OFF"),
        "together with all others",
    ),
    "a role that the scheduler may not take": (
        types.ROLE,
        "flight-delay-trigger-role",
        document("assumeRolePolicy", '"scheduler.amazonaws.com"', '"lambda.amazonaws.com"'),
        "scheduler.amazonaws.com may not take its role",
    ),
    "a role that may not start the machine": (
        types.POLICY,
        "flight-delay-trigger-access",
        document("policy", "states:StartExecution", "states:DescribeStateMachine"),
        "its role may not states:StartExecution",
    ),
    "a role that may not leave dead letters": (
        types.POLICY,
        "flight-delay-trigger-access",
        document("policy", "sqs:SendMessage", "sqs:ReceiveMessage"),
        "may not leave dead letters",
    ),
    "a role that may not submit": (
        types.POLICY,
        "flight-delay-machine-access",
        document("policy", "batch:SubmitJob", "batch:CancelJob"),
        "its role may not submit",
    ),
    "a machine in the clear": (types.MACHINE, "flight-delay-machine", without("encryptionConfiguration"), "no key"),
    "a machine without a log": (types.MACHINE, "retraining-recovery", without("loggingConfiguration"), "no log"),
    "a machine that logs data": (
        types.MACHINE,
        "flight-delay-machine",
        put("loggingConfiguration", "includeExecutionData", value=True),
        "data of runs",
    ),
    "a machine that submits elsewhere": (
        types.MACHINE,
        "flight-delay-machine",
        document("definition", "acme-dev-retrain-flight-delay-train:1", "another:1"),
        "nobody submits it",
    ),
    "a machine with another table": (
        types.MACHINE,
        "flight-delay-machine",
        document("definition", '"TableName":"acme-dev-retraining"', '"TableName":"another"'),
        "a table that is not there",
    ),
    "a job without a limit": (types.JOB, "flight-delay-train", without("timeout"), "no time limit"),
    "a job that is always started again": (
        types.JOB,
        "flight-delay-train",
        put("retryStrategy", "evaluateOnExits", value=[{"onExitCode": "75", "action": "retry"}]),
        "for any reason",
    ),
    "a job without a role": (
        types.JOB,
        "flight-delay-train",
        document("containerProperties", '"jobRoleArn":"', '"jobRoleArn":"x'),
        "jobRoleArn: no role",
    ),
    "a job that logs elsewhere": (
        types.JOB,
        "flight-delay-train",
        document("containerProperties", '"awslogs-group":"', '"awslogs-group":"x'),
        "a group that is not there",
    ),
    "jobs that wait for ever": (
        types.JOB_QUEUE,
        "retraining-spot",
        without("jobStateTimeLimitActions"),
        "wait for ever",
    ),
    "machines that idle": (
        types.COMPUTE,
        "retraining-on-demand",
        put("computeResources", "minVcpus", value=2),
        "idle",
    ),
    "a bus in the clear": (types.BUS, "retraining-bus", without("kmsKeyIdentifier"), "no key"),
    "a bus without dead letters": (types.BUS, "retraining-bus", without("deadLetterConfig"), "no dead-letter"),
    "a topic in the clear": (types.TOPIC, "retraining-topic", without("kmsMasterKeyId"), "no key"),
    "a queue in the clear": (types.QUEUE, "retraining-dead-letters", without("kmsMasterKeyId"), "no key"),
    "a queue for ever": (types.QUEUE, "retraining-dead-letters", without("messageRetentionSeconds"), "no retention"),
    "a queue that nobody may fill": (
        "aws:sqs/queuePolicy:QueuePolicy",
        "retraining-dead-letters",
        document("policy", "events.amazonaws.com", "lambda.amazonaws.com"),
        "may not leave anything",
    ),
    "a table in the clear": (types.TABLE, "retraining-locks", without("serverSideEncryption"), "no key"),
    "a table for ever": (types.TABLE, "retraining-locks", without("ttl"), "stay for ever"),
    "a table without a way back": (types.TABLE, "retraining-locks", without("pointInTimeRecovery"), "set back"),
    "logs in the clear": (types.LOGS, "retraining-jobs", without("kmsKeyId"), "no key"),
    "logs for ever": (types.LOGS, "retraining-runs", without("retentionInDays"), "stay for ever"),
    "a role that nobody takes": (
        types.PROFILE,
        "retraining-instances",
        put("role", value="another"),
        "nobody takes it",
    ),
}


@pytest.mark.parametrize(("type_", "name", "change", "found"), MUTATIONS.values(), ids=MUTATIONS.keys())
def test_what_is_wrong_is_found(
    graph: Graph[Any], type_: str, name: str, change: Callable[[dict[str, Any]], None], found: str
) -> None:
    copies: list[Resource] = []
    for item in graph.resources:
        inputs = json.loads(json.dumps(item.inputs))
        if (item.type, item.name) == (type_, name):
            change(inputs)
            assert inputs != item.inputs
        copies.append(dataclasses.replace(item, inputs=inputs))
    assert [problem for problem in problems(copies) if found in problem]


def test_a_token_in_the_clear_is_found(graph: Graph[Any]) -> None:
    copies = [dataclasses.replace(item, secrets=frozenset()) for item in graph.resources]
    assert problems(copies) == ["EventConnection candidates-github: its token is no secret"]
