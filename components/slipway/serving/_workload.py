"""A model's pods, as Kubernetes writes them (camelCase).

Plain functions without Pulumi resources, so that a Deployment and a Rollout can be made of the same pod template.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

ARTIFACT = "/model/artifact"
"""Where the server finds the model's artifact."""
GPU = "nvidia.com/gpu"
GPU_NODE = {"nvidia.com/gpu.present": "true"}
"""Label of nodes with a GPU: set by NVIDIA's feature discovery, and by ``ServingCluster`` on its GPU pool."""
USER = 10001
"""Numeric, because ``runAsNonRoot`` cannot judge an image's user name."""

DRAIN_SECONDS = 10
"""How long a pod that was told to stop goes on serving: until every proxy has dropped its address."""
FINISH_SECONDS = 30
"""How long it then has to answer what it already accepted."""

WARM_UP_SECONDS = 30
"""How long an answer may take while the server starts."""
ROLLOUT_HASH = "rollouts-pod-template-hash"
"""Label with the revision of a Rollout's pods; a Deployment's is ``pod-template-hash``."""

Object = dict[str, Any]
Spec = Any
"""An ``Object`` that is handed to the SDK, whose types spell the same fields in snake_case."""


@dataclass(frozen=True)
class Workload:
    """What decides a model's pods."""

    model: str
    release: str
    image: pulumi.Input[str]
    fetch_image: pulumi.Input[str]
    artifact_uri: pulumi.Input[str]
    artifact_version: str
    artifact_sha256: str
    service_account: str
    port: int
    cpu: str
    memory: str
    gpus: int
    artifact_gib: int
    startup_seconds: int
    health_path: str
    ready_path: str
    warm_up_path: str
    settings: Mapping[str, pulumi.Input[str]]
    priority_class: str | None = None
    region: pulumi.Input[str] | None = None


def selector(model: str) -> dict[str, str]:
    """Labels that find a model's pods, of whatever release and variant; a workload's selector can never change."""
    return {"app.kubernetes.io/name": model, "app.kubernetes.io/component": "model-service"}


def object_labels(model: str) -> dict[str, str]:
    """Labels of a model's objects."""
    return {**selector(model), "app.kubernetes.io/part-of": "slipway", "app.kubernetes.io/managed-by": "slipway"}


def pod_labels(model: str, release: str) -> dict[str, str]:
    """Labels of pods; ``model``, ``release`` and ``variant`` become labels of every metric."""
    return {**object_labels(model), "model": model, "release": release, "variant": "stable"}


def pod_template(workload: Workload, *, progressive: bool = False) -> Object:
    """The pod: an init container fetches and checks the artifact, then the server starts.

    A pod whose artifact is not the released one never starts its server, so it never gets traffic. With
    ``progressive`` a Rollout owns the pods: it tells the arm by their label ``variant``, which the server is told too.
    """
    scheduling: Object = {}
    if workload.gpus:
        scheduling = {
            "nodeSelector": GPU_NODE,
            "tolerations": [{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}],
        }
    if workload.priority_class is not None:
        scheduling["priorityClassName"] = workload.priority_class
    return {
        "metadata": {
            "labels": pod_labels(workload.model, workload.release),
            "annotations": {"kubectl.kubernetes.io/default-container": "server"},
        },
        "spec": {
            "serviceAccountName": workload.service_account,
            # No workload here talks to the Kubernetes API. A cloud identity is injected as a token of its own.
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER,
                "runAsGroup": USER,
                "fsGroup": USER,
                "fsGroupChangePolicy": "OnRootMismatch",
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "terminationGracePeriodSeconds": DRAIN_SECONDS + FINISH_SECONDS,
            "initContainers": [_fetch(workload)],
            "containers": [_server(workload, progressive)],
            "volumes": [
                {"name": "model", "emptyDir": {"sizeLimit": f"{workload.artifact_gib}Gi"}},
                {"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}},
            ],
            "topologySpreadConstraints": [
                _spread(workload.model, topology, ROLLOUT_HASH if progressive else "pod-template-hash")
                for topology in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
            ],
            **scheduling,
        },
    }


def deployment_spec(workload: Workload) -> Spec:
    """A Deployment without ``replicas``, which belong to the autoscaler; a rollout takes no capacity away."""
    return {
        "selector": {"matchLabels": selector(workload.model)},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
        "revisionHistoryLimit": 3,
        # A new node and the start of the server both count.
        "progressDeadlineSeconds": workload.startup_seconds + 600,
        "template": pod_template(workload),
    }


def _fetch(workload: Workload) -> Object:
    arguments = {
        "--uri": workload.artifact_uri,
        "--version": workload.artifact_version,
        "--sha256": workload.artifact_sha256,
        "--to": ARTIFACT,
    }
    region = {} if workload.region is None else {"env": [{"name": "AWS_REGION", "value": workload.region}]}
    return {
        "name": "fetch-artifact",
        "image": workload.fetch_image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["slipway", "artifact", "fetch"],
        "args": [part for pair in arguments.items() for part in pair],
        **region,
        "resources": {
            "requests": {"cpu": "100m", "memory": "256Mi", "ephemeral-storage": f"{workload.artifact_gib}Gi"},
            "limits": {"memory": "256Mi"},
        },
        "securityContext": _CONFINED,
        "volumeMounts": [{"name": "model", "mountPath": "/model"}, {"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 -- in the pod
    }


def _server(workload: Workload, progressive: bool) -> Object:
    own: dict[str, pulumi.Input[str]] = {
        "SLIPWAY_MODEL": workload.model,
        "SLIPWAY_RELEASE": workload.release,
        "SLIPWAY_ARTIFACT": ARTIFACT,
        "SLIPWAY_PORT": str(workload.port),
    }
    gpus = {GPU: str(workload.gpus)} if workload.gpus else {}
    env: list[Object] = [{"name": key, "value": value} for key, value in sorted({**workload.settings, **own}.items())]
    if progressive:
        env.append({"name": "SLIPWAY_VARIANT", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['variant']"}}})
    return {
        "name": "server",
        "image": workload.image,
        "imagePullPolicy": "IfNotPresent",
        "env": env,
        "ports": [{"name": "http", "containerPort": workload.port, "protocol": "TCP"}],
        # Memory beyond the request is what evictions take first, so request and limit are one. CPU has no limit: a
        # quota would stretch the slowest answers while the node idles.
        "resources": {
            "requests": {
                "cpu": workload.cpu,
                "memory": workload.memory,
                "ephemeral-storage": f"{workload.artifact_gib}Gi",
                **gpus,
            },
            "limits": {"memory": workload.memory, **gpus},
        },
        "securityContext": _CONFINED,
        "volumeMounts": [
            {"name": "model", "mountPath": "/model", "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 -- in the pod
        ],
        # The first requests of a process are its slowest. The other probes, and traffic, wait for this one.
        "startupProbe": _probe(workload.warm_up_path, 5, -(-workload.startup_seconds // 5), WARM_UP_SECONDS),
        "readinessProbe": _probe(workload.ready_path, 5, 2),
        # Slow to judge: restarting an overloaded server moves its load to the next one.
        "livenessProbe": _probe(workload.health_path, 10, 6),
        # A pod is told to stop while proxies still send to it. The kubelet itself waits (no shell in the image needed),
        # then the server gets SIGTERM and finishes what it has.
        "lifecycle": {"preStop": {"sleep": {"seconds": DRAIN_SECONDS}}},
    }


_CONFINED: Object = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def _probe(path: str, period_seconds: int, failures: int, timeout_seconds: int = 3) -> Object:
    return {
        "httpGet": {"path": path, "port": "http"},
        "periodSeconds": period_seconds,
        "timeoutSeconds": timeout_seconds,
        "failureThreshold": failures,
    }


def _spread(model: str, topology: str, revision: str) -> Object:
    """Spread as evenly as there is room for; a hard rule would stop scaling while a zone is out."""
    return {
        "maxSkew": 1,
        "topologyKey": topology,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": selector(model)},
        "matchLabelKeys": [revision],  # each release is spread by itself
    }
