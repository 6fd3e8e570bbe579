"""Temporary credentials of a role, for what runs under it: a job, a state machine."""

import re

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from sandbox.cloud.policies import decide

HOUR = 3600


class NotAssumableError(Exception):
    """The role does not exist, or does not let the service assume it."""


def check(role_arn: str, service: str) -> None:
    """Raise ``NotAssumableError`` where ``service``, such as ``states.amazonaws.com``, may not assume the role."""
    _, partition, _, _, account, name = role_arn.split(":", 5)
    backend = iam_backends[account][partition]
    role = next((role for role in backend.roles.values() if role.arn == role_arn), None)
    if role is None:
        raise NotAssumableError(f"there is no role {name.rpartition('/')[2]}")
    if not decide([role.assume_role_policy_document], "sts:AssumeRole", role_arn, principal=("Service", service)):
        raise NotAssumableError(f"{service} is not authorized to assume the role {role_arn}")


def assume(role_arn: str, session: str, region: str) -> dict[str, str]:
    """Credentials of the role as environment variables have them; whoever holds the turn may call this."""
    _, partition, _, _, account, _ = role_arn.split(":", 5)
    name = re.sub(r"[^\w+=,.@-]", "-", session)[:64]
    assumed = sts_backends[account][partition].assume_role(
        region_name=region, role_session_name=name, role_arn=role_arn, policy="", duration=HOUR, external_id=""
    )
    return {
        "AWS_ACCESS_KEY_ID": assumed.access_key_id,
        "AWS_SECRET_ACCESS_KEY": assumed.secret_access_key,
        "AWS_SESSION_TOKEN": assumed.session_token,
    }
