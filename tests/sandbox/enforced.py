"""A cloud that holds roles to their policies: for tests of what a deployed identity may do and what it may not.

    with enforced(cloud):
        role = acting_as(environment, role_arn)                     # for a program: variables
        clients.client("s3", role).get_object(Bucket=..., Key=...)  # for boto3

Whoever has no role stays the account's administrator. What is evaluated and what is not: ``sandbox.cloud.permissions``.
"""

import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from sandbox.cloud import clients
from sandbox.cloud.process import Cloud
from sandbox.loopback import require


@contextmanager
def enforced(cloud: Cloud) -> Generator[None]:
    """What roles may do is enforced inside the block, for everybody who talks to ``cloud``."""
    _enforce_after(cloud, "0")
    try:
        yield
    finally:
        _enforce_after(cloud, "inf")


def acting_as(environment: Mapping[str, str], role_arn: str) -> dict[str, str]:
    """``environment`` with temporary credentials of the role, whoever may assume it."""
    sts = clients.client("sts", environment)
    taken = sts.assume_role(RoleArn=role_arn, RoleSessionName="test")["Credentials"]
    return {
        **environment,
        "AWS_ACCESS_KEY_ID": taken["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": taken["SecretAccessKey"],
        "AWS_SESSION_TOKEN": taken["SessionToken"],
    }


def _enforce_after(cloud: Cloud, calls: str) -> None:
    request = urllib.request.Request(
        require(f"{cloud.url}/moto-api/reset-auth"),
        data=calls.encode(),
        headers={"Content-Type": "text/plain"},
        method="POST",
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as answer:
        answer.read()
