"""Which services are extended: one module each, loaded before the first call."""

from importlib import import_module

SERVICES = ("dynamodb", "ec2", "ecr", "eks", "iam", "kms", "logs", "rds", "s3", "s3_objects")


def load() -> None:
    """Put every extension in place."""
    for service in SERVICES:
        import_module(f"sandbox.cloud.{service}")
