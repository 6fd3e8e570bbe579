"""The configuration of the gate, as its service reads it, from what a model's settings say."""

import json
from collections.abc import Iterator
from typing import Any

import pydantic

from stacks.model_settings import KNOWN_METRICS, OnlyIfBetterSettings


def config(better: OnlyIfBetterSettings) -> dict[str, Any]:
    """The JSON object of docs/reference/gate.schema.json; defaults of the gate's own stay its own."""
    known = KNOWN_METRICS.get(better.metric) or (better.kind, better.direction, better.label)
    metric = {"name": better.metric, **dict(zip(("kind", "direction", "label"), map(str, known), strict=True))}
    said = better.model_dump(mode="json", exclude_none=True, exclude={"metric", "kind", "direction", "label"})
    metric |= {key: said.pop(key) for key in ("minimum_effect", "baseline") if key in said}
    return {"metric": metric, **said}


def problems(better: OnlyIfBetterSettings) -> Iterator[tuple[str, str, Any]]:
    """What the gate's service would refuse, by the names that the settings have for it."""
    from slipway_ops.gate.config import GateConfig  # a stack without a gate needs none of it
    from slipway_ops.problems import of_validation

    document = config(better)
    try:
        GateConfig.model_validate(document)
    except pydantic.ValidationError as error:
        for problem in of_validation(error):
            name = problem.field.removeprefix("metric.")
            received: Any = document
            for part in problem.field.split("."):
                received = received[int(part)] if isinstance(received, list) else received.get(part)
            yield "metric" if name == "name" else name, problem.accepted, received


def text(better: OnlyIfBetterSettings) -> str:
    """The same as JSON text, always written the same way."""
    return json.dumps(config(better), sort_keys=True, separators=(",", ":"))
