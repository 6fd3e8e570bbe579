"""What tests of events need: queues that may be written to, roles that may call, and a look at what arrived."""

import json
import time
from collections.abc import Callable
from typing import Any, TypeVar

from tests.sandbox.cloud.helpers import ACCOUNT, Call, policy, trust

REGION = "eu-west-1"
_PATIENCE_SECONDS = 10.0
Found = TypeVar("Found")


def wait_for(look: Callable[[], Found], seconds: float = _PATIENCE_SECONDS) -> Found:
    """What ``look`` finds as soon as it finds something; deliveries are not made at once."""
    end = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def make_queue(aws: Call, name: str, *services: str) -> str:
    """ARN of a queue into which the services may send."""
    fortnight = {"MessageRetentionPeriod": "1209600"}  # clocks are advanced here
    url = aws("sqs").create_queue(QueueName=name, Attributes=fortnight)["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    for_them = {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sqs:SendMessage"}
    if services:
        attributes = {"Policy": policy({**for_them, "Resource": arn})}
        aws("sqs").set_queue_attributes(QueueUrl=url, Attributes=attributes)
    return arn


def messages(aws: Call, name: str, wanted: int = 1) -> list[dict[str, Any]]:
    """What is taken out of the queue, once it is at least ``wanted``; each with its body and attributes."""
    url, found = aws("sqs").get_queue_url(QueueName=name)["QueueUrl"], []

    def look() -> bool:
        given = {"QueueUrl": url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
        while batch := aws("sqs").receive_message(**given).get("Messages"):
            found.extend(batch)
            for message in batch:
                aws("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return len(found) >= wanted

    wait_for(look, _PATIENCE_SECONDS if wanted else 1.0)
    return found


def bodies(aws: Call, name: str, wanted: int = 1) -> list[Any]:
    return [json.loads(message["Body"]) for message in messages(aws, name, wanted)]


def attributes(message: dict[str, Any]) -> dict[str, str]:
    return {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}


def make_caller(aws: Call, name: str, service: str, action: str, resource: str) -> str:
    """ARN of a role that the service takes to do one thing."""
    role = aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust(service))["Role"]["Arn"]
    document = policy({"Effect": "Allow", "Action": action, "Resource": resource})
    aws("iam").put_role_policy(RoleName=name, PolicyName="call", PolicyDocument=document)
    return str(role)


def make_machine(aws: Call, name: str) -> str:
    """ARN of a state machine that ends at once."""
    role = aws("iam").create_role(RoleName=f"{name}-machine", AssumeRolePolicyDocument=trust("states.amazonaws.com"))
    definition = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    made = aws("stepfunctions").create_state_machine(name=name, roleArn=role["Role"]["Arn"], definition=definition)
    return str(made["stateMachineArn"])


def inputs(aws: Call, machine: str, wanted: int = 1) -> list[Any]:
    """Inputs of the machine's executions, newest first, once there are at least ``wanted``."""
    states = aws("stepfunctions")

    def look() -> list[Any]:
        pages = states.get_paginator("list_executions").paginate(stateMachineArn=machine)
        found = pages.build_full_result()["executions"]
        return found if len(found) >= wanted else []

    found = wait_for(look, _PATIENCE_SECONDS if wanted else 1.0)
    return [json.loads(states.describe_execution(executionArn=one["executionArn"])["input"]) for one in found]


def make_rule(aws: Call, name: str, pattern: dict[str, Any], *targets: dict[str, Any], bus: str = "default") -> str:
    """ARN of a rule with targets, numbered from 0."""
    rule = aws("events").put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"]
    numbered = [{"Id": str(number), **target} for number, target in enumerate(targets)]
    aws("events").put_targets(Rule=name, EventBusName=bus, Targets=numbered)
    return str(rule)


def put_event(aws: Call, source: str, detail: dict[str, Any], bus: str = "default") -> None:
    entry = {"Source": source, "DetailType": "Test", "Detail": json.dumps(detail), "EventBusName": bus}
    assert aws("events").put_events(Entries=[entry])["FailedEntryCount"] == 0
