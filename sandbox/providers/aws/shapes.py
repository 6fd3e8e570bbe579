"""Between Pulumi's properties and an API's parameters: the service models that botocore carries say what is what.

Pulumi spells ``kmsMasterKeyId``, ``vpcConfig`` and ``rules`` where an API spells ``KMSMasterKeyID``, ``VpcConfig`` and
``Rules``; it has an object where an API has a list of at most one, or the other way round, and a list where an API puts
one into a structure of its own. Names are matched without case, singular with plural; what has no counterpart is
refused, never dropped.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any


def match(name: str, names: Iterable[str]) -> str | None:
    """The one of ``names`` that ``name`` spells differently."""
    folded = {other.lower(): other for other in names}
    name = name.lower()
    for variant in (name, name + "s", name.removesuffix("s"), name.removesuffix("es"), name.removesuffix("y") + "ies"):
        if variant in folded:
            return folded[variant]
    return None


def build(shape: Any, value: Any, path: str) -> Any:
    """``value`` as a parameter of botocore's ``shape``; raises ValueError that names ``path`` where it does not fit."""
    if shape.type_name == "structure":
        if isinstance(value, list) and (wrapper := _wrapper(shape)) and not any(isinstance(x, dict) for x in value):
            value = {wrapper: value}
        if isinstance(value, list):
            if len(value) > 1:
                raise ValueError(f"{path}: accepted: at most one, received: {len(value)}")
            value = value[0] if value else {}
        if not isinstance(value, Mapping):
            raise ValueError(f"{path}: accepted: an object, received: {value!r}")
        built: dict[str, Any] = {}
        for key, item in value.items():
            if item is None:
                continue
            member = match(key, shape.members)
            if member is None:
                raise ValueError(f"{path}.{key}: the API has no such field; it has {', '.join(shape.members)}")
            built[member] = build(shape.members[member], item, f"{path}.{key}")
        return built
    if shape.type_name == "list":
        items = value if isinstance(value, list) else [value]
        return [build(shape.member, item, f"{path}[{index}]") for index, item in enumerate(items) if item is not None]
    if shape.type_name == "map":
        return {str(key): build(shape.value, item, f"{path}.{key}") for key, item in value.items()}
    if shape.type_name in ("integer", "long"):
        return int(value)
    if shape.type_name == "boolean":
        return value in (True, "true")
    if shape.type_name == "string":
        return json.dumps(value) if isinstance(value, dict | list) else str(value)
    return value


def tags_for(shape: Any, tags: Mapping[str, str]) -> Any:
    """Tags in the form that a parameter wants: a map, a list of pairs, or a list of keys."""
    if shape.type_name == "map":
        return dict(tags)
    if shape.member.type_name == "string":
        return sorted(tags)
    key = next(name for name in shape.member.members if "key" in name.lower())
    value = next(name for name in shape.member.members if "value" in name.lower())
    return [{key: name, value: tags[name]} for name in sorted(tags)]


def tags_of(value: Any) -> dict[str, str]:
    """Tags of an answer, whatever their form; AWS's own are left out."""
    if isinstance(value, list):
        value = {pair[_like("key", pair)]: pair.get(_like("value", pair), "") for pair in value}
    return {key: text for key, text in (value or {}).items() if not key.startswith("aws:")}


def camel(value: Any) -> Any:
    """An answer in Pulumi's spelling: ``KMSKeyArn`` becomes ``kmsKeyArn``, lists and objects stay what they are."""
    if isinstance(value, Mapping):
        return {_camel_name(key): camel(item) for key, item in value.items()}
    if isinstance(value, list):
        return [camel(item) for item in value]
    return value


def mirror(given: Any, actual: Any) -> Any:
    """``actual``, an answer, in the form of ``given``, the input that asked for it.

    What the program said comes back as it said it where the cloud agrees, so that only a real difference shows. Of
    objects, only the fields that the program gave are compared: the others are the cloud's defaults.
    """
    if isinstance(given, Mapping):
        if isinstance(actual, list):
            actual = actual[0] if actual else {}
        if not isinstance(actual, Mapping):
            return camel(actual)
        result = {}
        for key, item in given.items():
            name = key if key in actual else match(key, actual)
            value = mirror(item, actual[name]) if name is not None else _empty_like(item)
            if value is not None:
                result[key] = value
        return result
    if isinstance(given, list):
        if isinstance(actual, Mapping) and len(actual) == 1 and isinstance(next(iter(actual.values())), list):
            actual = next(iter(actual.values()))
        return _mirror_list(given, actual if isinstance(actual, list) else [] if actual is None else [actual])
    if equal(given, actual):
        return given
    if isinstance(given, str) and isinstance(actual, dict | list):
        return json.dumps(actual, sort_keys=True)
    return camel(actual)


def _wrapper(shape: Any) -> str | None:
    """The member of a structure that only holds a list, such as ``{EncryptionType: [...]}``: Pulumi has the list."""
    (name, *others) = shape.members
    return name if not others and shape.members[name].type_name == "list" else None


def _mirror_list(given: list[Any], actual: list[Any]) -> list[Any]:
    left, result = list(actual), []
    for item in given:
        found = next((index for index, other in enumerate(left) if equal(mirror(item, other), item)), None)
        if found is not None:
            result.append(item)
            left.pop(found)
    missing = [item for item in given if item not in result]
    for index, other in enumerate(left):
        result.append(mirror(missing[index], other) if index < len(missing) else camel(other))
    return result


def equal(one: Any, other: Any) -> bool:
    """Whether two values mean the same: JSON text by content, lists as the sets that they are to AWS."""
    if isinstance(one, list) and isinstance(other, list):
        return sorted(map(_canonical, one)) == sorted(map(_canonical, other))
    return one is other or _canonical(one) == _canonical(other)


def _canonical(value: Any) -> str:
    if isinstance(value, str):
        text = value.lstrip()
        if text[:1] in ("{", "["):
            try:
                return _canonical(json.loads(text))
            except json.JSONDecodeError:
                return value
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{_canonical(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(sorted(map(_canonical, value))) + "]"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _empty_like(given: Any) -> Any:
    """What a field that the cloud does not report counts as: unset."""
    if given in ([], {}, "", False):
        return given
    return None


def _like(part: str, pair: Mapping[str, Any]) -> str:
    return next((name for name in pair if part in name.lower()), part)


def _camel_name(name: str) -> str:
    words = re.sub(r"([A-Z]+)(?=[A-Z][a-z]|$|\d)", lambda found: found.group(1).capitalize(), name)
    return words[:1].lower() + words[1:]
