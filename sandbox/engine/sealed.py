"""Property values as the engine keeps them: plain Python in which secrets stay wrapped.

Providers get them revealed, people see them concealed, the state file (mode 0600) keeps the wrapper so that a secret
is known as one in every later run.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf import struct_pb2

from sandbox.providers.values import MARK, OUTPUT, SECRET, UNKNOWN, Properties

_Struct: Any = struct_pb2.Struct  # ty: ignore[missing-attribute] -- protobuf makes its classes when it is imported


def decode(struct: Any) -> Properties:
    """A message's properties: whole numbers as ``int``, output values replaced by what they hold, secrets wrapped."""
    return {key: _decode(value) for key, value in struct.fields.items()}


def encode(properties: Mapping[str, Any]) -> Any:
    """A message's properties."""
    struct = _Struct()
    struct.update(properties)
    return struct


def seal(value: Any) -> Any:
    """``value`` as a secret."""
    return value if _is_secret(value) else {MARK: SECRET, "value": value}


def seal_keys(properties: Properties, keys: Iterable[str]) -> Properties:
    """``properties`` with those of ``keys`` as secrets."""
    hidden = set(keys)
    return {key: seal(value) if key in hidden else value for key, value in properties.items()}


def secret_keys(properties: Properties) -> set[str]:
    """Top-level keys that hold a secret anywhere."""
    return {key for key, value in properties.items() if has_secret(value)}


def has_secret(value: Any) -> bool:
    """Whether any part of ``value`` is a secret."""
    if isinstance(value, dict):
        return _is_secret(value) or any(map(has_secret, value.values()))
    return isinstance(value, list) and any(map(has_secret, value))


def reveal(value: Any) -> Any:
    """``value`` without the wrappers: for providers, never for people."""
    if isinstance(value, dict):
        if _is_secret(value):
            return reveal(value.get("value"))
        return {key: reveal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [reveal(item) for item in value]
    return value


def conceal(value: Any) -> Any:
    """``value`` as people may see it: ``[secret]`` and ``[unknown]`` in place of such values."""
    if isinstance(value, dict):
        if _is_secret(value):
            return "[secret]"
        return {key: conceal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [conceal(item) for item in value]
    return "[unknown]" if value == UNKNOWN else value


def show(value: Any, limit: int = 160) -> str:
    """One line of text for a value that people may see; long ones are cut."""
    text = json.dumps(conceal(value), sort_keys=True, default=str)
    text = text.replace('"[unknown]"', "[unknown]").replace('"[secret]"', "[secret]")
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and value.get(MARK) == SECRET


def _decode(value: Any) -> Any:
    match value.WhichOneof("kind"):
        case "struct_value":
            fields = {key: _decode(item) for key, item in value.struct_value.fields.items()}
            return _flatten(fields) if fields.get(MARK) == OUTPUT else fields
        case "list_value":
            return [_decode(item) for item in value.list_value.values]
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
    return None


def _flatten(output: Properties) -> Any:
    value = output.get("value", UNKNOWN)
    return seal(value) if output.get("secret") else value
