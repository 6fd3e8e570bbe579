"""The prediction log: one JSON object a line for each flight that was asked about, for monitoring and the gate.

A caller's id never gets into it. ``subject`` is a keyed hash of it, which stays the same for a user, so that a user is
counted once, and cannot be traced back without the key.
"""

import hashlib
import hmac
import json
import os
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SHADOW = "shadow"
ARM, USER, REQUEST = "x-model-arm", "x-user-id", "x-request-id"
"""Headers that the gateway sets. It drops a client's own."""


class PredictionLog:
    """Where events go; nowhere without a path. Call from the event loop only."""

    def __init__(self, path: Path | None, identity: Mapping[str, str], variant: str, subject_key: str | None) -> None:
        """``identity`` is ``{model, release}``; ``variant`` is the pod's own. Raises ``OSError`` for a bad path."""
        self._identity, self._variant = dict(identity), variant
        self._key = subject_key.encode() if subject_key else None
        self._file = None if path is None else os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)

    def predicted(
        self,
        headers: Mapping[str, str],
        request_id: str,
        instances: Sequence[Mapping[str, Any]],
        predictions: Sequence[Mapping[str, Any]],
        latency_ms: float,
    ) -> None:
        """One event for each instance; of several in a request, the later ones have a number behind its id."""
        self._write(
            {
                **self._common(headers, request_id + (f".{index}" if index else ""), latency_ms),
                "status": 200,
                "features": instance,
                "prediction": prediction["late"],
                "score": prediction["probability"],
            }
            for index, (instance, prediction) in enumerate(zip(instances, predictions, strict=True))
        )

    def failed(self, headers: Mapping[str, str], request_id: str, status: int, error: str, latency_ms: float) -> None:
        """One event for a request that this server failed to answer. What a client did wrong is no event."""
        self._write([{**self._common(headers, request_id, latency_ms), "status": status, "error": error}])

    def _common(self, headers: Mapping[str, str], request_id: str, latency_ms: float) -> dict[str, Any]:
        user = headers.get(USER)
        return {
            **self._identity,
            "variant": self._of(headers),
            "request_id": request_id,
            "subject": None if self._key is None or not user else self.subject(user),
            "ts": datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "latency_ms": round(latency_ms, 3),
        }

    def subject(self, user: str) -> str:
        """The pseudonym of a user."""
        assert self._key is not None, "callers ask first"
        return hmac.new(self._key, user.encode(), hashlib.sha256).hexdigest()[:32]

    def _of(self, headers: Mapping[str, str]) -> str:
        """The arm that the gateway chose, because a canary becomes stable without being started again.

        A shadow goes by its own name: its requests are copies and carry the arm of the original.
        """
        return SHADOW if self._variant == SHADOW else headers.get(ARM, self._variant)

    def _write(self, events: Any) -> None:
        if self._file is None:
            return
        lines = "".join(json.dumps(event, separators=(",", ":")) + "\n" for event in events)
        os.write(self._file, lines.encode())  # one call, so that no reader sees half a line of a short event


def request_id(headers: Mapping[str, str]) -> str:
    """The id that labels refer to: the gateway's, or a new one."""
    return headers.get(REQUEST) or str(uuid.uuid4())
