"""The rows of a reference: Parquet files with a column per feature, read in batches as often as needed."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from slipway_ops.drift.tally import measured
from slipway_ops.gate.columns import Wrong
from slipway_ops.gate.errors import refused

ROWS = 1 << 16


class Table:
    """One Parquet file, or all of a folder, in the order of their names."""

    def __init__(self, location: Path) -> None:
        self.location = location
        files = sorted(location.rglob("*.parquet")) if location.is_dir() else [location]
        if not files:
            raise refused("", str(location), "a Parquet file or a folder of such", "nothing")
        self._files, self.schema, self.rows = files, pa.schema([]), 0
        for number, path in enumerate(files):
            with self._open(path) as file:
                self.rows += file.metadata.num_rows
                if number == 0:
                    self.schema = file.schema_arrow
                elif set(file.schema_arrow.names) < set(self.schema.names):
                    lacking = sorted(set(self.schema.names) - set(file.schema_arrow.names))
                    raise refused(str(path), "columns", f"those of {files[0].name}", f"none named {lacking[0]}")
        if not self.rows:
            raise refused(str(location), "rows", "at least one", 0)

    @property
    def names(self) -> list[str]:
        """The columns."""
        return [str(name) for name in self.schema.names]

    def is_number(self, name: str) -> bool:
        """Whether a column holds numbers."""
        kind = self.schema.field(name).type
        return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))

    def is_whole(self, name: str) -> bool:
        """Whether a column holds whole numbers."""
        return bool(pa.types.is_integer(self.schema.field(name).type))

    def batches(self, names: Sequence[str]) -> Iterator["Rows"]:
        """All rows with some of their columns."""
        first = 0
        for path in self._files:
            with self._open(path) as file:
                try:
                    for batch in file.iter_batches(ROWS, columns=list(names), use_threads=False):
                        yield Rows(batch, str(path), first)
                        first += batch.num_rows
                except pa.ArrowException as error:
                    raise refused(str(path), "file", "Parquet", " ".join(str(error).split())) from None

    def _open(self, path: Path) -> Any:
        try:
            return pq.ParquetFile(path)
        except pa.ArrowException as error:
            raise refused(str(path), "file", "Parquet", " ".join(str(error).split())) from None
        except OSError as error:
            raise refused("", str(path), "a readable Parquet file", error.strerror or str(error)) from None


class Rows:
    """Some rows of it."""

    def __init__(self, batch: Any, subject: str, first: int) -> None:
        self._batch, self._subject, self.first = batch, subject, first

    def __str__(self) -> str:
        return self._subject

    def __len__(self) -> int:
        return int(self._batch.num_rows)

    def column(self, name: str) -> Any:
        """A column as Arrow has it."""
        return self._batch.column(name)

    def numbers(self, name: str) -> Any:
        """A column as floats, NaN where there is none; raises ``GateError``."""
        return self.read(name, measured)

    def read(self, name: str, how: Any) -> Any:
        """What ``how`` makes of a column; raises ``GateError`` that names the row and the column."""
        try:
            return how(self.column(name))
        except Wrong as error:
            where = f"{self._subject}: row {self.first + error.row + 1}"
            raise refused(where, name, error.accepted, error.received) from None
