"""Rules call their targets, once each, with what they are to get; what cannot be delivered is a dead letter."""

import json
from typing import Any

import pytest

from tests.sandbox.cloud import eventing
from tests.sandbox.cloud.eventing import (
    REGION,
    attributes,
    bodies,
    inputs,
    make_caller,
    make_machine,
    make_queue,
    make_rule,
    messages,
    put_event,
)
from tests.sandbox.cloud.helpers import ACCOUNT, Call, policy, refused

EVENTS = "events.amazonaws.com"


def test_an_event_starts_a_state_machine(aws: Call) -> None:
    machine = make_machine(aws, "event-run")
    role = make_caller(aws, "event-run-caller", EVENTS, "states:StartExecution", machine)
    aws("events").create_event_bus(Name="event-run")
    transformer = {
        "InputPathsMap": {"model": "$.detail.model", "key": "$.detail.dedupe_key", "window": "$.detail.window"},
        "InputTemplate": '{"model": <model>, "reason": "drift", "dedupe_key": "<key>", "window": <window>}',
    }
    target = {"Arn": machine, "RoleArn": role, "InputTransformer": transformer}
    make_rule(aws, "event-run", {"source": ["slipway.drift"]}, target, bus="event-run")
    put_event(aws, "slipway.drift", {"model": "a", "dedupe_key": "k", "window": {"from": 1}}, "event-run")
    expected = {"model": "a", "reason": "drift", "dedupe_key": "k", "window": {"from": 1}}
    assert inputs(aws, machine) == [expected]


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("constant", {"Input": '{"a": 1}'}, {"a": 1}),
        ("path", {"InputPath": "$.detail.inner"}, {"n": 5}),
        ("whole-name", {"InputPath": "$.detail-type"}, "Test"),
    ],
)
def test_what_a_target_gets(aws: Call, name: str, given: dict[str, Any], expected: Any) -> None:
    queue = make_queue(aws, f"event-input-{name}", EVENTS)
    make_rule(aws, f"event-input-{name}", {"source": [f"input-{name}"]}, {"Arn": queue, **given})
    put_event(aws, f"input-{name}", {"inner": {"n": 5}})
    assert bodies(aws, f"event-input-{name}") == [expected]


def test_the_whole_event(aws: Call) -> None:
    queue = make_queue(aws, "event-whole", EVENTS)
    make_rule(aws, "event-whole", {"source": ["whole"]}, {"Arn": queue})
    put_event(aws, "whole", {"a": [1, {"b": None}]})
    (event,) = bodies(aws, "event-whole")
    assert event.keys() == {
        *("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"),
    }
    assert (event["detail"], event["account"], event["region"]) == ({"a": [1, {"b": None}]}, ACCOUNT, REGION)
    assert event["time"].endswith("Z")


def test_patterns_choose(aws: Call) -> None:
    patterns: dict[str, dict[str, Any]] = {
        "prefix": {"model": [{"prefix": "flight"}]},
        "suffix": {"key": [{"suffix": "manifest.json"}]},
        "but": {"model": [{"anything-but": ["churn"]}]},
        "absent": {"key": [{"exists": False}]},
        "numeric": {"psi": [{"numeric": [">", 0.2, "<=", 1]}]},
        "wildcard": {"key": [{"wildcard": "incoming/*/manifest.json"}]},
    }
    for name, detail in patterns.items():
        queue = make_queue(aws, f"event-{name}", EVENTS)
        make_rule(
            aws, f"event-{name}", {"source": ["patterns"], "detail": detail}, {"Arn": queue, "InputPath": "$.detail"}
        )
    first = {"model": "flight-delay", "psi": 0.5, "key": "incoming/flight-delay/1/manifest.json"}
    second = {"model": "churn", "psi": 0.1}
    put_event(aws, "patterns", first)
    put_event(aws, "patterns", second)
    put_event(aws, "other", first)
    for name in patterns:
        assert bodies(aws, f"event-{name}") == [second if name == "absent" else first], name


def test_two_buses_do_not_mix(aws: Call) -> None:
    for name in ("one", "other"):
        aws("events").create_event_bus(Name=f"mix-{name}")
        queue = make_queue(aws, f"mix-{name}", EVENTS)
        make_rule(aws, "same-name", {"source": ["mix"]}, {"Arn": queue, "InputPath": "$.detail"}, bus=f"mix-{name}")
    put_event(aws, "mix", {"n": 1}, "mix-one")
    put_event(aws, "mix", {"n": 2})
    assert bodies(aws, "mix-one") == [{"n": 1}]
    assert bodies(aws, "mix-other", 0) == []
    with refused("ValidationException", "it has rules"):
        aws("events").delete_event_bus(Name="mix-one")


def test_a_bus_hands_on_to_another(aws: Call) -> None:
    arn = aws("events").create_event_bus(Name="handed-on")["EventBusArn"]
    role = make_caller(aws, "hands-on", EVENTS, "events:PutEvents", arn)
    queue = make_queue(aws, "handed-on", EVENTS)
    make_rule(aws, "takes", {"source": ["hand"]}, {"Arn": queue, "InputPath": "$.detail"}, bus="handed-on")
    make_rule(aws, "gives", {"source": ["hand"]}, {"Arn": arn, "RoleArn": role})
    put_event(aws, "hand", {"n": 1})
    assert bodies(aws, "handed-on") == [{"n": 1}]


def test_a_disabled_rule_is_silent(aws: Call) -> None:
    queue = make_queue(aws, "event-disabled", EVENTS)
    make_rule(aws, "event-disabled", {"source": ["disabled"]}, {"Arn": queue, "InputPath": "$.detail"})
    aws("events").disable_rule(Name="event-disabled")
    put_event(aws, "disabled", {"n": 1})
    assert bodies(aws, "event-disabled", 0) == []
    aws("events").enable_rule(Name="event-disabled")
    put_event(aws, "disabled", {"n": 2})
    assert bodies(aws, "event-disabled") == [{"n": 2}]


def test_a_target_that_is_gone_leaves_a_dead_letter(aws: Call) -> None:
    machine = make_machine(aws, "event-gone")
    role = make_caller(aws, "event-gone-caller", EVENTS, "states:StartExecution", machine)
    dead = make_queue(aws, "event-gone-dead", EVENTS)
    target = {"Arn": machine, "RoleArn": role, "Input": "{}", "DeadLetterConfig": {"Arn": dead}}
    rule = make_rule(aws, "event-gone", {"source": ["gone"]}, target)
    aws("stepfunctions").delete_state_machine(stateMachineArn=machine)
    put_event(aws, "gone", {"n": 1})
    (letter,) = messages(aws, "event-gone-dead")
    assert json.loads(letter["Body"])["detail"] == {"n": 1}, "the event, not what was made of it"
    about = attributes(letter)
    assert (about["RULE_ARN"], about["TARGET_ARN"]) == (rule, machine)
    assert (about["ERROR_CODE"], about["RETRY_ATTEMPTS"]) == ("StateMachineDoesNotExist", "0")


@pytest.mark.parametrize(
    ("name", "service", "action", "text"),
    [
        ("trust", "lambda.amazonaws.com", "states:StartExecution", "cannot be assumed by principal 'events.amazonaws"),
        ("action", EVENTS, "states:StopExecution", "is not authorized to perform: states:StartExecution"),
    ],
)
def test_a_role_without_the_right_leaves_a_dead_letter(
    aws: Call, name: str, service: str, action: str, text: str
) -> None:
    machine = make_machine(aws, f"event-{name}")
    role = make_caller(aws, f"event-{name}-caller", service, action, machine)
    dead = make_queue(aws, f"event-{name}-dead", EVENTS)
    target = {"Arn": machine, "RoleArn": role, "DeadLetterConfig": {"Arn": dead}}
    make_rule(aws, f"event-{name}", {"source": [name]}, target)
    put_event(aws, name, {})
    (letter,) = messages(aws, f"event-{name}-dead")
    assert text in attributes(letter)["ERROR_MESSAGE"]
    assert inputs(aws, machine, 0) == []


def test_a_queue_lets_in_only_whom_its_policy_names(aws: Call) -> None:
    closed, dead = make_queue(aws, "event-closed"), make_queue(aws, "event-closed-dead", EVENTS)
    make_rule(aws, "event-closed", {"source": ["closed"]}, {"Arn": closed, "DeadLetterConfig": {"Arn": dead}})
    put_event(aws, "closed", {})
    (letter,) = messages(aws, "event-closed-dead")
    assert "does not let events.amazonaws.com sqs:SendMessage" in attributes(letter)["ERROR_MESSAGE"]
    assert messages(aws, "event-closed", 0) == []


def test_a_key_lets_in_only_whom_its_policy_names(aws: Call) -> None:
    dead = make_queue(aws, "event-keyed-dead", EVENTS)
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
    key = aws("kms").create_key(Policy=policy(root))["KeyMetadata"]["Arn"]
    keyed = make_queue(aws, "event-keyed", EVENTS)
    url = aws("sqs").get_queue_url(QueueName="event-keyed")["QueueUrl"]
    aws("sqs").set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": key})
    make_rule(aws, "event-keyed", {"source": ["keyed"]}, {"Arn": keyed, "DeadLetterConfig": {"Arn": dead}})
    put_event(aws, "keyed", {})
    (letter,) = messages(aws, "event-keyed-dead")
    assert attributes(letter)["ERROR_CODE"] == "KMS.AccessDeniedException"


def test_topics_and_log_groups(aws: Call) -> None:
    topic = aws("sns").create_topic(Name="event-topic")["TopicArn"]
    queue = make_queue(aws, "event-topic", "sns.amazonaws.com")
    aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    may_publish = {"Effect": "Allow", "Principal": {"Service": EVENTS}, "Action": "sns:Publish", "Resource": topic}
    aws("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy(may_publish))
    aws("logs").create_log_group(logGroupName="/aws/events/test")
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/events/test"
    may_write = {
        "Effect": "Allow",
        "Principal": {"Service": EVENTS},
        "Action": "logs:PutLogEvents",
        "Resource": f"{group}:*",
    }
    aws("logs").put_resource_policy(policyName="events", policyDocument=policy(may_write))
    make_rule(aws, "event-topic", {"source": ["topic"]}, {"Arn": topic, "Input": '"hello"'}, {"Arn": group})
    put_event(aws, "topic", {"n": 1})
    assert bodies(aws, "event-topic") == ["hello"]
    lines = eventing.wait_for(lambda: aws("logs").filter_log_events(logGroupName="/aws/events/test")["events"])
    assert json.loads(lines[0]["message"])["detail"] == {"n": 1}


def test_what_put_targets_refuses(aws: Call) -> None:
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:x"
    aws("events").put_rule(Name="event-refused", EventPattern='{"source": ["refused"]}')
    with refused("ValidationException", "RoleArn is required"):
        aws("events").put_targets(Rule="event-refused", Targets=[{"Id": "1", "Arn": machine}])
    both = {"Id": "1", "Arn": machine, "RoleArn": "arn:aws:iam::1:role/x", "Input": "{}", "InputPath": "$"}
    with refused("ValidationException", "Only one of Input"):
        aws("events").put_targets(Rule="event-refused", Targets=[both])


def test_events_for_a_bus_that_is_not_there_fail_alone(aws: Call) -> None:
    queue = make_queue(aws, "event-some", EVENTS)
    make_rule(aws, "event-some", {"source": ["some"]}, {"Arn": queue, "InputPath": "$.detail"})
    entry = {"Source": "some", "DetailType": "x", "Detail": "{}"}
    answer = aws("events").put_events(Entries=[{**entry, "EventBusName": "nowhere"}, entry])
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == ["ResourceNotFoundException", None]
    assert bodies(aws, "event-some") == [{}]
