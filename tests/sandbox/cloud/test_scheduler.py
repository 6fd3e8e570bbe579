"""Schedules fire on the account's clock: at their moments, each once, for whom they may call."""

import datetime as dt
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.cloud.process import Cloud
from tests.sandbox.cloud.eventing import (
    attributes,
    bodies,
    inputs,
    make_caller,
    make_machine,
    make_queue,
    messages,
)
from tests.sandbox.cloud.helpers import Call, refused

SCHEDULER = "scheduler.amazonaws.com"
DAY = 86400
OFF = {"Mode": "OFF"}


@pytest.fixture(autouse=True)
def _alone(aws: Call) -> Iterator[None]:
    """Each test has no schedules but its own."""
    yield
    scheduler = aws("scheduler")
    for schedule in scheduler.list_schedules()["Schedules"]:
        scheduler.delete_schedule(Name=schedule["Name"], GroupName=schedule["GroupName"])
    events = aws("events")
    for rule in events.list_rules()["Rules"]:
        if "ScheduleExpression" in rule:
            events.disable_rule(Name=rule["Name"])


def _now(cloud: Cloud) -> dt.datetime:
    return dt.datetime.fromisoformat(cloud.advance(0))


def _to_queue(aws: Call, name: str, expression: str, **more: Any) -> None:
    """A schedule that writes its moment into a queue of its name."""
    queue = make_queue(aws, name)
    role = make_caller(aws, name, SCHEDULER, "sqs:SendMessage", queue)
    target = {"Arn": queue, "RoleArn": role, "Input": '"<aws.scheduler.scheduled-time>"'}
    aws("scheduler").create_schedule(
        **{"Name": name, "ScheduleExpression": expression, "FlexibleTimeWindow": OFF, "Target": target} | more
    )


def test_a_day_of_hours_starts_24_executions(aws: Call, cloud: Cloud) -> None:
    machine = make_machine(aws, "hourly")
    role = make_caller(aws, "hourly-caller", SCHEDULER, "states:StartExecution", machine)
    text = '{"model": "a", "reason": "schedule", "dedupe_key": "<aws.scheduler.scheduled-time>"}'
    target = {"Arn": machine, "RoleArn": role, "Input": text}
    aws("scheduler").create_schedule(
        Name="hourly", ScheduleExpression="rate(1 hour)", FlexibleTimeWindow=OFF, Target=target
    )
    begun = time.monotonic()
    cloud.advance(DAY)
    assert time.monotonic() - begun < 20
    found = inputs(aws, machine, 24)
    assert {one["reason"] for one in found} == {"schedule"}
    assert len({one["dedupe_key"] for one in found}) == len(found) == 24


def test_a_cron_expression_fires_at_its_times_in_its_zone(aws: Call, cloud: Cloud) -> None:
    _to_queue(aws, "nightly", "cron(30 2,14 * * ? *)", ScheduleExpressionTimezone="Asia/Kolkata")
    cloud.advance(2 * DAY)
    found = [dt.datetime.fromisoformat(text) for text in sorted(bodies(aws, "nightly", 4))]
    assert [(moment.hour, moment.minute) for moment in found] in ([(21, 0), (9, 0)] * 2, [(9, 0), (21, 0)] * 2)


def test_a_schedule_for_one_moment_fires_once_and_may_then_go(aws: Call, cloud: Cloud) -> None:
    moment = (_now(cloud) + dt.timedelta(hours=5)).replace(microsecond=0)
    text = f"at({moment:%Y-%m-%dT%H:%M:%S})"
    _to_queue(aws, "once", text, ActionAfterCompletion="DELETE")
    _to_queue(aws, "once-kept", text)
    cloud.advance(4 * 3600)
    assert bodies(aws, "once", 0) == []
    cloud.advance(DAY)
    assert bodies(aws, "once") == bodies(aws, "once-kept") == [f"{moment:%Y-%m-%dT%H:%M:%SZ}"]
    assert [one["Name"] for one in aws("scheduler").list_schedules()["Schedules"]] == ["once-kept"]


def test_dates_bound_a_schedule(aws: Call, cloud: Cloud) -> None:
    start = (_now(cloud) + dt.timedelta(days=1)).replace(microsecond=0)
    end = start + dt.timedelta(hours=6)
    _to_queue(aws, "dated", "rate(2 hours)", StartDate=start, EndDate=end)
    cloud.advance(3 * DAY)
    found = [dt.datetime.fromisoformat(text) for text in sorted(bodies(aws, "dated", 4))]
    assert found == [start + dt.timedelta(hours=hours) for hours in (0, 2, 4, 6)]


def test_a_disabled_schedule_is_silent_and_does_not_catch_up(aws: Call, cloud: Cloud) -> None:
    _to_queue(aws, "paused", "rate(1 hour)", State="DISABLED")
    cloud.advance(DAY)
    assert bodies(aws, "paused", 0) == []
    schedule = aws("scheduler").get_schedule(Name="paused")
    kept = ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")
    aws("scheduler").update_schedule(**{name: schedule[name] for name in kept}, State="ENABLED")
    cloud.advance(2 * 3600 + 60)
    assert len(bodies(aws, "paused", 2)) == 2


def test_a_target_that_is_gone_leaves_a_dead_letter(aws: Call, cloud: Cloud) -> None:
    machine, dead = make_machine(aws, "lost"), make_queue(aws, "lost-dead")
    role = make_caller(aws, "lost-caller", SCHEDULER, "states:StartExecution", machine)
    allow = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": dead}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    aws("iam").put_role_policy(RoleName="lost-caller", PolicyName="dead", PolicyDocument=document)
    target = {"Arn": machine, "RoleArn": role, "Input": '{"n": 1}', "DeadLetterConfig": {"Arn": dead}}
    aws("scheduler").create_schedule(
        Name="lost", ScheduleExpression="rate(1 day)", FlexibleTimeWindow=OFF, Target=target
    )
    aws("stepfunctions").delete_state_machine(stateMachineArn=machine)
    cloud.advance(DAY + 60)
    (letter,) = messages(aws, "lost-dead")
    about = attributes(letter)
    assert (json.loads(letter["Body"]), about["ERROR_CODE"]) == ({"n": 1}, "StateMachineDoesNotExist")
    assert about["SCHEDULE_ARN"].endswith(":schedule/default/lost")


def test_a_schedule_puts_events_and_makes_calls(aws: Call, cloud: Cloud) -> None:
    bus = aws("events").create_event_bus(Name="scheduled")["EventBusArn"]
    queue = make_queue(aws, "scheduled", "events.amazonaws.com")
    aws("events").put_rule(Name="scheduled", EventBusName="scheduled", EventPattern='{"source": ["clock"]}')
    aws("events").put_targets(Rule="scheduled", EventBusName="scheduled", Targets=[{"Id": "1", "Arn": queue}])
    put = {
        "Arn": bus,
        "RoleArn": make_caller(aws, "scheduled-puts", SCHEDULER, "events:PutEvents", bus),
        "Input": '{"n": 1}',
        "EventBridgeParameters": {"Source": "clock", "DetailType": "Tick"},
    }
    role = make_caller(aws, "scheduled-calls", SCHEDULER, "sqs:CreateQueue", "*")
    call = {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:createQueue", "RoleArn": role, "Input": '{"QueueName": "called"}'}
    for name, target in (("puts", put), ("calls", call)):
        aws("scheduler").create_schedule(
            Name=name, ScheduleExpression="rate(1 day)", FlexibleTimeWindow=OFF, Target=target
        )
    cloud.advance(DAY + 60)
    (event,) = bodies(aws, "scheduled")
    assert (event["source"], event["detail-type"], event["detail"]) == ("clock", "Tick", {"n": 1})
    assert messages(aws, "called", 0) == []


def test_rules_have_schedules_too(aws: Call, cloud: Cloud) -> None:
    queue = make_queue(aws, "ruled", "events.amazonaws.com")
    arn = aws("events").put_rule(Name="ruled", ScheduleExpression="rate(12 hours)")["RuleArn"]
    aws("events").put_targets(Rule="ruled", Targets=[{"Id": "1", "Arn": queue}])
    aws("events").put_events(Entries=[{"Source": "x", "DetailType": "y", "Detail": "{}"}])
    cloud.advance(DAY + 60)
    found = bodies(aws, "ruled", 2)
    assert [(event["source"], event["resources"]) for event in found] == [("aws.events", [arn])] * 2
    aws("events").disable_rule(Name="ruled")
    cloud.advance(DAY)
    assert bodies(aws, "ruled", 0) == []


def test_real_time_counts_too(aws: Call, cloud: Cloud) -> None:
    moment = _now(cloud) + dt.timedelta(seconds=2)
    _to_queue(aws, "soon", f"at({moment:%Y-%m-%dT%H:%M:%S})")
    assert len(bodies(aws, "soon")) == 1


def test_a_week_of_hours_with_a_hundred_schedules_is_fast(aws: Call, cloud: Cloud) -> None:
    queue = make_queue(aws, "many")
    role = make_caller(aws, "many", SCHEDULER, "sqs:SendMessage", queue)
    for number in range(100):
        aws("scheduler").create_schedule(
            Name=f"many-{number}",
            ScheduleExpression=f"cron({number % 60} 3 ? * MON *)",
            FlexibleTimeWindow=OFF,
            Target={"Arn": queue, "RoleArn": role, "Input": str(number)},
        )
    begun = time.monotonic()
    cloud.advance(7 * DAY)
    assert time.monotonic() - begun < 20
    assert sorted(bodies(aws, "many", 100)) == list(range(100))


@pytest.mark.parametrize(
    ("changed", "code", "text"),
    [
        ({"ScheduleExpression": "cron(0 3 * * * *)"}, "ValidationException", "Invalid Schedule Expression"),
        ({"ScheduleExpressionTimezone": "Europe/Atlantis"}, "ValidationException", "Europe/Atlantis"),
        ({"GroupName": "nowhere"}, "ResourceNotFoundException", "nowhere does not exist"),
    ],
)
def test_what_is_refused(aws: Call, changed: dict[str, Any], code: str, text: str) -> None:
    target = {"Arn": "arn:aws:sqs:eu-west-1:123456789012:x", "RoleArn": "arn:aws:iam::123456789012:role/x"}
    plain = {"Name": "refused", "ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": OFF, "Target": target}
    with refused(code, text):
        aws("scheduler").create_schedule(**plain | changed)
    with refused("ConflictException"):
        for _ in range(2):
            aws("scheduler").create_schedule_group(Name="twice")
    aws("scheduler").delete_schedule_group(Name="twice")
    with refused("ResourceNotFoundException"):
        aws("scheduler").delete_schedule_group(Name="twice")
