"""Events, notes and records in buckets."""

import io
import json
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from slipway_ops.gate import clients
from slipway_ops.gate.errors import GateError
from slipway_ops.gate.gate import Places, Request, again, answer

from tests.operations.gate.traffic import CANDIDATE, DAY, MODEL, document, label, micros, prediction
from tests.operations.world import World

BUCKET = "acme-dev-predictions"
PLACES = Places(f"s3://{BUCKET}/predictions", f"s3://{BUCKET}/labels/", f"s3://{BUCKET}/gate")
ROWS = [prediction(n, n / 10, "canary" if n % 2 else "stable") for n in range(1000)]


@pytest.fixture
def bucket(world: World) -> Iterator[World]:
    clients.s3_client.cache_clear()
    world.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    world.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), file)
    world.s3.put_object(Bucket=BUCKET, Key=f"predictions/{DAY}/part.parquet", Body=file.getvalue())
    labels = "\n".join(json.dumps(label(n, n / 10 + 1, n % 4 > 1 or n % 2 == 1)) for n in range(1000))
    world.s3.put_object(Bucket=BUCKET, Key=f"labels/{DAY}/part.jsonl", Body=labels.encode())
    world.s3.put_object(Bucket=BUCKET, Key="labels/model=flight-delay/day=2026-11-30/part.jsonl", Body=b"no JSON")
    yield world
    clients.s3_client.cache_clear()


def request() -> Request:
    return Request.parse({"gate": document(clock_skew_seconds=1), "model": MODEL, "candidate": CANDIDATE, "weight": 50})


def test_a_decision_on_objects_names_their_versions_and_can_be_made_again(bucket: World) -> None:
    assert answer(request(), PLACES, micros(-5)).record.decision.answer == "wait"
    found = answer(request(), PLACES, micros(200))
    assert found.record.decision.answer == "promote"
    folder = f"gate/decisions/{MODEL}/{CANDIDATE}/1/"
    assert found.uri == f"s3://{BUCKET}/{folder}20261118T120320.000000Z-50-promote.json"
    (part,) = found.record.predictions
    head = bucket.s3.head_object(Bucket=BUCKET, Key=f"predictions/{DAY}/part.parquet")
    assert (part.version_id, f'"{part.etag}"', part.bytes) == (head["VersionId"], head["ETag"], head["ContentLength"])
    bucket.s3.put_object(Bucket=BUCKET, Key=f"labels/{DAY}/part.jsonl", Body=b"another version")
    assert again(found.record) == []
    bucket.s3.delete_object(Bucket=BUCKET, Key=f"predictions/{DAY}/part.parquet", VersionId=head["VersionId"])
    with pytest.raises(GateError, match=r"part\.parquet: read failed: "):
        again(found.record)


def test_a_bucket_that_is_not_there_rejects(bucket: World) -> None:
    places = Places("s3://acme-dev-nothing/predictions", PLACES.labels, PLACES.decisions)
    found = answer(request(), places, micros(0))
    assert (found.record.verdict, found.error) == (-1, True)
    assert found.record.decision.reason.startswith(
        "s3://acme-dev-nothing/predictions/model=flight-delay/day=: list failed: NoSuchBucket"
    )
    lost = Places(PLACES.predictions, PLACES.labels, "s3://acme-dev-nothing")
    assert answer(request(), lost, micros(0)).uri is None
