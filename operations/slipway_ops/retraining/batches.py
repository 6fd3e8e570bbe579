"""Batches of data that arrived: ``incoming/<model>/<batch>/`` in the bucket of the datasets.

The manifest is written last. Until it is there nothing has arrived, and it says what belongs to the batch, so that a
transfer that was cut off is never taken for a whole one.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

from botocore.exceptions import ClientError
from pydantic import Field
from pydantic import model_validator as validator

from slipway_ops.content import MODEL_NAME, Instant, Section, Sha256, Text
from slipway_ops.objects import CHUNK, calls, missing
from slipway_ops.problems import FieldError, refused
from slipway_ops.retraining.job import read
from slipway_ops.retraining.records import BATCH, BatchName, made, parse, stored

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MANIFEST = "manifest.json"
_PART = r"[A-Za-z0-9][A-Za-z0-9._=-]*"
PATH = Text(rf"{_PART}(/{_PART})*", "a path of A-Z, a-z, 0-9, '.', '_', '=' and '-'")


class File(Section):
    """One data file."""

    path: Annotated[str, PATH]
    """Below the batch."""
    bytes: Annotated[int, Field(ge=0)]
    sha256: Sha256


class Manifest(Section):
    """What a batch consists of."""

    schema_version: Literal[1] = 1
    model: Annotated[str, MODEL_NAME]
    batch: BatchName
    created_at: Instant
    files: Annotated[list[File], Field(min_length=1)]

    @validator(mode="after")
    def _consistent(self) -> Self:
        paths = [file.path for file in self.files]
        twice = sorted({path for path in paths if paths.count(path) > 1 or path == MANIFEST})
        if twice:
            raise FieldError("files", f"paths that differ from each other and from {MANIFEST}", twice)
        return self


@dataclass(frozen=True)
class Incoming:
    """The arrived batches of one model."""

    s3: "S3Client"
    bucket: str
    model: str

    @property
    def prefix(self) -> str:
        """Where they are."""
        return f"incoming/{self.model}/"

    def names(self) -> list[str]:
        """Batches whose manifest may have been written, by name."""
        found: list[str] = []
        with calls(f"s3://{self.bucket}/{self.prefix}", "list"):
            try:
                pages = self.s3.get_paginator("list_objects_v2").paginate(
                    Bucket=self.bucket, Prefix=self.prefix, Delimiter="/"
                )
                for page in pages:
                    found += [entry["Prefix"][len(self.prefix) : -1] for entry in page.get("CommonPrefixes", [])]
            except ClientError as error:
                if not missing(error):
                    raise
        wrong = [name for name in found if not BATCH.pattern.fullmatch(name)]
        if wrong:
            raise refused(f"s3://{self.bucket}/{self.prefix}", "batch", BATCH.accepted, wrong[0])
        return sorted(found)

    def manifest(self, batch: str) -> bytes | None:
        """The manifest's bytes; None while the batch has not arrived."""
        return read(self.s3, self.bucket, f"{self.prefix}{batch}/{MANIFEST}")

    def parse(self, data: bytes, batch: str) -> Manifest:
        """Read a manifest; raises ``ReleaseError``."""
        subject = f"s3://{self.bucket}/{self.prefix}{batch}/{MANIFEST}"
        found = parse(Manifest, data, subject)
        for field, wanted in (("model", self.model), ("batch", batch)):
            if getattr(found, field) != wanted:
                raise refused(subject, field, f"{wanted}, as the key", getattr(found, field))
        return found

    def fetch(self, manifest: Manifest, folder: Path) -> None:
        """Download the files; raises ``ReleaseError`` where one is missing or not what the manifest says."""
        for file in manifest.files:
            key = f"{self.prefix}{manifest.batch}/{file.path}"
            subject, path = f"s3://{self.bucket}/{key}", folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            with calls(subject, "download"):
                try:
                    self.s3.download_file(self.bucket, key, str(path))
                except ClientError as error:
                    if missing(error):
                        raise refused(subject, "file", "one that the manifest names", None) from None
                    raise
            size, digest = path.stat().st_size, sha256(path)
            if (size, digest) != (file.bytes, file.sha256):
                raise refused(subject, "file", f"{file.bytes} bytes of sha256 {file.sha256}", f"{size} of {digest}")

    def send(self, batch: str, files: Iterable[Path], at: str) -> tuple[str, Manifest]:
        """Upload files as a batch, the manifest last; returns its address and it.

        Raises ``ReleaseError`` where the batch has arrived before: what may have been learnt from is not changed.
        """
        where = f"s3://{self.bucket}/{self.prefix}{batch}/{MANIFEST}"
        paths = {path.name: path for path in files}
        known = {
            "model": self.model,
            "batch": batch,
            "created_at": at,
            "files": [
                {"path": name, "bytes": path.stat().st_size, "sha256": sha256(path)}
                for name, path in sorted(paths.items())
            ],
        }
        manifest = made(Manifest, known, where)
        before = self.manifest(batch)
        if before is not None:
            if self.parse(before, batch).files != manifest.files:
                raise refused(where, "batch", "a name that is free", batch)
            return where, self.parse(before, batch)
        for name, path in paths.items():
            with calls(f"s3://{self.bucket}/{self.prefix}{batch}/{name}", "upload"):
                self.s3.upload_file(str(path), self.bucket, f"{self.prefix}{batch}/{name}")
        with calls(where, "put"):
            self.s3.put_object(
                Bucket=self.bucket,
                Key=f"{self.prefix}{batch}/{MANIFEST}",
                Body=stored(manifest),
                ContentType="application/json",
            )
        return where, manifest


def sha256(path: Path) -> str:
    """Of a file's bytes, in constant memory."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
