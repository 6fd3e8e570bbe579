"""boto3 clients that see the sandbox's cloud and nothing of the user's: no profile, no configuration, no proxy."""

import os
from collections.abc import Mapping
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from sandbox.loopback import require

_ABSENT = (None, None, None, None)
_EMPTY = (None, None, os.devnull, None)
_CONFIG = Config(proxies={}, retries={"max_attempts": 0}, inject_host_prefix=False)


def session(environment: Mapping[str, str]) -> boto3.Session:
    """A session with the region and credentials of ``Cloud.environment``; thread-safe to make, not to share."""
    core = botocore.session.Session({"profile": _ABSENT, "config_file": _EMPTY, "credentials_file": _EMPTY})
    return boto3.Session(
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environment.get("AWS_SESSION_TOKEN"),
        region_name=environment["AWS_REGION"],
        botocore_session=core,
    )


def client(service: str, environment: Mapping[str, str], source: boto3.Session | None = None) -> Any:
    """A client of ``service`` for ``Cloud.environment``; ``source`` saves making a session again."""
    make: Any = (source or session(environment)).client  # the stubs want the name of a service, not a variable
    url = require(environment["AWS_ENDPOINT_URL"])
    return make(service, endpoint_url=url, config=_CONFIG)
