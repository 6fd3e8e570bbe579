"""Calls that the cloud's services make by themselves: through the same server, so that everybody sees one truth.

They need no credentials and are not in the journal, which is what others asked for. A call takes a turn of the
server's, so it is made from a thread that is not answering one. A service that acts with a role first asks ``check``.
"""

import os
import secrets
import threading
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config

from sandbox.cloud.extension import fail
from sandbox.cloud.policies import decide

HEADER = "X-Sandbox-Itself"
"""Header of such calls; its value is known to this process only."""

_SECRET = secrets.token_hex(16)
_CONFIG = Config(
    proxies={},
    retries={"max_attempts": 0},
    s3={"addressing_style": "path"},
    inject_host_prefix=False,
    connect_timeout=5,
    read_timeout=120,
)

_lock = threading.Lock()  # a session is not made for threads
_clients: dict[tuple[str, str, str], Any] = {}


def is_own(environ: dict[str, Any]) -> bool:
    """Whether the request in ``environ``, as WSGI has it, is one of the cloud's own."""
    return environ.get(f"HTTP_{HEADER.upper().replace('-', '_')}") == _SECRET


def is_ours(headers: Mapping[str, str]) -> bool:
    """Whether a call with these headers is one of the cloud's own."""
    return headers.get(HEADER) == _SECRET


def client(service: str, region: str, account: str) -> Any:
    """A client of ``service`` in the name of the account's own services; may be shared by threads."""
    key = (service, region, account)
    with _lock:
        if key not in _clients:
            make: Any = boto3.Session().client  # the stubs want the name of a service, not a variable
            made = make(
                service,
                region_name=region,
                endpoint_url=f"http://127.0.0.1:{os.environ['MOTO_PORT']}",
                config=_CONFIG,
                aws_access_key_id="sandbox",
                aws_secret_access_key="sandbox",  # noqa: S106 -- no secret: whatever is good for the sandbox
            )

            def mark(request: Any, **_: Any) -> None:
                request.headers[HEADER] = _SECRET
                request.headers["x-moto-account-id"] = account

            made.meta.events.register("before-send.*.*", mark)
            _clients[key] = made
        return _clients[key]


def check(role_arn: str, region: str, principal: str, action: str, resource: str | None) -> None:
    """Raise ``Fault`` unless ``principal`` may take the role and the role may do ``action`` with ``resource``.

    ``resource`` None: with any one.

    Conditions of the trust policy are taken to be met; permissions boundaries are not looked at.
    """
    account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    iam = client("iam", region, account)
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    if not decide([trust], "sts:AssumeRole", role_arn, principal=("Service", principal)):
        fail("AccessDeniedException", f"{role_arn} cannot be assumed by principal '{principal}'.")
    if not decide(_policies_of(iam, name), action, resource):
        fail(
            "AccessDeniedException", f"{role_arn} is not authorized to perform: {action} on resource: {resource or '*'}"
        )


def _policies_of(iam: Any, role: str) -> list[dict[str, Any]]:
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    found = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
        held = iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)
        found.append(held["PolicyVersion"]["Document"])
    return found
