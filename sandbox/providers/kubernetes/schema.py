"""Validates built-in objects against Kubernetes' own schemas, unknown fields included.

The schemas are those of the package kubernetes-validate. Its ``validate`` stops at one problem and reads 1.6 MB anew
for every object; here they are compiled once and all problems are listed.
"""

import difflib
from functools import cache
from typing import Any

import kubernetes_validate.utils as published
import referencing
from jsonschema import Draft202012Validator, ValidationError  # type: ignore[import-untyped] # no stubs are required

from sandbox.providers.values import UNKNOWN, has_unknown

VERSION = "1.36"
_DIRECTORY = f"kubernetes-json-schema/v{VERSION}.0-local-strict"
_STRUCTURE = ("additionalProperties", "required")


def exists(api_version: str, kind: str) -> bool:
    """Whether Kubernetes has this kind."""
    return _validator(api_version, kind) is not None


def examine(document: dict[str, Any], secret: bool = False) -> tuple[list[tuple[str, str]], bool]:
    """Path and text of everything that is wrong with an object of a built-in kind, and whether its shape is known.

    A value that is not known yet is taken for right; the shape is not known where a whole section is such a value. With
    ``secret`` no received value is repeated.
    """
    validator = _validator(document["apiVersion"], document["kind"])
    if validator is None:
        raise ValueError(f"no schema for {document['apiVersion']} {document['kind']} in Kubernetes {VERSION}")
    return listed(validator, document, secret)


def listed(validator: Any, document: dict[str, Any], secret: bool) -> tuple[list[tuple[str, str]], bool]:
    """What ``examine`` says, by a validator of any schema."""
    found: list[tuple[str, str]] = []
    shaped = True
    for error in validator.iter_errors(document):
        if error.validator in _STRUCTURE or not has_unknown(error.instance):
            found += _explained(error, secret)
        elif error.instance == UNKNOWN and {"object", "array"} & set(_types(error)):
            shaped = False
    return sorted(set(found)), shaped


@cache
def _validator(api_version: str, kind: str) -> Any:
    group, _, version = api_version.rpartition("/")
    name = f"{kind.lower()}-{group.split('.')[0]}-{version}" if group else f"{kind.lower()}-{version}"
    try:
        schema = published.schema_contents(f"{_DIRECTORY}/{name}.json", VERSION)
    except FileNotFoundError:
        return None
    kinds = schema.get("x-kubernetes-group-version-kind", [])  # parts of objects (a Container) have none
    if {"group": group, "version": version, "kind": kind} not in kinds:
        return None
    return Draft202012Validator(schema, registry=_definitions())


@cache
def _definitions() -> Any:
    definitions = published.schema_contents(f"{_DIRECTORY}/_definitions.json", VERSION)
    return referencing.Resource.from_contents(definitions) @ referencing.Registry()


def _explained(error: ValidationError, secret: bool) -> list[tuple[str, str]]:
    path = dotted(error.absolute_path)
    prefix = f"{path}." if path else ""
    if error.validator == "additionalProperties" and isinstance(error.schema, dict):
        known = sorted(error.schema.get("properties", {}))
        return [(prefix + key, _unknown_field(key, known)) for key in sorted(set(error.instance) - set(known))]
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        return [(prefix + key, "accepted: a value: received: nothing") for key in missing]
    received = "a value that is not shown" if secret else short(error.instance)
    if error.validator == "type":
        accepted = " or ".join(name for name in _types(error) if name != "null")
    elif error.validator in ("anyOf", "oneOf"):
        types = [name for child in error.context or () for name in _types(child) if name != "null"]
        accepted = " or ".join(types) or "a value of the schema"
    else:
        accepted = f"{error.validator} {error.validator_value}"
    return [(path, f"accepted: {accepted}: received: {received}")]


def _types(error: ValidationError) -> list[str]:
    """The types that would have been accepted."""
    if error.validator != "type":
        return []
    return [error.validator_value] if isinstance(error.validator_value, str) else list(error.validator_value)


def _unknown_field(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, 1)
    return f"no such field; did you mean {close[0]}?" if close else f"no such field; here: {', '.join(known)}"


def dotted(path: Any) -> str:
    """``spec.containers[0].image`` of a path's steps."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def short(value: Any) -> str:
    """A received value, in at most 80 characters."""
    text = "a value that is not known yet" if value == UNKNOWN else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
