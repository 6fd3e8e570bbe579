"""What a run does with the batches that arrived."""

import json
from typing import Any

import pytest

from tests.operations.retraining.pipeline import DATASETS, SCHEMA, Pipeline, rows
from tests.operations.world import MODEL


def validated(pipeline: Pipeline, run: str, code: int = 0) -> Any:
    """A run's validation, its record read."""
    pipeline.begin(run)
    got, out, err = pipeline("data", "validate")
    assert got == code, out + err
    return pipeline.record("validation.json")


def head(pipeline: Pipeline) -> Any:
    body = pipeline.s3.get_object(Bucket=DATASETS, Key=f"dvc/{MODEL}/revisions/head.json")["Body"]
    return json.loads(body.read())


def test_batches_are_learnt_from_in_the_order_in_which_they_came(pipeline: Pipeline) -> None:
    pipeline.arrive("z", rows(0))
    first = validated(pipeline, "run-1")
    pipeline.arrive("a", rows(1000))
    second = validated(pipeline, "run-2")
    assert [one["batch"] for one in second["batches"]] == ["a"]
    assert pipeline.record("input.json")["batches"] == ["z", "a"]
    assert pipeline.record("input.json")["added"] == ["a"]
    assert head(pipeline)["previous"] == first["dataset"]["revision"]
    assert head(pipeline)["run"] == "run-2"


def test_a_poisoned_batch_is_refused_once_and_stops_no_later_run(pipeline: Pipeline) -> None:
    pipeline.arrive("b1", rows(0))
    validated(pipeline, "run-1")
    before = head(pipeline)
    secret = "jo@acme.example"
    pipeline.arrive("b2", [*rows(1000, 300), *rows(2000, 100, group=secret)])
    pipeline.begin("run-2")
    code, out, err = pipeline("data", "validate")
    assert (code, err) == (3, "")
    assert "b2: group: accepted: one of the 2 values that the schema lists: received: 100 of 400 rows are not" in out
    assert "b2: group: accepted: no e-mail address: received: one in 100 of 400 rows" in out
    record = pipeline.record("validation.json")
    assert (record["state"], "dataset" in record, pipeline.has("input.json")) == ("refused", False, False)
    outcome = pipeline.record("outcome.json")
    assert (outcome["outcome"], outcome["reason"][:10]) == ("refused", "b2: group:")
    assert secret not in out + json.dumps(record) + json.dumps(outcome)
    assert head(pipeline) == before

    assert validated(pipeline, "run-3")["dataset"]["revision"] == before["revision"]  # nothing new but what was refused
    pipeline.arrive("b3", rows(3000))
    assert validated(pipeline, "run-4")["batches"][0]["batch"] == "b3"
    assert head(pipeline)["batches"] == ["b1", "b3"]


def test_a_refused_batch_that_was_mended_is_looked_at_again(pipeline: Pipeline) -> None:
    pipeline.arrive("b1", rows(0, 50))  # too few
    assert "rows" in str(validated(pipeline, "run-1", 3)["findings"])
    for key in ("manifest.json", "part.csv"):
        pipeline.s3.delete_object(Bucket=DATASETS, Key=f"incoming/{MODEL}/b1/{key}")
    pipeline.arrive("b1", rows(0, 150))
    assert validated(pipeline, "run-2")["batches"][0]["rows"] == 150


def test_a_good_batch_beside_a_bad_one_waits_for_the_next_run(pipeline: Pipeline) -> None:
    pipeline.arrive("b1", rows(0))
    pipeline.arrive("b2", rows(1000, 50))
    validated(pipeline, "run-1", 3)
    assert pipeline.record("validation.json")["batches"][0]["batch"] == "b1"
    assert validated(pipeline, "run-2")["batches"] == [
        {"batch": "b1", "files": 1, "rows": 400, "bytes": pytest.approx(15000, rel=0.3)}
    ]


def test_data_that_are_too_old_wait_for_fresher_ones(pipeline: Pipeline) -> None:
    pipeline.arrive("b1", rows(0, at="2026-02-01T00:00:00Z"))
    (finding,) = validated(pipeline, "run-1", 3)["findings"]
    assert (finding["column"], finding["check"]) == ("ts", "freshness")
    pipeline.arrive("b2", rows(1000))
    assert len(validated(pipeline, "run-2")["batches"]) == 2


def test_a_dataset_that_nothing_came_to_may_no_longer_be_fresh(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.arrive("b1", rows(0))
    validated(pipeline, "run-1")
    assert validated(pipeline, "run-2")["batches"][0]["rows"] == 400
    assert pipeline.record("input.json")["added"] == []
    monkeypatch.setenv("SLIPWAY_AT", "2026-04-01T00:00:00Z")
    (finding,) = validated(pipeline, "run-3", 3)["findings"]
    assert finding["check"] == "freshness"


def test_no_data_at_all_is_refused(pipeline: Pipeline) -> None:
    (finding,) = validated(pipeline, "run-1", 3)["findings"]
    assert finding["received"] == "none that was not refused"
    pipeline.s3.put_object(Bucket=DATASETS, Key=f"incoming/{MODEL}/b1/part.csv", Body=b"no manifest yet")
    validated(pipeline, "run-2", 3)


MANIFESTS: list[tuple[Any, str]] = [
    (b"{", "record: "),
    (b"[]", "record: []"),
    ({"batch": "other"}, 'batch: "other"'),
    ({"model": "other"}, 'model: "other"'),
    ({"files": []}, "files: []"),
    ({"files": [{"path": "../x", "bytes": 1, "sha256": "a" * 64}]}, 'files.0.path: "../x"'),
    ({"files": [{"path": "manifest.json", "bytes": 1, "sha256": "a" * 64}]}, 'files: ["manifest.json"]'),
    ({"files": [{"path": "absent", "bytes": 1, "sha256": "a" * 64}]}, "file: nothing"),
]


@pytest.mark.parametrize(("manifest", "received"), MANIFESTS)
def test_a_batch_that_is_not_what_its_manifest_says_is_refused(
    pipeline: Pipeline, manifest: Any, received: str
) -> None:
    pipeline.arrive("b1", rows(0))
    key = f"incoming/{MODEL}/b1/manifest.json"
    if isinstance(manifest, dict):
        good = json.loads(pipeline.s3.get_object(Bucket=DATASETS, Key=key)["Body"].read())
        manifest = json.dumps({**good, **manifest}).encode()
    pipeline.s3.put_object(Bucket=DATASETS, Key=key, Body=manifest)
    finding = validated(pipeline, "run-1", 3)["findings"][0]
    assert (finding["batch"], finding["check"]) == ("b1", "file")
    assert finding["received"].startswith(received)


def test_the_same_rows_under_another_name_are_refused(pipeline: Pipeline) -> None:
    pipeline.arrive("b1", rows(0))
    validated(pipeline, "run-1")
    pipeline.arrive("b2", rows(0))
    (finding,) = validated(pipeline, "run-2", 3)["findings"]
    assert (finding["batch"], finding["accepted"]) == ("b2", "a file that the dataset has not")


def test_a_step_that_is_started_again_says_the_same(pipeline: Pipeline) -> None:
    pipeline.arrive("b1", rows(0))
    first = validated(pipeline, "run-1")
    pipeline.arrive("b2", rows(1000))
    assert validated(pipeline, "run-1") == first
    assert head(pipeline)["batches"] == ["b1"]


def test_a_revision_may_be_named(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.arrive("b1", rows(0))
    old = validated(pipeline, "run-1")["dataset"]["revision"]
    pipeline.arrive("b2", rows(1000))
    validated(pipeline, "run-2")
    monkeypatch.setenv("SLIPWAY_DATASET_VERSION", old)
    assert validated(pipeline, "run-3")["dataset"]["revision"] == old
    assert pipeline.record("input.json")["batches"] == ["b1"]
    monkeypatch.setenv("SLIPWAY_DATASET_VERSION", "f" * 32 + ".dir")
    pipeline.begin("run-4")
    code, _, err = pipeline("data", "validate")
    assert (code, "revision: accepted: one that the remote holds" in err) == (1, True)
    assert pipeline.record("outcome.json")["outcome"] == "failed"


@pytest.mark.parametrize("schema", [None, b"{", {**SCHEMA, "model": "other"}])
def test_without_a_good_schema_nothing_is_learnt_from(pipeline: Pipeline, schema: Any) -> None:
    pipeline.arrive("b1", rows(0))
    if schema is None:
        pipeline.s3.delete_object(Bucket=DATASETS, Key=f"schemas/{MODEL}.json")
    else:
        pipeline.declare(f"{MODEL}.json", schema)
    code, out, err = pipeline("data", "validate")
    assert (code, out) == (1, "")
    assert f"schemas/{MODEL}.json: " in err
    assert pipeline.record("outcome.json")["outcome"] == "failed"
    assert not pipeline.has("input.json")
