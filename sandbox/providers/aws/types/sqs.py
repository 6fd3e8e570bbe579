"""Queues."""

import json
from typing import Any

from botocore.exceptions import ClientError

from sandbox.providers.aws.table import Call, Code, Context, Tags, Type

_QUEUE = {"QueueUrl": "id"}
_POLICY = {"QueueUrl": "queueUrl"}
_SET_POLICY = Call("SetQueueAttributes", {**_POLICY, "Attributes": "{Policy: policy}"})

_ATTRIBUTES = {
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deduplicationScope": "DeduplicationScope",
    "delaySeconds": "DelaySeconds",
    "fifoQueue": "FifoQueue",
    "fifoThroughputLimit": "FifoThroughputLimit",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "policy": "Policy",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "redrivePolicy": "RedrivePolicy",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
}
_CHANGEABLE = frozenset(_ATTRIBUTES) - {"fifoQueue"}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _attributes(seen: Context) -> dict[str, str]:
    return {there: _text(seen[name]) for name, there in _ATTRIBUTES.items() if seen.get(name) not in (None, "")}


def _create(sqs: Any, seen: Context) -> dict[str, Any]:
    tags = {tag["Key"]: tag["Value"] for tag in seen["tagList"]}
    url = sqs.create_queue(QueueName=seen["name"], Attributes=_attributes(seen), **({"tags": tags} if tags else {}))
    return {"QueueUrl": url["QueueUrl"]}


def _update(sqs: Any, seen: Context) -> None:
    """What is not said any more is set to nothing."""
    cleared = {there: "" for name, there in _ATTRIBUTES.items() if name in seen["old"] and seen.get(name) in (None, "")}
    given = {name: value for name, value in _attributes(seen).items() if name != "FifoQueue"}
    sqs.set_queue_attributes(QueueUrl=seen["id"], Attributes={**cleared, **given})


def _read(sqs: Any, seen: Context) -> dict[str, Any]:
    found: dict[str, Any] = sqs.get_queue_attributes(QueueUrl=seen["id"], AttributeNames=["All"])["Attributes"]
    return {**found, "Name": found["QueueArn"].rpartition(":")[2], "QueueUrl": seen["id"]}


def _find(sqs: Any, seen: Context) -> dict[str, Any] | None:
    try:
        url = sqs.get_queue_url(QueueName=seen["name"])["QueueUrl"]
    except ClientError:
        return None
    found = _read(sqs, {**seen, "id": url})
    if tags := sqs.list_queue_tags(QueueUrl=url).get("Tags"):
        found["Tags"] = tags
    return found


TYPES = [
    Type(
        "aws:sqs/queue:Queue",
        client="sqs",
        create=Code(_create, frozenset({"name", *_ATTRIBUTES})),
        id="QueueUrl",
        read=(Code(_read),),
        find=Code(_find),
        update=(Code(_update, _CHANGEABLE),),
        delete=(Call("DeleteQueue", _QUEUE),),
        name="name",
        replace=frozenset({"name", "fifoQueue", "contentBasedDeduplication", "region"}),
        defaults={
            "delaySeconds": 0,
            "messageRetentionSeconds": 345600,
            "receiveWaitTimeSeconds": 0,
            "visibilityTimeoutSeconds": 30,
        },
        back={"name": "Name", **_ATTRIBUTES},
        outputs={"arn": "QueueArn", "url": "id"},
        tags=Tags(Call("TagQueue", _QUEUE), Call("UntagQueue", _QUEUE), Call("ListQueueTags", _QUEUE, at="Tags")),
    ),
    Type(
        "aws:sqs/queuePolicy:QueuePolicy",
        client="sqs",
        create=_SET_POLICY,
        update=(_SET_POLICY,),
        id="queueUrl",
        id_parts="{queueUrl}",
        read=(Call("GetQueueAttributes", {**_POLICY, "AttributeNames": "['Policy']"}, at="Attributes"),),
        gone="!Policy",
        delete=(Call("SetQueueAttributes", {**_POLICY, "Attributes": "{Policy: ''}"}),),
        replace=frozenset({"queueUrl", "region"}),
        back={"policy": "Policy"},
    ),
]
