"""Batches of an event file's needed columns, from Parquet or JSON lines, in constant memory."""

import gzip
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.json
import pyarrow.parquet as pq

from slipway_ops.gate.columns import Column, pc
from slipway_ops.gate.errors import refused
from slipway_ops.gate.sources import BUFFER, Part, local, opened

ROWS = 1 << 17
"""Rows of a Parquet batch."""
BLOCK = 4 << 20
"""Bytes of a block of lines, and the most that one line may have."""
_FEATURES = "features"
_WORDS = ("model", "release", "variant")
"""Fields of few different values, which Parquet holds as numbers: they are compared as these."""


class Batch:
    """Some rows of a file; ``column`` gives nulls for an optional field that the file lacks."""

    def __init__(self, rows: int, columns: dict[str, Any], subject: str, first: int, word: str) -> None:
        self.rows, self._columns = rows, columns
        self.subject, self._first, self._word = subject, first, word

    def column(self, name: str) -> Any:
        """A field's values."""
        return self._columns.get(name, pa.nulls(self.rows))

    def where(self, row: int) -> str:
        """The place of a row, for a message."""
        return f"{self.subject}: {self._word} {self._first + row + 1}"


class Read:
    """One part being read; afterwards it knows the object's version and whether a line was unfinished."""

    def __init__(self, part: Part, columns: Sequence[Column]) -> None:
        self.part, self._columns = part, columns
        self.unfinished = 0
        self.version_id: str | None = None

    def __iter__(self) -> Iterator[Batch]:
        """Its batches."""
        if not self.part.bytes:
            return
        with opened(self.part) as raw:
            try:
                yield from self._parquet(raw) if self.part.name.endswith(".parquet") else self._lines(raw)
            except (pa.ArrowException, EOFError, gzip.BadGzipFile) as error:
                kind = "Parquet" if self.part.name.endswith(".parquet") else "JSON lines"
                raise refused(self.part.uri, "file", kind, " ".join(str(error).split())) from None
            self.version_id = raw.version_id

    def _parquet(self, raw: Any) -> Iterator[Batch]:
        remote = self.part.uri.startswith("s3://")
        source = io.BufferedReader(raw, BUFFER) if remote else str(local(self.part.uri))
        with pq.ParquetFile(source) as file:
            metadata, schema = file.metadata, file.schema_arrow
            wanted = []
            for column in self._columns:
                if column.kind == "feature":
                    wanted += _feature_paths(self.part, schema, column)
                elif column.name in schema.names:
                    wanted.append(column.name)
                elif column.required:
                    raise refused(self.part.uri, column.name, "a column", None)
        encoded = [name for name in _WORDS if name in wanted and pa.types.is_string(schema.field(name).type)]
        with pq.ParquetFile(source, metadata=metadata, read_dictionary=encoded, buffer_size=BUFFER) as file:
            first = 0
            for batch in file.iter_batches(ROWS, columns=wanted, use_threads=False):
                found = {name: batch.column(name) for name in batch.schema.names if name != _FEATURES}
                found |= _features(batch, self._columns)
                yield Batch(batch.num_rows, found, self.part.uri, first, "row")
                first += batch.num_rows

    def _lines(self, raw: Any) -> Iterator[Batch]:
        stream = io.BufferedReader(raw, BUFFER)
        source: Any = gzip.GzipFile(fileobj=stream) if self.part.name.endswith(".gz") else stream
        rest, first = b"", 0
        while data := source.read(BLOCK):
            block, newline, tail = (rest + data).rpartition(b"\n")
            rest = tail
            if not newline:
                if len(rest) > BLOCK:
                    raise refused(f"{self.part.uri}: line {first + 1}", "line", f"at most {BLOCK} bytes", "more")
                continue
            lines = block.count(b"\n") + 1
            yield self._block(block, first)
            first += lines
        if rest.strip():
            if self.part.uri.startswith("s3://") or self.part.name.endswith(".gz"):
                yield self._block(rest, first)  # an object is whole
            else:
                self.unfinished += 1  # the writer of a local log may be in the middle of it

    def _block(self, block: bytes, first: int) -> Batch:
        lines = block.split(b"\n")
        fast = _fast(block, lines, self._columns)
        if fast is not None:
            return Batch(fast.num_rows, _named(fast, self._columns), self.part.uri, first, "line")
        columns: dict[str, list[Any]] = {column.name: [] for column in self._columns}
        for number, line in enumerate(lines):
            for name, value in self._event(line, first + number).items():
                columns[name].append(value)
        arrays = {name: self._array(name, values, first) for name, values in columns.items()}
        return Batch(len(lines), arrays, self.part.uri, first, "line")

    def _event(self, line: bytes, number: int) -> dict[str, Any]:
        where = f"{self.part.uri}: line {number + 1}"
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            raise refused(where, "line", "a JSON object", line[:60].decode(errors="replace")) from None
        if not isinstance(event, dict):
            raise refused(where, "line", "a JSON object", event)
        found: dict[str, Any] = {}
        for column in self._columns:
            value = _picked(event, column)
            accepted = _ACCEPTED[column.kind]
            if value is None:
                if column.required:
                    raise refused(where, column.name, accepted[0], None)
            elif type(value) not in accepted[1]:  # a truth value is an int to isinstance
                raise refused(where, column.name, accepted[0], value)
            found[column.name] = value
        return found

    def _array(self, name: str, values: list[Any], first: int) -> Any:
        texts = [isinstance(value, str) for value in values if value is not None]
        if name.startswith(f"{_FEATURES}."):
            return pa.array([_as_text(value) for value in values], pa.string())
        if all(texts):
            return pa.array(values, pa.string() if texts else pa.null())
        if any(texts):
            wrong = next(row for row, value in enumerate(values) if isinstance(value, str) is not texts[0])
            accepted = "text" if texts[0] else "a number or truth value"
            where = f"{self.part.uri}: line {first + wrong + 1}"
            raise refused(where, name, f"{accepted}, as before", values[wrong])
        return pa.array([None if value is None else float(value) for value in values], pa.float64())


_ACCEPTED: dict[str, tuple[str, tuple[type, ...]]] = {
    "text": ("text", (str,)),
    "time": ("RFC 3339 in UTC, such as 2026-11-20T09:30:00Z", (str,)),
    "number": ("a number", (int, float)),
    "value": ("text, a number or a truth value", (str, bool, int, float)),
    "feature": ("text, a number or a truth value", (str, bool, int, float)),
}


def _fast(block: bytes, lines: list[bytes], columns: Sequence[Column]) -> Any:
    """The block by Arrow's own parser; None where something is not as the first line lets one expect."""
    try:
        event = json.loads(lines[0])
    except ValueError:
        return None
    if not isinstance(event, dict):
        return None
    fields, features = [], []
    for column in columns:
        kind = _type(column, _picked(event, column))
        if kind is None:
            return None
        if column.kind == "feature":
            features.append((column.name.partition(".")[2], kind))
        else:
            fields.append((column.name, kind))
    if features:
        fields.append((_FEATURES, pa.struct(features)))
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
    found = {name: batch.column(name) for name in batch.schema.names if name != _FEATURES}
    return found | _features(batch, columns)


def _picked(event: dict[str, Any], column: Column) -> Any:
    if column.kind != "feature":
        return event.get(column.name)
    features = event.get(_FEATURES)
    return features.get(column.name.partition(".")[2]) if isinstance(features, dict) else None


def _as_text(value: Any) -> str | None:
    """As Arrow writes it, so that a value has one name however it was read."""
    if value is None or isinstance(value, str):
        return value
    return str(pa.scalar(value if isinstance(value, bool) else float(value)).cast(pa.string()))


def _feature_paths(part: Part, schema: Any, column: Column) -> list[str]:
    index = schema.get_field_index(_FEATURES)
    if index < 0:
        return []
    kind = schema.field(index).type
    if pa.types.is_struct(kind):
        return [column.name] if kind.get_field_index(column.name.partition(".")[2]) >= 0 else []
    if pa.types.is_map(kind):
        return [_FEATURES]
    raise refused(part.uri, _FEATURES, "a struct or a map", str(kind))


def _features(batch: Any, columns: Sequence[Column]) -> dict[str, Any]:
    index = batch.schema.get_field_index(_FEATURES)
    if index < 0:
        return {}
    features, found = batch.column(index), {}
    for column in columns:
        name = column.name.partition(".")[2]
        if column.kind != "feature":
            continue
        if pa.types.is_map(features.type):
            found[column.name] = pc.map_lookup(features, name, "first")
        elif features.type.get_field_index(name) >= 0:
            found[column.name] = pc.struct_field(features, name)
    return found
