"""Where events lie: Parquet or JSON lines in a folder or a bucket, partitioned as ``model=<name>/day=<yyyy-mm-dd>/``.

A part is read as it was found: an object by its ETag, a local file by its length, so that a log which is being written
can be read again as it was.
"""

import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from slipway_ops.gate.clients import s3_client
from slipway_ops.gate.errors import GateError, refused
from slipway_ops.objects import code

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FORMATS = (".parquet", ".jsonl", ".ndjson", ".json", ".jsonl.gz", ".ndjson.gz", ".json.gz")
_S3 = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?")
BUFFER = 1 << 20


@dataclass(frozen=True)
class Part:
    """One file of events."""

    uri: str
    bytes: int
    etag: str = ""
    """Of an object, without quotes; of a local file ``sha256:`` and the hash of those bytes, once it was read."""
    version_id: str | None = None
    """In S3 with versions, once it was read."""

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.uri.rpartition("/")[2]


def find(location: str, model: str, first: date, last: date) -> list[Part]:
    """The parts of ``model`` from the day ``first`` to ``last``, in the order of their names.

    ``location`` is ``s3://<bucket>/<prefix>``, a folder, as a path or as ``file://``, or one file.
    """
    match = _S3.fullmatch(location)
    if match:
        return sorted(_objects(s3_client(), match[1], match[2] or "", model, first, last), key=lambda part: part.uri)
    path = local(location)
    files = [path] if path.is_file() else sorted(_files(path, model, first, last))
    return [Part(f"file://{file.resolve()}", file.stat().st_size) for file in files]


def seal(part: Part, version_id: str | None = None) -> Part:
    """The part with what identifies its bytes; raises ``GateError`` for a local one that is no longer what it was."""
    if part.uri.startswith("s3://"):
        return replace(part, version_id=version_id or part.version_id)
    path = local(part.uri)
    size = path.stat().st_size if path.is_file() else -1
    digest = _digest(path, part.bytes) if size >= part.bytes else ""
    if not digest or part.etag not in ("", digest):
        received = "nothing" if size < 0 else digest or f"{size} bytes"
        raise refused(part.uri, "etag", part.etag or f"a file of {part.bytes} bytes", received)
    return replace(part, etag=digest)


def local(location: str) -> Path:
    """The path of a local location; raises ``GateError`` for another scheme."""
    scheme, separator, rest = location.partition("://")
    if not separator:
        return Path(location)
    if scheme != "file" or not rest.startswith("/"):
        raise refused("", location, "s3://<bucket>/<prefix>, file:///<path> or a path", scheme + "://")
    return Path(rest)


def opened(part: Part) -> "Seekable":
    """The part's bytes."""
    match = _S3.fullmatch(part.uri)
    return _Ranges(s3_client(), match[1], match[2], part) if match else _Prefix(local(part.uri), part.bytes)


def _objects(s3: "S3Client", bucket: str, prefix: str, model: str, first: date, last: date) -> Iterator[Part]:
    folder = f"{prefix.rstrip('/')}/" if prefix else ""
    if prefix.endswith(FORMATS):
        folder, start, end = prefix, "", "\uffff"
    else:
        folder += f"model={model}/day="
        start, end = f"{folder}{first}", f"{folder}{last}/\uffff"
    try:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder, StartAfter=start)
        for page in pages:
            for entry in page.get("Contents", []):
                key = entry["Key"]
                if key > end:
                    return
                if key.endswith(FORMATS) and entry["Size"]:
                    yield Part(f"s3://{bucket}/{key}", entry["Size"], entry["ETag"].strip('"'))
    except (ClientError, BotoCoreError) as error:
        raise _failed(f"s3://{bucket}/{folder}", "list", error) from error


def _files(root: Path, model: str, first: date, last: date) -> Iterator[Path]:
    if not root.is_dir():
        raise refused("", str(root), "a folder or a file of events", "nothing")
    for day in sorted((root / f"model={model}").glob("day=*")):
        if f"day={first}" <= day.name <= f"day={last}":
            yield from (file for file in day.rglob("*") if file.name.endswith(FORMATS) and file.is_file())


def _digest(path: Path, size: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while size > 0 and (chunk := file.read(min(size, BUFFER))):
            digest.update(chunk)
            size -= len(chunk)
    return f"sha256:{digest.hexdigest()}"


class Seekable(io.RawIOBase):
    """A read-only file of a known size."""

    version_id: str | None = None
    """Of the object in S3, once something of it was read."""

    def __init__(self, size: int) -> None:
        self._size, self._position = size, 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Offset of what is read next."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move; returns the new offset."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` as far as there is something."""
        wanted = min(len(buffer), self._size - self._position)
        if wanted <= 0:
            return 0
        data = self._read(self._position, wanted)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _read(self, start: int, size: int) -> bytes:
        raise NotImplementedError


class _Prefix(Seekable):
    """The first bytes of a local file, which may have grown since."""

    def __init__(self, path: Path, size: int) -> None:
        super().__init__(size)
        self._file = path.open("rb", buffering=0)

    def _read(self, start: int, size: int) -> bytes:
        self._file.seek(start)
        return self._file.read(size) or b""

    def close(self) -> None:
        self._file.close()
        super().close()


class _Ranges(Seekable):
    """An object of S3, read in ranges, each of the very object that was listed."""

    def __init__(self, s3: "S3Client", bucket: str, key: str, part: Part) -> None:
        super().__init__(part.bytes)
        self._s3, self._part = s3, part
        self._arguments: dict[str, Any] = {"Bucket": bucket, "Key": key, "IfMatch": part.etag}
        if part.version_id:
            self._arguments["VersionId"] = part.version_id

    def _read(self, start: int, size: int) -> bytes:
        try:
            answer = self._s3.get_object(**self._arguments, Range=f"bytes={start}-{start + size - 1}")
            self.version_id = answer.get("VersionId")
            return bytes(answer["Body"].read())
        except (ClientError, BotoCoreError) as error:
            raise _failed(self._part.uri, "read", error) from error


def _failed(uri: str, doing: str, error: Exception) -> GateError:
    return GateError(f"{uri}: {doing} failed: {code(error)}: {' '.join(str(error).split())}")
