"""The record of a decision: written once, and enough to make the decision again."""

import hashlib
import math
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pydantic
from pydantic import Field
from pydantic import model_validator as validator

from slipway_ops.content import MODEL_NAME, Section, Text
from slipway_ops.gate import instants
from slipway_ops.gate.config import GateConfig
from slipway_ops.gate.counts import Counts
from slipway_ops.gate.decision import Decision
from slipway_ops.gate.errors import GateError
from slipway_ops.gate.events import Data, Found
from slipway_ops.gate.sources import Part
from slipway_ops.gate.stages import Stage
from slipway_ops.problems import FieldError, of_validation

NAME = Text(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", "1 to 128 of A-Z, a-z, 0-9, '.', '_' and '-', first a letter or digit")


def _instant(value: str) -> str:
    instants.micros(value)
    return value


Instant = Annotated[str, pydantic.AfterValidator(_instant)]


class StageNote(Section):
    """A time in which the weight was certainly the same."""

    weight: Annotated[int, Field(ge=1, le=99)]
    since: Instant
    until: Instant
    open: bool = False


class PartNote(Section):
    """A file of events as it was read."""

    uri: str
    bytes: Annotated[int, Field(ge=0)]
    etag: str
    version_id: str | None = None


class Record(Section):
    """A decision, what it was made of and by which code."""

    schema_version: Literal[1] = 1
    model: Annotated[str, MODEL_NAME]
    candidate: Annotated[str, NAME]
    attempt: Annotated[str, NAME]
    weight: Annotated[int, Field(ge=1, le=99)]
    final: bool
    decided_at: Instant
    verdict: Annotated[int, Field(ge=-1, le=1)]
    decision: Decision
    config: GateConfig
    stages: list[StageNote] = Field(default_factory=list)
    predictions: list[PartNote] = Field(default_factory=list)
    labels: list[PartNote] = Field(default_factory=list)
    champions: list[str] = Field(default_factory=list)
    counts: Counts | None = None
    """None: something went wrong before there were any; the reason says what."""
    code: dict[str, str]

    @validator(mode="after")
    def _agrees(self) -> Self:
        if self.verdict != self.decision.answer.verdict:
            raise FieldError("verdict", f"{self.decision.answer.verdict}, as decision.answer", self.verdict)
        return self

    @property
    def key(self) -> str:
        """Key in the store of decisions; the name says when, at which weight and with which answer."""
        answer = "error" if self.counts is None else self.decision.answer.value
        when = instants.compact(instants.micros(self.decided_at))
        return f"{folder(self.model, self.candidate, self.attempt)}{when}-{self.weight:02}-{answer}.json"

    @property
    def minutes(self) -> float:
        """Minutes from the challenger's first request to the decision."""
        since = self.stages[0].since if self.stages else self.decided_at
        return (instants.micros(self.decided_at) - instants.micros(since)) / 60e6

    def json_bytes(self) -> bytes:
        """As it is stored."""
        return self.model_dump_json(exclude_none=True, indent=1).encode() + b"\n"

    @classmethod
    def parse(cls, data: bytes, subject: str) -> Self:
        """Read a record; raises ``GateError`` about ``subject`` with everything that is wrong with it."""
        try:
            return cls.model_validate_json(data)
        except pydantic.ValidationError as error:
            raise GateError(subject, *of_validation(error)) from None


def folder(model: str, candidate: str, attempt: str) -> str:
    """Where the records of one attempt lie."""
    return f"decisions/{model}/{candidate}/{attempt}/"


def notes(stages: list[Stage]) -> list[StageNote]:
    """Stages as a record has them."""
    return [
        StageNote(
            weight=stage.weight, since=instants.text(stage.since), until=instants.text(stage.until), open=stage.open
        )
        for stage in stages
    ]


def stages_of(record: Record) -> tuple[Stage, ...]:
    """The stages of a record."""
    return tuple(
        Stage(note.weight, instants.micros(note.since), instants.micros(note.until), note.open)
        for note in record.stages
    )


def part_notes(parts: list[Part]) -> list[PartNote]:
    """Files as a record has them."""
    return [PartNote(uri=part.uri, bytes=part.bytes, etag=part.etag, version_id=part.version_id) for part in parts]


def data_of(record: Record) -> Data:
    """The files of a record."""
    return Data(
        *([Part(**note.model_dump()) for note in found] for found in (record.predictions, record.labels)),
    )


def differences(record: Record, found: Found, decision: Decision) -> list[str]:
    """What comes out otherwise when a decision is made again, a line each."""
    before = {"counts": _dump(record.counts), "decision": _dump(record.decision), "champions": record.champions}
    after = {"counts": _dump(found.counts), "decision": _dump(decision), "champions": found.champions}
    return list(_different("", before, after))


@cache
def code() -> dict[str, str]:
    """What decides: versions, and a hash of the gate's own source."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    found = {name: version(name) for name in ("slipway-ops", "numpy", "scipy", "pyarrow")}
    return {**found, "gate": digest.hexdigest()[:16]}


def _dump(section: pydantic.BaseModel | None) -> Any:
    return section.model_dump(mode="json") if section else None


def _different(path: str, one: Any, other: Any) -> Any:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            yield from _different(f"{path}.{key}" if path else key, one.get(key), other.get(key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (mine, yours) in enumerate(zip(one, other, strict=True)):
            yield from _different(f"{path}.{number}", mine, yours)
    elif isinstance(one, float) and isinstance(other, float):
        # Another processor may add in another order.
        if not math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12):
            yield f"{path}: {one!r} in the record, {other!r} now"
    elif one != other:
        yield f"{path}: {one!r} in the record, {other!r} now"
