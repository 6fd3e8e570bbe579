"""Turns over the queue of runs, against a stand-in of Kubeflow's API; the queue and the bucket are moto's."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from slipway_ops import cli
from slipway_ops.kubeflow import api, turn
from slipway_ops.kubeflow.api import Api
from slipway_ops.kubeflow.turn import Turn

from tests.operations.kubeflow.stub import VERSION, Kubeflow, kubeflow

RUN = "run-20261124-1"
WANTED = {
    "run": RUN,
    "namespace": "kubeflow",
    "pipeline": "flight-delay-retraining",
    "version": "flight-delay-retraining-abc",
    "service_account": "flight-delay-retraining",
    "parameters": {"run": RUN, "reason": "drift", "dedupe_key": "d", "dataset_uri": "", "dataset_version": ""},
    "outcome_uri": f"s3://acme-dev-models/runs/flight-delay/{RUN}/outcome.json",
    "token": "token-1",
}


class States:
    """What a state machine hears."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.answers: list[dict[str, str]] = []
        self.gone = False

    def send_task_heartbeat(self, taskToken: str) -> None:
        self._there("SendTaskHeartbeat")
        self.heard.append(taskToken)

    def send_task_success(self, taskToken: str, output: str) -> None:
        self._there("SendTaskSuccess")
        self.answers.append(json.loads(output))

    def _there(self, operation: str) -> None:
        if self.gone:
            raise ClientError({"Error": {"Code": "TaskTimedOut", "Message": "gone"}}, operation)


class World:
    def __init__(self, server: Kubeflow) -> None:
        self.server, self.states = server, States()
        self.sqs: Any = boto3.client("sqs")
        self.s3: Any = boto3.client("s3")
        self.s3.create_bucket(Bucket="acme-dev-models", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        made = self.sqs.create_queue(QueueName="runs", Attributes={"VisibilityTimeout": "0"})
        self.queue = made["QueueUrl"]

    def put(self, message: Any = WANTED) -> None:
        body = message if isinstance(message, str) else json.dumps(message)
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=body)

    def turn(self, most: int = 1) -> Turn:
        states: Any = self.states
        found = Turn(Api(self.server.url), self.sqs, states, self.s3, self.queue)
        found.take(most)
        return found

    def left(self) -> list[Any]:
        found = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]

    def ended(self, state: str, outcome: dict[str, str] | None = None) -> None:
        self.server.runs.append({"display_name": RUN, "run_id": "r-0", "state": state})
        if outcome is not None:
            key = f"runs/flight-delay/{RUN}/outcome.json"
            self.s3.put_object(Bucket="acme-dev-models", Key=key, Body=json.dumps(outcome))


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setattr(turn, "AGAIN_SECONDS", 0)
    with mock_aws(), kubeflow() as server:
        yield World(server)


def test_a_new_run_is_started_and_stays_in_the_queue(here: World) -> None:
    here.put()
    assert here.turn().counted == {"started": 1}
    [run] = here.server.runs
    assert run["display_name"] == RUN
    assert run["pipeline_version_reference"] == {"pipeline_id": "p-1", "pipeline_version_id": VERSION}
    assert run["runtime_config"] == {"parameters": WANTED["parameters"]}
    assert run["service_account"] == "flight-delay-retraining"
    assert here.states.heard == ["token-1"]
    assert here.left() == [WANTED]


def test_two_messages_of_a_run_start_one(here: World) -> None:
    here.put()
    here.put()
    assert here.turn(2).counted == {"started": 1, "running": 1}
    assert len(here.server.runs) == 1


def test_a_run_that_goes_on_is_said_to_go_on(here: World) -> None:
    here.put()
    for _ in range(3):
        here.turn()
    assert here.states.heard == ["token-1"] * 3
    assert (here.states.answers, len(here.left())) == ([], 1)


REFUSED = {"outcome": "refused", "step": "evaluate", "reason": "accuracy: not better"}


@pytest.mark.parametrize(
    ("state", "wrote", "answer"),
    [
        ("SUCCEEDED", None, {"outcome": "candidate", "step": "", "reason": ""}),
        ("SUCCEEDED", {"outcome": "candidate", "step": "register"}, {"outcome": "candidate", "step": "", "reason": ""}),
        ("FAILED", REFUSED, REFUSED),
        ("FAILED", None, {"outcome": "failed", "step": "kubeflow", "reason": "Kubeflow says FAILED"}),
        (
            "FAILED",
            {"outcome": "failed", "step": "train", "reason": "exit code 1"},
            {"outcome": "failed", "step": "train", "reason": "exit code 1"},
        ),
        ("CANCELED", None, {"outcome": "failed", "step": "kubeflow", "reason": "Kubeflow says CANCELED"}),
    ],
)
def test_a_run_that_ended_is_answered_for(
    here: World, state: str, wrote: dict[str, str] | None, answer: dict[str, str]
) -> None:
    here.put()
    here.ended(state, wrote)
    assert here.turn().counted == {"ended": 1}
    assert here.states.answers == [answer]
    assert here.left() == []


def test_a_run_that_nobody_waits_for_is_ended(here: World) -> None:
    here.put()
    here.turn()
    here.states.gone = True
    assert here.turn().counted == {"given up": 1}
    assert here.server.runs[0]["state"] == "CANCELING"
    assert here.left() == []


def test_what_nobody_waits_for_any_more_is_not_started(here: World) -> None:
    here.put()
    here.states.gone = True
    assert here.turn().counted == {"given up": 1}
    assert here.server.runs == []


def test_an_answer_that_comes_too_late_is_no_failure(here: World) -> None:
    here.put()
    here.ended("SUCCEEDED")
    here.states.gone = True
    assert here.turn().counted == {"ended": 1}


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ("not JSON", "Invalid JSON"),
        ({**WANTED, "run": "a b"}, "run"),
        ({**WANTED, "version": "other"}, "version: accepted: one of pipeline flight-delay-retraining: received: other"),
        ({**WANTED, "pipeline": "other"}, "Kubeflow: GET /pipelines/names/other: 404"),
    ],
)
def test_a_message_that_fails_stays_and_the_others_have_their_turn(here: World, message: Any, problem: str) -> None:
    here.put(message)
    found = here.turn()
    assert found.counted == {"failed": 1}
    assert problem in found.problems[0]
    assert len(here.sqs.receive_message(QueueUrl=here.queue)["Messages"]) == 1


def test_a_kubeflow_that_is_down_loses_nothing(here: World) -> None:
    here.put()
    here.server.broken = True
    assert "503" in here.turn().problems[0]
    here.server.broken = False
    assert here.turn().counted == {"started": 1}


def test_the_pod_proves_itself_where_it_has_a_token(
    here: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.put()
    here.turn()
    assert here.server.authorization is None
    (tmp_path / "token").write_text("secret\n")
    monkeypatch.setenv(api.TOKEN_FILE, str(tmp_path / "token"))
    here.turn()
    assert here.server.authorization == "Bearer secret"


def test_on_the_command_line(here: World, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["kubeflow", "turn", "--queue", here.queue, "--address", here.server.url])
    assert capsys.readouterr().out == "nothing to do\n"
    here.put("not JSON")
    here.sqs.set_queue_attributes(QueueUrl=here.queue, Attributes={"VisibilityTimeout": "60"})
    with pytest.raises(SystemExit) as ended:
        cli.main(["kubeflow", "turn", "--json", "--queue", here.queue, "--address", here.server.url])
    assert ended.value.code == 1
    assert json.loads(capsys.readouterr().out)["counted"] == {"failed": 1}


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "--queue: accepted: the address of an SQS queue: received: nothing"),
        (["--queue", "https://q", "--address", "ml-pipeline"], "--address: accepted: an address such as http://ml-pip"),
    ],
)
def test_wrong_flags(flags: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["kubeflow", "turn", *flags])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
