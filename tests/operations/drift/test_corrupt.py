"""Events, references and training rows that are not what they should be: one clear error each."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from slipway_ops.content import Feature
from slipway_ops.drift.making import Names, make
from slipway_ops.drift.profile import Profile
from slipway_ops.gate.errors import GateError

from tests.operations.drift.shop import MODEL, RELEASE, Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def event(number: int, **changes: Any) -> dict[str, Any]:
    features = {"amount": 0.5, "age": 20.0, "weekday": 3, "shop": "north", "member": True}
    features |= changes.pop("features", {})
    return {
        "model": MODEL,
        "release": RELEASE,
        "variant": "stable",
        "request_id": f"request-{number}",
        "ts": "2026-11-01T12:00:00Z",
        "features": features,
        "prediction": True,
        "score": 0.75,
        **changes,
    }


def write(shop: Shop, *events: Any, kind: str = "predictions", name: str = "part.jsonl") -> None:
    for other in ("predictions", "labels"):
        (shop.root / other).mkdir(exist_ok=True)
    path = shop.root / kind / f"model={MODEL}" / "day=2026-11-01" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in events) + "\n")


def refusal(shop: Shop) -> str:
    profile = shop.train(600)
    with pytest.raises(GateError) as caught:
        shop.look(profile)
    message = str(caught.value)
    assert "\n" not in message
    return message.replace(f"file://{shop.root}/", "")


@pytest.mark.parametrize(
    "wrong, message",
    [
        ("{", 'line: accepted: a JSON object: received: "{"'),
        (event(2, features={"age": "old"}), 'features.age: accepted: a number: received: "old"'),
        (event(2, features={"age": [1]}), "features.age: accepted: text, a number or a truth value: received: [1]"),
        (event(2, features={"shop": {"a": 1}}), "features.shop: accepted: text, a number or a truth value: received: "),
        (event(2, score="high"), 'score: accepted: a number: received: "high"'),
        (event(2, ts="noon"), 'ts: accepted: RFC 3339 in UTC, such as 2026-11-20T09:30:00Z: received: "noon"'),
        (event(2, release=None), "release: accepted: text: received: nothing"),
    ],
)
def test_a_wrong_event(shop: Shop, wrong: Any, message: str) -> None:
    write(shop, event(1), wrong, event(3))
    day = f"model={MODEL}/day=2026-11-01/part.jsonl"
    assert refusal(shop).startswith(f"predictions/{day}: line 2: {message}")


def test_lines_that_are_not_alike_are_counted_as_others_are(shop: Shop) -> None:
    profile = shop.train(600)
    write(shop, *(event(number) for number in range(600)))
    expected = shop.look(profile).features
    write(shop, *(event(n, features={"age": 20, "weekday": 3.0} if n % 2 else {}) for n in range(600)))
    assert shop.look(profile).features == expected
    write(shop, *(event(n, features={"age": 20, "other": None}) for n in range(600)), event(1, status=500, features={}))
    assert shop.look(profile).features == expected


def test_a_truth_value_is_a_number_where_training_had_numbers(shop: Shop) -> None:
    profile = shop.train(600)
    write(shop, *(event(n, features={"weekday": n % 2 == 0, "amount": 1}) for n in range(600)), event(9, error="x"))
    assert shop.look(profile).features["weekday"].rows == 600


def test_no_parquet(shop: Shop) -> None:
    write(shop, event(1), name="part.parquet")
    assert refusal(shop).startswith(f"predictions/model={MODEL}/day=2026-11-01/part.parquet: file: accepted: Parquet")


def test_wrong_labels(shop: Shop) -> None:
    write(shop, event(1))
    write(shop, {"request_id": "request-1", "ts": "2026-11-01T13:00:00Z", "label": "late"}, kind="labels")
    assert "label: accepted: a number or truth value" in refusal(shop)


@pytest.mark.parametrize(
    "change, message",
    [
        ("{", "record: accepted: JSON: received: "),
        ({"rows": 0}, "rows: accepted: greater than or equal to 1: received: 0"),
        ({"features": {}}, "features: accepted: at least 1 entries: received: {}"),
        ({"surprise": 1}, "surprise: accepted: no such field: received: 1"),
        ({"features": {"age": {"kind": "number", "edges": [1, 1], "counts": [1, 2, 3]}}}, "numbers that rise"),
        ({"features": {"age": {"kind": "number", "edges": [1], "counts": [1]}}}, "accepted: 2 numbers, one more than "),
        (
            {"features": {"age": {"kind": "number", "edges": [], "counts": [-1]}}},
            "greater than or equal to 0",
        ),
        ({"features": {"age": {"kind": "colour"}}}, "features.age"),
    ],
)
def test_a_wrong_reference(shop: Shop, change: Any, message: str) -> None:
    document = json.loads(shop.train(600).json_bytes())
    text = change if isinstance(change, str) else json.dumps({**document, **change})
    with pytest.raises(GateError) as caught:
        Profile.parse(text.encode(), "profile.json")
    assert str(caught.value).startswith("profile.json: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_reference_comes_back_as_it_was(shop: Shop) -> None:
    profile = shop.train(700)
    assert Profile.parse(profile.json_bytes(), "it") == profile


@pytest.mark.parametrize(
    "columns, message",
    [
        ({"age": []}, "rows: accepted: at least one: received: 0"),
        ({"score": [0.5]}, "columns: accepted: at least one feature: received: nothing"),
        ({"age": [[1]]}, "row 1: age: accepted: text, a number or a truth value: received: [1]"),
        (
            {"age": [1.0], "ts": ["noon"]},
            "row 1: ts: accepted: RFC 3339 in UTC, such as 2026-11-20T09:30:00Z",
        ),
        (
            {"id": [f"user-{number}" for number in range(10_001)]},
            "id: accepted: a category of at most 10000 values",
        ),
    ],
)
def test_wrong_rows_of_training(tmp_path: Path, columns: dict[str, Any], message: str) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table(columns), path)
    with pytest.raises(GateError) as caught:
        make(MODEL, path, None, Names())
    assert str(caught.value).startswith(f"{path}: {message}")


def test_rows_of_training_that_cannot_be_read(tmp_path: Path) -> None:
    for path, message in (
        (tmp_path / "none.parquet", "a readable Parquet file"),
        (tmp_path, "a Parquet file or a folder"),
    ):
        with pytest.raises(GateError, match=message):
            make(MODEL, path, None, Names())
    (tmp_path / "bad.parquet").write_text("no")
    with pytest.raises(GateError, match=r"bad\.parquet: file: accepted: Parquet: received: "):
        make(MODEL, tmp_path, None, Names())


def test_a_declared_feature_that_no_row_has(tmp_path: Path) -> None:
    pq.write_table(pa.table({"age": [1.0]}), tmp_path / "rows.parquet")
    declared = [Feature(name="age", type="number"), Feature(name="shop", type="category")]
    with pytest.raises(GateError, match="shop: accepted: a column, as the feature schema says: received: nothing"):
        make(MODEL, tmp_path / "rows.parquet", declared, Names())
