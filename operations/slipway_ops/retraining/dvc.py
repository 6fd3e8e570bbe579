"""A dataset in the layout of a DVC remote, read and written without DVC: a job needs neither it nor git.

DVC names what it stores by the MD5 of its bytes, ``files/md5/<2 hex>/<30 hex>``. A folder is a JSON list of its files
with their MD5, stored under the MD5 of that list and the ending ``.dir``: that name is the revision here. The text of
``pointer`` is the ``.dvc`` file that a team commits, after which ``dvc pull`` gives the same files. Tests compare both
directions with the real DVC.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from botocore.exceptions import ClientError

from slipway_ops.objects import CHUNK, absent, calls, missing
from slipway_ops.problems import ReleaseError, refused

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

THREADS = 16
REVISION = re.compile(r"[0-9a-f]{32}\.dir")
_MD5 = re.compile(r"[0-9a-f]{32}")
_PATH = re.compile(r"[^/\\\x00-\x1f]+(/[^/\\\x00-\x1f]+)*")

Entries = Mapping[str, str]
"""MD5 of each file of a folder, by its path."""


@dataclass(frozen=True)
class Remote:
    """Where DVC keeps the data of one model: ``s3://<bucket>/dvc/<model>``."""

    s3: "S3Client"
    bucket: str
    model: str

    @property
    def uri(self) -> str:
        """As DVC is told it."""
        return f"s3://{self.bucket}/dvc/{self.model}"

    def key(self, name: str) -> str:
        """Key of what has this MD5, with its ending if it is a folder."""
        return f"dvc/{self.model}/files/md5/{name[:2]}/{name[2:]}"

    def entries(self, revision: str) -> dict[str, str]:
        """The files of a revision; raises ``ReleaseError`` where it is not there or not what its name says."""
        subject = f"{self.uri}: revision {revision}"
        if not REVISION.fullmatch(revision):
            raise refused(subject, "revision", "<32 hex>.dir", revision)
        with calls(subject, "read"):
            try:
                data = self.s3.get_object(Bucket=self.bucket, Key=self.key(revision))["Body"].read()
            except ClientError as error:
                if missing(error):
                    raise refused(subject, "revision", "one that the remote holds", revision) from None
                raise
        if f"{md5(data)}.dir" != revision:
            raise refused(subject, "md5", revision.removesuffix(".dir"), md5(data))
        return parsed(data, subject)

    def fetch(self, entries: Entries, folder: Path) -> None:
        """Put the files into ``folder``, each only if its MD5 is right; raises ``ReleaseError``."""
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda item: self._fetch(folder / item[0], item[1]), sorted(entries.items())))

    def put(self, path: Path, name: str) -> None:
        """Store a file under its MD5, unless it is there."""
        key = self.key(name)
        with calls(f"s3://{self.bucket}/{key}", "upload"):
            if not self.has(name):
                self.s3.upload_file(str(path), self.bucket, key)

    def put_folder(self, entries: Entries) -> str:
        """Store the list of a folder's files, all of which are there; returns the revision."""
        data = listed(entries)
        name = f"{md5(data)}.dir"
        with calls(f"s3://{self.bucket}/{self.key(name)}", "put"):
            self.s3.put_object(Bucket=self.bucket, Key=self.key(name), Body=data)
        return name

    def has(self, name: str) -> bool:
        """Whether there is something under this MD5."""
        with calls(f"s3://{self.bucket}/{self.key(name)}", "head"):
            try:
                self.s3.head_object(Bucket=self.bucket, Key=self.key(name))
            except ClientError as error:
                if absent(self.s3, self.bucket, self.key(name), error):
                    return False
                raise
        return True

    def absent(self, entries: Entries) -> list[str]:
        """Paths whose file the remote does not hold."""
        with ThreadPoolExecutor(THREADS) as pool:
            names = sorted(set(entries.values()))
            gone = {name for name, there in zip(names, pool.map(self.has, names), strict=True) if not there}
        return sorted(path for path, name in entries.items() if name in gone)

    def size(self, entries: Entries) -> int:
        """Bytes of the files together."""

        def one(name: str) -> int:
            with calls(f"s3://{self.bucket}/{self.key(name)}", "head"):
                return int(self.s3.head_object(Bucket=self.bucket, Key=self.key(name))["ContentLength"])

        with ThreadPoolExecutor(THREADS) as pool:
            return sum(pool.map(one, entries.values()))

    def _fetch(self, path: Path, name: str) -> None:
        key, digest = self.key(name), hashlib.md5(usedforsecurity=False)
        subject = f"s3://{self.bucket}/{key}"
        path.parent.mkdir(parents=True, exist_ok=True)
        with calls(subject, "download"):
            try:
                self.s3.download_file(self.bucket, key, str(path))
            except ClientError as error:
                if missing(error):
                    raise refused(subject, path.name, "a file that the remote holds", None) from None
                raise
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        if digest.hexdigest() != name:
            path.unlink()
            raise refused(subject, "md5", name, digest.hexdigest())


def md5(data: bytes) -> str:
    """DVC's name of some bytes."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def listed(entries: Entries) -> bytes:
    """The list of a folder's files, byte for byte as DVC writes it."""
    return json.dumps([{"md5": name, "relpath": path} for path, name in sorted(entries.items())]).encode()


def parsed(data: bytes, subject: str) -> dict[str, str]:
    """The files in a list; raises ``ReleaseError`` where it is none, or a path would lead out of the folder."""
    try:
        items = json.loads(data)
        if not isinstance(items, list):
            raise TypeError(items)
        found = {str(item["relpath"]): str(item["md5"]) for item in items}
    except (ValueError, TypeError, KeyError):
        raise refused(subject, "list", "a JSON list of md5 and relpath", data[:60].decode(errors="replace")) from None
    if len(found) != len(items):
        raise refused(subject, "relpath", "each path once", f"{len(items)} entries, {len(found)} paths")
    for path, name in found.items():
        if not _PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
            raise refused(subject, "relpath", "a path inside the folder", path)
        if not _MD5.fullmatch(name):
            raise refused(subject, f"md5 of {path}", "32 hex digits", name)
    return found


def pointer(revision: str, files: int, size: int, path: str = "data") -> str:
    """The ``.dvc`` file of a revision whose folder is to lie at ``path``."""
    return f"outs:\n- md5: {revision}\n  size: {size}\n  nfiles: {files}\n  hash: md5\n  path: {path}\n"


def revision_of(path: Path) -> str:
    """The revision that a ``.dvc`` file names; raises ``ReleaseError``."""
    try:
        document: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        (out,) = document["outs"]
        name = out["md5"]
        if out.get("hash") != "md5" or not REVISION.fullmatch(name):
            raise ValueError(name)
    except (OSError, UnicodeDecodeError) as error:
        raise ReleaseError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    except (yaml.YAMLError, TypeError, KeyError, ValueError):
        accepted = "a .dvc file of DVC 3 with one folder, pushed with `dvc push`"
        raise refused(str(path), "outs", accepted, "another one") from None
    return str(name)


def checksum(path: Path) -> str:
    """DVC's name of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
