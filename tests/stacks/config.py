"""A valid configuration to take apart, and the four shipped ones."""

import copy
from pathlib import Path
from typing import Any

import yaml

STACKS = Path(__file__).parents[2] / "stacks"
ENVIRONMENTS = ("local", "dev", "staging", "prod")

VALID: dict[str, Any] = {
    "aws:region": "eu-west-1",
    "slipway:environment": "test",
    "slipway:namespace": "acme",
    "slipway:allow_newest": True,
    "slipway:network": {"cidr": "10.9.0.0/16", "zones": ["a", "b"], "nat": "none", "flow_log_days": 7},
    "slipway:keys": {"deletion_window_days": 7},
    "slipway:cluster": {
        "admin_role_arns": ["arn:aws:iam::123456789012:role/admin"],
        "gpu": {"limit": 4},
        "namespace": {"cpu": 8, "memory_gib": 32},
    },
    "slipway:storage": {"keep_versions_days": 7},
    "slipway:publisher": {
        "oidc_provider_arn": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
        "subjects": ["repo:acme/models:environment:test"],
    },
    "slipway:operations_image": "sha256:" + "0" * 64,
    "slipway:models": {
        "fraud": {
            "release": "fraud-20260102-0123abcd",
            "scale": {"min": 1, "max": 3},
            "resources": {"cpu": "1", "memory": "1Gi", "gpus": 1},
        },
        "waiting": {},
    },
}

SERVING: dict[str, Any] = {
    **VALID,
    "slipway:gateway": {
        "domain": "ml.example.com",
        "zone_id": "Z0123456789ABCDEFGHIJ",
        "issuer": {
            "url": "https://login.example.com/",
            "jwks_uri": "https://login.example.com/jwks.json",
            "audiences": ["models"],
        },
    },
    "slipway:rollouts": {"plugin_image": "registry.example.com/rollouts-plugin@sha256:" + "1" * 64},
    "slipway:request_autoscaler": True,
    "slipway:gate": {"predictions": "s3://acme-test-events/predictions", "labels": "s3://acme-test-events/labels"},
    "slipway:prometheus_address": "http://prometheus.monitoring.svc:9090",
    "slipway:stores": {
        "online": {"features": {"data_class": "models", "hash_key": "flight"}},
        "databases": {"cases": {"data_class": "personal"}},
    },
    "slipway:models": {
        "fraud": {
            "release": "fraud-20260102-0123abcd",
            "scale": {"min": 1, "max": 3},
            "resources": {"cpu": "1", "memory": "1Gi"},
            "auth": {"claims": {"team": ["fraud"]}, "scopes": ["models/invoke"]},
            "slo": {"latency_p99_ms": 200, "availability_percent": 99.9},
            "rollout": {
                "mirror_minutes": 30,
                "mirror_percent": 20,
                "only_if_better": {"metric": "accuracy", "minimum_effect": 0.01},
            },
            "stores": {"online": "features", "database": "cases"},
        },
        "waiting": {},
    },
}
"""``VALID`` with everything that stands in front of, beside and behind its models."""


def valid(**changes: Any) -> dict[str, Any]:
    """``VALID`` with each dotted path of ``changes`` set; a value of ``...`` removes the key."""
    return _changed(VALID, changes)


def serving(**changes: Any) -> dict[str, Any]:
    """``SERVING``, likewise."""
    return _changed(SERVING, changes)


def _changed(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    config = copy.deepcopy(base)
    for path, value in changes.items():
        *parents, last = [path] if ":" in path else f"slipway:{path}".split(".")
        section = config
        for parent in parents:
            section = section.setdefault(parent, {})
        if value is ...:
            section.pop(last, None)
        else:
            section[last] = value
    return config


def shipped(environment: str) -> dict[str, Any]:
    """The configuration of one of the repository's environments."""
    return dict(yaml.safe_load((STACKS / f"Pulumi.{environment}.yaml").read_text())["config"])
