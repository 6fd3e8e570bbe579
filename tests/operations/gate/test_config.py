"""What a comparison may declare."""

import json
from pathlib import Path
from typing import Any

import pytest
from slipway_ops.gate.config import parse, schema
from slipway_ops.gate.errors import GateError

from tests.operations.gate.traffic import document


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"metric_label": ...}, "metric.label: accepted: a value: received: nothing"),
        ({"metric_label": "auc"}, "metric.label: accepted: 'value', 'correct', 'brier', 'absolute_error'"),
        ({"metric_kind": "mean"}, 'metric.kind: accepted: binary, because label is correct: received: "mean"'),
        ({"metric_direction": "decrease"}, "metric.direction: accepted: increase, because label is correct"),
        ({"metric_minimum_effect": 0}, "metric.minimum_effect: accepted: greater than 0: received: 0"),
        ({"metric_minimum_effect": 1.5}, "metric.minimum_effect: accepted: less than 1, because outcomes are from 0"),
        ({"metric_baseline": 0.95}, "metric.baseline: accepted: a rate that minimum_effect (0.1) can improve"),
        ({"metric_baseline": 1.0}, "metric.baseline: accepted: less than 1: received: 1.0"),
        ({"alpha": 0.5}, "alpha: accepted: less than or equal to 0.2: received: 0.5"),
        ({"minimum_sample": 10}, "minimum_sample: accepted: greater than or equal to 400: received: 10"),
        ({"maximum_sample": 400, "minimum_sample": 500}, "maximum_sample: accepted: at least minimum_sample (500)"),
        ({"deadline_minutes": None}, "deadline_minutes: accepted: a value: received: nothing"),
        ({"label_window_minutes": 600}, "label_window_minutes: accepted: less than deadline_minutes (600)"),
        ({"clock_skew_seconds": 301}, "clock_skew_seconds: accepted: less than or equal to 300: received: 301"),
        ({"guardrails": [{"name": "errors", "margin": 0}]}, "guardrails.0.margin: accepted: greater than 0"),
        ({"guardrails": [{"name": "errors", "margin": 1, "kind": "mean"}]}, "guardrails.0.kind: accepted: binary"),
        ({"guardrails": [{"name": "value", "margin": 1}]}, "guardrails.0.kind: accepted: a value, because name is"),
        ({"guardrails": [{"name": "errors", "margin": 1}] * 2}, 'guardrails: accepted: each one once: received: ["err'),
        ({"slices": [{"feature": "a", "margin": 1, "minimum_sample": 5}]}, "slices.0.minimum_sample: accepted: gre"),
        ({"sample_ratio": 1}, "sample_ratio: accepted: no such field: received: 1"),
    ],
)
def test_a_wrong_configuration_names_the_field(changes: dict[str, Any], message: str) -> None:
    fields = document(**changes)
    fields["metric"] = {key: value for key, value in fields["metric"].items() if value is not ...}
    with pytest.raises(GateError) as caught:
        parse(fields, "file.json")
    assert str(caught.value).startswith(f"file.json: {message}")
    assert ";" not in str(caught.value)


def test_all_findings_are_one_message() -> None:
    with pytest.raises(GateError) as caught:
        parse(document(alpha=2, minimum_sample=1))
    assert [problem.field for problem in caught.value.problems] == ["alpha", "minimum_sample"]


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(GateError, match=r"file\.json: config: accepted: JSON: received: Expecting"):
        parse(b"{", "file.json")


def test_the_published_schema_is_that_of_the_code() -> None:
    path = Path(__file__).parents[3] / "docs" / "reference" / "gate.schema.json"
    assert json.loads(path.read_text()) == schema(), f"run: slipway gate schema > {path}"
