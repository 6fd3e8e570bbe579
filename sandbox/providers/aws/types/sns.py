"""Topics and who is told what they say."""

import json
from typing import Any

from sandbox.providers.aws.table import Call, Code, Context, Tags, Type

_ARN = {"ResourceArn": "TopicArn || arn"}
_POLICY = {"TopicArn": "arn", "AttributeName": "'Policy'"}
_SET_POLICY = Call("SetTopicAttributes", {**_POLICY, "AttributeValue": "policy"})
_DEFAULT_POLICY = "__default_policy_ID"

_TOPIC = {
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deliveryPolicy": "DeliveryPolicy",
    "displayName": "DisplayName",
    "fifoTopic": "FifoTopic",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "policy": "Policy",
    "signatureVersion": "SignatureVersion",
    "tracingConfig": "TracingConfig",
}
_SUBSCRIPTION = {
    "deliveryPolicy": "DeliveryPolicy",
    "filterPolicy": "FilterPolicy",
    "filterPolicyScope": "FilterPolicyScope",
    "rawMessageDelivery": "RawMessageDelivery",
    "redrivePolicy": "RedrivePolicy",
}
_SUBSCRIBED = frozenset({"topic", "protocol", "endpoint"})


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _given(names: dict[str, str], seen: Context) -> dict[str, str]:
    return {there: _text(seen[name]) for name, there in names.items() if seen.get(name) not in (None, "")}


def _changed(names: dict[str, str], seen: Context) -> dict[str, str]:
    """What differs from before; nothing, where something is not said any more."""
    before, now = _given(names, seen["old"]), _given(names, seen)
    return {name: now.get(name, "") for name in before.keys() | now.keys() if before.get(name) != now.get(name)}


def _create(sns: Any, seen: Context) -> dict[str, Any]:
    return {
        "TopicArn": sns.create_topic(Name=seen["name"], Attributes=_given(_TOPIC, seen), Tags=seen["tagList"])[
            "TopicArn"
        ]
    }


def _update(sns: Any, seen: Context) -> None:
    for name, value in sorted(_changed(_TOPIC, seen).items()):
        sns.set_topic_attributes(TopicArn=seen["id"], AttributeName=name, AttributeValue=value)


def _find(sns: Any, seen: Context) -> dict[str, Any] | None:
    for page in sns.get_paginator("list_topics").paginate():
        for topic in page["Topics"]:
            if topic["TopicArn"].rpartition(":")[2] == seen["name"]:
                found: dict[str, Any] = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
                return {**found, "Tags": sns.list_tags_for_resource(ResourceArn=topic["TopicArn"])["Tags"]}
    return None


def _reset_policy(sns: Any, seen: Context) -> None:
    """A topic always has a policy: the one that it was born with lets its owner in."""
    account = seen["here"]["account"]
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["SNS:Publish", "SNS:Subscribe", "SNS:GetTopicAttributes", "SNS:SetTopicAttributes"],
        "Resource": seen["arn"],
        "Condition": {"StringEquals": {"AWS:SourceOwner": account}},
    }
    policy = json.dumps({"Version": "2008-10-17", "Id": _DEFAULT_POLICY, "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=seen["arn"], AttributeName="Policy", AttributeValue=policy)


def _subscribe(sns: Any, seen: Context) -> dict[str, Any]:
    made = sns.subscribe(
        TopicArn=seen["topic"],
        Protocol=seen["protocol"],
        Endpoint=seen["endpoint"],
        Attributes=_given(_SUBSCRIPTION, seen),
        ReturnSubscriptionArn=True,
    )
    return {"SubscriptionArn": made["SubscriptionArn"]}


def _resubscribe(sns: Any, seen: Context) -> None:
    for name, value in sorted(_changed(_SUBSCRIPTION, seen).items()):
        sns.set_subscription_attributes(SubscriptionArn=seen["id"], AttributeName=name, AttributeValue=value)


def _find_subscription(sns: Any, seen: Context) -> dict[str, Any] | None:
    for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=seen["topic"]):
        for one in page["Subscriptions"]:
            if (one["Protocol"], one["Endpoint"]) == (seen["protocol"], seen["endpoint"]):
                found: dict[str, Any] = sns.get_subscription_attributes(SubscriptionArn=one["SubscriptionArn"])[
                    "Attributes"
                ]
                return found
    return None


TYPES = [
    Type(
        "aws:sns/topic:Topic",
        client="sns",
        create=Code(_create, frozenset({"name", *_TOPIC})),
        id="TopicArn",
        read=(Call("GetTopicAttributes", {"TopicArn": "id"}, at="Attributes"),),
        find=Code(_find),
        update=(Code(_update, frozenset(_TOPIC) - {"fifoTopic"}),),
        delete=(Call("DeleteTopic", {"TopicArn": "id"}),),
        name="name",
        replace=frozenset({"name", "fifoTopic", "region"}),
        back={"name": "given.name", **_TOPIC},
        outputs={"arn": "TopicArn", "owner": "Owner"},
        tags=Tags(Call("TagResource", _ARN), Call("UntagResource", _ARN), Call("ListTagsForResource", _ARN, at="Tags")),
    ),
    Type(
        "aws:sns/topicPolicy:TopicPolicy",
        client="sns",
        create=_SET_POLICY,
        update=(_SET_POLICY,),
        id="arn",
        id_parts="{arn}",
        read=(Call("GetTopicAttributes", {"TopicArn": "arn"}, at="Attributes"),),
        gone=f"contains(Policy, '{_DEFAULT_POLICY}')",
        delete=(Code(_reset_policy),),
        replace=frozenset({"arn", "region"}),
        back={"policy": "Policy", "arn": "TopicArn"},
        outputs={"owner": "Owner"},
    ),
    Type(
        "aws:sns/topicSubscription:TopicSubscription",
        client="sns",
        create=Code(_subscribe, _SUBSCRIBED | {*_SUBSCRIPTION}),
        id="SubscriptionArn",
        read=(Call("GetSubscriptionAttributes", {"SubscriptionArn": "id"}, at="Attributes"),),
        find=Code(_find_subscription),
        update=(Code(_resubscribe, frozenset(_SUBSCRIPTION)),),
        delete=(Call("Unsubscribe", {"SubscriptionArn": "id"}),),
        replace=_SUBSCRIBED | {"region"},
        local=frozenset({"endpointAutoConfirms", "confirmationTimeoutInMinutes"}),
        back={"topic": "TopicArn", "protocol": "Protocol", "endpoint": "Endpoint", **_SUBSCRIPTION},
        outputs={
            "arn": "SubscriptionArn",
            "ownerId": "Owner",
            "pendingConfirmation": "PendingConfirmation=='true'",
            "confirmationWasAuthenticated": "ConfirmationWasAuthenticated=='true'",
        },
    ),
]
