"""Repositories: tags that may and may not move, digests that are true, layers that must be there."""

import hashlib
import json
import urllib.request
from typing import Any

import pytest

from tests.sandbox.cloud.helpers import Call, refused

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
EXCLUSIONS = [{"filterType": "WILDCARD", "filter": name} for name in ("dev-*", "sha256-*")]


@pytest.fixture
def ecr(aws: Call) -> Any:
    return aws("ecr")


def sha(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def upload(ecr: Any, repository: str, content: bytes, digest: str | None = None) -> str:
    started = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    ecr.upload_layer_part(
        repositoryName=repository,
        uploadId=started,
        partFirstByte=0,
        partLastByte=len(content) - 1,
        layerPartBlob=content,
    )
    digests = [digest or sha(content)]
    return str(
        ecr.complete_layer_upload(repositoryName=repository, uploadId=started, layerDigests=digests)["layerDigest"]
    )


def put(ecr: Any, repository: str, content: bytes, **more: Any) -> dict[str, Any]:
    """An image whose configuration is ``content``."""
    layer = upload(ecr, repository, content)
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"digest": layer, "size": len(content)},
        "layers": [],
    }
    return dict(ecr.put_image(repositoryName=repository, imageManifest=json.dumps(manifest), **more)["image"])


def tags(ecr: Any, repository: str) -> dict[str, list[str]]:
    images = ecr.describe_images(repositoryName=repository)["imageDetails"]
    return {image["imageDigest"]: image.get("imageTags", []) for image in images}


def test_a_repository_keeps_what_it_is_given(ecr: Any) -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key/k"
    ecr.create_repository(
        repositoryName="acme-local/kept",
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=EXCLUSIONS,
        imageScanningConfiguration={"scanOnPush": True},
        encryptionConfiguration={"encryptionType": "KMS", "kmsKey": key},
        tags=[{"Key": "data-class", "Value": "models"}],
    )
    (found,) = ecr.describe_repositories(repositoryNames=["acme-local/kept"])["repositories"]
    assert found["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert found["imageTagMutabilityExclusionFilters"] == EXCLUSIONS
    assert found["imageScanningConfiguration"] == {"scanOnPush": True}
    assert found["encryptionConfiguration"] == {"encryptionType": "KMS", "kmsKey": key}
    lifecycle = json.dumps(
        {
            "rules": [
                {
                    "rulePriority": 1,
                    "selection": {
                        "tagStatus": "untagged",
                        "countType": "sinceImagePushed",
                        "countUnit": "days",
                        "countNumber": 7,
                    },
                    "action": {"type": "expire"},
                }
            ]
        }
    )
    with refused("LifecyclePolicyNotFoundException"):
        ecr.get_lifecycle_policy(repositoryName="acme-local/kept")
    ecr.put_lifecycle_policy(repositoryName="acme-local/kept", lifecyclePolicyText=lifecycle)
    assert ecr.get_lifecycle_policy(repositoryName="acme-local/kept")["lifecyclePolicyText"] == lifecycle
    with refused("RepositoryPolicyNotFoundException"):
        ecr.get_repository_policy(repositoryName="acme-local/kept")


def test_immutable_tags_with_exclusions(ecr: Any) -> None:
    ecr.create_repository(
        repositoryName="excluding",
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=EXCLUSIONS,
    )
    for tag in ("v1", "dev-branch", "developer", "sha256x"):
        put(ecr, "excluding", b"first", imageTag=tag)
    put(ecr, "excluding", b"second", imageTag="dev-branch")
    for tag in ("v1", "developer", "sha256x"):
        with refused("ImageAlreadyExistsException"):
            put(ecr, "excluding", b"second", imageTag=tag)
    assert sorted(map(sorted, tags(ecr, "excluding").values())) == [["dev-branch"], ["developer", "sha256x", "v1"]]


def test_a_tag_that_moves_leaves_the_image(ecr: Any) -> None:
    ecr.create_repository(repositoryName="moving")
    first = put(ecr, "moving", b"first", imageTag="latest")["imageId"]["imageDigest"]
    second = put(ecr, "moving", b"second", imageTag="latest")["imageId"]["imageDigest"]
    assert tags(ecr, "moving") == {first: [], second: ["latest"]}
    put(ecr, "moving", b"first", imageTag="release-1")
    put(ecr, "moving", b"first", imageTag="release-2")
    assert tags(ecr, "moving")[first] == ["release-1", "release-2"]
    pushed = {
        image["imageDigest"]: image["imagePushedAt"]
        for image in ecr.describe_images(repositoryName="moving")["imageDetails"]
    }
    assert pushed[first] < pushed[second], "two pushes within a second have an order"


def test_digests_are_true(ecr: Any) -> None:
    ecr.create_repository(repositoryName="digests")
    image = put(ecr, "digests", b"one")
    assert image["imageId"]["imageDigest"] == sha(image["imageManifest"].encode())
    (found,) = ecr.describe_images(repositoryName="digests")["imageDetails"]
    assert found["imageSizeInBytes"] == 3
    with refused("ImageAlreadyExistsException"):
        put(ecr, "digests", b"one")
    with refused("ImageDigestDoesNotMatchException"):
        put(ecr, "digests", b"two", imageDigest=sha(b"something else"))
    with refused("InvalidLayerException"):
        upload(ecr, "digests", b"three", sha(b"something else"))
    with refused("RepositoryNotEmptyException"):
        ecr.delete_repository(repositoryName="digests")


def test_an_image_needs_its_parts(ecr: Any) -> None:
    ecr.create_repository(repositoryName="parts")
    layers = [{"digest": sha(b"never uploaded"), "size": 1}]
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "layers": layers}
    with refused("LayersNotFoundException", sha(b"never uploaded")):
        ecr.put_image(repositoryName="parts", imageManifest=json.dumps(manifest), imageTag="x")
    index = {"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": layers}
    with refused("ReferencedImagesNotFoundException"):
        ecr.put_image(repositoryName="parts", imageManifest=json.dumps(index), imageTag="x")
    for broken in ("{", "{}", "[]"):
        with refused("InvalidParameterException"):
            ecr.put_image(repositoryName="parts", imageManifest=broken, imageTag="x")
    with refused("RepositoryNotFoundException"):
        ecr.put_image(repositoryName="nowhere", imageManifest="{}", imageTag="x")


def test_layers_can_be_had_again(ecr: Any) -> None:
    ecr.create_repository(repositoryName="layers")
    digest = upload(ecr, "layers", b"content")
    url = ecr.get_download_url_for_layer(repositoryName="layers", layerDigest=digest)["downloadUrl"]
    with urllib.request.urlopen(url, timeout=5) as answer:
        assert answer.read() == b"content"
    with refused("LayersNotFoundException"):
        ecr.get_download_url_for_layer(repositoryName="layers", layerDigest=sha(b"other"))
