"""Turns pydantic's findings into ``(key, accepted, received)``."""

from typing import Any

import pydantic
from pydantic import BaseModel

_PLAIN = {
    "missing": "a value",
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "list_type": "a list",
    "dict_type": "a map",
    "model_type": "a section",
    "model_attributes_type": "a section",
}


def problems(model: type[BaseModel], error: pydantic.ValidationError) -> list[tuple[str, str, Any]]:
    """Each finding of ``error`` with the dotted key it is about, what would be accepted and what came."""
    return [_problem(model, finding) for finding in error.errors(include_url=False)]


def _problem(model: type[BaseModel], finding: Any) -> tuple[str, str, Any]:
    location = [str(part) for part in finding["loc"]]
    kind, context = finding["type"], finding.get("ctx", {})
    received = None if kind == "missing" else finding["input"]
    if location and location[-1] == "[key]":  # the name of a map's entry
        location = location[:-1]
    if kind == "extra_forbidden":
        return ".".join(location), f"no such key; here: {', '.join(_fields(model, location[:-1]))}", received
    if kind == "value_error":
        return ".".join(location), str(context["error"]), _dump(received)
    if kind in ("too_short", "too_long"):
        bound = "at least {min_length}" if kind == "too_short" else "at most {max_length}"
        return ".".join(location), f"{bound.format_map(context)} entries", received
    return ".".join(location), _PLAIN.get(kind) or _lowered(finding["msg"]), _dump(received)


def _fields(model: type[BaseModel], path: list[str]) -> list[str]:
    """Names of the fields of the section at ``path``."""
    for part in path:
        field = model.model_fields.get(part)
        inner = field.annotation if field else None
        for candidate in (inner, *getattr(inner, "__args__", ())):
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                model = candidate
                break
    return sorted(set(model.model_fields) - {"source", "region"})


def _lowered(message: str) -> str:
    text = message.removeprefix("Input should be ").removeprefix("Value should have ")
    return text[:1].lower() + text[1:]


def _dump(value: Any) -> Any:
    return value.model_dump() if isinstance(value, BaseModel) else value
