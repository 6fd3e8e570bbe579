"""EventBridge: buses, rules and what they call."""

from typing import Any

from sandbox.providers.aws.table import Call, Code, Context, Tags, Type
from sandbox.providers.aws.types.event_targets import TYPES as TARGETS

_BUS = {"Name": "id || name"}
_OF_BUS = {"EventBusName": "eventBusName || 'default'"}
_RULE = {"Name": "name || id", **_OF_BUS}
_ARN = {"ResourceARN": "Arn || arn"}
_TAGS = Tags(Call("TagResource", _ARN), Call("UntagResource", _ARN), Call("ListTagsForResource", _ARN, at="Tags"))
_NAME_OF_BUS = "given.eventBusName && ends_with(given.eventBusName, EventBusName) && given.eventBusName || EventBusName"

_CONNECTION = {
    "AuthParameters": "{"
    "ApiKeyAuthParameters: authParameters.apiKey "
    "&& {ApiKeyName: authParameters.apiKey.key, ApiKeyValue: authParameters.apiKey.value}, "
    "BasicAuthParameters: authParameters.basic "
    "&& {Username: authParameters.basic.username, Password: authParameters.basic.password}, "
    "InvocationHttpParameters: authParameters.invocationHttpParameters && {"
    "HeaderParameters: authParameters.invocationHttpParameters.headers, "
    "QueryStringParameters: authParameters.invocationHttpParameters.queryStrings, "
    "BodyParameters: authParameters.invocationHttpParameters.bodies}}"
}


def _empty(events: Any, seen: Context) -> None:
    """``forceDestroy``: a rule goes with targets that others gave it."""
    if not seen.get("forceDestroy"):
        return
    bus = seen.get("eventBusName") or "default"
    pages = events.get_paginator("list_targets_by_rule").paginate(Rule=seen["name"], EventBusName=bus)
    for target in pages.build_full_result()["Targets"]:
        events.remove_targets(Rule=seen["name"], EventBusName=bus, Ids=[target["Id"]])


def _read_connection(events: Any, seen: Context) -> dict[str, Any]:
    """What is secret cannot be read: it counts as what the program gave, if there is such a thing at all."""
    found: dict[str, Any] = events.describe_connection(Name=seen["id"] or seen["name"])
    held, given = found["AuthParameters"], seen.get("authParameters") or {}
    parameters: dict[str, Any] = {}
    if key := held.get("ApiKeyAuthParameters"):
        parameters["apiKey"] = {"key": key["ApiKeyName"], "value": (given.get("apiKey") or {}).get("value")}
    if basic := held.get("BasicAuthParameters"):
        password = (given.get("basic") or {}).get("password")
        parameters["basic"] = {"username": basic["Username"], "password": password}
    if more := held.get("InvocationHttpParameters"):
        parts = {
            "headers": more.get("HeaderParameters"),
            "queryStrings": more.get("QueryStringParameters"),
            "bodies": more.get("BodyParameters"),
        }
        known = given.get("invocationHttpParameters") or {}
        parameters["invocationHttpParameters"] = {
            name: [_with_value(item, known.get(name) or []) for item in items] for name, items in parts.items() if items
        }
    return {**found, "parameters": parameters}


def _with_value(item: dict[str, Any], given: list[dict[str, Any]]) -> dict[str, Any]:
    secret = next((one.get("value") for one in given if one["key"] == item["Key"]), None)
    shown = {"key": item["Key"], "value": item.get("Value", secret)}
    return shown | ({"isValueSecret": item["IsValueSecret"]} if "IsValueSecret" in item else {})


TYPES = [
    Type(
        "aws:cloudwatch/eventBus:EventBus",
        client="events",
        create=Call("CreateEventBus"),
        id="name",
        id_parts="{name}",
        read=(Call("DescribeEventBus", _BUS),),
        update=(
            Call(
                "UpdateEventBus",
                {
                    "Name": "id",
                    "Description": "description",
                    "KmsKeyIdentifier": "kmsKeyIdentifier",
                    "DeadLetterConfig": "deadLetterConfig",
                    "LogConfig": "logConfig",
                },
            ),
        ),
        delete=(Call("DeleteEventBus", {"Name": "id"}),),
        name="name",
        replace=frozenset({"name", "eventSourceName", "region"}),
        back={
            "description": "Description",
            "kmsKeyIdentifier": "KmsKeyIdentifier",
            "deadLetterConfig": "DeadLetterConfig",
            "logConfig": "LogConfig",
        },
        outputs={"arn": "Arn"},
        tags=_TAGS,
    ),
    Type(
        "aws:cloudwatch/eventRule:EventRule",
        client="events",
        create=Call("PutRule", _OF_BUS),
        update=(Call("PutRule", _OF_BUS),),
        id="eventBusName=='default' && name || join('/', [eventBusName, name])",
        id_parts="{eventBusName}/{name}",
        read=(Call("DescribeRule", _RULE),),
        before_delete=(Code(_empty),),
        delete=(Call("DeleteRule", _RULE),),
        name="name",
        replace=frozenset({"name", "eventBusName", "region"}),
        defaults={"eventBusName": "default", "state": "ENABLED"},
        local=frozenset({"forceDestroy"}),
        back={
            "name": "Name",
            "eventBusName": _NAME_OF_BUS,
            "eventPattern": "EventPattern",
            "scheduleExpression": "ScheduleExpression",
            "description": "Description",
            "roleArn": "RoleArn",
            "state": "State",
        },
        outputs={"arn": "Arn"},
        tags=_TAGS,
    ),
    *TARGETS,
    Type(
        "aws:cloudwatch/eventConnection:EventConnection",
        client="events",
        create=Call("CreateConnection", _CONNECTION),
        update=(Call("UpdateConnection", {**_CONNECTION, "Name": "id"}),),
        id="name",
        id_parts="{name}",
        read=(Code(_read_connection),),
        delete=(Call("DeleteConnection", {"Name": "id"}),),
        name="name",
        replace=frozenset({"name", "region"}),
        back={
            "authParameters": "parameters",
            "authorizationType": "AuthorizationType",
            "description": "Description",
            "kmsKeyIdentifier": "KmsKeyIdentifier",
        },
        outputs={"arn": "ConnectionArn", "secretArn": "SecretArn"},
    ),
    Type(
        "aws:cloudwatch/eventApiDestination:EventApiDestination",
        client="events",
        create=Call("CreateApiDestination"),
        update=(Call("UpdateApiDestination", {"Name": "id"}),),
        id="name",
        id_parts="{name}",
        read=(Call("DescribeApiDestination", {"Name": "id || name"}),),
        delete=(Call("DeleteApiDestination", {"Name": "id"}),),
        name="name",
        replace=frozenset({"name", "region"}),
        defaults={"invocationRateLimitPerSecond": 300},
        back={"description": "Description"},
        outputs={"arn": "ApiDestinationArn"},
    ),
]
