"""Data against its schema: every way to be wrong is found, in every format, and no value of it is ever said."""

import gzip
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from slipway_ops.retraining import checks, data_schema

SECRET = "s3cr3tvalue"
COLUMNS: list[dict[str, Any]] = [
    {"name": "id", "type": "integer", "minimum": 0},
    {"name": "x", "type": "number", "minimum": 0, "maximum": 1, "null_share": 0.25},
    {"name": "group", "type": "string", "values": ["a", "b"]},
    {"name": "code", "type": "integer", "values": [1, 2]},
    {"name": "ok", "type": "boolean"},
    {"name": "ts", "type": "timestamp"},
    {"name": "note", "type": "string", "null_share": 1},
]
NAMES = [column["name"] for column in COLUMNS]


def schema(**changes: Any) -> data_schema.DataSchema:
    return data_schema.parse(json.dumps({"model": "m1", "columns": COLUMNS, **changes}).encode(), "schema")


def row(number: int = 0, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "x": 0.5,
        "group": "a",
        "code": 1,
        "ok": True,
        "ts": f"2026-01-01T00:{number:02}:00Z",
        "note": "fine",
        **changes,
    }


def csv_file(path: Path, rows: list[dict[str, Any]]) -> Path:
    names = list(dict.fromkeys(name for one in rows for name in one)) or NAMES
    lines = [",".join(names)]
    lines += [",".join("" if one.get(name) is None else str(one[name]) for name in names) for one in rows]
    (path / "part.csv").write_text("\n".join(lines) + "\n")
    return path / "part.csv"


def packed(path: Path, rows: list[dict[str, Any]]) -> Path:
    plain = csv_file(path, rows)
    (path / "part.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    return path / "part.csv.gz"


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    (path / "part.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    return path / "part.jsonl"


def parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    typed = [{**one, "ts": datetime.fromisoformat(one["ts"]) if one.get("ts") else None} for one in rows]
    pa.parquet.write_table(pa.Table.from_pylist(typed), path / "part.parquet")
    return path / "part.parquet"


Write = Callable[[Path, list[dict[str, Any]]], Path]
FORMATS: list[Write] = [csv_file, packed, lines, parquet]


def found(path: Path, **changes: Any) -> list[str]:
    return [str(one) for one in checks.run(schema(**changes), [path], "b1").findings]


@pytest.mark.parametrize("write", FORMATS)
def test_good_data_pass_in_every_format(write: Write, tmp_path: Path) -> None:
    result = checks.run(schema(), [write(tmp_path, [row(number) for number in range(10)])], "b1")
    assert (result.rows, result.findings) == (10, [])


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"id": -1}, "b1: id: accepted: at least 0: received: 1 of 10 rows are not"),
    ({"x": 1.5}, "b1: x: accepted: at most 1: received: 1 of 10 rows are not"),
    ({"group": SECRET}, "b1: group: accepted: one of the 2 values that the schema lists: received: 1 of 10"),
    ({"group": None}, "b1: group: accepted: a value in every row: received: 1 of 10 rows without (10.00%)"),
    ({"code": 3}, "b1: code: accepted: one of the 2 values that the schema lists: received: 1 of 10 rows are not"),
    ({"ok": None}, "b1: ok: accepted: a value in every row"),
    ({"ts": None}, "b1: ts: accepted: a value in every row"),
    ({"note": "ask jo@acme.example"}, "b1: note: accepted: no e-mail address: received: one in 1 of 10 rows"),
]


@pytest.mark.parametrize("write", FORMATS)
@pytest.mark.parametrize(("change", "message"), WRONG)
def test_a_wrong_value_is_found_in_every_format(
    write: Write, change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    rows = [row(number) for number in range(9)] + [row(9, **change)]
    (said,) = found(write(tmp_path, rows))
    assert said.startswith(message)


@pytest.mark.parametrize("write", [csv_file, lines])
@pytest.mark.parametrize("value", [SECRET, "1e", "--1", "2026-13-45", "2026-01-01T99:00:00Z", "nan"])
@pytest.mark.parametrize("name", ["id", "x", "code", "ok", "ts"])
def test_a_value_of_another_type_is_counted_and_not_said(write: Write, name: str, value: str, tmp_path: Path) -> None:
    (said,) = found(write(tmp_path, [row(0), row(1, **{name: value})]))
    kind = next(column["type"] for column in COLUMNS if column["name"] == name)
    assert said == f"b1: {name}: accepted: values of the type {kind}: received: 1 of 2 rows are not"


@pytest.mark.parametrize("write", FORMATS)
def test_the_share_without_a_value_may_be_declared(write: Write, tmp_path: Path) -> None:
    rows = [row(number, x=None if number < 2 else 0.5) for number in range(8)]
    assert found(write(tmp_path, rows)) == []
    (said,) = found(write(tmp_path, [*rows, row(8, x=None)]))
    assert said == "b1: x: accepted: at most 25.00% without a value: received: 3 of 9 rows without (33.33%)"


@pytest.mark.parametrize("write", FORMATS)
def test_columns_are_those_that_are_declared(write: Write, tmp_path: Path) -> None:
    without = [{name: value for name, value in row(number).items() if name != "group"} for number in range(3)]
    assert "b1: group: accepted: a column of this name: received: none in file 1" in found(write(tmp_path, without))
    # the name of a column may be a value: that of the first row of a file without a header
    more = [row(number, **{SECRET: 1}) for number in range(3)]
    (said,) = found(write(tmp_path, more))
    assert said == "b1: columns: accepted: those that are declared: received: 1 more in file 1: number 8"
    assert found(write(tmp_path, more), additional_columns=True) == []


@pytest.mark.parametrize("write", FORMATS)
def test_rows_and_uniqueness(write: Write, tmp_path: Path) -> None:
    path = write(tmp_path, [row(number % 3) for number in range(5)])
    assert found(path, rows={"minimum": 6}) == ["b1: rows: accepted: at least 6: received: 5"]
    assert found(path, rows={"maximum": 4}) == ["b1: rows: accepted: at least 1 and at most 4: received: 5"]
    (said,) = found(path, unique=[["id", "ts"], ["id", "group"]][:1])
    assert said == "b1: id: accepted: id, ts: each once in a batch: received: 2 rows more than once"


def test_files_of_a_batch_are_one(tmp_path: Path) -> None:
    paths = [csv_file(tmp_path, [row(1), row(2)]), lines(tmp_path, [row(2), row(3)])]
    result = checks.run(schema(unique=[["id"]], rows={"minimum": 4}), paths)
    (said,) = map(str, result.findings)
    assert said.endswith("received: 1 rows more than once")


@pytest.mark.parametrize(
    ("name", "data", "accepted"),
    [
        ("part.parquet", b"PAR1 no", "a parquet file that can be read to its end"),
        ("part.csv.gz", b"no gzip", "a csv.gz file that can be read to its end"),
        ("part.csv", b"id,id\n1,2\n", "columns whose names differ from each other"),
        ("part.csv", f"{','.join(NAMES)}\n1,2,{SECRET}\n".encode(), "a csv file that can be read to its end"),
        ("part.csv", b"\xff\xfe\x00,b\n", "a csv file that can be read to its end"),
        ("part.jsonl", f"{SECRET}\n".encode(), "a JSON object on each line"),
        ("part.jsonl", f'["{SECRET}"]\n'.encode(), "a JSON object on each line"),
        ("part.jsonl", b"\xff\n", "a jsonl file that can be read to its end"),
        ("part.xlsx", b"", "a file that ends with .parquet, .csv, .csv.gz, .jsonl, .jsonl.gz"),
        ("secret", b"", "a file that ends with .parquet"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_finding(name: str, data: bytes, accepted: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    said = found(tmp_path / name)
    assert said[0].startswith(f"b1: file: accepted: {accepted}")
    assert SECRET not in str(said)


@pytest.mark.parametrize("data", [b"", b"id\n", (",".join(NAMES) + "\n").encode()])
def test_a_file_without_rows_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "part.csv").write_bytes(data)
    assert "b1: rows: accepted: at least 1: received: 0" in found(tmp_path / "part.csv")


PARQUET: list[tuple[str, Any, int]] = [
    ("id", pa.array([1.0, 2.0]), 0),
    ("id", pa.array([1.5, 2.0]), 1),
    ("id", pa.array([1, 2**63], pa.uint64()), 1),
    ("id", pa.array(["1", "2"]), 2),
    ("id", pa.array([True, False]), 2),
    ("x", pa.array([0, 1], pa.int8()), 0),
    ("x", pa.array([0.5, 0.25], pa.float32()), 0),
    ("x", pa.array([0.5, float("inf")]), 1),
    ("x", pa.array(["0.5", "0.25"]).cast(pa.decimal128(4, 2)), 0),
    ("group", pa.array(["a", "b"]).dictionary_encode(), 0),
    ("group", pa.array(["a", "b"], pa.large_string()), 0),
    ("group", pa.array([b"a", b"b"]), 2),
    ("ok", pa.array([0, 1]), 2),
    ("ts", pa.array([datetime(2026, 1, 1), None], pa.timestamp("ns")), 0),
    ("ts", pa.array([datetime(2026, 1, 1, tzinfo=UTC)] * 2, pa.timestamp("ms", "Europe/Berlin")), 0),
    ("ts", pa.array([datetime(2026, 1, 1).date()] * 2), 0),
    ("ts", pa.array(["2026-01-01", "2026-01-01T00:00:00+02:00"]), 0),
    ("ts", pa.array([1, 2]), 2),
    ("note", pa.array([["x"], ["y"]]), 2),
    ("note", pa.nulls(2), 0),
]


@pytest.mark.parametrize(("name", "column", "wrong"), PARQUET)
def test_types_of_parquet(name: str, column: Any, wrong: int, tmp_path: Path) -> None:
    table = pa.table({**{key: pa.array([row(0)[key]] * 2) for key in NAMES}, "ts": pa.array(["2026-01-01"] * 2)})
    table = table.set_column(NAMES.index(name), name, column)
    pa.parquet.write_table(table, tmp_path / "part.parquet")
    said = [one for one in found(tmp_path / "part.parquet") if "values of the type" in one]
    assert len(said) == bool(wrong)
    assert all(f"{wrong} of 2 rows are not" in one for one in said)


def test_a_number_that_is_none_is_a_missing_one(tmp_path: Path) -> None:
    table = pa.Table.from_pylist([row(0), row(1, x=float("nan"))])
    pa.parquet.write_table(table, tmp_path / "part.parquet")
    assert found(tmp_path / "part.parquet") == [
        "b1: x: accepted: at most 25.00% without a value: received: 1 of 2 rows without (50.00%)"
    ]


@pytest.mark.parametrize("seed", range(20))
def test_corrupt_bytes_are_findings_and_never_a_crash(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    for write in FORMATS:
        path = write(tmp_path, [row(number, note=SECRET) for number in range(20)])
        data = bytearray(path.read_bytes())
        for _ in range(chance.randint(1, 20)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(bytes(data[: chance.randint(1, len(data))]))
        said = str(checks.run(schema(rows={"minimum": 20}, unique=[["id"]]), [path], "b1").findings)
        assert SECRET not in said


@pytest.mark.parametrize(
    ("newest", "received"),
    [
        ("2026-01-02T00:00:00Z", None),
        ("2026-01-01T00:00:00Z", None),
        ("2026-01-02T00:59:00Z", None),  # their clock is ahead of ours
        ("2025-12-31T23:00:00Z", "25.0 hours before it"),
        ("2026-01-02T03:00:00Z", "3.0 hours after it"),
        (None, "no time at all"),
    ],
)
def test_freshness(newest: str | None, received: str | None) -> None:
    known = schema(freshness={"column": "ts", "maximum_age_hours": 24})
    said = checks.freshness(known, datetime.fromisoformat(newest) if newest else None, "2026-01-02T00:00:00Z")
    assert [one.received for one in said] == ([received] if received else [])
    assert all(one.column == "ts" for one in said)


def test_what_a_schema_does_not_ask_for_is_not_found() -> None:
    assert checks.freshness(schema(), None, "2026-01-02T00:00:00Z") == []


def test_personal_data_may_be_declared(tmp_path: Path) -> None:
    path = csv_file(tmp_path, [row(0, note="jo@acme.example")])
    declared = [{**column, **({"personal_data": True} if column["name"] == "note" else {})} for column in COLUMNS]
    assert len(found(path)) == 1
    assert found(path, columns=declared) == []
