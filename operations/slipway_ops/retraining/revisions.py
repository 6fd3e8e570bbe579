"""The revisions of a model's dataset, and which of them is the newest: ``dvc/<model>/revisions/head.json``.

A revision is the one before and the batches that came to it; nothing is ever taken out of one. Batches keep the order
in which they came, because the newest ones are those that a candidate is judged by. These notes lie beside the files of
the remote, where DVC does not look, so that who may read or write the data may read or write them.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from botocore.exceptions import ClientError
from pydantic import Field

from slipway_ops import objects
from slipway_ops.content import MODEL_NAME, RUN_ID, Dataset, Instant, Section, Sha256, Text
from slipway_ops.objects import calls
from slipway_ops.problems import refused
from slipway_ops.retraining import dvc
from slipway_ops.retraining.dvc import Entries, Remote
from slipway_ops.retraining.job import read
from slipway_ops.retraining.records import BATCH, BatchName, Finding, parse, stored

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Revision(Section):
    """A state of the dataset."""

    schema_version: Literal[1] = 1
    model: Annotated[str, MODEL_NAME]
    revision: Annotated[str, Text(dvc.REVISION.pattern, "<32 hex>.dir")]
    previous: str | None = None
    batches: Annotated[list[BatchName], Field(min_length=1)]
    """In the order in which they came."""
    files: int
    bytes: int
    at: Instant
    run: Annotated[str, RUN_ID] | None = None

    @property
    def pointer(self) -> str:
        """Its ``.dvc`` file."""
        return dvc.pointer(self.revision, self.files, self.bytes)


class Refused(Section):
    """A batch that may not be learnt from: ``dvc/<model>/refused/<batch>.json``.

    It is not looked at again unless its manifest changes, so that one bad batch does not stop every later run.
    """

    manifest_sha256: Sha256
    run: Annotated[str, RUN_ID]
    at: Instant
    findings: list[Finding]


@dataclass(frozen=True)
class Head:
    """The newest revision and the state of the object that says so."""

    revision: Revision
    etag: str


@dataclass(frozen=True)
class Revisions:
    """Those of one model."""

    s3: "S3Client"
    bucket: str
    model: str

    @property
    def remote(self) -> Remote:
        """Where their files are."""
        return Remote(self.s3, self.bucket, self.model)

    def dataset(self, revision: str) -> Dataset:
        """A revision as records name it."""
        return Dataset(kind="dvc", uri=self.remote.uri, revision=revision)

    def head(self) -> Head | None:
        """The newest; None where there is no dataset yet."""
        key = self._key("revisions/head.json")
        with calls(f"s3://{self.bucket}/{key}", "read"):
            try:
                answer = self.s3.get_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if objects.absent(self.s3, self.bucket, key, error):
                    return None
                raise
            data = answer["Body"].read()
        return Head(self._parse(data, f"s3://{self.bucket}/{key}"), answer["ETag"])

    def named(self, revision: str, at: str) -> Revision:
        """What is known of a revision; one that a person pushed with DVC has each of its folders for a batch."""
        head = self.head()
        if head and head.revision.revision == revision:
            return head.revision
        key = self._key(f"revisions/{revision}.json")
        data = read(self.s3, self.bucket, key)
        if data is None:
            return self.pushed(revision, at, None)
        return self._parse(data, f"s3://{self.bucket}/{key}")

    def pushed(self, revision: str, at: str, previous: str | None) -> Revision:
        """A revision that a person pushed with DVC, whose files are looked for."""
        entries = self.remote.entries(revision)
        absent = self.remote.absent(entries)
        if absent:
            raise refused(f"{self.remote.uri}: revision {revision}", absent[0], "a file that the remote holds", None)
        batches = sorted({path.partition("/")[0] for path in entries})
        wrong = [name for name in batches if not BATCH.pattern.fullmatch(name)]
        if wrong:
            raise refused(f"{self.remote.uri}: revision {revision}", "batch", BATCH.accepted, wrong[0])
        size = self.remote.size(entries)
        return Revision(
            model=self.model,
            revision=revision,
            previous=previous,
            batches=batches,
            files=len(entries),
            bytes=size,
            at=at,
        )

    def add(self, batches: dict[str, Path], at: str, run: str | None) -> Revision:
        """A new newest revision with ``batches``, each a folder of checked files; the newest itself if it has them.

        What a revision names is there before the revision. Raises ``ReleaseError`` where a batch has another content
        than the one of its name, or brings a file that the dataset has already: the same rows would count twice.
        """
        head = self.head()
        before = self.remote.entries(head.revision.revision) if head else {}
        entries, known = dict(before), {name: path for path, name in before.items()}
        sizes = 0
        for batch, folder in batches.items():
            files = {
                f"{batch}/{path.relative_to(folder)}": path for path in sorted(folder.rglob("*")) if path.is_file()
            }
            added = {path: dvc.checksum(file) for path, file in files.items()}
            if head and batch in head.revision.batches:
                if {path: name for path, name in before.items() if path.startswith(f"{batch}/")} != added:
                    raise refused(f"batch {batch}", "content", "that of the batch of this name", "another one")
                continue
            for path, name in added.items():
                if name in known and files[path].stat().st_size:
                    raise refused(f"batch {batch}", path, "a file that the dataset has not", known[name])
                known[name] = path
                self.remote.put(files[path], name)
                sizes += files[path].stat().st_size
            entries |= added
        if head and entries == before:
            return head.revision
        old = head.revision if head else None
        revision = Revision(
            model=self.model,
            revision=self.remote.put_folder(entries),
            previous=old.revision if old else None,
            batches=[*(old.batches if old else []), *(name for name in batches if not old or name not in old.batches)],
            files=len(entries),
            bytes=sizes + (old.bytes if old else 0),
            at=at,
            run=run,
        )
        return self.move(head, revision)

    def move(self, head: Head | None, revision: Revision) -> Revision:
        """Make ``revision`` the newest; raises ``ReleaseError`` if somebody else moved it meanwhile."""
        objects.put_once(self.s3, self.bucket, self._key(f"revisions/{revision.revision}.json"), stored(revision))
        condition: Any = {"IfMatch": head.etag} if head else {"IfNoneMatch": "*"}
        key = self._key("revisions/head.json")
        with calls(f"s3://{self.bucket}/{key}", "put"):
            try:
                self.s3.put_object(
                    Bucket=self.bucket, Key=key, Body=stored(revision), ContentType="application/json", **condition
                )
            except ClientError as error:
                if objects.code(error) in ("PreconditionFailed", "ConditionalRequestConflict"):
                    before = head.revision.revision if head else "no revision"
                    raise refused(
                        f"s3://{self.bucket}/{key}", "revision", f"{before}, as it was read", "another one meanwhile"
                    ) from None
                raise
        return revision

    def refused(self, batch: str) -> Refused | None:
        """Why a batch was refused, if it was."""
        key = self._key(f"refused/{batch}.json")
        data = read(self.s3, self.bucket, key)
        return None if data is None else parse(Refused, data, f"s3://{self.bucket}/{key}")

    def refuse(self, batch: str, found: Refused) -> None:
        """Note that a batch was refused."""
        key = self._key(f"refused/{batch}.json")
        with calls(f"s3://{self.bucket}/{key}", "put"):
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=stored(found), ContentType="application/json")

    def _key(self, name: str) -> str:
        return f"dvc/{self.model}/{name}"

    def _parse(self, data: bytes, subject: str) -> Revision:
        found = parse(Revision, data, subject)
        if found.model != self.model:
            raise refused(subject, "model", self.model, found.model)
        return found


def of_batches(entries: Entries, batches: list[str]) -> dict[str, str]:
    """The files of some batches."""
    return {path: name for path, name in entries.items() if path.partition("/")[0] in batches}
