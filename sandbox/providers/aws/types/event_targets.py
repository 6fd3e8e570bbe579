"""Targets of rules: many inputs, and one operation that writes a target as a whole."""

from typing import Any

from sandbox.providers.aws.table import Code, Context, Type

_PLAIN = {
    "arn": "Arn",
    "roleArn": "RoleArn",
    "input": "Input",
    "inputPath": "InputPath",
}
_PARTS = {
    # input: the target's member, and how the input's fields are called there
    "inputTransformer": ("InputTransformer", {"inputPaths": "InputPathsMap", "inputTemplate": "InputTemplate"}),
    "deadLetterConfig": ("DeadLetterConfig", {"arn": "Arn"}),
    "retryPolicy": (
        "RetryPolicy",
        {"maximumRetryAttempts": "MaximumRetryAttempts", "maximumEventAgeInSeconds": "MaximumEventAgeInSeconds"},
    ),
    "sqsTarget": ("SqsParameters", {"messageGroupId": "MessageGroupId"}),
    "httpTarget": (
        "HttpParameters",
        {
            "headerParameters": "HeaderParameters",
            "pathParameterValues": "PathParameterValues",
            "queryStringParameters": "QueryStringParameters",
        },
    ),
}
_INPUTS = frozenset({*_PLAIN, *_PARTS, "batchTarget"})


def _put(events: Any, seen: Context) -> dict[str, Any]:
    target: dict[str, Any] = {"Id": seen["targetId"]}
    target |= {member: seen[name] for name, member in _PLAIN.items() if seen.get(name) is not None}
    for name, (member, fields) in _PARTS.items():
        if given := seen.get(name):
            target[member] = {fields[key]: value for key, value in given.items() if value is not None}
    if batch := seen.get("batchTarget"):
        target["BatchParameters"] = {"JobDefinition": batch["jobDefinition"], "JobName": batch["jobName"]}
        if batch.get("arraySize"):
            target["BatchParameters"]["ArrayProperties"] = {"Size": int(batch["arraySize"])}
        if batch.get("jobAttempts"):
            target["BatchParameters"]["RetryStrategy"] = {"Attempts": int(batch["jobAttempts"])}
    answer = events.put_targets(Rule=seen["rule"], EventBusName=seen["eventBusName"], Targets=[target])
    if answer["FailedEntryCount"]:
        raise ValueError(answer["FailedEntries"][0]["ErrorMessage"])
    return {}


def _read(events: Any, seen: Context) -> dict[str, Any] | None:
    pages = events.get_paginator("list_targets_by_rule").paginate(Rule=seen["rule"], EventBusName=seen["eventBusName"])
    for target in pages.build_full_result()["Targets"]:
        if target["Id"] == seen["targetId"]:
            return _as_inputs(target)
    return None


def _as_inputs(target: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {name: target.get(member) for name, member in _PLAIN.items()}
    for name, (member, fields) in _PARTS.items():
        part = target.get(member) or {}
        found[name] = {key: part[there] for key, there in fields.items() if there in part} or None
    if batch := target.get("BatchParameters"):
        found["batchTarget"] = {
            "jobDefinition": batch["JobDefinition"],
            "jobName": batch["JobName"],
            "arraySize": batch.get("ArrayProperties", {}).get("Size"),
            "jobAttempts": batch.get("RetryStrategy", {}).get("Attempts"),
        }
    return found


def _remove(events: Any, seen: Context) -> None:
    events.remove_targets(Rule=seen["rule"], EventBusName=seen["eventBusName"], Ids=[seen["targetId"]])


TYPES = [
    Type(
        "aws:cloudwatch/eventTarget:EventTarget",
        client="events",
        create=Code(_put, _INPUTS | {"rule", "targetId", "eventBusName"}),
        update=(Code(_put, _INPUTS),),
        id="eventBusName=='default' && join('-', [rule, targetId]) || join('-', [eventBusName, rule, targetId])",
        read=(Code(_read),),
        delete=(Code(_remove),),
        name="targetId",
        replace=frozenset({"rule", "targetId", "eventBusName", "region"}),
        defaults={"eventBusName": "default"},
        local=frozenset({"forceDestroy"}),
        back={name: name for name in sorted(_INPUTS)},
    ),
]
