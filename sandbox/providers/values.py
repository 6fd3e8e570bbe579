"""Property values as they travel between the engine and a plugin.

Provider code sees plain Python: secrets and outputs are unwrapped, whole numbers are ``int`` (the wire has floats
only), assets and archives stay the marked dictionaries that they are. What is not known yet is the string ``UNKNOWN``.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from google.protobuf import json_format, struct_pb2

Properties = dict[str, Any]

_Struct: Any = struct_pb2.Struct  # ty: ignore[missing-attribute] -- protobuf makes its classes when it is imported

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Stands for a value that only an update will know."""

MARK = "4dabf18193072939515e22adb298388d"
"""Key that says what kind of special value a dictionary is."""
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 -- a marker of the protocol
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


def plain(value: Any) -> Any:
    """A decoded value without the protocol's wrappers."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        kind = value.get(MARK)
        if kind == SECRET:
            return plain(value.get("value"))
        if kind == OUTPUT:
            return plain(value["value"]) if "value" in value else UNKNOWN
        return {key: plain(item) for key, item in value.items()}
    return value


def decode(struct: Any) -> Properties:
    """Plain properties of a message."""
    decoded: Properties = plain(json_format.MessageToDict(struct))
    return decoded


def encode(properties: Mapping[str, Any]) -> Any:
    """A message's properties; dates become ISO 8601 text, as Pulumi's providers have them."""
    struct = _Struct()
    struct.update(_sendable(properties))
    return struct


def marked(properties: Properties, like: Mapping[str, Any]) -> Properties:
    """``properties`` with a secret's mark on each value that holds one in ``like``: what the engine would do itself."""
    result = dict(properties)
    for key, value in like.items():
        if key not in result:
            continue
        if isinstance(result[key], Mapping) and isinstance(value, Mapping) and MARK not in value:
            result[key] = marked(result[key], value)
        elif _holds_secret(value):
            result[key] = {MARK: SECRET, "value": result[key]}
    return result


def _holds_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        own = value.get(MARK) == SECRET or (value.get(MARK) == OUTPUT and value.get("secret") is True)
        return own or any(map(_holds_secret, value.values()))
    return isinstance(value, list) and any(map(_holds_secret, value))


def has_unknown(value: Any) -> bool:
    """Whether any part of ``value`` is not known yet."""
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return bool(value == UNKNOWN)


def _sendable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _sendable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_sendable(item) for item in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value
