"""SQS: what a change of a queue does not mention stays, its policy too."""

from typing import Any

from moto.sqs.models import Queue

from sandbox.cloud.extension import replaces


@replaces(Queue, "_set_attributes")
def _set(original: Any, self: Any, attributes: dict[str, Any], now: float | None = None) -> None:
    kept = getattr(self, "policy", None) if hasattr(self, "_policy_json") else None
    original(self, attributes, now)
    if "Policy" not in attributes and kept:
        self.policy = kept
