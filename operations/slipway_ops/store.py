"""The release records of one environment, in its model bucket."""

import builtins
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from slipway_ops import artifact, images, objects, withdrawal
from slipway_ops.artifact import Local
from slipway_ops.content import RELEASE_ID, Content
from slipway_ops.objects import Source, absent, calls, code, missing
from slipway_ops.problems import Problem, ReleaseError, refused
from slipway_ops.record import Location, Release, canonical, record_key
from slipway_ops.withdrawal import Withdrawal, marker_key

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_s3 import S3Client

RETAIN_DAYS = 3650
"""Days for which S3 refuses to delete a record, unless its deleter may bypass governance."""


class ReleaseStore:
    """Reads, checks and creates releases; every method raises ``ReleaseError`` for what it refuses."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self.s3, self.bucket = s3, bucket

    def get(self, identifier: str, *, withdrawn: bool = False) -> Release:
        """The release under ``identifier``: its hash recomputed, its id, key, model and bucket in agreement.

        One that was withdrawn is refused with the reason, unless ``withdrawn`` says that it is only to be looked at.
        """
        release = self.find(identifier)
        if release is None:
            newest = self.newest(identifier[:-18])
            accepted = f"a release in s3://{self.bucket}/{record_key(identifier).rpartition('/')[0]}/"
            raise refused(f"release {identifier}", "id", accepted, f"no such record; the newest is {newest or 'none'}")
        if not withdrawn:
            self.refuse_withdrawn(identifier)
        return release

    def withdrawal(self, identifier: str) -> Withdrawal | None:
        """Why the release was withdrawn here, if it was."""
        return withdrawal.read(self.s3, self.bucket, identifier)

    def refuse_withdrawn(self, identifier: str) -> None:
        """Raise ``ReleaseError`` with the reason if the release was withdrawn."""
        found = self.withdrawal(identifier)
        if found is not None:
            raise withdrawal.refuse(found)

    def withdraw(
        self, identifier: str, reason: str, by: str, retain_days: int = RETAIN_DAYS
    ) -> tuple[Withdrawal, bool]:
        """Withdraw a release for ever; returns its withdrawal and whether it is new: the first reason stays."""
        self.get(identifier, withdrawn=True)
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        made = Withdrawal(id=identifier, reason=reason, by=by, at=at)
        new = withdrawal.write(self.s3, self.bucket, made, retain_days)
        return (made if new else self.withdrawal(identifier) or made), new

    def find(self, identifier: str) -> Release | None:
        """As ``get``, but None where there is no such record."""
        subject = f"release {identifier}"
        if not RELEASE_ID.pattern.fullmatch(identifier):
            raise refused(subject, "id", RELEASE_ID.accepted, identifier)
        key = record_key(identifier)
        with calls(subject, f"read of s3://{self.bucket}/{key}"):
            try:
                data = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            except ClientError as error:
                if absent(self.s3, self.bucket, key, error):
                    return None
                raise
        release = Release.parse(data, subject)
        if release.id != identifier:
            raise refused(subject, "id", f"{identifier}, as its key {key}", release.id)
        self._check_environment(release)
        return release

    def list(self, model: str) -> list[Release]:
        """All releases of ``model``, withdrawn ones too, the newest first; none where the bucket does not exist."""
        releases = [self.get(identifier, withdrawn=True) for identifier in self._ids(model)[0]]
        return sorted(releases, key=_age, reverse=True)

    def withdrawn(self, model: str) -> dict[str, Withdrawal]:
        """The withdrawal of each release of ``model`` that has one."""
        found = {identifier: self.withdrawal(identifier) for identifier in self._ids(model)[1]}
        return {identifier: marker for identifier, marker in found.items() if marker}

    def models(self) -> builtins.list[str]:
        """Names of the models that have a release."""
        found: builtins.list[str] = []
        with calls(f"s3://{self.bucket}/releases/", "list"):
            pages = self.s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix="releases/", Delimiter="/"
            )
            for page in pages:
                found += [entry["Prefix"].split("/")[1] for entry in page.get("CommonPrefixes", [])]
        return found

    def of_run(self, run: str, model: str | None = None) -> Release:
        """The newest release that comes from a run, by its id in MLflow or in the pipeline; raises ``ReleaseError``."""
        releases = [one for name in ([model] if model else self.models()) for one in self.list(name)]
        for release in sorted(releases, key=_age, reverse=True):
            known = release.content.provenance
            if known and run in (known.run, known.mlflow_run):
                return release
        where = f"s3://{self.bucket}/releases/{f'{model}/' if model else ''}"
        raise refused(f"run {run}", "run", f"one that a release in {where} names", run)

    def newest(self, model: str, before: str | None = None) -> str | None:
        """Id of the release of ``model`` created last, or last before the instant ``before``; no withdrawn one.

        None where the model has no release or the bucket does not exist.
        """
        day = before and before[:10].replace("-", "")
        known, withdrawn = self._ids(model)
        usable = (i for i in known if i not in withdrawn and (day is None or _day(i) <= day))
        candidates = sorted(usable, key=_day, reverse=True)
        best: Release | None = None
        for identifier in candidates:
            if best and _day(best.id) > _day(identifier):
                break  # the id has the day: only releases of the last day need reading
            release = self.get(identifier, withdrawn=True)  # the list showed that it is not
            if (before is None or release.content.created_at < before) and (best is None or _age(release) > _age(best)):
                best = release
        return best.id if best else None

    def check_artifact(self, release: Release) -> None:
        """Ask S3 whether the release's exact artifact is there: size and checksum, without reading its bytes."""
        content, location = release.content, release.location
        source = _source(release)
        try:
            head: Any = self.s3.head_object(
                Bucket=source.bucket, Key=source.key, VersionId=source.version_id, ChecksumMode="ENABLED"
            )
        except ClientError as error:
            if missing(error) or code(error) == "400":  # S3 answers 400 to a version id that it never gave
                raise _gone(release) from None
            with calls(f"release {release.id}", f"check of {source}"):
                raise
        problems = []
        checksum = str(head.get("ChecksumSHA256", "")).partition("-")[0]
        if checksum != location.checksum_sha256:
            problems.append(
                Problem("location.checksum_sha256", f"{location.checksum_sha256} of {source}", checksum or "nothing")
            )
        if head["ContentLength"] != content.artifact.bytes:
            problems.append(
                Problem("content.artifact.bytes", f"{content.artifact.bytes} in {source}", str(head["ContentLength"]))
            )
        if problems:
            raise ReleaseError(f"release {release.id}", *problems)

    def verify(self, release: Release) -> None:
        """Read every byte of the release's artifact and compare hash and size, on top of ``check_artifact``."""
        self.check_artifact(release)
        objects.check(self.s3, _source(release), release.content.artifact.sha256, release.content.artifact.bytes)

    def create(
        self,
        content: Content,
        local: Local,
        ecr: "ECRClient",
        repository: str,
        retain_days: int = RETAIN_DAYS,
    ) -> Release:
        """Store the artifact, tag the image, then write the record: what a record names is there before the record.

        A run that was killed can be run again; killed just before the record, it may leave a release tag that no record
        names, which keeps the image and does no more. The same content again gives the release that exists.
        """
        if (content.artifact.sha256, content.artifact.bytes) != (local.sha256, local.size):
            raise refused(
                "release", "content.artifact.sha256", f"{local.sha256} of {local.path}", content.artifact.sha256
            )
        images.manifest(ecr, repository, content.image_digest)  # before gigabytes are sent
        location = artifact.upload(self.s3, self.bucket, content.model, local, content.artifact.media_type, repository)
        release = Release.of(content, location)
        images.tag_release(ecr, repository, content.image_digest, release.id)
        return self.put(release, retain_days)

    def put(self, release: Release, retain_days: int = RETAIN_DAYS) -> Release:
        """Write the record, once, and lock it; returns the release that is there, if one of this content is."""
        if retain_days < 1:
            raise ValueError(f"retain_days: accepted: at least 1: received: {retain_days}")
        key = record_key(release.id)
        with calls(f"release {release.id}", f"put of s3://{self.bucket}/{key}"):
            refusal = objects.put_once(self.s3, self.bucket, key, canonical(release), retain_days)
            if refusal is None:
                return release
            existing = self.find(release.id)
            if existing is None:
                raise refusal
        if existing.content != release.content:
            raise refused(f"release {release.id}", "content", "a content whose id is free", "one of another")
        return existing

    def _check_environment(self, release: Release) -> None:
        location: Location = release.location
        if location.bucket != self.bucket:
            raise refused(f"release {release.id}", "location.bucket", self.bucket, location.bucket)
        if self.bucket.endswith("-models"):
            expected = f"{self.bucket.removesuffix('-models')}/{release.content.model}"
            if location.repository != expected:
                raise refused(f"release {release.id}", "location.repository", expected, location.repository)

    def _ids(self, model: str) -> tuple[set[str], set[str]]:
        """Ids of the model's releases, and of those of them that are withdrawn."""
        prefix = f"releases/{model}/"
        keys: list[str] = []
        with calls(f"s3://{self.bucket}/{prefix}", "list"):
            try:
                for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
                    keys += [entry["Key"] for entry in page.get("Contents", [])]
            except ClientError as error:
                if not missing(error):
                    raise
        names = {key: key.removeprefix(prefix).removesuffix(".json") for key in keys}
        known = {i for key, i in names.items() if RELEASE_ID.pattern.fullmatch(i) and key == record_key(i)}
        return known, {identifier for identifier in known if marker_key(identifier) in names}


def _source(release: Release) -> Source:
    location = release.location
    return Source(location.bucket, location.key, location.version_id)


def _gone(release: Release) -> ReleaseError:
    return refused(
        f"release {release.id}",
        "location.version_id",
        f"a version of {release.artifact_uri}",
        release.location.version_id,
    )


def _day(identifier: str) -> str:
    return identifier[-17:-9]


def _age(release: Release) -> tuple[str, str]:
    return release.content.created_at, release.id
