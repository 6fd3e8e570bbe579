"""EKS: add-ons. The names are EKS's; a version is taken at its word, because the sandbox has no catalogue of them."""

import re
import uuid
from typing import Any

from sandbox.cloud.eks_state import Records, answering, arn, cluster, update
from sandbox.cloud.extension import Operation, fail

NAMES = (
    *("amazon-cloudwatch-observability", "aws-ebs-csi-driver", "aws-efs-csi-driver", "aws-fsx-csi-driver"),
    *("aws-guardduty-agent", "aws-mountpoint-s3-csi-driver", "cert-manager", "coredns", "eks-node-monitoring-agent"),
    *("eks-pod-identity-agent", "external-dns", "kube-proxy", "kube-state-metrics", "metrics-server"),
    *("prometheus-node-exporter", "snapshot-controller", "vpc-cni"),
)

_VERSION = re.compile(r"v\d+\.\d+\.\d+-eksbuild\.\d+")
_UNKNOWN = "v0.0.0-eksbuild.0"
"""Stands for the version that EKS would choose: which one, only EKS knows."""


def _make(backend: Any, owner: Any, given: dict[str, Any]) -> dict[str, Any]:
    _check(given)
    if given["addonName"] not in NAMES:
        fail("InvalidParameterException", f"Addon specified is not supported: {given['addonName']}")
    return {
        "status": "ACTIVE",
        "health": {"issues": []},
        "owner": "aws",
        "publisher": "eks",
        "addonVersion": given.get("addonVersion", _UNKNOWN),
        "addonArn": arn(backend, "addon", owner.name, given["addonName"], str(uuid.uuid4())),
    }


def _check(given: dict[str, Any]) -> None:
    version = given.get("addonVersion")
    if version is not None and not _VERSION.fullmatch(version):
        fail("InvalidParameterException", f"Addon version specified is not supported: {version}")


addons = Records("addon", "addonName", _make)


def _update(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    _check(given)
    addons.change(backend, given)
    changed = {key: value for key, value in given.items() if key not in ("clusterName", "addonName")}
    return update(backend, given["clusterName"], "AddonUpdate", changed)


def _names(backend: Any, given: dict[str, Any]) -> list[str]:
    return [addon["addonName"] for addon in addons.all(backend, cluster(backend, given).name)]


OPERATIONS: dict[str, Operation] = {
    "CreateAddon": answering("addon", addons.create),
    "DescribeAddon": answering("addon", addons.get),
    "UpdateAddon": _update,
    "DeleteAddon": lambda backend, given: {"addon": {**addons.delete(backend, given), "status": "DELETING"}},
    "ListAddons": answering("addons", _names),
}
