"""Columns of events as arrays of numbers, with a refusal that says which row of which field is wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute

from slipway_ops.gate.hashing import LONGEST, hashes

pc: Any = pyarrow.compute
"""Its functions are made when it is imported, so that no type checker sees them."""

Kind = Literal["text", "time", "number", "value", "feature"]
_TEXT = f"text of 1 to {LONGEST} bytes"
_EXACT = np.uint64(11)
"""Bits that a hash loses to be a whole number that a float holds exactly."""


@dataclass(frozen=True)
class Column:
    """A field of an event that a comparison needs."""

    name: str
    kind: Kind
    required: bool = True


class Wrong(Exception):
    """A value that is refused, by its row in the batch."""

    def __init__(self, row: int, accepted: str, received: Any) -> None:
        super().__init__(accepted)
        self.row, self.accepted, self.received = row, accepted, received


def plain(column: Any) -> Any:
    """The column without dictionary encoding, and text with 32-bit offsets."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        column = column.cast(pa.string())
    return column


def words(column: Any) -> Any:
    """Text of few different values, neither missing nor empty; it may stay encoded by a dictionary."""
    if not pa.types.is_dictionary(column.type):
        return texts(column)
    if column.null_count or column.dictionary.null_count:
        raise Wrong(_first_null(column), "text", None)
    texts(column.dictionary)
    return column


def texts(column: Any) -> Any:
    """Text that is neither missing nor empty."""
    column = plain(column)
    if not pa.types.is_string(column.type):
        _refuse(column, lambda value: value is not None, "text")
    lengths = pc.binary_length(column)
    bad = _numpy(pc.fill_null(pc.or_(pc.less(lengths, 1), pc.greater(lengths, LONGEST)), True))
    if bad.any():
        row = int(bad.argmax())
        value = column[row].as_py()
        raise Wrong(row, "text" if value is None else _TEXT, value and value[:50])
    return column


def ids(column: Any) -> Any:
    """Hashes of text."""
    return hashes(texts(column))


def subjects(column: Any, requests: Any) -> Any:
    """Hashes of text; where there is none, that of the request."""
    column = plain(column)
    if pa.types.is_null(column.type) or column.null_count == len(column):
        return requests
    known = _numpy(pc.is_valid(column))
    found = requests.copy()
    try:
        found[known] = ids(column.filter(pa.array(known)))
    except Wrong as error:
        raise Wrong(int(np.flatnonzero(known)[error.row]), error.accepted, error.received) from None
    return found


def instants(column: Any) -> Any:
    """Microseconds since 1970."""
    column = plain(column)
    if pa.types.is_string(column.type):
        # Without a zone, or with another than UTC, an instant would be off by hours.
        zoned = _numpy(pc.fill_null(pc.match_substring_regex(column, r"(Z|\+00:00)$"), False))
        if not zoned.all():
            row = int(zoned.argmin())
            raise Wrong(row, "RFC 3339 in UTC, such as 2026-11-20T09:30:00Z", column[row].as_py())
        column = _each(column, lambda part: part.cast(pa.timestamp("us", "UTC")), "RFC 3339 in UTC")
    elif pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", "UTC"), safe=False)
    else:
        _refuse(column, lambda value: value is not None, "an instant in UTC")
    if column.null_count:
        raise Wrong(_first_null(column), "an instant in UTC", None)
    return _numpy(column.cast(pa.int64()))


def numbers(column: Any) -> Any:
    """Floats, NaN where there is none; truth values are 0 and 1."""
    column = plain(column)
    if pa.types.is_null(column.type):
        return np.full(len(column), np.nan)
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_boolean(column.type)):
        if pa.types.is_decimal(column.type):
            column = column.cast(pa.float64())
        else:
            _refuse(column, lambda value: value is not None, "a number")
    values = _numpy(pc.fill_null(column.cast(pa.float64()), np.nan))
    wrong = ~np.isfinite(values) & _numpy(pc.is_valid(column))
    if wrong.any():
        raise Wrong(int(wrong.argmax()), "a finite number", str(values[wrong.argmax()]))
    return values


def codes(column: Any) -> tuple[Any, bool]:
    """Floats that are equal where the values are, NaN where there is none, and whether the values are text."""
    column = plain(column)
    if not pa.types.is_string(column.type):
        return numbers(column), False
    found = np.full(len(column), np.nan)
    known = _numpy(pc.is_valid(column))
    hashed = hashes(column.filter(pa.array(known)))
    found[known] = (hashed >> _EXACT).astype(float)
    return found, True


def names(column: Any) -> tuple[Any, list[str]]:
    """An index per row into a list of the different values, as text."""
    column = plain(column)
    if pa.types.is_null(column.type):
        return np.zeros(len(column), np.int64), [MISSING]
    if pa.types.is_nested(column.type):
        _refuse(column, lambda value: value is not None, "text, a number or a truth value")
    encoded = pc.fill_null(column.cast(pa.string()), MISSING).dictionary_encode()
    values = encoded.dictionary.to_pylist()
    if pa.types.is_floating(column.type):
        values = [value.removesuffix(".0") for value in values]  # a whole number has one name, however it was written
    return _numpy(encoded.indices.cast(pa.int64())), values


MISSING = "(missing)"
"""The value of a feature that an event does not have."""


def equal(column: Any, value: str) -> Any:
    """Where a column of ``words`` has ``value``."""
    if pa.types.is_dictionary(column.type):
        number = pc.index(column.dictionary, value).as_py()
        return _numpy(column.indices) == number
    return _numpy(pc.equal(column, value))


def equal_or_missing(column: Any, value: str) -> Any:
    """Where a column has ``value`` or nothing."""
    if pa.types.is_null(column.type):
        return np.ones(len(column), bool)
    if column.null_count:
        column = plain(column)
        column = pc.fill_null(column, value) if pa.types.is_string(column.type) else column
    return equal(words(column), value)


def present(column: Any) -> Any:
    """Where something is said; null, false, 0 and an empty text say nothing."""
    column = plain(column)
    if pa.types.is_null(column.type):
        return np.zeros(len(column), bool)
    if pa.types.is_string(column.type):
        return _numpy(pc.fill_null(pc.not_equal(column, ""), False))
    if pa.types.is_nested(column.type):
        return _numpy(pc.is_valid(column))
    return numbers(column) > 0


def different(column: Any, where: Any) -> set[str]:
    """The values of a column of ``words`` in the rows of ``where``."""
    return set(pc.unique(column.filter(pa.array(where))).to_pylist())


def _numpy(column: Any) -> Any:
    return column.to_numpy(zero_copy_only=False)


def _each(column: Any, convert: Callable[[Any], Any], accepted: str) -> Any:
    """Convert at once; if that fails, find the row."""
    try:
        return convert(column)
    except pa.ArrowInvalid:
        for row in range(len(column)):
            try:
                convert(column[row : row + 1])
            except pa.ArrowInvalid:
                raise Wrong(row, accepted, column[row].as_py()) from None
        raise


def _first_null(column: Any) -> int:
    return int(_numpy(pc.is_null(column)).argmax())


def _refuse(column: Any, wrong: Callable[[Any], bool], accepted: str) -> None:
    """Refuse a column whose type is wrong by its first value, if it has one."""
    for row in range(len(column)):
        value = column[row].as_py()
        if wrong(value):
            raise Wrong(row, accepted, value)
    if len(column):
        raise Wrong(0, accepted, None)
