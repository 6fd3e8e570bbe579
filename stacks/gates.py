"""The configuration of the gate, as its service reads it, from what a model's settings say."""

import json
from typing import Any

from stacks.model_settings import KNOWN_METRICS, OnlyIfBetterSettings


def config(better: OnlyIfBetterSettings) -> dict[str, Any]:
    """The JSON object of docs/reference/gate.schema.json; defaults of the gate's own stay its own."""
    kind, direction, label = KNOWN_METRICS.get(better.metric) or (better.kind, better.direction, better.label)
    return {
        "metric": {
            "name": better.metric,
            "kind": str(kind),
            "direction": str(direction),
            "minimum_effect": better.minimum_effect,
            "label": label,
        },
        **better.model_dump(
            mode="json",
            exclude={"metric", "kind", "direction", "label", "minimum_effect"},
            exclude_none=True,
        ),
    }


def text(better: OnlyIfBetterSettings) -> str:
    """The same as JSON text, always written the same way."""
    return json.dumps(config(better), sort_keys=True, separators=(",", ":"))
