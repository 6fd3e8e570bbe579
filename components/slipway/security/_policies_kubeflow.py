"""IAM documents of the runs of Kubeflow: who starts them, and answers the state machines that wait for them."""

from slipway.security._policies import document, through


def answers(queue_arn: str, machine_prefix: str, key_arn: str) -> str:
    """Answering the state machines whose names begin with ``machine_prefix``, which are encrypted under ``key_arn``."""
    _, partition, _, region, account, _ = queue_arn.split(":", 5)
    machines = f"arn:{partition}:states:{region}:{account}:stateMachine:{machine_prefix}*"
    return document(
        {"Effect": "Allow", "Action": ["states:SendTaskHeartbeat", "states:SendTaskSuccess"], "Resource": [machines]},
        {
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": [key_arn],
            "Condition": through(["states"], [key_arn]),
        },
    )


def runs_queue(queue_arn: str) -> str:
    """Policy of the queue: nothing without TLS. Who may send and receive is said by their own rights."""
    return document(
        {
            "Sid": "DenyPlaintext",
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["sqs:ReceiveMessage", "sqs:SendMessage"],
            "Resource": [queue_arn],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )
