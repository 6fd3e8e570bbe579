"""Blocks of JSON lines as columns: by Arrow's parser where all lines are alike, else line by line."""

import io
import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.json

from slipway_ops.gate.columns import Column, pc
from slipway_ops.gate.errors import refused

BLOCK = 4 << 20
"""Bytes of a block of lines, and the most that one line may have."""
FEATURES = "features"
_FIRST = 50
"""Lines among which a field must have a value once, so that its type is known."""
_ACCEPTED: dict[str, tuple[str, tuple[type, ...]]] = {
    "text": ("text", (str,)),
    "time": ("RFC 3339 in UTC, such as 2026-11-20T09:30:00Z", (str,)),
    "number": ("a number", (int, float)),
    "value": ("text, a number or a truth value", (str, bool, int, float)),
    "feature": ("text, a number or a truth value", (str, bool, int, float)),
}


def parsed(block: bytes, first: int, columns: Sequence[Column], uri: str) -> tuple[int, dict[str, Any]]:
    """Number of rows and their columns; ``first`` is the number of the first line of the file ``uri``, from 0.

    Raises ``GateError`` that names the line and the field.
    """
    lines = block.split(b"\n")
    fast = _fast(block, lines, columns)
    if fast is not None:
        return fast.num_rows, _named(fast, columns)
    found: dict[str, list[Any]] = {column.name: [] for column in columns}
    for number, line in enumerate(lines):
        for name, value in _event(line, f"{uri}: line {first + number + 1}", columns).items():
            found[name].append(value)
    return len(lines), {name: _array(name, values, first, uri) for name, values in found.items()}


def features(batch: Any, columns: Sequence[Column]) -> dict[str, Any]:
    """The columns that are features, out of a struct or a map of them."""
    index = batch.schema.get_field_index(FEATURES)
    if index < 0:
        return {}
    inside, found = batch.column(index), {}
    for column in columns:
        name = column.name.partition(".")[2]
        if column.kind != "feature":
            continue
        if pa.types.is_map(inside.type):
            found[column.name] = pc.map_lookup(inside, name, "first")
        elif inside.type.get_field_index(name) >= 0:
            found[column.name] = pc.struct_field(inside, name)
    return found


def _event(line: bytes, where: str, columns: Sequence[Column]) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        raise refused(where, "line", "a JSON object", line[:60].decode(errors="replace")) from None
    if not isinstance(event, dict):
        raise refused(where, "line", "a JSON object", event)
    found: dict[str, Any] = {}
    for column in columns:
        value = _picked(event, column)
        accepted = _ACCEPTED[column.kind]
        if value is None:
            if column.required:
                raise refused(where, column.name, accepted[0], None)
        elif type(value) not in accepted[1]:  # a truth value is an int to isinstance
            raise refused(where, column.name, accepted[0], value)
        found[column.name] = value
    return found


def _array(name: str, values: list[Any], first: int, uri: str) -> Any:
    texts = [isinstance(value, str) for value in values if value is not None]
    if name.startswith(f"{FEATURES}."):
        return pa.array([_as_text(value) for value in values], pa.string())
    if all(texts):
        return pa.array(values, pa.string() if texts else pa.null())
    if any(texts):
        wrong = next(row for row, value in enumerate(values) if isinstance(value, str) is not texts[0])
        accepted = "text" if texts[0] else "a number or truth value"
        where = f"{uri}: line {first + wrong + 1}"
        raise refused(where, name, f"{accepted}, as before", values[wrong])
    return pa.array([None if value is None else float(value) for value in values], pa.float64())


def _fast(block: bytes, lines: list[bytes], columns: Sequence[Column]) -> Any:
    """The block by Arrow's own parser; None where something is not as the first lines let one expect."""
    known: dict[str, Any] = {}
    for line in lines[:_FIRST]:  # a failed request has no prediction
        try:
            event = json.loads(line)
        except ValueError:
            return None
        if not isinstance(event, dict):
            return None
        found = {column.name: _type(column, _picked(event, column)) for column in columns if column.name not in known}
        known |= {name: kind for name, kind in found.items() if kind is not None}
        if len(known) == len(columns):
            break
    fields, inside = [], []
    for column in columns:
        kind = known.get(column.name)
        if kind is None:
            return None
        if column.kind == "feature":
            inside.append((column.name.partition(".")[2], kind))
        else:
            fields.append((column.name, kind))
    if inside:
        fields.append((FEATURES, pa.struct(inside)))
    options = pa.json.ParseOptions(explicit_schema=pa.schema(fields), unexpected_field_behavior="ignore")
    try:
        table = pa.json.read_json(io.BytesIO(block), pa.json.ReadOptions(False, 2 * BLOCK), options).combine_chunks()
    except pa.ArrowException:
        return None
    if table.num_rows != len(lines):
        return None  # blank lines: the number of a line could not be said
    return table


def _type(column: Column, value: Any) -> Any:
    fixed = {"text": pa.string(), "time": pa.string(), "number": pa.float64()}.get(column.kind)
    if fixed is not None:
        return fixed
    if isinstance(value, bool):
        return pa.bool_()
    if isinstance(value, int | float):
        return pa.float64()
    return pa.string() if isinstance(value, str) else None


def _named(table: Any, columns: Sequence[Column]) -> dict[str, Any]:
    batches = table.to_batches()
    batch = batches[0] if batches else pa.RecordBatch.from_pylist([], table.schema)
    found = {name: batch.column(name) for name in batch.schema.names if name != FEATURES}
    return found | features(batch, columns)


def _picked(event: dict[str, Any], column: Column) -> Any:
    if column.kind != "feature":
        return event.get(column.name)
    inside = event.get(FEATURES)
    return inside.get(column.name.partition(".")[2]) if isinstance(inside, dict) else None


def _as_text(value: Any) -> str | None:
    """As Arrow writes it, so that a value has one name however it was read."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(pa.scalar(float(value)).cast(pa.string())).removesuffix(".0")
