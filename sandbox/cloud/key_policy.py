"""Whether a KMS key's policy lets a service use it, as far as that can be told from the policy alone."""

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from moto.kms.models import kms_backends

_NEEDED = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey")
_LIKE = ("ArnLike", "ArnEquals", "StringEquals", "StringLike")


def may_use(backend: Any, key_arn: str, service: str, context: Mapping[str, str]) -> bool:
    """Whether ``service`` may encrypt and decrypt with the key for ``context`` (condition keys and their values).

    ``backend`` is the asking service's. A key of another account or region is taken to be in order, and so is one with
    AWS's default policy, which leaves it to IAM, that the sandbox does not judge.
    """
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
        if statement["Effect"] == "Allow" and _applies(statement, service, context)
    ]
    patterns = [pattern for statement in statements for pattern in _list(statement.get("Action", []))]
    return all(any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns) for action in _NEEDED)


def _applies(statement: dict[str, Any], service: str, context: Mapping[str, str]) -> bool:
    principal = statement.get("Principal", {})
    if principal != "*" and service not in _list(principal.get("Service", [])):
        return False
    return all(
        any(fnmatchcase(context[name], pattern) for pattern in _list(patterns))
        for operator, conditions in statement.get("Condition", {}).items()
        for name, patterns in conditions.items()
        if operator in _LIKE and name in context
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
