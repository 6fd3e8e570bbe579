"""What policies allow and deny, by a table of statements."""

import json
from typing import Any

import pytest

from sandbox.cloud.policies import decide

QUEUE = "arn:aws:sqs:eu-west-1:123456789012:failed"
ROOT = "arn:aws:iam::123456789012:root"


def allow(**more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": QUEUE, **more}


DENY = allow(Effect="Deny")


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([allow()], True),
        ([allow(Action=["sqs:Get*", "SQS:sendmessage"])], True),
        ([allow(Action="sqs:SendMessag?")], True),
        ([allow(Action="sqs:ReceiveMessage")], None),
        ([allow(Resource="*")], True),
        ([allow(Resource=["arn:aws:sqs:*:*:fail*"])], True),
        ([allow(Resource=f"{QUEUE}-other")], None),
        ([allow(), DENY], False),
        ([DENY, allow()], False),
        ([allow(NotAction="sqs:DeleteQueue", Action=[])], True),
        ([allow(NotResource=QUEUE)], None),
        ([], None),
    ],
)
def test_actions_and_resources(statements: list[dict[str, Any]], expected: bool | None) -> None:
    for statement in statements:
        for without in ("Action", "Resource"):
            if f"Not{without}" in statement:
                del statement[without]
    assert decide([json.dumps({"Statement": statements})], "sqs:SendMessage", QUEUE) is expected


@pytest.mark.parametrize(
    ("condition", "allowed", "denied"),
    [
        ({"ArnEquals": {"aws:SourceArn": "arn:aws:events:*:*:rule/drift"}}, True, True),
        ({"ArnLike": {"AWS:SourceArn": ["x", "arn:aws:events:eu-west-1:123456789012:rule/*"]}}, True, True),
        ({"StringEquals": {"aws:SourceAccount": "210987654321"}}, False, False),
        ({"StringNotEquals": {"aws:SourceAccount": "210987654321"}}, True, True),
        ({"StringNotLike": {"aws:SourceAccount": "1234*"}}, False, False),
        ({"Bool": {"aws:SecureTransport": "false"}}, False, False),
        ({"Null": {"s3:prefix": "true"}}, True, True),
        ({"StringLike": {"s3:prefix": "a/*"}}, False, False),
        ({"StringLikeIfExists": {"s3:prefix": "a/*"}}, True, True),
        ({"ForAnyValue:StringEquals": {"aws:SourceAccount": ["123456789012"]}}, True, True),
        ({"StringEquals": {"aws:PrincipalTag/team": "a"}}, True, False),
        ({"DateLessThan": {"aws:SourceArn": "2030-01-01"}}, True, False),
        ({"StringEquals": {"aws:SourceAccount": "123456789012", "aws:SourceArn": "x"}}, False, False),
    ],
)
def test_conditions(condition: dict[str, Any], allowed: bool, denied: bool) -> None:
    """What is not known counts as met where it allows, and as not met where it denies."""
    context = {
        "aws:SourceArn": "arn:aws:events:eu-west-1:123456789012:rule/drift",
        "aws:SourceAccount": "123456789012",
        "aws:SecureTransport": "true",
        "s3:prefix": None,
    }
    with_condition = [{"Statement": allow(Condition=condition)}]
    assert decide(with_condition, "sqs:SendMessage", QUEUE, context) is (True if allowed else None)
    against = [{"Statement": [allow(), allow(Effect="Deny", Condition=condition)]}]
    assert decide(against, "sqs:SendMessage", QUEUE, context) is (not denied)


@pytest.mark.parametrize(
    ("named", "kind", "name", "expected"),
    [
        ({"Service": "events.amazonaws.com"}, "Service", "events.amazonaws.com", True),
        ({"Service": ["sns.amazonaws.com"]}, "Service", "events.amazonaws.com", None),
        ("*", "Service", "events.amazonaws.com", True),
        ({"AWS": "*"}, "Service", "events.amazonaws.com", None),
        ({"AWS": ROOT}, "AWS", "arn:aws:iam::123456789012:role/a", True),
        ({"AWS": ROOT}, "AWS", "arn:aws:iam::210987654321:role/a", None),
    ],
)
def test_principals(named: Any, kind: str, name: str, expected: bool | None) -> None:
    document = {"Statement": allow(Principal=named)}
    assert decide([document], "sqs:SendMessage", QUEUE, {}, (kind, name)) is expected
