"""The look for drift: its configuration as the command reads it, and what does not fit together."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pydantic

from stacks.drift_settings import DriftSettings
from stacks.model_settings import ModelSettings
from stacks.values import Part

if TYPE_CHECKING:
    from stacks.settings import Settings


def config(drift: DriftSettings) -> dict[str, Any]:
    """The JSON object of docs/reference/drift.schema.json; defaults of the command's own stay its own."""
    return drift.model_dump(mode="json", include={"seasonal", "quality"}, exclude_defaults=True)


def text(drift: DriftSettings) -> str | None:
    """The same as JSON text; nothing where all of it is as by default."""
    found = config(drift)
    return json.dumps(found, sort_keys=True, separators=(",", ":")) if found else None


def problems(settings: "Settings", key: str, model: ModelSettings) -> Iterator[tuple[str, str, Any]]:
    """What is missing for it, and what the command would refuse."""
    drift, platform = model.drift, settings.part is not Part.MODELS
    if drift is None:
        if model.retrain and model.retrain.on_drift:
            yield f"{key}.drift", f"a section, because {key}.retrain.on_drift is true: nobody would look", None
        return
    if platform and settings.retraining is None:
        yield "retraining", f"a section, because {key}.drift is given: its queue runs the look", None
    if platform and settings.gate is None and drift.events is None:
        accepted = "a section, because there is no section gate that says where predictions and labels are"
        yield f"{key}.drift.events", accepted, None
    yield from _refused(f"{key}.drift", drift)


def _refused(key: str, drift: DriftSettings) -> Iterator[tuple[str, str, Any]]:
    from slipway_ops.drift.config import DriftConfig  # a stack that does not look needs none of it
    from slipway_ops.problems import of_validation

    try:
        DriftConfig.model_validate(config(drift))
    except pydantic.ValidationError as error:
        for problem in of_validation(error):
            yield f"{key}.{problem.field}", problem.accepted, problem.received
