"""Events that are not what they should be: one clear error each, that names the file, the row and the field."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from slipway_ops.gate import parts
from slipway_ops.gate.errors import GateError
from slipway_ops.gate.sources import local

from tests.operations.gate.traffic import DAY, Traffic, gate_config, label, parquet, prediction


@pytest.fixture
def traffic(tmp_path: Path) -> Traffic:
    return Traffic(tmp_path)


def refusal(traffic: Traffic, **changes: Any) -> str:
    with pytest.raises(GateError) as caught:
        traffic.count(gate_config(clock_skew_seconds=1, **changes))
    message = str(caught.value)
    assert "\n" not in message
    return message.replace(f"file://{traffic.predictions.parent}/", "").replace(f"/{DAY}", "")


PREDICTIONS: list[tuple[Any, str]] = [
    ("{", "line: accepted: a JSON object: received: "),
    ("[1]", "line: accepted: a JSON object: received: [1]"),
    (prediction(2, 1, request_id=...), "request_id: accepted: text: received: nothing"),
    (prediction(2, 1, request_id=""), 'request_id: accepted: text of 1 to 200 bytes: received: ""'),
    (prediction(2, 1, request_id="x" * 201), "request_id: accepted: text of 1 to 200 bytes: received: "),
    (prediction(2, 1, request_id=7), "request_id: accepted: text: received: 7"),
    (prediction(2, 1, subject=""), 'subject: accepted: text of 1 to 200 bytes: received: ""'),
    (prediction(2, 1, ts="2026-11-18T12:00:00"), "ts: accepted: RFC 3339 in UTC, such as 2026-11-20T09:30:00Z: "),
    (prediction(2, 1, ts="2026-11-18T12:00:00+01:00"), "ts: accepted: RFC 3339 in UTC, such as 2026-11-20T09:30:00Z"),
    (prediction(2, 1, ts="yesterday, 5 o'clock Z"), "ts: accepted: RFC 3339 in UTC: received: "),
    (prediction(2, 1, ts=1795000000), "ts: accepted: RFC 3339 in UTC, such as 2026-11-20T09:30:00Z: received: 17950"),
    (prediction(2, 1, variant=...), "variant: accepted: text: received: nothing"),
    (prediction(2, 1, release=None), "release: accepted: text: received: nothing"),
    (prediction(2, 1, latency_ms="fast"), 'latency_ms: accepted: a number: received: "fast"'),
    (prediction(2, 1, latency_ms=float("nan")), 'latency_ms: accepted: a finite number: received: "nan"'),
    (prediction(2, 1, prediction={"late": True}), "prediction: accepted: text, a number or a truth value: received: "),
    (prediction(2, 1, prediction="late"), "prediction: accepted: a number or truth value, as before: received: "),
]


@pytest.mark.parametrize("event, message", PREDICTIONS)
def test_a_wrong_prediction_event(traffic: Traffic, event: Any, message: str) -> None:
    traffic.predict(prediction(1, 0), event, prediction(3, 2))
    assert refusal(traffic).startswith(f"predictions/part.jsonl: line 2: {message}")


@pytest.mark.parametrize(
    "event, message",
    [
        ({"request_id": "request-1", "ts": "2026-11-18T12:00:00Z"}, "label: accepted: a value: received: nothing"),
        (label(1, 1, None), "label: accepted: a value: received: nothing"),
        (label(1, 1, [1]), "label: accepted: text, a number or a truth value: received: [1]"),
    ],
)
def test_a_wrong_label_event(traffic: Traffic, event: Any, message: str) -> None:
    traffic.predict(prediction(1, 0))
    traffic.label(label(5, 1), event)
    found = refusal(traffic)
    assert found.startswith("labels/part.jsonl: line 2: ") and message.split(":")[0] in found


@pytest.mark.parametrize(
    "changes, value, message",
    [
        ({"metric_label": "value"}, 2, "labels/part.jsonl: line 1: label: accepted: 0 or 1: received: 2.0"),
        ({}, "late", 'labels: label: accepted: a number or truth value, as prediction: received: "text"'),
        (
            {"guardrails": [{"name": "brier", "margin": 0.1}]},
            7,
            "labels/part.jsonl: line 1: label: accepted: a number from 0 to 1: received: 7.0",
        ),
        (
            {"guardrails": [{"name": "absolute_error", "margin": 0.1}]},
            "late",
            'labels/part.jsonl: line 1: label: accepted: a number or truth value: received: "late"',
        ),
    ],
)
def test_a_label_that_the_metric_cannot_use(traffic: Traffic, changes: Any, value: Any, message: str) -> None:
    traffic.predict(prediction(1, 0))
    traffic.label(label(1, 1, value))
    assert refusal(traffic, **changes) == message


def test_files_that_are_not_what_their_name_says(traffic: Traffic) -> None:
    path = traffic.predictions / DAY / "part.parquet"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PAR1 and no more")
    assert refusal(traffic).startswith("predictions/part.parquet: file: accepted: Parquet: received: ")
    path.rename(path.with_name("part.jsonl.gz"))
    assert refusal(traffic).startswith("predictions/part.jsonl.gz: file: accepted: JSON lines: received: ")


def test_a_column_that_is_missing_or_of_another_type(traffic: Traffic) -> None:
    row = prediction(1, 0)
    path = traffic.predictions / DAY / "part.parquet"
    parquet(path, [{key: value for key, value in row.items() if key != "variant"}])
    assert refusal(traffic) == "predictions/part.parquet: variant: accepted: a column: received: nothing"
    parquet(path, [prediction(1, 0), prediction(2, 0, ts=None)])
    assert "part.parquet: row 2: ts: accepted: RFC 3339 in UTC" in refusal(traffic)
    parquet(path, [prediction(1, 0, request_id=5)])
    assert refusal(traffic) == "predictions/part.parquet: row 1: request_id: accepted: text: received: 5"
    parquet(path, [prediction(1, 0, features="{}")])
    gate = {"slices": [{"feature": "carrier", "margin": 0.1}]}
    assert refusal(traffic, **gate) == (
        'predictions/part.parquet: features: accepted: a struct or a map: received: "string"'
    )


def test_a_map_of_features_is_read(traffic: Traffic) -> None:
    rows = [prediction(1, 0, features=[("carrier", "AA")]), prediction(2, 0, features=[("other", "x")])]
    parquet(traffic.predictions / DAY / "part.parquet", rows, features=pa.map_(pa.string(), pa.string()))
    gate = gate_config(slices=[{"feature": "carrier", "margin": 0.1}], clock_skew_seconds=1)
    traffic.label(label(1, 1), label(2, 1))
    (cohort,) = traffic.count(gate).counts.cohorts
    assert sorted(cohort.stable.slices["carrier"]) == ["(missing)", "AA"]


def test_a_feature_of_too_many_values_is_no_slice(traffic: Traffic) -> None:
    traffic.predict(*(prediction(n, 0, features={"tail": f"N{n}"}) for n in range(60)))
    message = refusal(traffic, slices=[{"feature": "tail", "margin": 0.1}])
    assert message == 'gate: slices.0.feature: accepted: one of at most 50 values: received: "tail: more"'


def test_one_id_for_all_requests_is_refused(traffic: Traffic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_ROOM", 10)
    traffic.predict(*(prediction(1, n) for n in range(20)))
    assert refusal(traffic).startswith("predictions: request_id: accepted: ids that differ, of at most 12000000 pred")


def test_a_place_that_is_not_there(traffic: Traffic, tmp_path: Path) -> None:
    traffic.labels.rmdir()
    assert refusal(traffic).endswith('labels: accepted: a folder or a file of events: received: "nothing"')
    with pytest.raises(GateError, match=r"gs://bucket: accepted: s3://<bucket>/<prefix>, file:///<path> or a path"):
        local("gs://bucket")
