"""IAM documents of monitoring: who may tell whom, and who may read CloudWatch's metrics."""

from slipway.security._policies import Statement, document


def alert_topic(topic_arn: str) -> str:
    """Policy of a topic of alerts: alarms of its account and metrics workspaces may tell, beside who has the right."""
    _, partition, _, region, account, _ = topic_arn.split(":", 5)
    alarms = f"arn:{partition}:cloudwatch:{region}:{account}:alarm:*"
    workspaces = f"arn:{partition}:aps:{region}:{account}:workspace/*"
    return document(
        _tells("TellOfAlarms", "cloudwatch.amazonaws.com", ["sns:Publish"], topic_arn, alarms),
        _tells("TellOfAlerts", "aps.amazonaws.com", ["sns:GetTopicAttributes", "sns:Publish"], topic_arn, workspaces),
        {
            "Sid": "DenyPlaintext",
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["sns:Publish"],
            "Resource": [topic_arn],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    )


def metrics_reader() -> str:
    """Reads metrics of CloudWatch and finds what carries a tag. AWS knows no resource for either."""
    actions = ["cloudwatch:GetMetricData", "cloudwatch:ListMetrics", "tag:GetResources"]
    return document({"Effect": "Allow", "Action": actions, "Resource": ["*"]})


def monitoring_key(account_id: str) -> list[Statement]:
    """What the key of logs allows beside use through services: telling topics under it, by alarms and workspaces."""
    services = ["aps.amazonaws.com", "cloudwatch.amazonaws.com"]
    return [
        {
            "Sid": "TellOfAlarms",
            "Effect": "Allow",
            "Principal": {"Service": services},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": ["*"],
            "Condition": {"StringEquals": {"aws:SourceAccount": account_id}},
        }
    ]


def _tells(sid: str, service: str, actions: list[str], topic_arn: str, sources: str) -> Statement:
    condition = {"ArnLike": {"aws:SourceArn": sources}, "StringEquals": {"aws:SourceAccount": topic_arn.split(":")[4]}}
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": actions,
        "Resource": [topic_arn],
        "Condition": condition,
    }
