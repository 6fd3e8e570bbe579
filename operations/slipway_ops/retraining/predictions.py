"""What a team's program answered about the frozen rows, read and compared row by row."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.json
import pyarrow.parquet

from slipway_ops.problems import refused

NAMES = ("predictions.parquet", "predictions.jsonl")


@dataclass(frozen=True)
class Predictions:
    """Columns in the order of the rows' names."""

    rows: Any
    prediction: Any
    label: Any
    score: Any
    """None where no measure needs it."""
    features: dict[str, Any]
    """Text, by the feature's name."""


def load(folder: Path, who: str, features: list[str], *, score: bool, numbers: bool) -> Predictions:
    """Read the answers of ``who``; raises ``ReleaseError`` for the first thing that makes them useless.

    ``score``: whether scores are needed; ``numbers``: whether predictions and labels have to be numbers.
    """
    subject = f"predictions of the {who}"
    table = _table(folder, subject)
    needed = ["row", "prediction", "label", *(["score"] if score else []), *features]
    for name in needed:
        if name not in table.column_names:
            raise refused(subject, name, "a column of this name", None)
        if table.column_names.count(name) > 1:
            raise refused(subject, name, "one column of this name", table.column_names.count(name))
    if not table.num_rows:
        raise refused(subject, "row", "at least one", 0)
    rows = _text(table, "row", subject)
    order = np.argsort(rows, kind="stable")
    rows = rows[order]
    if len(rows) > 1 and (rows[1:] == rows[:-1]).any():
        raise refused(subject, "row", "each name once", f"{int((rows[1:] == rows[:-1]).sum())} repeated")
    read = _number if numbers else _either
    return Predictions(
        rows=rows,
        prediction=read(table, "prediction", subject)[order],
        label=read(table, "label", subject)[order],
        score=_number(table, "score", subject)[order] if score else None,
        features={name: _text(table, name, subject)[order] for name in features},
    )


def agree(candidate: Predictions, champion: Predictions) -> None:
    """Raise ``ReleaseError`` unless both are about the same rows with the same labels and features."""
    subject = "predictions of candidate and champion"
    if len(candidate.rows) != len(champion.rows) or (candidate.rows != champion.rows).any():
        alone = len(np.setxor1d(candidate.rows, champion.rows))
        raise refused(subject, "row", "the same rows from both", f"{alone} that only one of them has")
    pairs = {"label": (candidate.label, champion.label)}
    pairs |= {name: (values, champion.features[name]) for name, values in candidate.features.items()}
    for name, (mine, yours) in pairs.items():
        if mine.dtype.kind != yours.dtype.kind or (mine != yours).any():
            raise refused(subject, name, "the same values from both", "others in some rows")


def _table(folder: Path, subject: str) -> Any:
    found = [name for name in NAMES if (folder / name).is_file()]
    if len(found) != 1:
        raise refused(subject, "file", f"{' or '.join(NAMES)} in SLIPWAY_OUTPUT, one of the two", found or None)
    path = folder / found[0]
    try:
        if path.suffix == ".parquet":
            return pa.parquet.read_table(path)
        if not path.stat().st_size:
            raise refused(subject, "row", "at least one", 0)
        return pa.json.read_json(path, pa.json.ReadOptions(block_size=64 << 20))
    except (pa.ArrowException, OSError):
        raise refused(subject, "file", f"a {path.suffix[1:]} file that can be read", "another") from None


def _text(table: Any, name: str, subject: str) -> Any:
    column = _whole(table, name, subject)
    try:
        return np.asarray(column.cast(pa.string()).to_pylist(), dtype=str)
    except pa.ArrowException:
        raise refused(subject, name, "text, numbers or truth values", str(column.type)) from None


def _number(table: Any, name: str, subject: str) -> Any:
    column = _whole(table, name, subject)
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_boolean(column.type)):
        raise refused(subject, name, "numbers", str(column.type))
    values = np.asarray(column.cast(pa.float64()), dtype=float)
    wrong = int((~np.isfinite(values)).sum())
    if wrong:
        raise refused(subject, name, "a finite number in every row", f"{wrong} rows without")
    return values


def _either(table: Any, name: str, subject: str) -> Any:
    column = _whole(table, name, subject)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type) or pa.types.is_dictionary(column.type):
        return _text(table, name, subject)
    return _number(table, name, subject)


def _whole(table: Any, name: str, subject: str) -> Any:
    column = table.column(name)
    if column.null_count:
        raise refused(subject, name, "a value in every row", f"{column.null_count} rows without")
    return column
