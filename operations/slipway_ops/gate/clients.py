"""The gate's one client of S3; its endpoint comes from the environment."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@cache  # a client may be shared by threads, and making one takes longer than a decision
def s3_client() -> "S3Client":
    """The client."""
    retries = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=10, read_timeout=60)
    return boto3.client("s3", config=retries)
