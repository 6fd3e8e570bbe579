"""The record of a look at a window: all that was found, and enough of the counts to draw it."""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal, Self

import pydantic
from pydantic import Field

from slipway_ops.content import MODEL_NAME, Number, Section
from slipway_ops.drift.config import DriftConfig, Measure
from slipway_ops.drift.profile import Least, Quality
from slipway_ops.gate.errors import GateError
from slipway_ops.gate.record import NAME, Instant, PartNote
from slipway_ops.problems import of_validation

Kind = Literal["feature", "missing", "unexpected", "prediction", "quality"]
Probability = Annotated[float, Field(ge=0, le=1)]


class Span(Section):
    """A window; ``to`` is not in it."""

    model_config = pydantic.ConfigDict(populate_by_name=True)

    from_: Instant = Field(alias="from")
    to: Instant


class Picture(Section):
    """Shares of the cells of a distribution, in percent."""

    labels: list[str]
    reference: list[Number]
    current: list[Number]


class Compared(Section):
    """One column, now and at training."""

    kind: Literal["number", "category"]
    rows: int
    """Known values in the window."""
    enough: bool
    """Whether there are enough to say anything."""
    psi: Number
    ks: Number | None = None
    chi_square: Number
    p_value: Probability
    """The smallest of its tests, after what false-discovery control costs."""
    threshold_psi: Number
    """From which PSI it has changed: the configured one, or what was usual at training."""
    seasonal: bool
    """Whether it never alarms alone."""
    changed: bool
    missing: Probability
    missing_reference: Probability
    unexpected: Probability
    unexpected_reference: Probability
    picture: Picture


class Measured(Section):
    """A measure, now and at training."""

    value: Number
    lower: Number
    upper: Number
    """Ends of the 95 % interval."""
    rows: int
    reference: Quality
    margin: Least
    worse: bool


class Finding(Section):
    """Something that is not as it was."""

    kind: Kind
    name: str
    alone: bool
    """Whether it is reason enough for an alarm."""
    detail: str


class Record(Section):
    """A look at a window."""

    schema_version: Literal[1] = 1
    model: Annotated[str, MODEL_NAME]
    release: Annotated[str, NAME]
    window: Span
    made_at: Instant
    alarm: bool
    reason: str
    findings: list[Finding]
    rows: int
    """Answered requests of the release in the window."""
    features: dict[str, Compared]
    outputs: dict[str, Compared]
    quality: dict[Measure, Measured]
    config: DriftConfig
    reference: str
    """Address of the reference profile."""
    reference_sha256: str
    events: dict[str, dict[str, int]]
    predictions: list[PartNote]
    labels: list[PartNote]
    code: dict[str, str]

    @property
    def dedupe_key(self) -> str:
        """The same for every look at one window of the model."""
        return f"drift-{self.model}-{self.window.from_}-{self.window.to}"

    def json_bytes(self) -> bytes:
        """As it is stored."""
        return self.model_dump_json(exclude_none=True, indent=1, by_alias=True).encode() + b"\n"

    @classmethod
    def parse(cls, data: bytes, subject: str) -> Self:
        """Read a record; raises ``GateError`` about ``subject`` with everything that is wrong with it."""
        try:
            return cls.model_validate_json(data)
        except pydantic.ValidationError as error:
            raise GateError(subject, *of_validation(error)) from None


@cache
def code() -> dict[str, str]:
    """What found it: versions, and a hash of the source."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    found = {name: version(name) for name in ("slipway-ops", "numpy", "scipy", "pyarrow")}
    return {**found, "drift": digest.hexdigest()[:16]}
