"""What counts as drift; its JSON Schema is docs/reference/drift.schema.json."""

import json
from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field

from slipway_ops.content import Name, Section
from slipway_ops.gate.errors import GateError
from slipway_ops.problems import Problem, of_validation

Measure = Literal["roc_auc", "brier", "accuracy", "absolute_error", "squared_error"]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1)]
LEAST = 200
MARGINS: dict[Measure, float] = {"roc_auc": 0.03, "accuracy": 0.05}


class DriftConfig(Section):
    """When a difference between production and training is drift.

    Every difference must be both: more than chance explains, with false discoveries held at ``alpha`` over everything
    that is tested, and large enough to matter. A feature that changed that much within the training period already
    (weather does, every week) is seasonal: it must change more than it did there, and it never alarms alone.
    """

    alpha: Annotated[float, Field(gt=0, le=0.05)] = 0.01
    """Of all windows in which nothing changed, the share that may raise an alarm, over all features together."""
    minimum_rows: Annotated[int, Field(ge=LEAST)] = 500
    """Known values, in the window and in the reference, below which nothing is said."""
    psi: Positive = 0.2
    """Population stability index from which a feature has changed."""
    ks: Share = 0.15
    """Kolmogorov-Smirnov distance from which a number has changed."""
    prediction_psi: Positive = 0.1
    """Population stability index from which the model's answers have changed."""
    missing: Share = 0.05
    """By how much the share of missing values may grow."""
    unexpected: Share = 0.01
    """By how much the share of values that training never saw, or that are out of range, may grow."""
    quality: dict[Measure, Positive] = Field(default_factory=lambda: dict(MARGINS))
    """By how much a measure may be worse than at training."""
    label_window_minutes: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 10_080
    """Minutes for which a prediction waits for its label; a later one does not count."""
    seasonal: list[Name] = Field(default_factory=list)
    """Features that never alarm alone, besides those that the training period shows to be seasonal."""


def parse(data: bytes | str | dict[str, Any], subject: str = "drift") -> DriftConfig:
    """Read a configuration; raises ``GateError`` about ``subject`` with everything that is wrong with it."""
    try:
        document = data if isinstance(data, dict) else json.loads(data)
    except ValueError as error:
        raise GateError(subject, Problem("config", "JSON", str(error))) from None
    try:
        return DriftConfig.model_validate(document)
    except pydantic.ValidationError as error:
        raise GateError(subject, *of_validation(error)) from None


def schema() -> dict[str, Any]:
    """The JSON Schema of a configuration, as published in docs/reference/drift.schema.json."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **DriftConfig.model_json_schema()}
