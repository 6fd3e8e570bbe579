"""What counts as drift: defaults, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from slipway_ops.drift.config import DriftConfig, parse, schema
from slipway_ops.gate.errors import GateError


def test_the_published_schema_is_the_models() -> None:
    path = Path(__file__).parents[3] / "docs" / "reference" / "drift.schema.json"
    assert json.loads(path.read_text()) == schema()


def test_nothing_has_to_be_said() -> None:
    assert parse("{}") == parse({}) == DriftConfig()
    assert DriftConfig().quality == {"roc_auc": 0.03, "accuracy": 0.05}


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"alpha": 0}, "drift: alpha: accepted: greater than 0: received: 0"),
        ({"alpha": 0.5}, "drift: alpha: accepted: less than or equal to 0.05: received: 0.5"),
        ({"minimum_rows": 100}, "drift: minimum_rows: accepted: greater than or equal to 200: received: 100"),
        ({"ks": 2}, "drift: ks: accepted: less than or equal to 1: received: 2"),
        ({"quality": {"roc_auc": 0}}, "drift: quality.roc_auc: accepted: greater than 0: received: 0"),
        (
            {"seasonal": [" "]},
            "drift: seasonal.0: accepted: 1 to 128 characters on one line, without spaces around: re",
        ),
        ({"surprise": 1}, "drift: surprise: accepted: no such field: received: 1"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(GateError) as caught:
        parse(changes)
    assert str(caught.value).startswith(message)
