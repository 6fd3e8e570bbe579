"""Where events go: the environment's bus, the queue of what could not be delivered, the topic that people subscribe to.

All of them under one key. The queue keeps what is left there for two weeks, the longest that SQS does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from slipway import _tags
from slipway.security import DataClass
from slipway.security import _policies_retraining as policies

_KEEP_SECONDS = 14 * 86_400


@dataclass(frozen=True)
class Messages:
    """What was declared."""

    bus: aws.cloudwatch.EventBus
    dead_letters: aws.sqs.Queue
    topic: aws.sns.Topic


def messages(
    name: str, prefix: str, args: Mapping[str, Any], emails: Sequence[str], child: pulumi.ResourceOptions
) -> Messages:
    """Declare them; ``prefix`` begins their names in AWS."""
    key_arn, tags = args["key_arn"], _tags.classified(args.get("tags"), DataClass.MODELS)
    dead_letters = aws.sqs.Queue(
        f"{name}-dead-letters",
        name=f"{prefix}-dead-letters",
        kms_master_key_id=key_arn,
        kms_data_key_reuse_period_seconds=300,
        message_retention_seconds=_KEEP_SECONDS,
        tags=tags,
        opts=child,
    )
    allowed = aws.sqs.QueuePolicy(
        f"{name}-dead-letters",
        queue_url=dead_letters.url,
        policy=dead_letters.arn.apply(policies.dead_letter_queue),
        opts=child,
    )
    topic = aws.sns.Topic(f"{name}-topic", name=prefix, kms_master_key_id=key_arn, tags=tags, opts=child)
    aws.sns.TopicPolicy(f"{name}-topic", arn=topic.arn, policy=topic.arn.apply(policies.notification_topic), opts=child)
    for email in emails:
        aws.sns.TopicSubscription(f"{name}-{email}", topic=topic.arn, protocol="email", endpoint=email, opts=child)
    bus = aws.cloudwatch.EventBus(
        f"{name}-bus",
        name=prefix,
        kms_key_identifier=key_arn,
        dead_letter_config={"arn": dead_letters.arn},
        tags=tags,
        opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[allowed])),
    )
    return Messages(bus, dead_letters, topic)
