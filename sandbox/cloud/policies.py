"""What IAM policies say about a call: identity policies, resource policies and trust policies alike.

A condition on something that the sandbox does not know of a call counts as met where it allows and as not met where it
denies: so a policy is never stricter here than in AWS, and may be more lenient.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

Document = str | Mapping[str, Any]

_TEXTS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda value, wanted: value == wanted,
    "StringEqualsIgnoreCase": lambda value, wanted: value.lower() == wanted.lower(),
    "StringLike": lambda value, wanted: _like(value, wanted),
    "ArnEquals": lambda value, wanted: _like(value, wanted),
    "ArnLike": lambda value, wanted: _like(value, wanted),
    "Bool": lambda value, wanted: value.lower() == wanted.lower(),
}


def decide(
    documents: Iterable[Document],
    action: str,
    resource: str | None,
    context: Mapping[str, str | None] | None = None,
    principal: tuple[str, str] | None = None,
) -> bool | None:
    """True if the policies allow the action, False if one denies it, None if none says anything.

    ``resource`` None stands for any one. ``context`` has the values of condition keys, None for a key that the call
    does not have. ``principal`` (kind and name, such as ``("Service", "events.amazonaws.com")``) is for policies of
    resources, which name one.
    """
    values = {name.lower(): value for name, value in (context or {}).items()}
    allowed = None
    for document in documents:
        for statement in _statements(document):
            if not _concerns(statement, action, resource, principal):
                continue
            denies = statement["Effect"] == "Deny"
            if not _met(statement.get("Condition", {}), values, unknown=not denies):
                continue
            if denies:
                return False
            allowed = True
    return allowed


def _statements(document: Document) -> list[Mapping[str, Any]]:
    loaded = json.loads(document) if isinstance(document, str) else document
    found: list[Mapping[str, Any]] = _list(loaded.get("Statement", []))
    return found


def _concerns(
    statement: Mapping[str, Any], action: str, resource: str | None, principal: tuple[str, str] | None
) -> bool:
    if principal is not None and not _names(statement.get("Principal", {}), *principal):
        return False
    if "NotAction" in statement:
        if any(_like(action.lower(), str(pattern).lower()) for pattern in _list(statement["NotAction"])):
            return False
    elif not any(_like(action.lower(), str(pattern).lower()) for pattern in _list(statement.get("Action", []))):
        return False
    if resource is None:
        return True
    if "NotResource" in statement:
        return not any(_like(resource, pattern) for pattern in _list(statement["NotResource"]))
    return "Resource" not in statement or any(_like(resource, pattern) for pattern in _list(statement["Resource"]))


def _names(named: Any, kind: str, name: str) -> bool:
    if named == "*":
        return True
    values = _list(named.get(kind, [])) if isinstance(named, Mapping) else []
    account = f"arn:aws:iam::{name.split(':')[4]}:root" if name.startswith("arn:") else name
    return bool({"*", name, account} & {*values})


def _met(conditions: Mapping[str, Any], values: Mapping[str, str | None], *, unknown: bool) -> bool:
    return all(
        _one_met(operator, key, _list(wanted), values, unknown=unknown)
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _one_met(operator: str, key: str, wanted: list[Any], values: Mapping[str, str | None], *, unknown: bool) -> bool:
    if key.lower() not in values:
        return unknown
    value, texts = values[key.lower()], [str(item) for item in wanted]
    if operator == "Null":
        return (value is None) == (texts[0].lower() == "true")
    operator = operator.rpartition(":")[2]  # ForAnyValue: and ForAllValues: are the same for one value
    if operator.endswith("IfExists"):
        operator = operator.removesuffix("IfExists")
        if value is None:
            return True
    negated = "Not" in operator
    compare = _TEXTS.get(operator.replace("Not", ""))
    if compare is None:
        return unknown
    return negated != (value is not None and any(compare(value, text) for text in texts))


@lru_cache(maxsize=4096)
def _pattern(pattern: str) -> "re.Pattern[str]":
    parts = ("".join({"*": ".*", "?": "."}.get(sign) or re.escape(sign)) for sign in pattern)
    return re.compile("".join(parts), re.DOTALL)


def _like(value: str, pattern: str) -> bool:
    return _pattern(pattern).fullmatch(value) is not None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
