"""The release record: a content, a location, and an id that is computed from the content.

The id is ``<model>-<yyyymmdd>-<8 hex>``: the day of ``created_at`` and the first 8 hex digits of the SHA-256 of the
content's canonical JSON. So one release has one id in every environment, and a changed content no longer has its id.

Canonical JSON here means: keys sorted, no spaces, UTF-8 without escapes, floats in their shortest exact form as Python
writes them, no NaN or infinity, and optional fields that are absent left out rather than null, so that a field which a
later version adds leaves old ids as they are.
"""

import base64
import hashlib
import json
from typing import Annotated, Any, Self

import pydantic
from pydantic import Field
from pydantic import model_validator as validator

from slipway_ops.content import Content, Line, ReleaseId, Section, Text
from slipway_ops.problems import FieldError, Problem, ReleaseError, of_validation


def canonical(section: pydantic.BaseModel) -> bytes:
    """The canonical JSON of a record or a part of it."""
    value = section.model_dump(mode="json", exclude_none=True)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def identifier(content: Content) -> str:
    """The id that ``content`` has."""
    day = content.created_at[:10].replace("-", "")
    return f"{content.model}-{day}-{hashlib.sha256(canonical(content)).hexdigest()[:8]}"


def record_key(identifier: str) -> str:
    """Key of a record in the bucket; the model is what stands before the id's day and hash."""
    return f"releases/{identifier[:-18]}/{identifier}.json"


def artifact_key(model: str, sha256: str) -> str:
    """Key of an artifact in the bucket: the same bytes are stored once."""
    return f"artifacts/{model}/{sha256}"


class Location(Section):
    """Where one environment keeps the parts of a release."""

    bucket: Annotated[str, Text(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket's name")]
    key: Line
    version_id: Annotated[str, Text(r"(?!null$)\S{1,1024}", "a version id of S3; the bucket must be versioned")]
    checksum_sha256: Annotated[str, Text(r"[A-Za-z0-9+/]{43}=", "the SHA-256 that S3 keeps, in base64")]
    parts: Annotated[int, Field(ge=1, le=10_000)] = 1
    """Parts of the upload. With more than one, S3's checksum is that of the parts' checksums, not of the bytes."""
    repository: Annotated[str, Text(r"[a-z0-9]+([._/-][a-z0-9]+)*", "an ECR repository's name without its registry")]


class Release(Section):
    """One release of a model in one environment; never changed once it is written."""

    id: ReleaseId
    content: Content
    location: Location

    @property
    def artifact_uri(self) -> str:
        """``s3://`` address of the artifact, to be read at ``location.version_id``."""
        return f"s3://{self.location.bucket}/{self.location.key}"

    @classmethod
    def of(cls, content: Content, location: Location) -> Self:
        """The release of ``content`` at ``location``, under its id."""
        return cls(id=identifier(content), content=content, location=location)

    @classmethod
    def parse(cls, data: bytes, subject: str) -> Self:
        """Read a stored record; raises ``ReleaseError`` about ``subject`` with everything that is wrong with it."""
        try:
            release = cls.model_validate_json(data)
        except pydantic.ValidationError as error:
            raise ReleaseError(subject, *of_validation(error)) from None
        if canonical(release) != data:
            raise ReleaseError(subject, Problem("record", "canonical JSON", "the same values written differently"))
        return release

    @validator(mode="after")
    def _agrees(self) -> Self:
        content, location = self.content, self.location
        if self.id != identifier(content):
            raise FieldError("id", f"{identifier(content)}, which this content has", self.id)
        expected = artifact_key(content.model, content.artifact.sha256)
        if location.key != expected:
            raise FieldError("location.key", expected, location.key)
        whole = base64.b64encode(bytes.fromhex(content.artifact.sha256)).decode()
        if location.parts == 1 and location.checksum_sha256 != whole:
            raise FieldError(
                "location.checksum_sha256", f"{whole}, as content.artifact.sha256", location.checksum_sha256
            )
        if location.repository.rpartition("/")[2] != content.model:
            raise FieldError("location.repository", f"a repository named <prefix>/{content.model}", location.repository)
        return self


def schema() -> dict[str, Any]:
    """The JSON Schema of a record, as published in docs/reference/release.schema.json."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Release.model_json_schema()}
