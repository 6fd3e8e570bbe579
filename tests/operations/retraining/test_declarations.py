"""The declared schema and the plan of an evaluation: what they refuse, and that what is published is theirs."""

import json
from pathlib import Path
from typing import Any

import pytest
from slipway_ops.problems import ReleaseError
from slipway_ops.retraining import data_schema, plan, records

from tests.operations.retraining.pipeline import PLAN, SCHEMA
from tests.operations.world import MODEL

COLUMN = {"name": "x", "type": "number"}


def columns(**changes: Any) -> dict[str, Any]:
    return {"columns": [{**COLUMN, **changes}]}


DATA: list[tuple[dict[str, Any], str]] = [
    ({"model": "Flight"}, "model: accepted: 2 to 30 of a-z, 0-9 and -"),
    ({"model": "other"}, f"model: accepted: {MODEL}: received: "),
    ({"columns": []}, "columns: accepted: at least 1 entries: received: []"),
    ({"columns": [COLUMN, COLUMN]}, 'columns: accepted: names that differ from each other: received: ["x"]'),
    (columns(type="float"), "columns.0.type: accepted: 'integer', 'number', 'boolean', 'string' or 'timestamp'"),
    (columns(null_share=1.5), "columns.0.null_share: accepted: less than or equal to 1: received: 1.5"),
    (columns(minimum=2, maximum=1), "columns.0.minimum: accepted: at most maximum (1): received: 2.0"),
    (columns(type="string", minimum=2), "columns.0.minimum: accepted: nothing, because type is neither integer nor"),
    (columns(values=[1]), "columns.0.values: accepted: nothing, because type is neither string nor integer"),
    (columns(type="string", values=[1]), "columns.0.values: accepted: values of the type string: received: [1]"),
    (columns(type="string", values=[]), "columns.0.values"),
    (columns(personal_data=True), "columns.0.personal_data: accepted: false, because only text is searched"),
    (columns(unit="km"), 'columns.0.unit: accepted: no such field: received: "km"'),
    ({"rows": {"minimum": 0}}, "rows.minimum: accepted: greater than or equal to 1: received: 0"),
    ({"rows": {"minimum": 9, "maximum": 1}}, "rows.minimum: accepted: at most maximum (1): received: 9"),
    ({"unique": [["y"]]}, 'unique.0: accepted: names of columns, each once: received: ["y"]'),
    ({"unique": [["x", "x"]]}, "unique.0: accepted: names of columns, each once"),
    ({"unique": [[]]}, "unique.0: accepted: at least 1 entries"),
    ({"freshness": {"column": "x", "maximum_age_hours": 1}}, "freshness.column: accepted: a column of the type"),
    ({"freshness": {"column": "x", "maximum_age_hours": 0}}, "freshness.maximum_age_hours: accepted: greater than 0"),
    ({"schema_version": 2}, "schema_version: accepted: 1: received: 2"),
    ({"colour": "red"}, 'colour: accepted: no such field: received: "red"'),
]


@pytest.mark.parametrize(("changes", "message"), DATA)
def test_a_schema_that_says_something_wrong_is_refused(changes: dict[str, Any], message: str) -> None:
    document = {"model": MODEL, "columns": [COLUMN], **changes}
    with pytest.raises(ReleaseError) as caught:
        data_schema.parse(json.dumps(document).encode(), "s3://b/k", MODEL)
    assert str(caught.value).startswith("s3://b/k: ")
    assert message in str(caught.value)


PLANS: list[tuple[dict[str, Any], str]] = [
    ({"model": "other"}, f"model: accepted: {MODEL}"),
    ({"metric": {"label": "auc", "minimum_effect": 0}}, "metric.label: accepted: 'correct', 'brier'"),
    (
        {"metric": {"label": "brier", "minimum_effect": -1}},
        "metric.minimum_effect: accepted: greater than or equal to 0",
    ),
    ({"metric": {"label": "brier", "minimum_effect": 1}}, "metric.minimum_effect: accepted: less than 1, because"),
    ({"metric": {"label": "brier"}}, "metric.minimum_effect: accepted: a value: received: nothing"),
    ({"frozen": {}}, "frozen.batches: accepted: a number, or revision, one of the two: received: nothing"),
    ({"frozen": {"batches": 1, "revision": "a" * 32 + ".dir"}}, "frozen.batches: accepted: a number, or revision"),
    ({"frozen": {"revision": "main"}}, "frozen.revision: accepted: <32 hex>.dir"),
    ({"frozen": {"batches": 0}}, "frozen.batches: accepted: greater than or equal to 1"),
    ({"alpha": 0.5}, "alpha: accepted: less than or equal to 0.2"),
    ({"minimum_rows": 10}, "minimum_rows: accepted: greater than or equal to 100"),
    ({"guardrails": [{"label": "brier", "margin": 0}]}, "guardrails.0.margin: accepted: greater than 0"),
    ({"guardrails": [{"label": "brier", "margin": 1}] * 2}, 'guardrails: accepted: each one once: received: "brier"'),
    ({"slices": [{"feature": "g", "margin": 1}] * 2}, 'slices: accepted: each one once: received: "g"'),
    ({"slices": [{"feature": "g", "margin": 1, "minimum_rows": 1}]}, "slices.0.minimum_rows: accepted: greater than"),
    ({"slices": [{"feature": "g", "margin": 1, "values": []}]}, "slices.0.values: accepted: at least 1 entries"),
    ({"fairness": [{"feature": "g", "statistic": "luck", "maximum_gap": 1}]}, "fairness.0.statistic: accepted:"),
    ({"colour": "red"}, "colour: accepted: no such field"),
]


@pytest.mark.parametrize(("changes", "message"), PLANS)
def test_a_plan_that_says_something_wrong_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ReleaseError) as caught:
        plan.parse(json.dumps({**PLAN, **changes}).encode(), "s3://b/k", MODEL)
    assert message in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"null", b'"x"', b"{"])
@pytest.mark.parametrize("parse", [data_schema.parse, plan.parse])
def test_what_is_no_declaration_is_refused(parse: Any, data: bytes) -> None:
    with pytest.raises(ReleaseError, match="s3://b/k: record: accepted: "):
        parse(data, "s3://b/k", MODEL)


def test_features_of_a_schema_are_those_of_a_release() -> None:
    found = data_schema.parse(json.dumps(SCHEMA).encode(), "schema").features()
    assert [feature.model_dump(exclude_none=True) for feature in found] == [
        {"name": "x", "type": "number", "nullable": False, "minimum": 0, "maximum": 1},
        {"name": "group", "type": "category", "nullable": False, "categories": ["a", "b"]},
    ]


def test_the_newest_batches_are_held_out() -> None:
    found = plan.parse(json.dumps({**PLAN, "frozen": {"batches": 2}}).encode(), "plan", MODEL)
    assert found.held_out(["a", "b", "c"]) == ["b", "c"]
    fixed = plan.parse(json.dumps({**PLAN, "frozen": {"revision": "a" * 32 + ".dir"}}).encode(), "plan", MODEL)
    assert fixed.held_out(["a", "b", "c"]) == []


@pytest.mark.parametrize(
    ("name", "schema"), [("data", data_schema.schema), ("evaluation", plan.schema), ("run", records.schema)]
)
def test_the_published_schema_is_that_of_the_code(name: str, schema: Any) -> None:
    path = Path(__file__).parents[3] / "docs" / "reference" / f"{name}.schema.json"
    assert json.loads(path.read_text()) == schema(), f"run: slipway data schema --of {name} > {path}"
