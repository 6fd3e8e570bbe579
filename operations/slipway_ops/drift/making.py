"""From rows that a model was trained and tested on to its reference: two passes, and memory that rows do not fill."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pydantic

from slipway_ops.content import Feature
from slipway_ops.drift.binning import columns_of
from slipway_ops.drift.blocks import Blocks, count
from slipway_ops.drift.config import Measure
from slipway_ops.drift.profile import Profile, Quality, Role
from slipway_ops.drift.quality import OUTCOMES, Area, Mean
from slipway_ops.drift.table import Table
from slipway_ops.gate import columns
from slipway_ops.gate.errors import GateError, refused
from slipway_ops.gate.units import outcome
from slipway_ops.problems import of_validation


@dataclass(frozen=True)
class Names:
    """What the columns of a table are called."""

    score: str = "score"
    prediction: str = "prediction"
    label: str = "label"
    time: str = "ts"
    ignored: tuple[str, ...] = field(default=())

    def outputs(self, table: Table) -> dict[Role, str]:
        """The columns that are the model's answers."""
        found: dict[Role, str] = {"score": self.score, "prediction": self.prediction}
        return {role: name for role, name in found.items() if name in table.names}

    def features(self, table: Table) -> list[str]:
        """The columns that are features."""
        others = {self.score, self.prediction, self.label, self.time, *self.ignored}
        return [name for name in table.names if name not in others]


def make(model: str, location: Path, features: list[Feature] | None, names: Names, block_days: int = 7) -> Profile:
    """The reference of the rows in ``location``; ``features`` is the schema of the release, where there is one.

    Raises ``GateError`` that names the file, the column and the row.
    """
    table = Table(location)
    declared = {one.name: one for one in features or []}
    lacking = sorted(set(declared) - set(table.names))
    if lacking:
        raise refused(str(location), lacking[0], "a column, as the feature schema says", None)
    wanted = list(declared) or names.features(table)
    if not wanted:
        raise refused(str(location), "columns", "at least one feature", None)
    outputs = names.outputs(table)
    bare = columns_of(table, [*wanted, *outputs.values()], declared)
    blocks = Blocks(table, names.time, block_days)
    counted = count(table, bare, blocks)
    found = {
        "model": model,
        "rows": table.rows,
        "period": blocks.period,
        "block_days": block_days if blocks.period else None,
        "features": {name: counted[name] for name in wanted},
        "outputs": {role: counted[name] for role, name in outputs.items()},
        "quality": _quality(table, names, outputs),
    }
    try:
        return Profile.model_validate(found)
    except pydantic.ValidationError as error:  # a column's name that is none for a feature
        raise GateError(str(location), *of_validation(error)) from None


def _quality(table: Table, names: Names, outputs: Mapping[Role, str]) -> dict[Measure, Quality]:
    """The measures that the table's columns allow."""
    if names.label not in table.names or not outputs:
        return {}
    measures = _measures(table, outputs)
    means, area = {measure: Mean() for measure in measures if measure != "roc_auc"}, Area()
    for rows in table.batches([names.label, *outputs.values()]):
        labels = rows.read(names.label, columns.codes)[0]
        part: dict[str, Any] = {role: rows.read(name, columns.codes)[0] for role, name in outputs.items()}
        for measure, mean in means.items():
            mean.add(outcome(OUTCOMES[measure], part, labels))
        if "roc_auc" in measures:
            area.add(part["score"], labels)
    found: dict[Measure, Quality | None] = {measure: mean.quality() for measure, mean in means.items()}
    found["roc_auc"] = area.quality()
    return {measure: value for measure, value in found.items() if value is not None}


def _measures(table: Table, outputs: Mapping[Role, str]) -> list[Measure]:
    """A score is a probability; a prediction is a number, a class, or a whole number that may be either."""
    found: list[Measure] = ["roc_auc", "brier"] if "score" in outputs else []
    name = outputs.get("prediction")
    if name is not None:
        if not table.is_number(name) or table.is_whole(name):
            found.append("accuracy")
        if table.is_number(name):
            found += ["absolute_error", "squared_error"]
    return found
