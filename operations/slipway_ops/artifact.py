"""A model's artifact: into the bucket under the name of its bytes, and out of it only whole and unaltered."""

import base64
import contextlib
import fcntl
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from slipway_ops import objects
from slipway_ops.content import Artifact
from slipway_ops.objects import CHUNK, Source, calls, code
from slipway_ops.problems import Problem, ReleaseError, refused
from slipway_ops.record import Location, artifact_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MIB = 1 << 20
SINGLE_PUT = 5 * 1024 * MIB - 64 * MIB
"""Largest artifact sent in one request, in bytes: S3's limit of 5 GiB less a margin."""
PART = 64 * MIB
_PARTS = 10_000  # S3's limit


@dataclass(frozen=True)
class Local:
    """A file on this machine, read once."""

    path: Path
    sha256: str
    size: int
    part_bytes: int
    part_hashes: tuple[bytes, ...]

    @property
    def checksum(self) -> str:
        """What S3 keeps as SHA-256 for this file: of its bytes or, in several parts, of the parts' hashes."""
        if len(self.part_hashes) == 1:
            return _base64(bytes.fromhex(self.sha256))
        return _base64(hashlib.sha256(b"".join(self.part_hashes)).digest())

    def content(self, media_type: str) -> Artifact:
        """The artifact as a record names it."""
        return Artifact(sha256=self.sha256, bytes=self.size, media_type=media_type)


def describe(path: Path, single_put: int = SINGLE_PUT, part: int = PART) -> Local:
    """Hash ``path`` in constant memory; files above ``single_put`` bytes are split in parts of at least ``part`` bytes.

    Raises ``ReleaseError`` where there is no such file or it is empty.
    """
    try:
        size = path.stat().st_size if path.is_file() else 0
        if size == 0:
            raise refused("artifact", "file", "a file that is not empty", str(path))
        part_bytes = size if size <= single_put else max(part, -(-size // _PARTS))
        whole, hashes, inner, left = hashlib.sha256(), [], hashlib.sha256(), part_bytes
        with path.open("rb") as file:
            while chunk := file.read(min(CHUNK, left)):
                whole.update(chunk)
                inner.update(chunk)
                left -= len(chunk)
                if left == 0:
                    hashes.append(inner.digest())
                    inner, left = hashlib.sha256(), part_bytes
            if left != part_bytes:
                hashes.append(inner.digest())
    except OSError as error:
        raise ReleaseError(f"artifact: {path}: {error.strerror}") from None
    return Local(path, whole.hexdigest(), size, part_bytes, tuple(hashes))


def upload(s3: "S3Client", bucket: str, model: str, local: Local, media_type: str, repository: str) -> Location:
    """Store ``local`` unless the same bytes are there already; returns where they are.

    An object of this name with other bytes was put there by somebody else: that is refused, not overwritten.
    """
    key = artifact_key(model, local.sha256)
    subject = f"s3://{bucket}/{key}"
    head = _head(s3, bucket, key)
    if head is None:
        try:
            with calls(subject, "upload"):
                put = _put if len(local.part_hashes) == 1 else _put_parts
                put(s3, bucket, key, local, media_type)
        except ReleaseError as error:
            if code(error) not in ("PreconditionFailed", "ConditionalRequestConflict"):
                raise  # else another upload of the same bytes was faster
        head = _head(s3, bucket, key)
        if head is None:
            raise refused(subject, "object", "the object just uploaded", None)
    checksum = str(head.get("ChecksumSHA256", "")).partition("-")[0]
    problems = []
    if head["ContentLength"] != local.size:
        problems.append(Problem("bytes", str(local.size), str(head["ContentLength"])))
    if checksum != local.checksum:
        problems.append(Problem("checksum_sha256", local.checksum, checksum or "nothing"))
    if problems:
        raise ReleaseError(f"{subject} version {head.get('VersionId')}", *problems)
    if head.get("VersionId", "null") == "null":
        raise refused(f"s3://{bucket}", "versioning", "a versioned bucket", "one without versions")
    return Location(
        bucket=bucket,
        key=key,
        version_id=head["VersionId"],
        checksum_sha256=checksum,
        parts=len(local.part_hashes),
        repository=repository,
    )


def fetch(s3: "S3Client", source: Source, sha256: str, target: Path, wait: float = 0.5) -> bool:
    """Put the bytes of ``source`` at ``target`` if their SHA-256 is ``sha256``; returns False if they were there.

    ``target`` appears in one step, whole and checked, or not at all; a run that was killed leaves a part file that the
    next one overwrites. Raises ``ReleaseError`` where the bytes differ, the version is gone or the disk refuses.
    """
    part = target.with_name(f".{target.name}.part")
    try:
        if target.is_file() and _hash(target) == sha256:
            return False
        with part.open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise refused(str(target), "part file", "one fetch at a time", f"another one writes {part}") from None
            try:
                file.truncate(0)
                _receive(s3, source, sha256, file, wait)
                part.replace(target)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
        _sync_directory(target.parent)
    except OSError as error:
        raise ReleaseError(f"{target}: {error.strerror or error}") from None
    return True


def _receive(s3: "S3Client", source: Source, sha256: str, file: IO[bytes], wait: float) -> None:
    digest, received = hashlib.sha256(), 0
    for chunk in objects.stream(s3, source, wait):
        digest.update(chunk)
        received += len(chunk)
        file.write(chunk)
    objects.compare(str(source), digest.hexdigest(), received, sha256)
    file.flush()
    os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    """Make a rename durable, where the file system can."""
    descriptor = os.open(directory, os.O_RDONLY)
    with contextlib.suppress(OSError):
        os.fsync(descriptor)
    os.close(descriptor)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _head(s3: "S3Client", bucket: str, key: str) -> dict[str, Any] | None:
    try:
        return dict(s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED"))
    except ClientError as error:
        if objects.absent(s3, bucket, key, error):
            return None
        with calls(f"s3://{bucket}/{key}", "head"):
            raise


def _put(s3: "S3Client", bucket: str, key: str, local: Local, media_type: str) -> None:
    with local.path.open("rb") as file:
        s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=file,
            ContentType=media_type,
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=local.checksum,
            IfNoneMatch="*",
        )


def _put_parts(s3: "S3Client", bucket: str, key: str, local: Local, media_type: str) -> None:
    started = s3.create_multipart_upload(
        Bucket=bucket, Key=key, ContentType=media_type, ChecksumAlgorithm="SHA256", ChecksumType="COMPOSITE"
    )
    upload: Any = {"Bucket": bucket, "Key": key, "UploadId": started["UploadId"]}
    try:
        parts: list[Any] = []
        with local.path.open("rb") as file:
            for number, digest in enumerate(local.part_hashes, start=1):
                body, checksum = file.read(local.part_bytes), _base64(digest)
                answer = s3.upload_part(
                    **upload, PartNumber=number, Body=body, ChecksumAlgorithm="SHA256", ChecksumSHA256=checksum
                )
                parts.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum})
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*")
    except BaseException:
        with contextlib.suppress(Exception):  # the bucket's lifecycle removes what is left of it
            s3.abort_multipart_upload(**upload)
        raise


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
