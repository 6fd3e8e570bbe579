"""EventBridge Scheduler, and rules with a schedule: what is due on the account's clock is delivered.

A schedule's target is called at the begin of its flexible window. A rate without a start date is counted from the
moment at which the schedule was made or last changed, and is due for the first time one period later.
"""

import datetime as dt
import json
import uuid
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from moto.events.models import events_backends
from moto.scheduler.models import EventBridgeSchedulerBackend, Schedule, scheduler_backends
from moto.scheduler.responses import EventBridgeSchedulerResponse

from sandbox.cloud import clock, delivery, events, targets
from sandbox.cloud.delivery import Delivery
from sandbox.cloud.extension import fail, parameters, replaces
from sandbox.cloud.schedules import ExpressionError, check, next_moment

PRINCIPAL = "scheduler.amazonaws.com"

_JUST_BEFORE = dt.timedelta(microseconds=1)


@clock.on_due
def _next_due() -> dt.datetime | None:
    moments = [*(_due(schedule) for _, _, schedule in _schedules()), *(_due_of_rule(rule) for rule in _rules())]
    return min((moment for moment in moments if moment is not None), default=None)


@clock.on_tick
def _fire(present: dt.datetime) -> None:
    for region, group, schedule in list(_schedules()):
        while (moment := _due(schedule)) is not None and moment <= present:
            _deliver(region, schedule, moment)
            schedule.sandbox_last = moment
        if schedule.action_after_completion == "DELETE" and _is_over(schedule, present):
            group.schedules.pop(schedule.name, None)
    for rule in _rules():
        while (moment := _due_of_rule(rule)) is not None and moment <= present:
            events.call_targets(rule, _event(rule.account_id, rule.region_name, "aws.events", rule.arn, moment, {}))
            rule.sandbox_last = moment


clock.on_pause(delivery.settle)


def _schedules() -> Iterator[tuple[str, Any, Any]]:
    """Region, group and schedule."""
    for account in list(scheduler_backends.values()):
        for region, backend in list(account.items()):
            groups: list[Any] = list(backend.schedule_groups.values())
            for group in groups:
                for schedule in group.schedules.values():
                    yield region, group, schedule


def _rules() -> Iterator[Any]:
    for account in list(events_backends.values()):
        for backend in list(account.values()):
            yield from (rule for rule in backend.event_buses["default"].rules.values() if rule.scheduled_expression)


def _due(schedule: Any) -> dt.datetime | None:
    """When the schedule is due next, in the past too if it has not fired yet; None for one that is off or over."""
    if schedule.state != "ENABLED":
        return None
    changed, start, end = (
        _time(value) for value in (schedule.last_modified_date, schedule.start_date, schedule.end_date)
    )
    since = max(moment for moment in (changed, start and start - _JUST_BEFORE) if moment is not None)
    last = max(since, getattr(schedule, "sandbox_last", since))
    expression, zone = schedule.schedule_expression, schedule.schedule_expression_timezone
    moment = _next(expression, zone, last, start or since, start is not None)
    return None if moment is None or (end is not None and moment > end) else moment


@lru_cache(maxsize=8192)  # asked for every schedule, every second
def _next(
    expression: str, zone: str, after: dt.datetime, anchor: dt.datetime, at_anchor: bool = False
) -> dt.datetime | None:
    return next_moment(expression, zone, after, anchor, at_anchor=at_anchor)


def _time(value: Any) -> dt.datetime | None:
    if value is None or isinstance(value, dt.datetime):
        return value
    return dt.datetime.fromtimestamp(float(value), dt.UTC)


def _due_of_rule(rule: Any) -> dt.datetime | None:
    if rule.state == "DISABLED":
        return None
    since = rule.sandbox_since
    return _next(rule.scheduled_expression, "UTC", max(since, getattr(rule, "sandbox_last", since)), since)


def _is_over(schedule: Any, present: dt.datetime) -> bool:
    end = _time(schedule.end_date)
    fired = hasattr(schedule, "sandbox_last") or (end is not None and end < present)
    return fired and schedule.state == "ENABLED" and _due(schedule) is None


def _event(account: str, region: str, source: str, arn: str, moment: dt.datetime, detail: Any) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": source,
        "account": account,
        "time": events.stamp(moment),
        "region": region,
        "resources": [arn],
        "detail": detail,
    }


def _deliver(region: str, schedule: Any, moment: dt.datetime) -> None:
    account, target = schedule.arn.split(":")[4], schedule.target
    text = target.get("Input")
    if text is None:
        text = json.dumps(_event(account, region, "aws.scheduler", schedule.arn, moment, "{}"))
    for name, value in {
        "schedule-arn": schedule.arn,
        "scheduled-time": events.stamp(moment),
        "execution-id": uuid.uuid4().hex,
        "attempt-number": "1",
    }.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    about = {"SCHEDULE_ARN": schedule.arn, "SCHEDULED_TIME": events.stamp(moment), "IS_PAYLOAD_TRUNCATED": "false"}
    targets.send(
        Delivery(
            region=region,
            account=account,
            principal=PRINCIPAL,
            source_arn=schedule.arn,
            target=dict(target),
            payload=text,
            dead_letter=text,
            about=about,
        )
    )


@replaces(EventBridgeSchedulerResponse, "create_schedule")
def _create(original: Any, self: Any) -> Any:
    given = parameters(self)
    group = given.get("GroupName", "default")
    if group not in self.scheduler_backend.schedule_groups:
        fail("ResourceNotFoundException", f"Schedule group {group} does not exist.")
    _check(given)
    return original(self)


@replaces(EventBridgeSchedulerResponse, "update_schedule")
def _update(original: Any, self: Any) -> Any:
    """All that is not said goes back to what it is by default; moto forgets one of them."""
    given = parameters(self)
    _check(given)
    answer = original(self)
    schedule = self.scheduler_backend.get_schedule(given.get("GroupName"), given["Name"])
    schedule.action_after_completion = given.get("ActionAfterCompletion")
    schedule.state = given.get("State", "ENABLED")
    schedule.schedule_expression_timezone = given.get("ScheduleExpressionTimezone", "UTC")
    return answer


def _check(given: dict[str, Any]) -> None:
    try:
        check(given["ScheduleExpression"], given.get("ScheduleExpressionTimezone", "UTC"))
    except ExpressionError as error:
        fail("ValidationException", str(error))


@replaces(Schedule, "to_dict")
def _to_dict(original: Any, self: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """What was not said is not there."""
    described: dict[str, Any] = original(self, *args, **kwargs)
    described["ActionAfterCompletion"] = described.get("ActionAfterCompletion") or "NONE"
    return {name: value for name, value in described.items() if value is not None}


@replaces(EventBridgeSchedulerBackend, "create_schedule_group")
def _create_group(original: Any, self: Any, name: str, tags: Any) -> Any:
    if name in self.schedule_groups:
        fail("ConflictException", f"Schedule group {name} already exists.")
    return original(self, name, tags or [])


@replaces(EventBridgeSchedulerBackend, "delete_schedule_group")
def _delete_group(original: Any, self: Any, name: str) -> None:
    if name == "default":
        fail("ValidationException", "The default schedule group cannot be deleted.")
    if name not in self.schedule_groups:
        fail("ResourceNotFoundException", f"Schedule group {name} does not exist.")
    original(self, name)
