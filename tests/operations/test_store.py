"""Creating, reading and checking releases in a bucket."""

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from slipway_ops import artifact, images
from slipway_ops.content import Content
from slipway_ops.record import Location, Release, canonical, record_key
from slipway_ops.release import ReleaseError, ReleaseStore

from tests.operations.world import BUCKET, BYTES, MODEL, REPOSITORY, World, content

UNKNOWN = "flight-delay-20261120-00000000"


def moved(release: Release, **location: Any) -> Release:
    """The same release with another location."""
    return Release.of(release.content, Location.model_validate(release.location.model_dump() | location))


def test_create_stores_the_artifact_tags_the_image_and_locks_the_record(world: World) -> None:
    release = world.release()
    assert world.store.get(release.id) == release
    location = release.location
    body = world.s3.get_object(Bucket=location.bucket, Key=location.key, VersionId=location.version_id)["Body"].read()
    assert body == BYTES
    assert release.artifact_uri == f"s3://{BUCKET}/artifacts/{MODEL}/{release.content.artifact.sha256}"
    assert images.tagged(world.ecr, REPOSITORY, release.id) == release.content.image_digest
    head = world.s3.head_object(Bucket=BUCKET, Key=record_key(release.id))
    assert head["ObjectLockMode"] == "GOVERNANCE"
    days = (head["ObjectLockRetainUntilDate"] - head["LastModified"]).days
    assert 3648 <= days <= 3650
    with pytest.raises(ClientError, match="AccessDenied"):
        world.s3.delete_object(Bucket=BUCKET, Key=record_key(release.id), VersionId=head["VersionId"])


def test_the_same_content_again_is_the_same_release(world: World) -> None:
    first = world.release()
    versions = world.s3.list_object_versions(Bucket=BUCKET)["Versions"]
    assert world.release() == first
    assert world.s3.list_object_versions(Bucket=BUCKET)["Versions"] == versions


def test_a_create_that_lost_the_race_answers_with_the_record_that_won(world: World) -> None:
    winner = world.release()
    loser = moved(winner, version_id="another-version")
    assert world.store.put(loser) == winner
    assert world.stored(winner.id) == canonical(winner)


def test_a_taken_id_with_another_content_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # Eight hex digits can collide; then the second release must not silently become the first.
    first = world.release()
    other = world.release(settings={"DECISION_THRESHOLD": "0.5"})
    monkeypatch.setattr(world.store, "find", lambda identifier: first)
    with pytest.raises(ReleaseError, match=f"release {other.id}: content: accepted: a content whose id is free"):
        world.store.put(other)


@pytest.mark.parametrize("step", ["put_object", "put_image", "record"])
def test_a_create_killed_between_its_steps_leaves_no_record_and_can_be_run_again(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    world.push()

    class Killed(BaseException):
        pass

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        if step == "record":
            patch.setattr(world.store, "put", die)
        else:
            patch.setattr(world.s3 if step == "put_object" else world.ecr, step, die)
        with pytest.raises(Killed):
            world.release()
    assert world.keys("releases/") == []
    assert world.store.newest(MODEL) is None
    release = world.release()
    world.store.verify(world.store.get(release.id))
    assert len(world.keys("artifacts/")) == 1


def test_create_needs_an_image_in_the_repository_before_it_uploads(world: World) -> None:
    digest = "sha256:" + "f" * 64
    with pytest.raises(ReleaseError) as caught:
        world.release(image_digest=digest)
    assert f"repository {REPOSITORY}: image_digest: accepted: an image that the repository holds" in str(caught.value)
    assert world.keys("artifacts/") == []


def test_create_refuses_a_file_that_the_content_does_not_describe(world: World) -> None:
    world.path.write_bytes(b"other")
    with pytest.raises(ReleaseError, match=r"release: content.artifact.sha256: accepted: \w{64} of .*model.bin"):
        world.release()


def test_create_refuses_a_bucket_without_object_lock(world: World) -> None:
    world.s3.create_bucket(Bucket="plain", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    world.s3.put_bucket_versioning(Bucket="plain", VersioningConfiguration={"Status": "Enabled"})
    world.store = ReleaseStore(world.s3, "plain")
    with pytest.raises(ReleaseError, match=r"put of s3://plain/releases/.* failed: InvalidRequest"):
        world.release()


def test_create_refuses_a_bucket_without_versions(world: World) -> None:
    world.s3.create_bucket(Bucket="plain", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    world.store = ReleaseStore(world.s3, "plain")
    with pytest.raises(ReleaseError, match="s3://plain: versioning: accepted: a versioned bucket"):
        world.release()


@pytest.mark.parametrize("days", [0, -1])
def test_a_record_is_retained_for_a_day_at_least(world: World, days: int) -> None:
    with pytest.raises(ValueError, match=f"retain_days: accepted: at least 1: received: {days}"):
        world.store.put(world.release(), days)


def test_a_release_that_does_not_exist_is_refused_with_the_newest_named(world: World) -> None:
    newest = world.release()
    with pytest.raises(ReleaseError) as caught:
        world.store.get(UNKNOWN)
    assert str(caught.value) == (
        f"release {UNKNOWN}: id: accepted: a release in s3://{BUCKET}/releases/flight-delay/: "
        f'received: "no such record; the newest is {newest.id}"'
    )


@pytest.mark.parametrize("identifier", ["", "newest", "flight-delay", "flight-delay-20261120-0000000G", "../x"])
def test_a_wrong_id_is_refused_before_any_call(world: World, identifier: str) -> None:
    with pytest.raises(ReleaseError, match="id: accepted: <model>-<yyyymmdd>-<8 hex>: received: "):
        world.store.find(identifier)


def test_a_record_under_another_releases_key_is_refused(world: World) -> None:
    one, other = world.release(), world.release(settings={"DECISION_THRESHOLD": "0.5"})
    world.overwrite(one.id, other)
    with pytest.raises(ReleaseError) as caught:
        world.store.get(one.id)
    assert f"id: accepted: {one.id}, as its key releases/flight-delay/{one.id}.json: received: " in str(caught.value)


def test_a_record_of_another_environment_is_refused(world: World) -> None:
    release = world.release()
    world.overwrite(release.id, moved(release, bucket="acme-prod-models"))
    with pytest.raises(ReleaseError, match=f'location.bucket: accepted: {BUCKET}: received: "acme-prod-models"'):
        world.store.get(release.id)
    world.overwrite(release.id, moved(release, repository=f"acme-prod/{MODEL}"))
    with pytest.raises(ReleaseError, match=f"location.repository: accepted: {REPOSITORY}: received: "):
        world.store.get(release.id)


def test_newest_is_the_one_created_last_whatever_the_order_of_writing(world: World) -> None:
    days = ["2026-11-20T09:30:00Z", "2026-11-21T08:00:00Z", "2026-11-21T07:00:00Z", "2026-10-01T00:00:00Z"]
    made = {day: world.release(created_at=day) for day in days}
    assert world.store.newest(MODEL) == made["2026-11-21T08:00:00Z"].id
    assert world.store.newest(MODEL, before="2026-11-21T08:00:00Z") == made["2026-11-21T07:00:00Z"].id
    assert world.store.newest(MODEL, before="2026-11-21T07:00:00Z") == made["2026-11-20T09:30:00Z"].id
    assert world.store.newest(MODEL, before="2026-10-01T00:00:00Z") is None
    assert [release.content.created_at for release in world.store.list(MODEL)] == sorted(days, reverse=True)


def test_newest_and_list_are_empty_without_releases_or_bucket(world: World) -> None:
    for store in (world.store, ReleaseStore(world.s3, "no-such-models")):
        assert store.newest(MODEL) is None
        assert store.list(MODEL) == []


def test_objects_that_are_no_records_are_not_releases(world: World) -> None:
    release = world.release()
    for key in ("", "notes.txt", f"{UNKNOWN}", "other-20261120-00000000.json", f"deep/{UNKNOWN}.json"):
        world.s3.put_object(Bucket=BUCKET, Key=f"releases/{MODEL}/{key}", Body=b"x")
    assert [entry.id for entry in world.store.list(MODEL)] == [release.id]


def test_an_altered_record_is_never_the_newest(world: World) -> None:
    release = world.release()
    world.overwrite(release.id, canonical(release).replace(b"0.4", b"0.9"))
    with pytest.raises(ReleaseError, match=f"release {release.id}: id: accepted: "):
        world.store.newest(MODEL)


def test_a_failed_call_is_one_line_that_says_what_was_being_done(world: World) -> None:
    store = ReleaseStore(boto3.client("s3", endpoint_url="http://127.0.0.1:9"), BUCKET)
    store.s3.meta.events.register("before-send.s3", lambda **_: (_ for _ in ()).throw(refused_connection()))
    with pytest.raises(ReleaseError, match=r"release .*: read of s3://.* failed: EndpointConnectionError") as caught:
        store.get(UNKNOWN)
    assert "\n" not in str(caught.value)


def refused_connection() -> Exception:
    from botocore.exceptions import EndpointConnectionError

    return EndpointConnectionError(endpoint_url="http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (BYTES[:-1], "content.artifact.bytes"),
        (BYTES[:-1] + b"X", "location.checksum_sha256"),
        (b"", "content.artifact"),
    ],
)
def test_an_altered_artifact_is_refused_by_the_cheap_check(world: World, body: bytes, field: str) -> None:
    release = world.release()
    put = world.s3.put_object(Bucket=BUCKET, Key=release.location.key, Body=body, ChecksumAlgorithm="SHA256")
    world.overwrite(release.id, moved(release, version_id=put["VersionId"]))
    altered = world.store.get(release.id)
    with pytest.raises(ReleaseError) as caught:
        world.store.check_artifact(altered)
    assert field in str(caught.value)
    with pytest.raises(ReleaseError):
        world.store.verify(altered)


@pytest.mark.parametrize(
    ("validation", "message"),
    [
        ("when_supported", "checksum: accepted: the bytes that S3 keeps the checksum of: received: "),
        (
            "when_required",
            "sha256: accepted: 89e13a94981ddc68d5fc6c558b2f7aa697a9fcdddecf01c864564a84100c968b: received: ",
        ),
    ],
)
def test_bytes_that_only_pretend_to_have_their_checksum_are_refused_by_verify(
    world: World, validation: Any, message: str
) -> None:
    # The emulator believes a client's checksum, so this is what rotten storage would look like.
    release = world.release()
    put = world.s3.put_object(
        Bucket=BUCKET,
        Key=release.location.key,
        Body=BYTES[:-1] + b"X",
        ChecksumAlgorithm="SHA256",
        ChecksumSHA256=release.location.checksum_sha256,
    )
    world.overwrite(release.id, moved(release, version_id=put["VersionId"]))
    store = ReleaseStore(boto3.client("s3", config=Config(response_checksum_validation=validation)), BUCKET)
    altered = store.get(release.id)
    store.check_artifact(altered)
    with pytest.raises(ReleaseError, match=message):
        store.verify(altered)


@pytest.mark.parametrize("gone", ["version", "object"])
def test_an_artifact_version_that_is_gone_is_refused(world: World, gone: str) -> None:
    release = world.release()
    if gone == "version":
        world.overwrite(release.id, moved(release, version_id="no-such-version"))
    else:
        world.s3.delete_object(Bucket=BUCKET, Key=release.location.key, VersionId=release.location.version_id)
    stored = world.store.get(release.id)
    with pytest.raises(ReleaseError, match=f"location.version_id: accepted: a version of {release.artifact_uri}"):
        world.store.check_artifact(stored)


def test_an_object_under_the_artifacts_name_with_other_bytes_is_not_overwritten(world: World) -> None:
    key = f"artifacts/{MODEL}/{world.local.sha256}"
    world.s3.put_object(Bucket=BUCKET, Key=key, Body=b"planted")
    with pytest.raises(ReleaseError) as caught:
        world.release()
    assert f"s3://{BUCKET}/{key} version " in str(caught.value)
    assert f"bytes: accepted: {len(BYTES)}: received: 7" in str(caught.value)
    assert "checksum_sha256: accepted: " in str(caught.value)


def test_a_large_artifact_is_sent_in_parts_and_verified_like_any(world: World) -> None:
    world.path.write_bytes(BYTES * 2000)  # 16 MB
    local = artifact.describe(world.path, single_put=10 << 20, part=6 << 20)
    assert [len(local.part_hashes), local.part_bytes] == [3, 6 << 20]
    fields = content(image_digest=world.push(), artifact=local.content("text/plain").model_dump())
    release = world.store.create(Content.model_validate(fields), local, world.ecr, REPOSITORY)
    assert release.location.parts == 3
    assert release.location.checksum_sha256 == local.checksum
    world.store.verify(world.store.get(release.id))
    assert world.store.create(Content.model_validate(fields), local, world.ecr, REPOSITORY) == release


def test_an_upload_in_parts_that_fails_is_aborted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.path.write_bytes(BYTES * 2000)
    local = artifact.describe(world.path, single_put=10 << 20, part=6 << 20)

    def fail(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "InternalError", "Message": "again"}}, "UploadPart")

    monkeypatch.setattr(world.s3, "upload_part", fail)
    with pytest.raises(ReleaseError, match="upload failed: InternalError"):
        artifact.upload(world.s3, BUCKET, MODEL, local, "text/plain", REPOSITORY)
    assert "Uploads" not in world.s3.list_multipart_uploads(Bucket=BUCKET)


def test_two_uploads_of_the_same_bytes_at_once_end_as_one_object(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = artifact.upload(world.s3, BUCKET, MODEL, world.local, "text/plain", REPOSITORY)
    real, asked = artifact._head, []

    def blind_once(*arguments: Any) -> dict[str, Any] | None:
        asked.append(arguments)
        return None if len(asked) == 1 else real(*arguments)

    monkeypatch.setattr(artifact, "_head", blind_once)
    assert artifact.upload(world.s3, BUCKET, MODEL, world.local, "text/plain", REPOSITORY) == first
    assert len(asked) == 2


@pytest.mark.parametrize("kind", ["absent", "empty", "directory"])
def test_an_artifact_that_is_no_file_is_refused(world: World, kind: str) -> None:
    path = world.directory / kind
    if kind == "empty":
        path.touch()
    if kind == "directory":
        path.mkdir()
    with pytest.raises(ReleaseError, match="artifact: file: accepted: a file that is not empty: received: "):
        artifact.describe(path)


def test_parts_never_exceed_what_s3_takes(world: World) -> None:
    world.path.write_bytes(b"x" * 20_001)
    local = artifact.describe(world.path, single_put=1, part=1)
    assert (local.part_bytes, len(local.part_hashes)) == (3, 6667)
