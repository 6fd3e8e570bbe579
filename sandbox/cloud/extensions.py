"""Which services are extended: one module each, loaded before the first call."""

from importlib import import_module

SERVICES = (
    *("acm", "cognitoidp", "dynamodb", "ec2", "ecr", "eks", "elbv2", "iam", "kms", "logs", "rds", "route53"),
    *("s3", "s3_objects", "wafv2"),
    *("batch", "stepfunctions"),
    *("alarms", "events", "event_buses", "api_destinations", "scheduler", "sns", "sqs", "sagemaker", "mwaa"),
    "permissions",
)


def load() -> None:
    """Put every extension in place."""
    for service in SERVICES:
        import_module(f"sandbox.cloud.{service}")
