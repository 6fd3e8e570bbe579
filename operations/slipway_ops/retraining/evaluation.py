"""The record of an evaluation: ``evaluation.json``."""

from typing import Annotated, Literal, Self

from pydantic import Field
from pydantic import model_validator as validator

from slipway_ops.content import Dataset, Line, Name, Number, ReleaseId, Section, Sha256
from slipway_ops.problems import FieldError
from slipway_ops.retraining.plan import Plan
from slipway_ops.retraining.records import BatchName, Count, Record


class Interval(Section):
    """An improvement of the candidate; positive is better, whatever the measure's direction."""

    rows: Count
    clusters: Count
    """Independent trials among them."""
    estimate: Number
    lower: Number
    """At most the truth with probability 1 - alpha."""
    upper: Number
    """At least the truth with probability 1 - alpha."""


class Check(Section):
    """One thing that had to hold."""

    name: Line
    passed: bool
    detail: Line
    interval: Interval | None = None

    def __str__(self) -> str:
        return f"{self.name}: {self.detail}"


class Side(Section):
    """One of the two."""

    release: ReleaseId | None = None
    """None: the candidate, which has none yet."""
    artifact_sha256: Sha256
    means: dict[Name, Number] = Field(default_factory=dict)
    """Of each measure, over all rows."""


class Evaluation(Record):
    """Whether the candidate may be released."""

    state: Literal["passed", "refused"]
    reason: Line
    plan: Plan
    plan_sha256: Sha256
    champion_rule: Line
    """How the champion was chosen."""
    dataset: Dataset
    """Of the frozen rows."""
    batches: list[BatchName]
    rows: Count = 0
    candidate: Side
    champion: Side | None = None
    checks: Annotated[list[Check], Field(min_length=1)]

    @validator(mode="after")
    def _agrees(self) -> Self:
        if (self.state == "passed") != all(check.passed for check in self.checks):
            raise FieldError("state", "passed where every check did and only there", self.state)
        return self
