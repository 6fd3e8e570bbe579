import json
from collections.abc import Generator
from typing import Any

import boto3
import pytest

from tests.operations.retraining.mlflow_stub import Mlflow, serve
from tests.operations.retraining.pipeline import BUS, Pipeline
from tests.operations.world import World


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> Generator[Mlflow]:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "MLFLOW_TRACKING_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve() as state:
        yield state


@pytest.fixture
def pipeline(
    world: World, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], mlflow: Mlflow
) -> Pipeline:
    return Pipeline(world, monkeypatch, capfd, mlflow)


class Bus:
    """What was put on the environment's bus."""

    def __init__(self) -> None:
        session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-west-1")
        events, self.sqs = session.client("events"), session.client("sqs")
        events.create_event_bus(Name=BUS)
        self.queue = self.sqs.create_queue(QueueName="seen")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.put_rule(Name="all", EventBusName=BUS, EventPattern=json.dumps({"source": ["slipway.retraining"]}))
        events.put_targets(Rule="all", EventBusName=BUS, Targets=[{"Id": "1", "Arn": arn}])

    def events(self) -> list[dict[str, Any]]:
        """Those since the last call."""
        found = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in found]


@pytest.fixture
def bus(world: World) -> Bus:
    return Bus()
