"""What a team declares about a comparison before it begins; its JSON Schema is docs/reference/gate.schema.json."""

import json
from typing import Annotated, Any, Literal, Self

import pydantic
from pydantic import Field
from pydantic import model_validator as validator

from slipway_ops.content import Name, Section
from slipway_ops.gate.errors import GateError
from slipway_ops.problems import FieldError, Problem, of_validation

Kind = Literal["binary", "mean"]
Direction = Literal["increase", "decrease"]
Label = Literal["value", "correct", "brier", "absolute_error", "squared_error"]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]

FIXED: dict[str, tuple[Kind, Direction]] = {
    "errors": ("binary", "decrease"),
    "latency_ms": ("mean", "decrease"),
    "correct": ("binary", "increase"),
    "brier": ("mean", "decrease"),
    "absolute_error": ("mean", "decrease"),
    "squared_error": ("mean", "decrease"),
}
"""Kind of what is measured, and the direction in which it is better; the ``value`` of a label can be anything."""
LEAST = 400
"""Units per arm below which the confidence interval, which is exact for many units only, is not looked at."""


class Metric(Section):
    """What decides."""

    name: Name
    kind: Kind
    """``binary``: an outcome is 0 or 1, and the test is exact. ``mean``: any number, by a confidence sequence."""
    direction: Direction
    """In which direction it is better."""
    label: Label
    """How an outcome is made of a prediction and its label: the label's own ``value``; whether the prediction is
    ``correct``, that is equal to the label; ``brier``, (score - label)^2; ``absolute_error`` and ``squared_error`` of
    the prediction."""
    minimum_effect: Positive
    """The smallest improvement that is worth a release, in the metric's own unit (0.01 of an accuracy is one point)."""
    baseline: Annotated[float, Field(gt=0, lt=1)] | None = None
    """binary: the champion's rate as expected, which tunes the test; a wrong one costs power and nothing else."""

    @validator(mode="after")
    def _consistent(self) -> Self:
        _agrees(self.label, self.kind, self.direction, f"label is {self.label}")
        if self.baseline is not None and self.kind != "binary":
            raise FieldError("baseline", "nothing, because kind is mean", self.baseline)
        if (self.kind == "binary" or self.label == "brier") and self.minimum_effect >= 1:
            raise FieldError("minimum_effect", "less than 1, because outcomes are from 0 to 1", self.minimum_effect)
        if self.baseline is not None and not 0 < self.expected < 1:
            accepted = f"a rate that minimum_effect ({self.minimum_effect:g}) can improve"
            raise FieldError("baseline", accepted, self.baseline)
        return self

    @property
    def expected(self) -> float:
        """The challenger's rate if it is better by the minimum effect; 0 without a baseline."""
        if self.baseline is None:
            return 0.0
        return self.baseline + (self.minimum_effect if self.direction == "increase" else -self.minimum_effect)


class Guardrail(Section):
    """What the challenger may not make worse by more than a margin; that has to be shown before it is promoted."""

    name: Literal["errors", "latency_ms", "value", "correct", "brier", "absolute_error", "squared_error"]
    """What is measured: the share of failed requests, milliseconds, or an outcome as in ``metric.label``."""
    kind: Kind | None = None
    """Default: that of what is measured; only a ``value`` needs it."""
    direction: Direction | None = None
    """In which direction it is better. Default: that of what is measured; only a ``value`` needs it."""
    margin: Positive
    """The largest loss that is tolerated, in the measure's own unit."""

    @validator(mode="after")
    def _consistent(self) -> Self:
        if self.name == "value":
            for field in ("kind", "direction"):
                if getattr(self, field) is None:
                    raise FieldError(field, "a value, because name is value", None)
        _agrees(self.name, self.kind, self.direction, f"name is {self.name}")
        return self

    @property
    def better(self) -> Direction:
        """In which direction it is better."""
        return self.direction or FIXED[self.name][1]


class Slice(Section):
    """A feature, for none of whose values the metric may get worse by more than a margin."""

    feature: Name
    margin: Positive
    minimum_sample: Annotated[int, Field(ge=LEAST)] = LEAST
    """Units of a value in each arm from which it is judged."""


class GateConfig(Section):
    """One comparison of a challenger with the champion."""

    metric: Metric
    alpha: Annotated[float, Field(gt=0, le=0.2)] = 0.05
    """Of all challengers that are not better, the share that may be promoted, however often the gate is asked."""
    minimum_sample: Annotated[int, Field(ge=LEAST)] = 1000
    """Units with an outcome that each arm must have. A unit is a subject, or a request where there is no subject."""
    maximum_sample: Annotated[int, Field(ge=LEAST)] | None = None
    """Units with an outcome in the smaller arm from which a challenger that is not shown to be better is rejected."""
    deadline_minutes: Positive
    """Minutes after its first request at which a challenger that was not promoted is rejected."""
    label_window_minutes: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    """Minutes for which a prediction waits for its label; only then does it count, and a later label does not."""
    clock_skew_seconds: Annotated[float, Field(ge=0, le=300)] = 5
    """By how much clocks may differ: events so near to a change of the weight are left out, and so is a label that is
    older than its prediction by more."""
    minimum_label_coverage: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Share of predictions that must have a label, in each arm."""
    sample_ratio_alpha: Annotated[float, Field(gt=0, le=0.05)] = 0.001
    """Level of the test whether the arms have the declared shares, and equally many labels."""
    sample_percent: Annotated[float, Field(gt=0, le=100)] = 100
    """Percentage of units that are looked at, chosen by their hash: for traffic that the gate's memory cannot hold."""
    guardrails: list[Guardrail] = Field(default_factory=list)
    slices: list[Slice] = Field(default_factory=list, max_length=8)

    @validator(mode="after")
    def _consistent(self) -> Self:
        if self.maximum_sample is not None and self.maximum_sample < self.minimum_sample:
            accepted = f"at least minimum_sample ({self.minimum_sample})"
            raise FieldError("maximum_sample", accepted, self.maximum_sample)
        if self.label_window_minutes >= self.deadline_minutes:
            accepted = f"less than deadline_minutes ({self.deadline_minutes:g}), else nothing counts in time"
            raise FieldError("label_window_minutes", accepted, self.label_window_minutes)
        names: dict[str, list[str]] = {
            "guardrails": [guardrail.name for guardrail in self.guardrails],
            "slices": [part.feature for part in self.slices],
        }
        for field, values in names.items():
            twice = sorted({value for value in values if values.count(value) > 1})
            if twice:
                raise FieldError(field, "each one once", twice)
        return self

    @property
    def measures(self) -> list[str]:
        """Every way in which an outcome is made of a label here; the metric's is the first."""
        others = [guardrail.name for guardrail in self.guardrails if guardrail.name not in ("errors", "latency_ms")]
        return list(dict.fromkeys([self.metric.label, *others]))


def parse(data: bytes | str | dict[str, Any], subject: str = "gate") -> GateConfig:
    """Read a configuration; raises ``GateError`` about ``subject`` with everything that is wrong with it."""
    try:
        document = data if isinstance(data, dict) else json.loads(data)
    except ValueError as error:
        raise GateError(subject, Problem("config", "JSON", str(error))) from None
    try:
        return GateConfig.model_validate(document)
    except pydantic.ValidationError as error:
        raise GateError(subject, *of_validation(error)) from None


def schema() -> dict[str, Any]:
    """The JSON Schema of a configuration, as published in docs/reference/gate.schema.json."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **GateConfig.model_json_schema()}


def _agrees(measure: str, kind: Kind | None, direction: Direction | None, why: str) -> None:
    if measure not in FIXED:
        return
    for field, received, accepted in zip(("kind", "direction"), (kind, direction), FIXED[measure], strict=True):
        if received not in (None, accepted):
            raise FieldError(field, f"{accepted}, because {why}", received)
