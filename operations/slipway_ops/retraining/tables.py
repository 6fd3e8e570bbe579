"""Data files as columns, block by block, so that memory does not grow with a file.

Nothing that Arrow says about a file it cannot read is passed on: its messages quote the data.
"""

import csv
import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

ENDINGS = (".parquet", ".csv", ".csv.gz", ".jsonl", ".jsonl.gz")
BLOCK_ROWS = 50_000
_BLOCK_BYTES = 8 << 20


class UnreadableError(Exception):
    """A file is not what its name says; the message says what is accepted, and holds nothing of the file."""


@dataclass(frozen=True)
class Block:
    """Some rows of a file."""

    rows: int
    columns: dict[str, Any]
    """An Arrow array, or a list of what JSON has, by the column's name."""
    names: tuple[str, ...]
    """All columns of the file, also those that were not asked for."""
    text: bool
    """Whether every value is text that still has to be read, as in CSV."""


def blocks(path: Path, wanted: Sequence[str]) -> Iterator[Block]:
    """The blocks of a file with the columns in ``wanted`` that it has; raises ``UnreadableError``."""
    name = path.name
    if not name.endswith(ENDINGS):
        raise UnreadableError(f"a file that ends with {', '.join(ENDINGS)}")
    try:
        if name.endswith(".parquet"):
            yield from _parquet(path, wanted)
        elif ".csv" in name:
            yield from _csv(path, wanted)
        else:
            yield from _lines(path, wanted)
    except (pa.ArrowException, OSError, EOFError, ValueError, csv.Error, zlib.error):
        raise UnreadableError(f"a {name.partition('.')[2]} file that can be read to its end") from None


def _parquet(path: Path, wanted: Sequence[str]) -> Iterator[Block]:
    with pa.parquet.ParquetFile(path) as file:
        names = tuple(file.schema_arrow.names)
        _differ(names)
        columns = [name for name in wanted if name in names]
        yield Block(0, {}, names, False)
        for batch in file.iter_batches(BLOCK_ROWS, columns=columns):
            yield Block(batch.num_rows, dict(zip(batch.schema.names, batch.columns, strict=True)), names, False)


def _csv(path: Path, wanted: Sequence[str]) -> Iterator[Block]:
    with _text(path) as file:
        names = tuple(next(csv.reader(file), ()))
    _differ(names)
    yield Block(0, {}, names, True)
    options = pa.csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        include_columns=[name for name in wanted if name in names],
    )
    reading = pa.csv.ReadOptions(block_size=_BLOCK_BYTES)
    with pa.input_stream(str(path), compression="detect") as stream:
        for batch in pa.csv.open_csv(stream, reading, convert_options=options):
            yield Block(batch.num_rows, dict(zip(batch.schema.names, batch.columns, strict=True)), names, True)


def _lines(path: Path, wanted: Sequence[str]) -> Iterator[Block]:
    names: dict[str, None] = {}
    rows: list[dict[str, Any]] = []

    def block() -> Block:
        return Block(len(rows), {name: [row.get(name) for row in rows] for name in wanted}, tuple(names), False)

    with _text(path) as file:
        for line in file:
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            if not isinstance(row, dict):
                raise UnreadableError("a JSON object on each line")
            names.update(dict.fromkeys(row))
            rows.append(row)
            if len(rows) == BLOCK_ROWS:
                yield block()
                rows = []
    yield block()


def _differ(names: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        raise UnreadableError("columns whose names differ from each other")


def _text(path: Path) -> TextIO:
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8", newline="")
