"""Promotion: the same release elsewhere, by verified copies."""

from typing import Any

import pytest
from slipway_ops import images, promote
from slipway_ops.record import canonical, record_key
from slipway_ops.release import ReleaseError

from tests.operations.world import BUCKET, BYTES, MODEL, REPOSITORY, World

PROD, PROD_REPOSITORY = "acme-prod-models", f"acme-prod/{MODEL}"


def run(world: World, identifier: str) -> Any:
    return promote.promote(identifier, world.side("dev"), world.side("prod"), work=world.directory)


def test_a_promoted_release_has_its_id_its_content_and_its_own_location(world: World) -> None:
    release = world.release()
    promoted, new = run(world, release.id)
    assert new
    assert (promoted.id, promoted.content) == (release.id, release.content)
    location = promoted.location
    assert (location.bucket, location.repository) == (PROD, PROD_REPOSITORY)
    assert location.version_id != release.location.version_id
    store = world.side("prod").store
    assert store.get(release.id) == promoted
    store.verify(promoted)
    images.check_release(world.ecr, PROD_REPOSITORY, release.content.image_digest, release.id)
    assert world.s3.head_object(Bucket=PROD, Key=record_key(release.id))["ObjectLockMode"] == "GOVERNANCE"


def test_nothing_is_left_on_this_machine(world: World) -> None:
    before = sorted(world.directory.iterdir())
    run(world, world.release().id)
    assert sorted(world.directory.iterdir()) == before


def test_promoting_again_changes_nothing(world: World) -> None:
    release = world.release()
    promoted, _ = run(world, release.id)
    versions = world.s3.list_object_versions(Bucket=PROD)["Versions"]
    assert run(world, release.id) == (promoted, False)
    assert world.s3.list_object_versions(Bucket=PROD)["Versions"] == versions


def test_a_second_release_of_the_same_bytes_shares_the_object(world: World) -> None:
    one, other = world.release(), world.release(settings={"DECISION_THRESHOLD": "0.5"})
    locations = [run(world, release.id)[0].location for release in (one, other)]
    assert locations[0] == locations[1]
    assert len(world.keys("artifacts/", PROD)) == 1


@pytest.mark.parametrize("step", ["put_object", "put_image", "record"])
def test_a_promotion_killed_between_its_steps_can_be_run_again(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    release = world.release()

    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if step == "record":
            patch.setattr("slipway_ops.store.ReleaseStore.put", die)
        else:
            patch.setattr(world.s3 if step == "put_object" else world.ecr, step, die)
        with pytest.raises(KeyboardInterrupt):
            run(world, release.id)
    assert world.keys("releases/", PROD) == []
    promoted, new = run(world, release.id)
    assert new
    world.side("prod").store.verify(promoted)


def test_a_tag_that_was_lost_after_promotion_is_put_back(world: World) -> None:
    release = world.release()
    run(world, release.id)
    tag = images.release_tag(release.id)
    world.ecr.batch_delete_image(repositoryName=PROD_REPOSITORY, imageIds=[{"imageTag": tag}])
    run(world, release.id)
    images.check_release(world.ecr, PROD_REPOSITORY, release.content.image_digest, release.id)


def test_altered_bytes_never_reach_the_target(world: World) -> None:
    release = world.release()
    location = release.location
    put = world.s3.put_object(Bucket=BUCKET, Key=location.key, Body=BYTES[:-1] + b"X")
    world.overwrite(release.id, canonical(release).replace(location.version_id.encode(), put["VersionId"].encode()))
    with pytest.raises(ReleaseError, match=f"sha256: accepted: {release.content.artifact.sha256}: received: "):
        run(world, release.id)
    assert "Contents" not in world.s3.list_objects_v2(Bucket=PROD)


def test_an_altered_record_is_not_promoted(world: World) -> None:
    release = world.release()
    world.overwrite(release.id, canonical(release).replace(b"0.4", b"0.9"))
    with pytest.raises(ReleaseError, match=f"release {release.id}: id: accepted: "):
        run(world, release.id)


def test_a_release_that_the_source_does_not_have_is_refused(world: World) -> None:
    with pytest.raises(ReleaseError, match="no such record; the newest is none"):
        run(world, "flight-delay-20261120-00000000")


def test_an_image_that_the_source_lost_stops_the_promotion_before_the_record(world: World) -> None:
    release = world.release()
    world.ecr.batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageDigest": release.content.image_digest}])
    with pytest.raises(ReleaseError, match=f"repository {REPOSITORY}: image_digest: accepted: an image that"):
        run(world, release.id)
    assert world.keys("releases/", PROD) == []


def test_a_damaged_promotion_is_refused_when_it_is_repeated(world: World) -> None:
    release = world.release()
    promoted, _ = run(world, release.id)
    location = promoted.location
    world.s3.delete_object(Bucket=PROD, Key=location.key, VersionId=location.version_id)
    with pytest.raises(ReleaseError, match=r"location.version_id: accepted: a version of s3://acme-prod-models/"):
        run(world, release.id)
