"""Promotion: the same release in another environment, by verified copies and never by a rebuild."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from slipway_ops import artifact, images
from slipway_ops.environments import Environment
from slipway_ops.image_copy import copy_image
from slipway_ops.objects import Source
from slipway_ops.problems import refused
from slipway_ops.record import Release
from slipway_ops.store import RETAIN_DAYS, ReleaseStore

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Side:
    """An environment and the clients that reach it."""

    environment: Environment
    s3: "S3Client"
    ecr: "ECRClient"

    @property
    def store(self) -> ReleaseStore:
        """Its releases."""
        return ReleaseStore(self.s3, self.environment.models_bucket)


def promote(
    identifier: str, source: Side, target: Side, retain_days: int = RETAIN_DAYS, work: Path | None = None
) -> tuple[Release, bool]:
    """Copy the release from ``source`` to ``target``; returns it and whether it was new there.

    The artifact is downloaded to ``work`` (default: the system's temporary directory), so that nothing unverified ever
    reaches the target; the image is copied by digest and tagged; the record is written last. A run that was killed can
    be run again. Raises ``ReleaseError`` where either side refuses.
    """
    release = source.store.get(identifier)
    model = release.content.model
    repository = target.environment.repository(model)
    existing = target.store.find(identifier)
    if existing is None:
        with tempfile.TemporaryDirectory(prefix="slipway-", dir=work) as directory:
            path = Path(directory) / "artifact"
            location = release.location
            artifact.fetch(
                source.s3,
                Source(location.bucket, location.key, location.version_id),
                release.content.artifact.sha256,
                path,
            )
            local = artifact.describe(path)
            if local.size != release.content.artifact.bytes:
                raise refused(
                    f"release {identifier}", "content.artifact.bytes", str(local.size), release.content.artifact.bytes
                )
            stored = artifact.upload(
                target.s3,
                target.environment.models_bucket,
                model,
                local,
                release.content.artifact.media_type,
                repository,
            )
    else:
        target.store.refuse_withdrawn(identifier)
        target.store.check_artifact(existing)
        stored = existing.location
    digest = release.content.image_digest
    if images.tagged(target.ecr, repository, identifier) != digest:
        tag = images.release_tag(identifier)
        copy_image(source.ecr, release.location.repository, target.ecr, repository, digest, tag)
    images.tag_release(target.ecr, repository, digest, identifier)
    if existing is not None:
        return existing, False
    return target.store.put(Release.of(release.content, stored), retain_days), True
