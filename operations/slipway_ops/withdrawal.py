"""Withdrawal of a release: a marker beside its record, written once and locked like it.

A record is never changed, so what became known afterwards stands in an object of its own. The marker is that of one
environment: each that has the release withdraws it.
"""

import json
from typing import TYPE_CHECKING, Annotated, Literal

import pydantic
from botocore.exceptions import ClientError
from pydantic import AfterValidator

from slipway_ops.content import EMAIL, Instant, ReleaseId, Role, Section, Text
from slipway_ops.objects import absent, calls, put_once
from slipway_ops.problems import Problem, ReleaseError, of_validation
from slipway_ops.record import record_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SUFFIX = ".withdrawn.json"


_LINE = Text(r"\S(.{0,498}\S)?", "1 to 500 characters on one line, without spaces around")


def reason(value: str) -> str:
    """Why a release is withdrawn; raises ``ValueError`` that says what is accepted."""
    _LINE.check(value)
    if EMAIL.search(value):
        raise ValueError("no personal data, because a withdrawal is locked for years")
    return value


class Withdrawal(Section):
    """Why, by which role and when a release was withdrawn."""

    schema_version: Literal[1] = 1
    id: ReleaseId
    reason: Annotated[str, AfterValidator(reason)]
    by: Role
    at: Instant

    def __str__(self) -> str:
        return f"{self.reason} (by {self.by} at {self.at})"

    @property
    def data(self) -> bytes:
        """The marker's bytes."""
        return json.dumps(self.model_dump(), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def parse(cls, data: bytes, identifier: str) -> "Withdrawal":
        """Read the marker of the release ``identifier``; one that cannot be read withdraws the release just as well."""
        try:
            found = cls.model_validate_json(data)
        except pydantic.ValidationError as error:
            raise ReleaseError(f"release {identifier}: withdrawn", *of_validation(error)) from None
        if found.id != identifier:
            raise ReleaseError(f"release {identifier}: withdrawn: id: accepted: {identifier}: received: {found.id}")
        return found


def marker_key(identifier: str) -> str:
    """Key of the marker in the bucket."""
    return record_key(identifier).removesuffix(".json") + SUFFIX


def read(s3: "S3Client", bucket: str, identifier: str) -> Withdrawal | None:
    """The release's withdrawal, if there is one; raises ``ReleaseError`` where that cannot be told."""
    key = marker_key(identifier)
    with calls(f"release {identifier}", f"read of s3://{bucket}/{key}"):
        try:
            data = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            if absent(s3, bucket, key, error):
                return None
            raise
    return Withdrawal.parse(data, identifier)


def write(s3: "S3Client", bucket: str, withdrawal: Withdrawal, retain_days: int) -> bool:
    """Write the marker, once, and lock it; False where the release was withdrawn before."""
    key = marker_key(withdrawal.id)
    with calls(f"release {withdrawal.id}", f"put of s3://{bucket}/{key}"):
        return put_once(s3, bucket, key, withdrawal.data, retain_days) is None


def refuse(withdrawal: Withdrawal) -> ReleaseError:
    """The error of whoever wants to use the release."""
    problem = Problem("withdrawn", "a release that was not withdrawn", str(withdrawal))  # the whole reason
    return ReleaseError(f"release {withdrawal.id}", problem)
