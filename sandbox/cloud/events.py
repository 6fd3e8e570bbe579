"""EventBridge: events of services reach the default bus, rules match as AWS's do, targets are called for real."""

import copy
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from moto.events.models import EventsBackend, Rule
from moto.events.responses import EventsHandler
from moto.s3 import notifications

from sandbox.cloud import clock, delivery, happenings, targets
from sandbox.cloud.delivery import Delivery
from sandbox.cloud.event_input import input_of
from sandbox.cloud.extension import fail, parameters, replaces
from sandbox.cloud.itself import client
from sandbox.cloud.schedules import ExpressionError, check

PRINCIPAL = "events.amazonaws.com"


@happenings.on_publish
def _take(
    region: str, account: str, source: str, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str]
) -> None:
    entry = {
        "Source": source,
        "DetailType": detail_type,
        "Detail": json.dumps(detail, default=str),
        "Resources": list(resources),
        "Time": clock.now(),
    }
    delivery.later(lambda: client("events", region, account).put_events(Entries=[entry]))


@replaces(Rule, "send_to_targets")
def _send(original: Any, self: Any, original_event: dict[str, Any], transform_input: bool = True) -> None:
    """A rule that is off, or has only a schedule, is silent to events; moto's calls every one's targets."""
    if self.state == "DISABLED" or not self.event_pattern.get_pattern():
        return
    event = {**copy.deepcopy(original_event), "time": stamp(original_event["time"])}
    event.pop("ingestion-time", None)
    if not self.event_pattern.matches_event(event):
        return
    if _is_archive(self):
        original(self, original_event, transform_input)
        return
    call_targets(self, event)


def call_targets(rule: Any, event: Mapping[str, Any]) -> None:
    """Call all targets of ``rule`` for ``event``, soon."""
    for target in rule.targets:
        targets.send(
            Delivery(
                region=rule.region_name,
                account=rule.account_id,
                principal=PRINCIPAL,
                source_arn=rule.arn,
                target=copy.deepcopy(target),
                payload=input_of(target, event, rule.arn),
                dead_letter=json.dumps(event),
                about={"RULE_ARN": rule.arn},
            )
        )


def stamp(moment: str | float | dt.datetime) -> str:
    """A time as events have it."""
    if isinstance(moment, str):
        return moment
    if not isinstance(moment, dt.datetime):
        moment = dt.datetime.fromtimestamp(moment, dt.UTC)
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_archive(rule: Any) -> bool:
    return any(target["Arn"].endswith(":::") for target in rule.targets)


@replaces(EventsBackend, "put_rule")
def _put_rule(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """A schedule that can be read, counted from now on."""
    if expression := kwargs.get("scheduled_expression"):
        try:
            check(expression)
        except ExpressionError:
            fail("ValidationException", "Parameter ScheduleExpression is not valid.")
    rule = original(self, *args, **kwargs)
    rule.sandbox_since = clock.now()
    return rule


@replaces(EventsHandler, "put_targets")
def _put_targets(original: Any, self: Any) -> Any:
    """What AWS refuses: no role where one is needed, a state machine that gets more than one input."""
    for target in parameters(self)["Targets"]:
        if targets.kind_of(target["Arn"]) in targets.NEED_ROLE and not target.get("RoleArn"):
            fail("ValidationException", f"RoleArn is required for target {target['Arn']}.")
        if sum(name in target for name in ("Input", "InputPath", "InputTransformer")) > 1:
            fail("ValidationException", f"Only one of Input, InputPath, or InputTransformer for target {target['Id']}.")
    return original(self)


@replaces(EventsHandler, "put_events")
def _put_events(original: Any, self: Any) -> Any:
    """A bus that does not exist takes nothing, and says so for the entry, not with an error for all."""
    backend, kept, failed = self.events_backend, [], {}
    for number, entry in enumerate(parameters(self)["Entries"]):
        name = (entry.get("EventBusName") or "default").split("/")[-1]
        if name in backend.event_buses:
            kept.append(entry)
        else:
            failed[number] = {"ErrorCode": "ResourceNotFoundException", "ErrorMessage": f"{name} does not exist."}
    if not failed:
        return original(self)
    answers = iter(backend.put_events(kept))
    entries = [failed.get(number) or next(answers) for number in range(len(kept) + len(failed))]
    return json.dumps({"FailedEntryCount": sum("ErrorCode" in entry for entry in entries), "Entries": entries})


@replaces(notifications, "_send_event_bridge_message")
def _of_bucket(_original: Any, account_id: str, bucket: Any, event_name: str, key: Any) -> None:
    """To the default bus, as S3 spells it; moto sends to every bus, with other names and a constant order."""
    detail_type = notifications._detail_type(event_name)
    thing = {"key": key.name, "size": key.size, "etag": key.etag.strip('"'), "sequencer": _sequencer()}
    if key.version_id and key.version_id != "null":
        thing["version-id"] = key.version_id
    detail = {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": thing,
        "request-id": "SANDBOX",
        "requester": account_id,
        "source-ip-address": "127.0.0.1",
        "reason": _REASONS.get(event_name, event_name.rpartition(":")[2]),
    }
    if detail_type == "Object Deleted":
        marked = event_name.endswith("DeleteMarkerCreated")
        detail |= {"deletion-type": "Delete Marker Created" if marked else "Permanently Deleted"}
    happenings.publish(bucket.region_name, account_id, "aws.s3", detail_type, detail, [bucket.arn])


_REASONS = {
    "s3:ObjectCreated:Put": "PutObject",
    "s3:ObjectCreated:Post": "POST Object",
    "s3:ObjectCreated:Copy": "CopyObject",
    "s3:ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    "s3:ObjectRemoved:Delete": "DeleteObject",
    "s3:ObjectRemoved:DeleteMarkerCreated": "DeleteObject",
}


def _sequencer() -> str:
    """Greater for what came later."""
    return f"{int(clock.now().timestamp() * 1_000_000):018X}"
