"""A release's image in its ECR repository: found by digest, and kept by a tag (docs/adr/0006-released-images.md)."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from slipway_ops.objects import calls, code
from slipway_ops.problems import refused

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

INDEX_TYPES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
MANIFEST_TYPES = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")


def newest_image(ecr: "ECRClient", repository: str) -> str | None:
    """Digest of the image pushed last; None where the repository is empty or does not exist.

    Only tagged images count: the parts of a multi-platform image have no tag, and signatures carry ``sha256-`` tags.
    Raises botocore's errors.
    """
    found: list[tuple[datetime, str]] = []
    try:
        pages = ecr.get_paginator("describe_images").paginate(repositoryName=repository, filter={"tagStatus": "TAGGED"})
        for page in pages:
            for image in page["imageDetails"]:
                if any(not tag.startswith("sha256-") for tag in image.get("imageTags", [])):
                    found.append((image["imagePushedAt"].astimezone(UTC), image["imageDigest"]))
    except ClientError as error:
        if code(error) == "RepositoryNotFoundException":
            return None
        raise
    return max(found)[1] if found else None


def release_tag(identifier: str) -> str:
    """The tag that keeps a release's image from expiring."""
    return f"release-{identifier}"


def manifest(ecr: "ECRClient", repository: str, digest: str) -> tuple[str, str]:
    """Manifest of an image and its media type; raises ``ReleaseError`` if the repository does not hold the digest."""
    subject = f"repository {repository}"
    try:
        answer = ecr.batch_get_image(
            repositoryName=repository,
            imageIds=[{"imageDigest": digest}],
            acceptedMediaTypes=[*INDEX_TYPES, *MANIFEST_TYPES],
        )
    except ClientError as error:
        if code(error) == "RepositoryNotFoundException":
            raise refused(subject, "repository", "a repository that exists", repository) from None
        with calls(subject, "read of the image"):
            raise
    if not answer["images"]:
        raise refused(subject, "image_digest", "an image that the repository holds", digest)
    image = answer["images"][0]
    return image["imageManifest"], image.get("imageManifestMediaType", MANIFEST_TYPES[0])


def tag_release(ecr: "ECRClient", repository: str, digest: str, identifier: str) -> None:
    """Tag the image ``digest`` as that of the release; nothing happens if it is already.

    Raises ``ReleaseError`` if the repository does not hold the digest or the tag names another image.
    """
    if tagged(ecr, repository, identifier) != digest:
        text, media_type = manifest(ecr, repository, digest)
        put(ecr, repository, digest, text, media_type, release_tag(identifier))
    check_release(ecr, repository, digest, identifier)


def tagged(ecr: "ECRClient", repository: str, identifier: str) -> str | None:
    """Digest of the image that carries the release's tag, if one does."""
    tag = release_tag(identifier)
    try:
        answer = ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
    except ClientError as error:
        if code(error) in ("ImageNotFoundException", "RepositoryNotFoundException"):
            return None
        with calls(f"repository {repository}", "read of the image"):
            raise
    return answer["imageDetails"][0]["imageDigest"]


def check_release(ecr: "ECRClient", repository: str, digest: str, identifier: str) -> None:
    """Raise ``ReleaseError`` unless the release's tag is on its image."""
    found = tagged(ecr, repository, identifier)
    if found != digest:
        accepted = f"{digest} under the tag {release_tag(identifier)}"
        raise refused(f"repository {repository}", "image_digest", accepted, found)


def put(ecr: "ECRClient", repository: str, digest: str, text: str, media_type: str, tag: str | None = None) -> None:
    """Store a manifest under its digest; one that is there already is left as it is."""
    arguments: dict[str, Any] = {
        "repositoryName": repository,
        "imageManifest": text,
        "imageManifestMediaType": media_type,
        "imageDigest": digest,  # ECR refuses a manifest with another digest
    }
    if tag:
        arguments["imageTag"] = tag
    with calls(f"repository {repository}", "put of the image"):
        try:
            ecr.put_image(**arguments)
        except ClientError as error:
            if code(error) not in ("ImageAlreadyExistsException", "ImageTagAlreadyExistsException"):
                raise
