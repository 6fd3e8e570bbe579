"""A release's image: found, tagged, checked."""

import pytest
from moto.ecr.models import ecr_backends
from slipway_ops import images
from slipway_ops.images import newest_image, tag_release
from slipway_ops.release import ReleaseError

from tests.operations.world import REPOSITORY, World

ID, OTHER = "flight-delay-20261120-00000000", "flight-delay-20261120-11111111"


def test_newest_is_the_image_pushed_last(world: World) -> None:
    _, last, _ = [world.push(mark) for mark in "abc"]
    backend = ecr_backends["123456789012"]["eu-west-1"]
    for age, image in enumerate(backend.repositories[REPOSITORY].images):  # ECR counts whole seconds
        image.image_pushed_at -= (60, 0, 30)[age]
    assert newest_image(world.ecr, REPOSITORY) == last


@pytest.mark.parametrize("repository", [REPOSITORY, "acme-dev/absent"])
def test_there_is_no_newest_in_an_empty_or_absent_repository(world: World, repository: str) -> None:
    assert newest_image(world.ecr, repository) is None


def test_signatures_are_not_images(world: World) -> None:
    image = world.push("image")
    text, kind = images.manifest(world.ecr, REPOSITORY, image)
    signature = text.replace("image", "signature", 1) + " "
    world.ecr.put_image(
        repositoryName=REPOSITORY, imageManifest=signature, imageManifestMediaType=kind, imageTag="sha256-0f.sig"
    )
    assert newest_image(world.ecr, REPOSITORY) == image


def test_tagging_twice_changes_nothing(world: World) -> None:
    digest = world.push()
    tag_release(world.ecr, REPOSITORY, digest, ID)
    tag_release(world.ecr, REPOSITORY, digest, ID)
    images.check_release(world.ecr, REPOSITORY, digest, ID)
    details = world.ecr.describe_images(repositoryName=REPOSITORY)["imageDetails"]
    assert [image["imageTags"] for image in details] == [["dev-one", f"release-{ID}"]]


def test_one_image_can_serve_several_releases(world: World) -> None:
    digest = world.push()
    for identifier in (ID, OTHER):
        tag_release(world.ecr, REPOSITORY, digest, identifier)
    assert images.tagged(world.ecr, REPOSITORY, ID) == images.tagged(world.ecr, REPOSITORY, OTHER) == digest


def test_a_tag_on_another_image_is_refused(world: World) -> None:
    one, other = world.push("a"), world.push("b")
    tag_release(world.ecr, REPOSITORY, one, ID)
    with pytest.raises(
        ReleaseError, match=f"image_digest: accepted: {other} under the tag release-{ID}: received: .{one}"
    ):
        tag_release(world.ecr, REPOSITORY, other, ID)


@pytest.mark.parametrize(
    ("repository", "message"),
    [
        (REPOSITORY, "image_digest: accepted: an image that the repository holds: received: "),
        ("acme-dev/absent", "repository: accepted: a repository that exists: received: "),
    ],
)
def test_an_image_that_is_not_there_cannot_be_tagged(world: World, repository: str, message: str) -> None:
    with pytest.raises(ReleaseError, match=f"repository {repository}: {message}"):
        tag_release(world.ecr, repository, "sha256:" + "f" * 64, ID)


def test_a_release_whose_tag_was_removed_is_refused(world: World) -> None:
    release = world.release()
    tag = images.release_tag(release.id)
    world.ecr.batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": tag}])
    with pytest.raises(ReleaseError, match=f"image_digest: accepted: .* under the tag {tag}: received: nothing"):
        images.check_release(world.ecr, REPOSITORY, release.content.image_digest, release.id)
