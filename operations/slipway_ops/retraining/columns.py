"""A column's values in the type that the schema declares, and how many of them are of another."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute

from slipway_ops.retraining.data_schema import Type

pc: Any = pa.compute

TYPES: dict[Type, Any] = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "string": pa.string(),
    "timestamp": pa.timestamp("us", "UTC"),
}
_TEXT: dict[Type, str] = {
    "integer": r"^[+-]?[0-9]{1,18}$",
    "number": r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?$",
    "boolean": r"^(true|false|True|False|TRUE|FALSE|0|1)$",
    "timestamp": (
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$"
    ),
}
LARGEST = 2**63 - 1


def typed(values: Any, kind: Type, *, text: bool) -> tuple[Any, int]:
    """The values as an Arrow array of the declared type, null where they are of another, and how many those are.

    ``values`` is an Arrow array, or a list of what JSON has; ``text`` says that it is text which still has to be read.
    A number that is no number (NaN) is a missing one, as pandas writes it.
    """
    if isinstance(values, list):
        return _of_json(values, kind)
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_null(values.type):
        return pa.nulls(len(values), TYPES[kind]), 0
    found = _of_text(values, kind) if text else _of_arrow(values, kind)
    missing = values.null_count
    if pa.types.is_floating(values.type):
        missing += pc.sum(pc.is_nan(values)).as_py() or 0
    return found, found.null_count - missing


def _of_arrow(values: Any, kind: Type) -> Any:
    types, own = pa.types, values.type
    if types.is_floating(own):
        values = pc.if_else(pc.is_nan(values), None, values)
        if kind == "integer":
            whole = pc.and_(pc.equal(pc.floor(values), values), pc.less(pc.abs(values), 2.0**53))
            return pc.if_else(whole, values, None).cast(pa.int64())
        if kind == "number":
            return pc.if_else(pc.is_finite(values), values, None).cast(pa.float64())
    elif types.is_integer(own) and kind in ("integer", "number"):
        if kind == "integer" and own == pa.uint64():
            values = pc.if_else(pc.less_equal(values, pa.scalar(LARGEST, pa.uint64())), values, None)
        return values.cast(TYPES[kind], safe=kind == "integer")
    elif types.is_decimal(own) and kind == "number":
        return values.cast(pa.float64())
    elif types.is_boolean(own) and kind == "boolean":
        return values
    elif types.is_string(own) or types.is_large_string(own) or own == pa.string_view():
        values = values.cast(pa.string())
        if kind == "string":
            return values
        if kind == "timestamp":
            return _of_text(values, kind)
    elif (types.is_timestamp(own) or types.is_date(own)) and kind == "timestamp":
        return values.cast(pa.timestamp("us", own.tz if types.is_timestamp(own) else None), safe=False).cast(
            TYPES[kind]
        )
    return pa.nulls(len(values), TYPES[kind])


def _of_text(values: Any, kind: Type) -> Any:
    if kind == "string":
        return values
    fitting = pc.if_else(pc.match_substring_regex(values, _TEXT[kind]), values, None)
    if kind == "boolean":
        return pc.if_else(pc.is_valid(fitting), pc.is_in(pc.utf8_lower(fitting), pa.array(["true", "1"])), None)
    if kind == "timestamp":
        return pa.array([_instant(value) for value in fitting.to_pylist()], TYPES[kind])
    return pc.replace_substring_regex(fitting, r"^\+", "").cast(TYPES[kind])


def _of_json(values: list[Any], kind: Type) -> tuple[Any, int]:
    read = _JSON[kind]
    found = [None if value is None else read(value) for value in values]
    wrong = sum(value is not None and mine is None for value, mine in zip(values, found, strict=True))
    return pa.array(found, TYPES[kind]), wrong


def _integer(value: Any) -> int | None:
    if type(value) is float and value.is_integer() and abs(value) < 2.0**53:
        return int(value)
    return value if type(value) is int and abs(value) <= LARGEST else None


def _number(value: Any) -> float | None:
    if type(value) not in (int, float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def _instant(value: Any) -> datetime | None:
    """A time without a zone is in UTC."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:
        return None


_JSON: dict[Type, Callable[[Any], Any]] = {
    "integer": _integer,
    "number": _number,
    "boolean": lambda value: value if isinstance(value, bool) else None,
    "string": lambda value: value if isinstance(value, str) else None,
    "timestamp": _instant,
}
