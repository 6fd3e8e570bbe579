"""The content of a release record: what makes a model's answers, the same in every environment.

A record is locked for years, so it must hold neither personal data nor secrets: what looks like either is refused.
"""

import re
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic import model_validator as validator
from pydantic_core import core_schema

from slipway_ops.problems import FieldError

MODEL = r"[a-z][a-z0-9-]{0,28}[a-z0-9]"
_SECRET = re.compile(r"(^|_)(PASSWORD|SECRET|TOKEN|CREDENTIALS?|PRIVATE_KEY|ACCESS_KEY|API_KEY)$")
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")


class Text:
    """Text that matches ``pattern``; ``accepted`` says it to a person and in the published schema."""

    def __init__(self, pattern: str, accepted: str) -> None:
        self.pattern, self.accepted = re.compile(pattern), accepted

    def check(self, value: str) -> str:
        """``value``; raises ``ValueError`` that says what is accepted."""
        if not self.pattern.fullmatch(value):
            raise ValueError(self.accepted)
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "pattern": f"^(?:{self.pattern.pattern})$", "description": self.accepted}


def instant(value: str) -> str:
    """An instant as records write it; raises ``ValueError`` that says what is accepted."""
    accepted = "RFC 3339 in UTC to the second, such as 2026-11-20T09:30:00Z"
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value):
        raise ValueError(accepted)
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(accepted) from None
    return value


def role(value: str) -> str:
    """Who created a release, which is never a person; raises ``ValueError`` that says what is accepted."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9:/._+=,-]{0,199}", value) or ":user/" in value:
        raise ValueError("a role or CI identity such as ci/flight-delay, never a person or an e-mail address")
    return value


def setting(value: str) -> str:
    """Name of a server's environment variable; raises ``ValueError`` that says what is accepted."""
    if not re.fullmatch(r"[A-Z][A-Z0-9_]{0,99}", value) or value.startswith(("SLIPWAY_", "AWS_")):
        raise ValueError("a name of A-Z, 0-9 and _ that does not begin with SLIPWAY_ or AWS_")
    if _SECRET.search(value):
        raise ValueError("no secret, because a record is locked for years: let the server read it from a secret store")
    return value


MODEL_NAME = Text(MODEL, "2 to 30 of a-z, 0-9 and -, beginning with a letter")
RELEASE_ID = Text(rf"{MODEL}-\d{{8}}-[0-9a-f]{{8}}", "<model>-<yyyymmdd>-<8 hex>")
IMAGE_DIGEST = Text(r"sha256:[0-9a-f]{64}", "sha256:<64 hex>")
SHA256 = Text(r"[0-9a-f]{64}", "64 hex digits in lower case")
COMMIT = Text(r"[0-9a-f]{40}|[0-9a-f]{64}", "a whole commit id: 40 or 64 hex digits")
RUN_ID = Text(r"[A-Za-z0-9-]{1,80}", "1 to 80 of A-Z, a-z, 0-9 and -")
MLFLOW_RUN = Text(r"[A-Za-z0-9_-]{1,64}", "a run id of MLflow: 1 to 64 of A-Z, a-z, 0-9, _ and -")
MEDIA_TYPE = Text(r"[a-z0-9.+-]+/[a-z0-9.+-]+", "a media type such as application/octet-stream")

ReleaseId = Annotated[str, RELEASE_ID]
Sha256 = Annotated[str, SHA256]
Instant = Annotated[str, AfterValidator(instant), Field(json_schema_extra={"format": "date-time"})]
Role = Annotated[str, AfterValidator(role), Field(description="A role or CI identity, never a person.")]
SettingName = Annotated[str, AfterValidator(setting)]
Name = Annotated[str, Text(r"\S(.{0,126}\S)?", "1 to 128 characters on one line, without spaces around")]
Line = Annotated[str, Text(r"\S(.{0,498}\S)?", "1 to 500 characters on one line, without spaces around")]
Number = Annotated[float, Field(allow_inf_nan=False)]


class Section(BaseModel):
    """Strict: no unknown field, no conversion of a value's type, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Artifact(Section):
    """The model's file."""

    sha256: Sha256
    bytes: Annotated[int, Field(ge=1)]
    media_type: Annotated[str, MEDIA_TYPE] = "application/octet-stream"


def without_password(field: str, uri: str) -> None:
    """Raise ``FieldError`` for an address that holds a password."""
    if re.search(r"://[^/]*:[^/]*@", uri):
        raise FieldError(field, "an address without a password", "one with a password")


class Dataset(Section):
    """What the model was trained on."""

    kind: Literal["dvc", "s3", "package"]
    uri: Line
    """dvc: the repository and path, or the remote as ``s3://<bucket>/<prefix>``; s3: ``s3://<bucket>/<key>``; package:
    its name in the index."""
    revision: Name
    """dvc: commit or tag, or ``<32 hex>.dir`` in a remote; s3: the object's version id; package: its version."""

    @validator(mode="after")
    def _consistent(self) -> Self:
        if self.kind == "s3" and not re.fullmatch(r"s3://[a-z0-9.-]{3,63}/.+", self.uri):
            raise FieldError("uri", "s3://<bucket>/<key>, because kind is s3", self.uri)
        without_password("uri", self.uri)
        return self


class Feature(Section):
    """One input of the model; the order of the list is the model's."""

    name: Name
    type: Literal["integer", "number", "boolean", "category", "string", "timestamp"]
    nullable: bool = False
    minimum: Number | None = None
    maximum: Number | None = None
    categories: Annotated[list[str], Field(min_length=1)] | None = None
    """Values that training saw."""

    @validator(mode="after")
    def _consistent(self) -> Self:
        for bound in ("minimum", "maximum"):
            if getattr(self, bound) is not None and self.type not in ("integer", "number"):
                raise FieldError(bound, "nothing, because type is neither integer nor number", getattr(self, bound))
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise FieldError("minimum", f"at most maximum ({self.maximum:g})", self.minimum)
        if self.categories is not None and self.type != "category":
            raise FieldError("categories", "nothing, because type is not category", self.categories)
        return self


class Metric(Section):
    """A measured quality and the size of the test set behind it."""

    value: Number
    rows: Annotated[int, Field(ge=1)]


class Resources(Section):
    """What one replica needs, in Kubernetes' words."""

    cpu: Annotated[str, Text(r"[1-9]\d*m?|\d+\.\d+", "CPUs such as 2 or 500m")]
    memory: Annotated[str, Text(r"[1-9]\d*(Mi|Gi)", "memory such as 512Mi or 4Gi")]
    gpus: Annotated[int, Field(ge=0, le=64)] = 0


class Provenance(Section):
    """The runs that a release comes from; whoever reads a record can ask them for more than it says."""

    mlflow_run: Annotated[str, MLFLOW_RUN] | None = None
    mlflow_uri: Line | None = None
    """Tracking server of the run."""
    run: Annotated[str, RUN_ID] | None = None
    """Run of the retraining pipeline."""
    run_uri: Line | None = None
    """Where the records of that run are."""
    evaluation_uri: Line | None = None
    evaluation_sha256: Sha256 | None = None
    """Of the record that compared the release with the champion of its day."""

    @validator(mode="after")
    def _consistent(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise FieldError("mlflow_run", "a value for one of the fields, or no provenance", None)
        for field in ("mlflow_uri", "run_uri", "evaluation_uri"):
            without_password(field, getattr(self, field) or "")
        return self


class Training(Section):
    """What training and evaluation know of a release."""

    dataset: Dataset
    feature_schema: Annotated[list[Feature], Field(min_length=1)]
    metrics: Annotated[dict[Name, Metric], Field(min_length=1)]
    settings: dict[SettingName, str] = {}
    """Environment variables of the model's server."""
    resources: Resources | None = None
    provenance: Provenance | None = None

    @validator(mode="after")
    def _features_differ(self) -> Self:
        names = [feature.name for feature in self.feature_schema]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise FieldError("feature_schema", "names that differ from each other", twice)
        return self


class Content(Training):
    """Everything that a release is; its hash is part of the release's id."""

    schema_version: Literal[1] = 1
    model: Annotated[str, MODEL_NAME]
    image_digest: Annotated[str, IMAGE_DIGEST]
    artifact: Artifact
    code_commit: Annotated[str, COMMIT]
    created_at: Instant
    created_by: Role
    previous: ReleaseId | None = None
    """The release before this one, in the environment where this one was created."""

    @validator(mode="after")
    def _consistent(self) -> Self:
        if self.previous is not None and self.previous[:-18] != self.model:
            raise FieldError("previous", f"a release of {self.model}", self.previous)
        for path, text in _texts(self.model_dump(exclude={"dataset": {"uri"}})):
            if EMAIL.search(text):
                raise FieldError(path, "no personal data, because a record is locked for years", "an e-mail address")
        return self


def _texts(value: Any, path: str = "") -> list[tuple[str, str]]:
    """Every text in ``value``, names of entries included, with the dotted path to it."""
    if isinstance(value, str):
        return [(path, value)]
    entries: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        entries = list(value.items())
    elif isinstance(value, list):
        entries = list(enumerate(value))
    found: list[tuple[str, str]] = []
    for key, item in entries:
        inner = f"{path}.{key}" if path else str(key)
        found += [(path or "record", str(key))] if isinstance(value, dict) else []
        found += _texts(item, inner)
    return found
