"""Whether a KMS key's policy lets it be used, as far as that can be told from the policy alone."""

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from moto.kms.models import kms_backends

_NEEDED = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey")
_GRANTED = (*_NEEDED, "kms:CreateGrant", "kms:DescribeKey")
_LIKE = ("ArnLike", "ArnEquals", "StringEquals", "StringLike")


def may_use(
    backend: Any, key_arn: str, service: str, context: Mapping[str, str], needed: tuple[str, ...] = _NEEDED
) -> bool:
    """Whether ``service`` itself may encrypt and decrypt with the key for ``context`` (condition keys and values).

    ``backend`` is the asking service's. A key of another account or region is taken to be in order, and so is one with
    AWS's default policy, which leaves it to IAM, that the sandbox does not judge.
    """
    return _allowed(backend, key_arn, "Service", service, context, needed)


def may_use_through(backend: Any, key_arn: str, service: str, *, grants: bool = True) -> bool:
    """Whether the account's principals may use the key through ``service``, such as ``dynamodb``.

    With ``grants`` they must also be able to let it go on without them: a table and a database do.
    """
    context = {
        "kms:ViaService": f"{service}.{backend.region_name}.amazonaws.com",
        "kms:CallerAccount": backend.account_id,
    }
    root = f"arn:aws:iam::{backend.account_id}:root"
    return _allowed(backend, key_arn, "AWS", root, context, _GRANTED if grants else _NEEDED)


def _allowed(
    backend: Any, key_arn: str, kind: str, principal: str, context: Mapping[str, str], needed: tuple[str, ...]
) -> bool:
    _, _, _, region, account, _ = key_arn.split(":", 5)
    if (account, region) != (backend.account_id, backend.region_name):
        return True
    key = kms_backends[account][region].keys.get(key_arn.rpartition("/")[2])
    if key is None or key.key_state != "Enabled":
        return False
    if key.policy == key.generate_default_policy():
        return True
    statements = [
        statement
        for statement in _list(json.loads(key.policy)["Statement"])
        if statement["Effect"] == "Allow" and _applies(statement, kind, principal, context)
    ]
    patterns = [pattern for statement in statements for pattern in _list(statement.get("Action", []))]
    return all(any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns) for action in needed)


def _applies(statement: dict[str, Any], kind: str, principal: str, context: Mapping[str, str]) -> bool:
    principals = statement.get("Principal", {})
    if principals != "*" and principal not in _list(principals.get(kind, [])):
        return False
    return all(
        any(fnmatchcase(context[name], pattern) for pattern in _list(patterns))
        for operator, conditions in statement.get("Condition", {}).items()
        for name, patterns in conditions.items()
        if operator in _LIKE and name in context
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
