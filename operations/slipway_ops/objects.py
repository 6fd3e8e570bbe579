"""S3 objects: one exact version read whole and checked, in constant memory; a document written once."""

import hashlib
import re
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from boto3.exceptions import Boto3Error
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    ResponseStreamingError,
)

from slipway_ops.problems import Problem, ReleaseError, refused

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHUNK = 1 << 20
ATTEMPTS = 5
_CUT = (HTTPClientError, IncompleteReadError, ResponseStreamingError)  # botocore retries requests, not a body's rest


@dataclass(frozen=True)
class Source:
    """One version of an object."""

    bucket: str
    key: str
    version_id: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key} version {self.version_id}"


def code(error: Exception) -> str:
    """AWS's error code, or the name of what went wrong before an answer came."""
    if isinstance(error, ReleaseError) and isinstance(error.__cause__, Exception):
        return code(error.__cause__)
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "unknown"))
    return type(error).__name__


def put_once(s3: "S3Client", bucket: str, key: str, body: bytes, retain_days: int | None = None) -> ClientError | None:
    """Put a JSON document where there is none yet, locked for ``retain_days`` if given.

    Returns None, or S3's refusal where there is one already. Raises ``ClientError`` for everything else.
    """
    lock: dict[str, Any] = {}
    if retain_days is not None:
        lock = {
            "ChecksumAlgorithm": "SHA256",  # S3 wants a checksum with a lock
            "ObjectLockMode": "GOVERNANCE",
            "ObjectLockRetainUntilDate": datetime.now(UTC) + timedelta(days=retain_days),
        }
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json", IfNoneMatch="*", **lock)
    except ClientError as error:
        if code(error) in ("PreconditionFailed", "ConditionalRequestConflict"):
            return error
        raise
    return None


@contextmanager
def calls(subject: str, doing: str) -> Generator[None]:
    """Turn a failed call into a ``ReleaseError`` about ``subject``, on one line."""
    try:
        yield
    except (ClientError, BotoCoreError, Boto3Error) as error:
        text = " ".join(str(error).split())
        raise ReleaseError(f"{subject}: {doing} failed: {code(error)}: {text}") from error


def missing(error: ClientError) -> bool:
    """Whether the answer was that there is no such object, version or bucket."""
    return code(error) in ("404", "NoSuchKey", "NoSuchVersion", "NoSuchBucket", "NotFound")


def absent(s3: "S3Client", bucket: str, key: str, error: ClientError) -> bool:
    """Whether a failed call on ``key`` means that there is no such object.

    To who may list only some prefixes of a bucket S3 says 403 where it says 404 to others: then a listing tells.
    """
    if missing(error):
        return True
    if code(error) not in ("403", "AccessDenied"):
        return False
    try:
        found = s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", [])
    except ClientError:
        return False
    return not found or found[0]["Key"] != key


def stream(s3: "S3Client", source: Source, wait: float = 0.5) -> Iterator[bytes]:
    """The bytes of ``source``; a body that is cut off is continued where it stopped.

    ``wait`` is the first pause in seconds, doubled at each attempt. Raises ``ReleaseError`` when there is no such
    version or all attempts failed.
    """
    done = 0
    for attempt in range(1, ATTEMPTS + 1):
        try:
            for chunk in _body(s3, source, done):
                done += len(chunk)
                yield chunk
            return
        except ClientError as error:
            if missing(error) or (code(error) == "InvalidArgument" and "version" in str(error).lower()):
                raise refused(str(source), "object", "an object with this version", None) from None
            with calls(str(source), "download"):
                raise
        except _CUT as error:
            if attempt == ATTEMPTS:
                raise ReleaseError(
                    f"{source}: download failed after {ATTEMPTS} attempts, {done} bytes: {code(error)}"
                ) from error
            time.sleep(wait * 2 ** (attempt - 1))
        except FlexibleChecksumError as error:  # botocore compares with S3's checksum where it can
            raise refused(str(source), "checksum", "the bytes that S3 keeps the checksum of", str(error)) from None
        except BotoCoreError:
            with calls(str(source), "download"):
                raise


def _body(s3: "S3Client", source: Source, start: int) -> Iterator[bytes]:
    arguments: Any = {"Bucket": source.bucket, "Key": source.key, "VersionId": source.version_id}
    if start:
        arguments["Range"] = f"bytes={start}-"
    answer = s3.get_object(**arguments)
    body = answer["Body"]
    try:
        yield from body.iter_chunks(CHUNK)
    finally:
        body.close()


def check(s3: "S3Client", source: Source, sha256: str, size: int | None = None) -> None:
    """Download ``source`` and compare; raises ``ReleaseError`` that names what differs."""
    digest, received = hashlib.sha256(), 0
    for chunk in stream(s3, source):
        digest.update(chunk)
        received += len(chunk)
    compare(str(source), digest.hexdigest(), received, sha256, size)


def compare(subject: str, got: str, received: int, sha256: str, size: int | None = None) -> None:
    """Raise ``ReleaseError`` unless hash and size are as expected."""
    problems = []
    if got != sha256:
        problems.append(Problem("sha256", sha256, got))
    if size is not None and received != size:
        problems.append(Problem("bytes", str(size), str(received)))
    if problems:
        raise ReleaseError(subject, *problems)


def address(uri: str) -> tuple[str, str]:
    """Bucket and key of ``s3://<bucket>/<key>``; raises ``ValueError``."""
    match = re.fullmatch(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(\S+)", uri)
    if not match:
        raise ValueError(f"accepted: s3://<bucket>/<key>: received: {uri}")
    return match[1], match[2]
