"""Schedules and their groups."""

import datetime as dt
from typing import Any

from sandbox.providers.aws.table import Call, Code, Context, Tags, Type

_SCHEDULE = {"Name": "name", "GroupName": "groupName || 'default'"}
_GROUP = {"Name": "id || name"}
_ARN = {"ResourceArn": "Arn || arn"}


def _read(scheduler: Any, seen: Context) -> dict[str, Any]:
    found: dict[str, Any] = scheduler.get_schedule(Name=seen["name"], GroupName=seen.get("groupName") or "default")
    for name in ("StartDate", "EndDate"):
        if name in found:
            found[name] = found[name].astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return found


TYPES = [
    Type(
        "aws:scheduler/schedule:Schedule",
        client="scheduler",
        create=Call("CreateSchedule"),
        update=(Call("UpdateSchedule"),),
        id="join('/', [groupName, name])",
        id_parts="{groupName}/{name}",
        read=(Code(_read),),
        delete=(Call("DeleteSchedule", _SCHEDULE),),
        name="name",
        replace=frozenset({"name", "groupName", "region"}),
        defaults={
            "groupName": "default",
            "scheduleExpressionTimezone": "UTC",
            "state": "ENABLED",
            "actionAfterCompletion": "NONE",
        },
        back={
            "name": "Name",
            "groupName": "GroupName",
            "description": "Description",
            "startDate": "StartDate",
            "endDate": "EndDate",
            "kmsKeyArn": "KmsKeyArn",
        },
        outputs={"arn": "Arn"},
    ),
    Type(
        "aws:scheduler/scheduleGroup:ScheduleGroup",
        client="scheduler",
        create=Call("CreateScheduleGroup"),
        id="name",
        id_parts="{name}",
        read=(Call("GetScheduleGroup", _GROUP),),
        delete=(Call("DeleteScheduleGroup", _GROUP),),
        name="name",
        replace=frozenset({"name", "region"}),
        back={"name": "Name"},
        outputs={
            "arn": "Arn",
            "state": "State",
            "creationDate": "CreationDate",
            "lastModificationDate": "LastModificationDate",
        },
        tags=Tags(Call("TagResource", _ARN), Call("UntagResource", _ARN), Call("ListTagsForResource", _ARN, at="Tags")),
    ),
]
