"""Environments with any number of models, each with a release that was made up here."""

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from slipway_ops.environments import models_bucket, repository

if TYPE_CHECKING:
    from slipway_ops.record import Release

    from stacks.releases import Found
    from stacks.settings import Settings

DIGEST = "sha256:" + "0" * 64
DOMAIN = "ml.bench.example"
PLAIN, ROLLOUTS, PIPELINES = "plain", "rollouts", "pipelines"
"""Kinds of models: a service alone; one that is reached through the gateway, with a rollout judged by the gate; one
that is retrained by time, on new data and on drift, which is looked for every day."""
_STACK: dict[str, dict[str, Any]] = {
    PLAIN: {},
    PIPELINES: {},
    ROLLOUTS: {
        "slipway:gateway_domain": DOMAIN,
        "slipway:prometheus_address": "http://prometheus.monitoring.svc:9090",
    },
}
_MODEL: dict[str, dict[str, Any]] = {
    PLAIN: {},
    PIPELINES: {"retrain": {"schedule": "cron(0 3 ? * MON *)", "on_new_data": True, "on_drift": True}, "drift": {}},
    ROLLOUTS: {
        "auth": {"claims": {"team": ["bench"]}},
        "rollout": {"mirror_minutes": 30, "only_if_better": {"metric": "accuracy", "minimum_effect": 0.01}},
    },
}


def names(count: int) -> list[str]:
    """Names of ``count`` models."""
    return [f"model-{number:03}" for number in range(count)]


def platform(part: str = "platform") -> dict[str, Any]:
    """Configuration of a small platform; with ``part`` "whole" it may have models."""
    return {
        "aws:region": "eu-west-1",
        "slipway:environment": "bench",
        "slipway:namespace": "acme",
        "slipway:deletion_protection": False,
        "slipway:part": part,
        "slipway:network": {"cidr": "10.9.0.0/16", "zones": ["a", "b"]},
        "slipway:cluster": {"admin_role_arns": ["arn:aws:iam::123456789012:role/platform-admin"]},
    }


def whole(models: list[str]) -> dict[str, Any]:
    """Configuration of a platform and its models in one stack."""
    return platform("whole") | _models(models)


def shard(models: list[str], platform_stack: str = "platform", kind: str = PLAIN) -> dict[str, Any]:
    """Configuration of a stack of models, each of a ``kind``, on the platform of another stack."""
    apart = {"slipway:network", "slipway:cluster"}
    config = {key: value for key, value in platform("models").items() if key not in apart}
    return config | {"slipway:platform_stack": platform_stack} | _STACK[kind] | _models(models, kind)


def _models(models: list[str], kind: str = PLAIN) -> dict[str, Any]:
    return {
        "slipway:operations_image": DIGEST,
        "slipway:models": {name: {"release": f"{name}-20260102-0123abcd", **_MODEL[kind]} for name in models},
    }


def found(settings: "Settings") -> "Found":
    """A release for every model of ``settings``, whichever id they name."""
    from stacks.releases import Found

    return Found({name: _release(settings, name) for name in settings.models}, DIGEST)


def _release(settings: "Settings", name: str) -> "Release":
    from slipway_ops.content import Content
    from slipway_ops.record import Location, Release, artifact_key

    digest = hashlib.sha256(name.encode())
    content = Content.model_validate(
        {
            "model": name,
            "image_digest": DIGEST,
            "artifact": {"sha256": digest.hexdigest(), "bytes": 1_000_000},
            "code_commit": "0" * 40,
            "created_at": "2026-01-02T03:04:05Z",
            "created_by": "ci/bench",
            "dataset": {"kind": "package", "uri": "flights", "revision": "1"},
            "feature_schema": [{"name": "hour", "type": "integer"}],
            "metrics": {"accuracy": {"value": 0.9, "rows": 1000}},
            "settings": {"THRESHOLD": "0.5"},
        }
    )
    location = Location(
        bucket=models_bucket(settings.namespace, settings.environment),
        key=artifact_key(name, digest.hexdigest()),
        version_id="1",
        checksum_sha256=base64.b64encode(digest.digest()).decode(),
        repository=repository(settings.namespace, settings.environment, name),
    )
    return Release.of(content, location)
