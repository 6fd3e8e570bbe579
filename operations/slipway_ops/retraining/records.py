"""The records of a run, one object each under its address; their JSON Schema is docs/reference/run.schema.json."""

from typing import Annotated, Any, Literal, Self, TypeVar

import pydantic
import pydantic.json_schema
from pydantic import Field
from pydantic import model_validator as validator

from slipway_ops.content import (
    COMMIT,
    IMAGE_DIGEST,
    MLFLOW_RUN,
    MODEL_NAME,
    RUN_ID,
    Dataset,
    Instant,
    Line,
    Metric,
    Name,
    Number,
    ReleaseId,
    Section,
    Sha256,
    Text,
)
from slipway_ops.problems import FieldError, Problem, ReleaseError, of_validation

BATCH = Text(r"[A-Za-z0-9][A-Za-z0-9._=-]{0,99}", "1 to 100 of A-Z, a-z, 0-9, '.', '_', '=' and '-'")
BatchName = Annotated[str, BATCH]
Trigger = Literal["schedule", "data", "drift", "manual"]
Count = Annotated[int, Field(ge=0)]

Kind = TypeVar("Kind", bound=Section)


class Record(Section):
    """What every record of a run says."""

    schema_version: Literal[1] = 1
    model: Annotated[str, MODEL_NAME]
    run: Annotated[str, RUN_ID]
    at: Instant


class Input(Record):
    """``input.json``: what the run works on."""

    trigger: Trigger
    dedupe_key: Line | None = None
    dataset: Dataset
    batches: Annotated[list[BatchName], Field(min_length=1)]
    """All of the dataset's, in the order in which they came."""
    added: list[BatchName] = Field(default_factory=list)
    """Those that came to it in this run."""


class Finding(Section):
    """One thing that is wrong with data. It never holds a value of them."""

    batch: BatchName | None = None
    column: Name | None = None
    """A column that the schema declares."""
    check: Literal[
        "file",
        "columns",
        "rows",
        "type",
        "null",
        "minimum",
        "maximum",
        "values",
        "unique",
        "freshness",
        "personal_data",
    ]
    accepted: Line
    received: Line

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.batch, self.column or self.check) if part)
        return str(Problem(where, self.accepted, self.received))


class Checked(Section):
    """One batch that was looked at."""

    batch: BatchName
    files: Count
    rows: Count
    bytes: Count


class Validation(Record):
    """``validation.json``: whether data may be learnt from."""

    state: Literal["passed", "refused"]
    schema_sha256: Sha256
    """Of the declared schema, as it was read."""
    batches: list[Checked]
    findings: list[Finding]
    dataset: Dataset | None = None
    """None: nothing is learnt from."""

    @validator(mode="after")
    def _agrees(self) -> Self:
        if (self.state == "refused") != bool(self.findings):
            raise FieldError("state", "refused where there are findings and only there", self.state)
        return self


class ArtifactFile(Section):
    """The trained model's file under ``training/model/``."""

    name: Annotated[str, Text(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", "a file's name of A-Z, a-z, 0-9, '.', '_' and '-'")]
    sha256: Sha256
    bytes: Annotated[int, Field(ge=1)]


class Lineage(Record):
    """``training/lineage.json``: what made the model. Written last: where it is, all of ``training/`` is."""

    trigger: Trigger
    dataset: Dataset
    batches: Annotated[list[BatchName], Field(min_length=1)]
    """Those that the training saw."""
    held_out: list[BatchName] = Field(default_factory=list)
    """Those that it did not see, because the evaluation asks about them."""
    code_commit: Annotated[str, COMMIT]
    image_digest: Annotated[str, IMAGE_DIGEST] | None = None
    """Of the image that trained, where the job knows it."""
    command: Annotated[list[str], Field(min_length=1)]
    parameters: dict[Name, str | int | Number | bool] = Field(default_factory=dict)
    artifact: ArtifactFile
    metrics: Annotated[dict[Name, Metric], Field(min_length=1)]
    mlflow_run: Annotated[str, MLFLOW_RUN] | None = None
    mlflow_uri: Line | None = None
    started_at: Instant
    seconds: Annotated[float, Field(ge=0)] | None = None
    """Of the training's own command, in its last attempt."""


class Registration(Record):
    """``registration.json``: the candidate that a run ended with."""

    state: Literal["begun", "registered"]
    """``begun`` fixes what must not change when a registration that was killed is continued."""
    image_digest: Annotated[str, IMAGE_DIGEST]
    """Of the image that serves."""
    previous: ReleaseId | None = None
    release: ReleaseId | None = None
    mlflow_run: Annotated[str, MLFLOW_RUN] | None = None
    mlflow_version: Name | None = None


class Outcome(Record):
    """``outcome.json``: how the run ended, as far as its steps know; one that was killed leaves none."""

    outcome: Literal["candidate", "refused", "failed"]
    step: Name
    reason: Line
    release: ReleaseId | None = None


def schema() -> dict[str, Any]:
    """The JSON Schema of all records, as published in docs/reference/run.schema.json."""
    from slipway_ops.retraining.evaluation import Evaluation

    kinds: dict[str, type[Record]] = {
        "input.json": Input,
        "validation.json": Validation,
        "training/lineage.json": Lineage,
        "evaluation.json": Evaluation,
        "registration.json": Registration,
        "outcome.json": Outcome,
    }
    references, document = pydantic.json_schema.models_json_schema(
        [(kind, "validation") for kind in kinds.values()], title="Records of a retraining run"
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **document,
        "properties": {name: references[kind, "validation"] for name, kind in kinds.items()},
    }


def parse(kind: type[Kind], data: bytes, subject: str) -> Kind:
    """Read a document; raises ``ReleaseError`` about ``subject`` with everything that is wrong with it."""
    try:
        return kind.model_validate_json(data)
    except pydantic.ValidationError as error:
        raise ReleaseError(subject, *of_validation(error)) from None


def made(kind: type[Kind], known: dict[str, Any], subject: str) -> Kind:
    """As ``parse``, of values instead of JSON."""
    try:
        return kind.model_validate(known)
    except pydantic.ValidationError as error:
        raise ReleaseError(subject, *of_validation(error)) from None


def stored(section: Section) -> bytes:
    """A document as it is stored."""
    return section.model_dump_json(exclude_none=True, indent=1).encode() + b"\n"
