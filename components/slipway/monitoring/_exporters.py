"""Values of the charts of the exporters: CloudWatch's metrics and GPUs. Without Pulumi's resources."""

from collections.abc import Mapping
from typing import Any

import pulumi

from slipway.monitoring import _scraping

CLOUD_ACCOUNT = "cloudwatch-exporter"
"""Service account, for the identity that may read CloudWatch's metrics."""
ASK_SECONDS = 150
"""Between two questions to CloudWatch: twice in each of its periods, so that none is missed."""
PERIOD_SECONDS = 300

_WANTED: dict[str, tuple[tuple[str, str], ...]] = {
    "AWS/States": (
        ("ExecutionsAborted", "Sum"),
        ("ExecutionsFailed", "Sum"),
        ("ExecutionsSucceeded", "Sum"),
        ("ExecutionsTimedOut", "Sum"),
    ),
    "AWS/SQS": (
        ("ApproximateAgeOfOldestMessage", "Maximum"),
        ("ApproximateNumberOfMessagesVisible", "Maximum"),
    ),
    "AWS/CertificateManager": (("DaysToExpiry", "Minimum"),),
}
_DAILY = ("AWS/CertificateManager",)
"""Measured once or twice a day."""


def cloud_config(region: pulumi.Input[str], tags: Mapping[str, str]) -> pulumi.Output[str]:
    """What is asked: a few metrics of what carries ``tags``, found anew each time: a new model needs nothing."""
    search = [{"key": key, "value": f"^{value}$"} for key, value in sorted(tags.items())]
    jobs = []
    for kind, wanted in _WANTED.items():
        daily = kind in _DAILY
        jobs.append(
            {
                "type": kind,
                "regions": [region],
                "searchTags": search,
                "metrics": [
                    {
                        "name": name,
                        "statistics": [statistic],
                        "period": 86_400 if daily else PERIOD_SECONDS,
                        "length": 172_800 if daily else PERIOD_SECONDS,
                        "nilToZero": not daily,
                    }
                    for name, statistic in wanted
                ],
            }
        )
    config = {"apiVersion": "v1alpha1", "sts-region": region, "discovery": {"jobs": jobs}}
    return pulumi.Output.json_dumps(config, sort_keys=True)


def cloud_values(region: pulumi.Input[str], tags: Mapping[str, str]) -> dict[str, Any]:
    """Values of the CloudWatch exporter's chart."""
    return {
        "fullnameOverride": CLOUD_ACCOUNT,
        "serviceAccount": {"name": CLOUD_ACCOUNT, "automountServiceAccountToken": False},
        "config": cloud_config(region, tags),  # JSON is YAML
        "extraArgs": {"scraping-interval": ASK_SECONDS},
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "128Mi"}},
        "testConnection": False,
        "podSecurityContext": {"runAsNonRoot": True, "runAsUser": 65534, "seccompProfile": {"type": "RuntimeDefault"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def gpu_values() -> dict[str, Any]:
    """Values of DCGM exporter's chart. Without its profiling metrics, which need rights over the whole node."""
    return {
        "fullnameOverride": "dcgm-exporter",
        "serviceMonitor": {"enabled": False},
        "nodeSelector": {"nvidia.com/gpu.present": "true"},
        "tolerations": [{"operator": "Exists"}],
        "securityContext": {
            "runAsNonRoot": False,
            "runAsUser": 0,
            "capabilities": {"add": [], "drop": ["ALL"]},
            "allowPrivilegeEscalation": False,
        },
        "service": {"address": f":{_scraping.GPUS_PORT}", "port": _scraping.GPUS_PORT},
    }
