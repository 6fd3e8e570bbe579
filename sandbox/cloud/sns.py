"""SNS: queues take what their policy lets in; what leaves the account is kept, and goes to this machine only."""

import json
from typing import Any

from moto.sns.models import Subscription
from moto.sqs.models import Queue, sqs_backends

from sandbox.cloud import delivery, outgoing
from sandbox.cloud.extension import replaces
from sandbox.cloud.policies import decide

_PRINCIPAL = "sns.amazonaws.com"
_HEADERS = {"Content-Type": "text/plain; charset=UTF-8"}


@replaces(Subscription, "publish")
def _publish(
    original: Any, self: Any, message: str, message_id: str, subject: str | None = None, *args: Any, **kwargs: Any
) -> None:
    """moto posts to any address, does nothing for mail, and lets a publication fail for one queue that is gone."""
    attributes = args[0] if args else kwargs.get("message_attributes")
    if self._filter_policy_matcher is not None and not self._filter_policy_matcher.matches(attributes, message):
        return
    if self.protocol == "sqs":
        if _takes(self.endpoint, self.topic.arn) is not None:
            original(self, message, message_id, subject, *args, **kwargs)
        else:
            _bury(self, message, message_id, subject)
        return
    if self.protocol in ("lambda", "firehose"):
        original(self, message, message_id, subject, *args, **kwargs)
        return
    note = outgoing.keep(self.topic.arn, self.protocol, self.endpoint, message, subject=subject)
    if self.protocol in ("http", "https"):
        body = json.dumps(self.get_post_data(message, message_id, subject))
        delivery.later(lambda: outgoing.post(note, "POST", self.endpoint, _HEADERS, body))


def _takes(arn: str, topic: str) -> Queue | None:
    """The queue if it exists and its policy lets SNS send for the topic."""
    _, _, _, region, account, name = arn.split(":")
    queue: Queue | None = sqs_backends[account][region].queues.get(name)
    if queue is None or not queue.policy:
        return None
    context = {"aws:SourceArn": topic, "aws:SourceAccount": topic.split(":")[4], "aws:SecureTransport": "true"}
    return queue if decide([queue.policy], "sqs:SendMessage", arn, context, ("Service", _PRINCIPAL)) else None


def _bury(subscription: Any, message: str, message_id: str, subject: str | None) -> None:
    """To the subscription's dead-letter queue, where it has one that lets SNS in."""
    print(f"delivery: {subscription.topic.arn} to {subscription.endpoint}: no such queue, or not let in", flush=True)
    redrive = subscription.attributes.get("RedrivePolicy")
    if not redrive:
        return
    arn = (json.loads(redrive) if isinstance(redrive, str) else redrive)["deadLetterTargetArn"]
    if _takes(arn, subscription.topic.arn) is not None:
        _, _, _, region, account, name = arn.split(":")
        body = json.dumps(subscription.get_post_data(message, message_id, subject))
        sqs_backends[account][region].send_message(name, body)
