"""The record: its id, its canonical form and everything it refuses."""

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from slipway_ops.content import Content
from slipway_ops.problems import of_validation
from slipway_ops.record import Location, Release, canonical, identifier, schema
from slipway_ops.release import ReleaseError

from tests.operations.world import BUCKET, BYTES, MODEL, REPOSITORY, content

SHA256 = hashlib.sha256(BYTES).hexdigest()
LOCATION = {
    "bucket": BUCKET,
    "key": f"artifacts/{MODEL}/{SHA256}",
    "version_id": "v1",
    "checksum_sha256": base64.b64encode(bytes.fromhex(SHA256)).decode(),
    "parts": 1,
    "repository": REPOSITORY,
}


def release(**changes: Any) -> Release:
    return Release.of(Content.model_validate(content(**changes)), Location.model_validate(LOCATION))


def refusal(fields: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        Content.model_validate(fields)
    return "; ".join(map(str, of_validation(caught.value)))


def test_the_id_is_the_model_the_day_and_the_hash_of_the_canonical_content() -> None:
    made = release()
    fields = content()
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert canonical(made.content) == text.encode()
    assert made.id == f"flight-delay-20261120-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def test_the_id_of_a_known_content_never_moves() -> None:
    # A change here means that every record written so far has lost its id.
    assert release().id == "flight-delay-20261120-531a6786"


def test_canonical_json_writes_text_as_utf8_and_whole_numbers_of_a_float_field_as_floats() -> None:
    made = release(settings={"GREETING": "grüße"}, metrics={"accuracy": {"value": 1, "rows": 2}})
    assert "grüße".encode() in canonical(made.content)
    assert b'{"rows":2,"value":1.0}' in canonical(made.content)


def test_absent_optional_fields_are_left_out() -> None:
    assert b"previous" not in canonical(release().content)
    assert b"resources" not in canonical(release().content)


def test_a_record_reads_back_as_it_was_written() -> None:
    made = release(resources={"cpu": "500m", "memory": "1Gi", "gpus": 1}, previous="flight-delay-20261119-01234567")
    assert Release.parse(canonical(made), "record") == made


def test_the_location_is_no_part_of_the_id() -> None:
    elsewhere = Location.model_validate(
        LOCATION | {"bucket": "acme-prod-models", "version_id": "v9", "repository": f"acme-prod/{MODEL}"}
    )
    assert Release.of(release().content, elsewhere).id == release().id


def test_a_release_may_say_which_runs_it_comes_from() -> None:
    told = {"mlflow_run": "a" * 32, "mlflow_uri": "https://mlflow.example", "run": "run-1"}
    made = release(provenance=told)
    assert made.id != release().id
    assert made.content.provenance is not None
    assert made.content.provenance.model_dump(exclude_none=True) == told
    assert Release.parse(canonical(made), "record") == made
    assert b"provenance" not in canonical(release().content)  # so that ids from before it stay what they are


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"provenance": {}}, "provenance.mlflow_run: accepted: a value for one of the fields, or no provenance"),
    ({"provenance": {"mlflow_run": "a b"}}, "provenance.mlflow_run: accepted: a run id of MLflow"),
    ({"provenance": {"run": "a_b"}}, "provenance.run: accepted: 1 to 80 of A-Z, a-z, 0-9 and -"),
    (
        {"provenance": {"mlflow_uri": "https://ci:hunter2@mlflow.example"}},
        'provenance.mlflow_uri: accepted: an address without a password: received: "one with a password"',
    ),
    ({"provenance": {"run": "r", "evaluation_sha256": "x"}}, "provenance.evaluation_sha256: accepted: 64 hex digits"),
    ({"provenance": {"run": "r", "commit": "x"}}, "provenance.commit: accepted: no such field"),
    ({"schema_version": 2}, "schema_version: accepted: 1: received: 2"),
    ({"model": "Flight"}, 'model: accepted: 2 to 30 of a-z, 0-9 and -, beginning with a letter: received: "Flight"'),
    ({"image_digest": "latest"}, 'image_digest: accepted: sha256:<64 hex>: received: "latest"'),
    (
        {"artifact": {"sha256": "AB", "bytes": 1}},
        'artifact.sha256: accepted: 64 hex digits in lower case: received: "AB"',
    ),
    (
        {"artifact": {"sha256": "a" * 64, "bytes": 0}},
        "artifact.bytes: accepted: greater than or equal to 1: received: 0",
    ),
    ({"artifact": {"sha256": "a" * 64, "bytes": "9"}}, 'artifact.bytes: accepted: a whole number: received: "9"'),
    (
        {"artifact": {"sha256": "a" * 64, "bytes": 9, "media_type": "pickle"}},
        "artifact.media_type: accepted: a media type",
    ),
    ({"dataset": {"kind": "git", "uri": "x", "revision": "1"}}, "dataset.kind: accepted: 'dvc', 's3' or 'package'"),
    ({"dataset": {"kind": "s3", "uri": "https://x", "revision": "1"}}, "dataset.uri: accepted: s3://<bucket>/<key>"),
    (
        {"dataset": {"kind": "dvc", "uri": "https://ci:hunter2@git.example/data", "revision": "1"}},
        'dataset.uri: accepted: an address without a password: received: "one with a password"',
    ),
    ({"dataset": {"kind": "dvc", "uri": "x"}}, "dataset.revision: accepted: a value: received: nothing"),
    ({"code_commit": "main"}, "code_commit: accepted: a whole commit id: 40 or 64 hex digits"),
    ({"feature_schema": []}, "feature_schema: accepted: at least 1 entries: received: []"),
    ({"feature_schema": [{"name": "a", "type": "float"}]}, "feature_schema.0.type: accepted: 'integer', 'number'"),
    (
        {"feature_schema": [{"name": "a", "type": "string"}] * 2},
        'feature_schema: accepted: names that differ from each other: received: ["a"]',
    ),
    (
        {"feature_schema": [{"name": "a", "type": "number", "minimum": 2, "maximum": 1}]},
        "feature_schema.0.minimum: accepted: at most maximum (1): received: 2.0",
    ),
    (
        {"feature_schema": [{"name": "a", "type": "string", "maximum": 1}]},
        "feature_schema.0.maximum: accepted: nothing, because type is neither integer nor number",
    ),
    (
        {"feature_schema": [{"name": "a", "type": "number", "categories": ["x"]}]},
        "feature_schema.0.categories: accepted: nothing, because type is not category",
    ),
    ({"settings": {"lower": "x"}}, "settings.lower: accepted: a name of A-Z, 0-9 and _"),
    ({"settings": {"SLIPWAY_MODEL": "x"}}, "settings.SLIPWAY_MODEL: accepted: a name of A-Z, 0-9 and _ that does not"),
    ({"settings": {"DB_PASSWORD": "x"}}, "settings.DB_PASSWORD: accepted: no secret, because a record is locked"),
    ({"settings": {"PORT": 8080}}, "settings.PORT: accepted: text: received: 8080"),
    ({"settings": {"OWNER": "jo@acme.example"}}, "settings.OWNER: accepted: no personal data"),
    (
        {"resources": {"cpu": "half", "memory": "1Gi"}},
        'resources.cpu: accepted: CPUs such as 2 or 500m: received: "half"',
    ),
    ({"resources": {"cpu": "1", "memory": "1GB"}}, "resources.memory: accepted: memory such as 512Mi or 4Gi"),
    ({"metrics": {}}, "metrics: accepted: at least 1 entries"),
    (
        {"metrics": {"a": {"value": float("nan"), "rows": 1}}},
        "metrics.a.value: accepted: a finite number: received: NaN",
    ),
    ({"metrics": {"a": {"value": 1.0, "rows": 0}}}, "metrics.a.rows: accepted: greater than or equal to 1"),
    ({"metrics": {"a": 0.9}}, "metrics.a: accepted: an object: received: 0.9"),
    ({"created_at": "2026-11-20 09:30"}, "created_at: accepted: RFC 3339 in UTC to the second"),
    ({"created_at": "2026-11-31T09:30:00Z"}, "created_at: accepted: RFC 3339 in UTC to the second"),
    ({"created_at": "2026-11-20T09:30:00+01:00"}, "created_at: accepted: RFC 3339 in UTC to the second"),
    (
        {"created_by": "jo@acme.example"},
        "created_by: accepted: a role or CI identity such as ci/flight-delay, never a person",
    ),
    ({"created_by": "arn:aws:iam::123456789012:user/jo"}, "created_by: accepted: a role or CI identity"),
    ({"previous": "other-20261120-01234567"}, "previous: accepted: a release of flight-delay"),
    ({"previous": "yesterday"}, "previous: accepted: <model>-<yyyymmdd>-<8 hex>"),
    ({"colour": "red"}, 'colour: accepted: no such field: received: "red"'),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED)
def test_a_wrong_field_is_refused_by_name(changes: dict[str, Any], message: str) -> None:
    assert message in refusal(content(**changes))


def test_all_problems_come_in_one_message() -> None:
    text = refusal(content(model="X", code_commit="main", colour="red"))
    assert [part.partition(":")[0] for part in text.split("; ")] == ["model", "code_commit", "colour"]


@pytest.mark.parametrize(
    "path",
    [
        "content.model",
        "content.image_digest",
        "content.artifact.sha256",
        "content.artifact.bytes",
        "content.artifact.media_type",
        "content.dataset.revision",
        "content.dataset.uri",
        "content.code_commit",
        "content.feature_schema",
        "content.settings.DECISION_THRESHOLD",
        "content.metrics.accuracy.value",
        "content.metrics.accuracy.rows",
        "content.created_at",
        "content.created_by",
    ],
)
def test_any_altered_content_has_lost_its_id(path: str) -> None:
    made = release()
    record = json.loads(canonical(made))
    *parents, last = path.split(".")
    section = record
    for part in parents:
        section = section[part]
    section[last] = ALTER[type(section[last])](section[last])
    with pytest.raises(ReleaseError) as caught:
        Release.parse(json.dumps(record).encode(), "release x")
    assert caught.value.problems[0].field == "id"
    assert str(caught.value).startswith("release x: id: accepted: ")
    assert f'received: "{made.id}"' in str(caught.value)


ALTER: dict[type, Callable[[Any], Any]] = {
    str: lambda text: text[:-1] + ("1" if text[-1] != "1" else "2") if not text.endswith("Z") else text[:-2] + "7Z",
    int: lambda number: number + 1,
    float: lambda number: number + 0.001,
    list: lambda entries: entries[::-1],
}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("bucket", "Bucket", "location.bucket: accepted: a bucket's name"),
        ("key", "artifacts/flight-delay/other", f"location.key: accepted: artifacts/flight-delay/{SHA256}"),
        ("version_id", "null", "location.version_id: accepted: a version id of S3; the bucket must be versioned"),
        ("checksum_sha256", "A" * 43 + "=", "location.checksum_sha256: accepted: "),
        ("checksum_sha256", "md5", "location.checksum_sha256: accepted: the SHA-256 that S3 keeps, in base64"),
        ("parts", 0, "location.parts: accepted: greater than or equal to 1"),
        ("repository", "acme-dev/other", "location.repository: accepted: a repository named <prefix>/flight-delay"),
        ("repository", "Reg:5000/x", "location.repository: accepted: an ECR repository's name"),
        ("extra", "x", "location.extra: accepted: no such field"),
    ],
)
def test_an_altered_location_is_refused_by_name(field: str, value: Any, message: str) -> None:
    record = json.loads(canonical(release()))
    record["location"][field] = value
    with pytest.raises(ReleaseError) as caught:
        Release.parse(json.dumps(record).encode(), "release x")
    assert message in str(caught.value)


def test_a_checksum_of_parts_is_not_compared_with_the_bytes() -> None:
    record = json.loads(canonical(release()))
    record["location"] |= {"parts": 2, "checksum_sha256": "A" * 43 + "="}
    data = json.dumps(record, sort_keys=True, separators=(",", ":")).encode()
    assert Release.parse(data, "release x").location.parts == 2


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "release x: record: accepted: JSON: received: "),
        (b"[]", "release x: record: accepted: an object: received: []"),
        (b"\xff", "release x: record: accepted: JSON: received: "),
    ],
)
def test_what_is_no_record_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ReleaseError) as caught:
        Release.parse(data, "release x")
    assert message in str(caught.value)


def test_a_record_written_another_way_is_refused() -> None:
    # Else a key given twice, of which readers take one or the other, would pass.
    data = canonical(release())
    twice = data[:-1] + b',"id":"' + release().id.encode() + b'"}'
    for other in (data + b"\n", twice):
        with pytest.raises(ReleaseError, match="release x: record: accepted: canonical JSON"):
            Release.parse(other, "release x")


def test_the_published_schema_is_that_of_the_code() -> None:
    path = Path(__file__).parents[2] / "docs" / "reference" / "release.schema.json"
    assert json.loads(path.read_text()) == schema(), f"run: slipway release schema > {path}"


def test_identifier_is_that_of_the_release() -> None:
    assert identifier(release().content) == release().id
