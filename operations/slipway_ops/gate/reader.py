"""Batches of an event file's needed columns, from Parquet or JSON lines, in constant memory."""

import gzip
import io
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from slipway_ops.gate.columns import Column
from slipway_ops.gate.errors import refused
from slipway_ops.gate.lines import BLOCK, FEATURES, features, parsed
from slipway_ops.gate.sources import BUFFER, Part, local, opened

ROWS = 1 << 17
"""Rows of a Parquet batch, unless it has so many columns that fewer rows fill ``_CELLS``."""
_CELLS = 1 << 21
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
            first, rows = 0, min(ROWS, _CELLS // max(len(wanted), 1))
            for batch in file.iter_batches(rows, columns=wanted, use_threads=False):
                found = {name: batch.column(name) for name in batch.schema.names if name != FEATURES}
                found |= features(batch, self._columns)
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
            yield self._batch(block, first)
            first += lines
        if rest.strip():
            if self.part.uri.startswith("s3://") or self.part.name.endswith(".gz"):
                yield self._batch(rest, first)  # an object is whole
            else:
                self.unfinished += 1  # the writer of a local log may be in the middle of it

    def _batch(self, block: bytes, first: int) -> Batch:
        rows, columns = parsed(block, first, self._columns, self.part.uri)
        return Batch(rows, columns, self.part.uri, first, "line")


def _feature_paths(part: Part, schema: Any, column: Column) -> list[str]:
    index = schema.get_field_index(FEATURES)
    if index < 0:
        return []
    kind = schema.field(index).type
    if pa.types.is_struct(kind):
        return [column.name] if kind.get_field_index(column.name.partition(".")[2]) >= 0 else []
    if pa.types.is_map(kind):
        return [FEATURES]
    raise refused(part.uri, FEATURES, "a struct or a map", str(kind))
