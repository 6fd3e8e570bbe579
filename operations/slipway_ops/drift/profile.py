"""The reference of a model: how its features, its answers and its quality were at training. Counts, never a row."""

import json
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
import pydantic
from pydantic import Field
from pydantic import model_validator as validator

from slipway_ops.content import MODEL_NAME, Name, Number, Section
from slipway_ops.drift.config import DriftConfig, Measure
from slipway_ops.drift.statistics import GROUPS, grouped, grouping
from slipway_ops.gate.errors import GateError, refused
from slipway_ops.problems import FieldError, of_validation

Count = Annotated[int, Field(ge=0)]
Role = Literal["score", "prediction"]
Least = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Counts = Annotated[list[Count], Field(min_length=1)]
VALUES = 200
"""Values of a category that a reference names; all others together are one more."""


class Usual(Section):
    """How much a column changed within the reference's own period: the most that one of its blocks differs from all."""

    psi: Least = 0.0
    ks: Least = 0.0
    missing: Least = 0.0
    """Largest share of missing values in a block."""
    unexpected: Least = 0.0
    """Largest share of values out of range in a block."""
    blocks: Count = 0


class _Column(Section):
    missing: Count = 0
    unexpected: Count = 0
    """Values out of range, or that are none of the declared categories."""
    usual: Usual = Field(default_factory=Usual)

    def seasonal(self, config: DriftConfig) -> bool:
        """Whether it changed so much during training that another change says little."""
        return self.usual.psi >= config.psi or self.usual.ks >= config.ks


class NumberColumn(_Column):
    """A number's distribution."""

    kind: Literal["number"] = "number"
    edges: list[Number]
    """Where bins end, that value included; one bin more is above the last."""
    counts: Counts
    minimum: Number | None = None
    """The least that is in range; None: nothing is declared, and every finite number is."""
    maximum: Number | None = None

    @validator(mode="after")
    def _fits(self) -> Self:
        if len(self.counts) != len(self.edges) + 1:
            raise FieldError("counts", f"{len(self.edges) + 1} numbers, one more than edges", len(self.counts))
        if any(one >= other for one, other in zip(self.edges, self.edges[1:], strict=False)):
            raise FieldError("edges", "numbers that rise", self.edges[:5])
        return self

    @cached_property
    def cells(self) -> Any:
        """The cell of each bin, for PSI and chi-square."""
        return grouping(self.counts)

    def labels(self) -> list[str]:
        """What each cell holds, in words."""
        last = [int(np.flatnonzero(self.cells == cell)[-1]) for cell in range(int(self.cells.max()) + 1)]
        ends = [self.edges[number] for number in last[:-1]]
        if not ends:
            return ["all"]
        return [f"≤ {end:.4g}" for end in ends] + [f"> {ends[-1]:.4g}"]


class CategoryColumn(_Column):
    """How often each value occurs."""

    kind: Literal["category"] = "category"
    values: dict[str, Count]
    other: Count = 0
    """Rows with one of the values that are not named."""
    complete: bool = True
    """Whether every value is named, so that another one is unexpected."""

    @property
    def counts(self) -> list[int]:
        """Rows by value, in the order of ``values``, and of all others."""
        return [*self.values.values(), self.other]

    @cached_property
    def cells(self) -> Any:
        """The cell of each value: the most frequent ones have their own, the rest share one."""
        counts = np.array(self.counts)
        order = np.argsort(-counts[:-1], kind="stable")
        alone = [number for number in order[: GROUPS * 2 - 1] if counts[number] * 100 >= counts.sum()]
        cells = np.full(len(counts), len(alone))
        cells[alone] = np.arange(len(alone))
        return cells

    def labels(self) -> list[str]:
        """What each cell holds."""
        names = [*self.values, "others"]
        by_cell = {int(cell): names[number] for number, cell in reversed(list(enumerate(self.cells)))}
        last = int(self.cells.max())
        return [by_cell[cell] if cell < last else "others" for cell in range(last + 1)]


Column = Annotated[NumberColumn | CategoryColumn, Field(discriminator="kind")]


class Quality(Section):
    """A measure on flights, customers or whatever else the model had not learnt from."""

    value: Number
    rows: Annotated[int, Field(ge=1)]
    error: Least = 0.0
    """Standard error of the value."""


class Period(Section):
    """The instants of the first and the last row."""

    first: str
    last: str


class Profile(Section):
    """All of a reference."""

    schema_version: Literal[1] = 1
    model: Annotated[str, MODEL_NAME]
    rows: Annotated[int, Field(ge=1)]
    period: Period | None = None
    block_days: Annotated[int, Field(ge=1)] | None = None
    features: Annotated[dict[Name, Column], Field(min_length=1)]
    outputs: dict[Role, Column] = Field(default_factory=dict)
    quality: dict[Measure, Quality] = Field(default_factory=dict)

    def json_bytes(self) -> bytes:
        """As it is stored."""
        return json.dumps(self.model_dump(mode="json", exclude_none=True), separators=(",", ":")).encode() + b"\n"

    @classmethod
    def parse(cls, data: bytes, subject: str) -> Self:
        """Read a reference; raises ``GateError`` about ``subject`` with everything that is wrong with it."""
        try:
            return cls.model_validate_json(data)
        except pydantic.ValidationError as error:
            raise GateError(subject, *of_validation(error)[:20]) from None

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file."""
        try:
            return cls.parse(path.read_bytes(), str(path))
        except OSError as error:
            raise refused("", str(path), "a readable file", error.strerror) from None


def cells(column: NumberColumn | CategoryColumn, counts: Any) -> tuple[Any, Any]:
    """The reference's and the current counts by cell."""
    return grouped(column.counts, column.cells), grouped(counts, column.cells)
