"""The program of ``program/``, deployed once; its runs are real, and roles are held to their policies."""

import json
import shutil
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox.cloud import clients
from sandbox.cloud.process import Cloud
from sandbox.engine.project import Project
from sandbox.push import pack, push
from sandbox.session import STAND_IN
from sandbox.workspace import Workspace
from tests.sandbox.cloud.eventing import wait_for
from tests.sandbox.cloud.helpers import ACCOUNT, policy
from tests.sandbox.enforced import enforced
from tests.sandbox.world import World, shown

STACK, IMAGE = "whole", Path(__file__).with_name("image")
TABLE, MODELS, DATASETS = "acme-test-retraining", "acme-test-models", "acme-test-datasets"
_PATIENCE = 60.0


class Program(World):
    """The program of a folder, in a sandbox of its own."""

    def __init__(self, root: Path, source: Path) -> None:
        self.workspace, self.engine_name = Workspace(root / "sandbox"), STAND_IN
        shutil.copytree(source, root / "project")
        self.project = Project.at(root / "project")


@dataclass
class Deployed:
    """What the program made, and what it says to the outside."""

    outputs: Mapping[str, Any]
    environment: Mapping[str, str]
    cloud: Cloud
    seen: list[dict[str, Any]] = field(default_factory=list)
    """What was heard so far: events of the bus, and notices to people, each by what it is about."""

    def aws(self, service: str) -> Any:
        """The service, for the account's administrator."""
        return clients.client(service, self.environment)

    def start(self, model: str, given: dict[str, Any] | None = None, **more: Any) -> str:
        """Start a run by hand; its execution."""
        answer = self.aws("stepfunctions").start_execution(
            stateMachineArn=self.outputs[model], input=json.dumps(given or {}), **more
        )
        return str(answer["executionArn"])

    def end(self, execution: str) -> dict[str, Any]:
        """The execution at its end."""
        describe = self.aws("stepfunctions").describe_execution

        def ended() -> dict[str, Any] | None:
            found: dict[str, Any] = describe(executionArn=execution)
            return found if found["status"] != "RUNNING" else None

        found = wait_for(ended, _PATIENCE)
        assert found, execution
        return found

    def run(self, model: str, given: dict[str, Any] | None = None) -> dict[str, Any]:
        """What a run by hand came to: the output of its machine."""
        found = self.end(self.start(model, given))
        assert found["status"] == "SUCCEEDED", [found["cause"], *self.said()]
        output: dict[str, Any] = json.loads(found["output"])
        return output

    def said(self) -> list[str]:
        """What the jobs said last."""
        group = "/slipway/acme-test-retraining"
        events = self.aws("logs").filter_log_events(logGroupName=group)["events"]
        return [event["message"] for event in sorted(events, key=lambda event: event["timestamp"])[-20:]]

    def runs(self, model: str) -> list[dict[str, Any]]:
        """Executions of a model, newest first."""
        pages = self.aws("stepfunctions").get_paginator("list_executions")
        found: list[dict[str, Any]] = pages.paginate(stateMachineArn=self.outputs[model]).build_full_result()[
            "executions"
        ]
        return found

    def item(self, key: str) -> dict[str, str] | None:
        """An item of the guards' table, its values as text."""
        found = self.aws("dynamodb").get_item(TableName=TABLE, Key={"pk": {"S": key}}, ConsistentRead=True).get("Item")
        return None if found is None else {name: next(iter(value.values())) for name, value in found.items()}

    def objects(self, prefix: str) -> list[str]:
        """Names of objects of the models' bucket, after the prefix."""
        found = self.aws("s3").list_objects_v2(Bucket=MODELS, Prefix=prefix).get("Contents", [])
        return [each["Key"].removeprefix(prefix) for each in found]

    def heard(self, kind: str, run: str) -> dict[str, Any] | None:
        """The event (``RunEnded``) or notice (``notice``) about a run, waited for."""

        def look() -> dict[str, Any] | None:
            self._listen()
            return next((each for each in self.seen if each["kind"] == kind and run in json.dumps(each)), None)

        return wait_for(look, 15.0)

    def _listen(self) -> None:
        sqs = self.aws("sqs")
        url = sqs.get_queue_url(QueueName="heard")["QueueUrl"]
        while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                body = json.loads(message["Body"])
                self.seen.append(
                    {"kind": "notice", **body} if "Subject" in body or "TopicArn" in body else _event(body)
                )
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def _event(body: dict[str, Any]) -> dict[str, Any]:
    return {"kind": body["detail-type"], **body["detail"]}


@contextmanager
def deployment(root: Path, source: Path, setting: str, image: Path, repository: str) -> Generator[Deployed]:
    """The program, up twice and its roles held to their policies; ``setting`` gets the image's digest."""
    program = Program(root, source)
    try:
        program.edit(STACK, lambda config: config.update({setting: pack(image).digest}))
        up = program.up(STACK)
        assert up.outcome.ok, shown(up)
        second = program.up(STACK)
        assert (second.log.moved(), second.writes) == ([], 0), shown(second)
        environment = program.environment(STACK)
        push(environment, repository, image, "v1")
        made = Deployed(up.outcome.outputs, environment, program.cloud)
        overhear(made)
        with enforced(program.cloud):
            yield made
        forget(made)
        down = program.down(STACK)
        assert down.outcome.ok, shown(down)
    finally:
        program.stop()


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    root, source = tmp_path_factory.mktemp("retraining"), Path(__file__).with_name("program")
    with deployment(root, source, "retraining:digest", IMAGE, "acme-test/trainer") as made:
        yield made


def overhear(made: Deployed) -> None:
    """A queue that gets every event of the bus and every notice."""
    arn = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:heard"
    url = made.aws("sqs").create_queue(QueueName="heard")["QueueUrl"]
    senders = {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]}
    allowed = {"Effect": "Allow", "Principal": senders, "Action": "sqs:SendMessage", "Resource": arn}
    made.aws("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(allowed)})
    bus = made.outputs["bus"].split("/")[1]
    made.aws("events").put_rule(
        Name="heard", EventBusName=bus, EventPattern=json.dumps({"source": [{"prefix": "slipway."}]})
    )
    made.aws("events").put_targets(Rule="heard", EventBusName=bus, Targets=[{"Id": "heard", "Arn": arn}])
    made.aws("sns").subscribe(TopicArn=made.outputs["topic"], Protocol="sqs", Endpoint=arn)


def forget(made: Deployed) -> None:
    bus = made.outputs["bus"].split("/")[1]
    made.aws("events").remove_targets(Rule="heard", EventBusName=bus, Ids=["heard"])
    made.aws("events").delete_rule(Name="heard", EventBusName=bus)
