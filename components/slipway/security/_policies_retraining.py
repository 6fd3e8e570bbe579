"""IAM documents of retraining: the machines that jobs run on, who may leave undelivered events, who may notify."""

from typing import Any

from slipway.security._policies import Statement, document


def batch_instance(cluster_prefix: str, log_group_arn: str) -> str:
    """What an instance of AWS Batch needs for itself: to be one of its clusters, and to write the jobs' logs.

    ``cluster_prefix`` begins the names of the compute environments, after which Batch names its ECS clusters. Jobs have
    roles of their own and cannot reach this one; images are pulled with the execution role.
    """
    _, partition, _, region, account, _ = log_group_arn.split(":", 5)
    ecs = f"arn:{partition}:ecs:{region}:{account}"
    clusters, instances = (f"{ecs}:{kind}/AWSBatch-{cluster_prefix}*" for kind in ("cluster", "container-instance"))
    return document(
        {
            "Effect": "Allow",
            "Action": [
                "ecs:DeregisterContainerInstance",
                "ecs:RegisterContainerInstance",
                "ecs:SubmitAttachmentStateChanges",
                "ecs:SubmitContainerStateChange",
                "ecs:SubmitTaskStateChange",
            ],
            "Resource": [clusters],
        },
        {
            "Effect": "Allow",
            "Action": ["ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState"],
            "Resource": [instances],
        },
        {"Effect": "Allow", "Action": ["ecs:DiscoverPollEndpoint"], "Resource": ["*"]},
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": [log_group_arn, f"{log_group_arn}:*"],
        },
    )


def dead_letter_queue(queue_arn: str) -> str:
    """Policy of the queue of undelivered events: from EventBridge, about rules and buses of the queue's account."""
    rules = [_events(queue_arn, "rule/*"), _events(queue_arn, "event-bus/*")]
    return document(_from_events("LeaveUndelivered", ["sqs:SendMessage"], queue_arn, rules), *_tls(queue_arn, "sqs"))


def notification_topic(topic_arn: str) -> str:
    """Policy of the topic that people subscribe to: rules of its account may publish, beside who has the right."""
    rules = [_events(topic_arn, "rule/*")]
    return document(_from_events("Notify", ["sns:Publish"], topic_arn, rules), *_tls(topic_arn, "sns"))


def retraining_key(account_arn: str, account_id: str, logs_arn: str) -> list[Statement]:
    """What the key of retraining's stores allows beside use through services.

    EventBridge keeps events under it, and delivers to queues and topics under it, by itself; Step Functions and
    CloudWatch Logs call KMS in a role's name or their own, for the machine or the logs that the context names.
    """
    machines = f"{logs_arn.replace(':logs:', ':states:')[:-1]}stateMachine:*"
    both = ["kms:Decrypt", "kms:GenerateDataKey"]
    owner, caller = {"AWS": [account_arn]}, {"kms:CallerAccount": account_id}
    logs = {"kms:EncryptionContext:SourceArn": logs_arn}
    machine = {"StringLike": {"kms:EncryptionContext:aws:states:stateMachineArn": machines}}
    account = {"StringEquals": {"aws:SourceAccount": account_id}}
    return [
        _key("KeepAndDeliverEvents", {"Service": "events.amazonaws.com"}, [*both, "kms:DescribeKey"], account),
        _key("RunMachines", owner, both, {"StringEquals": caller} | machine),
        _key("HandOverLogs", owner, ["kms:GenerateDataKey"], {"StringEquals": caller | logs}),
        _key("DeliverLogs", {"Service": "delivery.logs.amazonaws.com"}, ["kms:Decrypt"], {"StringEquals": logs}),
    ]


def _key(sid: str, principal: dict[str, Any], actions: list[str], condition: dict[str, Any]) -> Statement:
    allowed = {"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": actions, "Resource": ["*"]}
    return allowed | {"Condition": condition}


def _from_events(sid: str, actions: list[str], arn: str, sources: list[str]) -> Statement:
    condition = {"ArnLike": {"aws:SourceArn": sources}, "StringEquals": {"aws:SourceAccount": arn.split(":")[4]}}
    principal = {"Service": "events.amazonaws.com"}
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": principal,
        "Action": actions,
        "Resource": [arn],
        "Condition": condition,
    }


def _tls(arn: str, service: str) -> list[Statement]:
    action = {"sqs": "sqs:SendMessage", "sns": "sns:Publish"}[service]
    return [
        {
            "Sid": "DenyPlaintext",
            "Effect": "Deny",
            "Principal": "*",
            "Action": [action],
            "Resource": [arn],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]


def _events(arn: str, resource: str) -> str:
    _, partition, _, region, account, _ = arn.split(":", 5)
    return f"arn:{partition}:events:{region}:{account}:{resource}"
