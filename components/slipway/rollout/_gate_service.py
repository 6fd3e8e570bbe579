"""The gate's objects, as Kubernetes writes them. Without Pulumi's resources."""

from dataclasses import dataclass

import pulumi

from slipway.rollout._controller import PODS as CONTROLLER
from slipway.serving import _systems
from slipway.serving._guards import POD_IDENTITY_AGENT
from slipway.serving._workload import USER, Object, Spec

NAME = "slipway-gate"
PORT = 8080
PATH = "/v1/decisions"
LABELS = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/component": "promotion-gate"}
OBJECT_LABELS = {**LABELS, "app.kubernetes.io/part-of": "slipway", "app.kubernetes.io/managed-by": "slipway"}
ANSWER_SECONDS = 60
"""How long an answer may take: a pod that ends goes on until it has given the one it is at."""


@dataclass(frozen=True)
class Gate:
    """What decides the gate's pods."""

    image: pulumi.Input[str]
    predictions: pulumi.Input[str]
    labels: pulumi.Input[str]
    decisions: pulumi.Input[str]
    service_account: str
    region: pulumi.Input[str] | None
    replicas: int
    cpu: str
    memory: str


def deployment_spec(gate: Gate) -> Spec:
    """Pods that hold nothing: what they must remember is in the decisions."""
    environment: dict[str, pulumi.Input[str]] = {
        "SLIPWAY_DECISIONS": gate.decisions,
        "SLIPWAY_LABELS": gate.labels,
        "SLIPWAY_PREDICTIONS": gate.predictions,
    }
    if gate.region is not None:
        environment["AWS_REGION"] = gate.region
    return {
        "replicas": gate.replicas,
        "selector": {"matchLabels": LABELS},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "revisionHistoryLimit": 3,
        "template": {
            "metadata": {"labels": OBJECT_LABELS},
            "spec": {
                "serviceAccountName": gate.service_account,
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "securityContext": {
                    "runAsNonRoot": True,
                    "runAsUser": USER,
                    "runAsGroup": USER,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "terminationGracePeriodSeconds": ANSWER_SECONDS + 10,
                "containers": [_server(gate, environment)],
                "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}],
                "topologySpreadConstraints": [
                    {
                        "maxSkew": 1,
                        "topologyKey": topology,
                        "whenUnsatisfiable": "ScheduleAnyway",
                        "labelSelector": {"matchLabels": LABELS},
                    }
                    for topology in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
                ],
            },
        },
    }


def service_spec() -> Spec:
    """The gate's address inside the cluster."""
    return {
        "type": "ClusterIP",
        "selector": LABELS,
        "ports": [{"name": "http", "port": PORT, "targetPort": "http", "protocol": "TCP", "appProtocol": "http"}],
    }


def disruption_spec() -> Spec:
    """One pod at a time, also where there is only one."""
    return {
        "selector": {"matchLabels": LABELS},
        "maxUnavailable": 1,
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }


def network_spec() -> Spec:
    """Only the rollouts' controller, in the same namespace, asks. Out: the buckets and the pod's identity."""
    asks: Object = {
        "from": [{"podSelector": {"matchLabels": CONTROLLER}}],
        "ports": [{"protocol": "TCP", "port": PORT}],
    }
    identity: Object = {
        "to": [{"ipBlock": {"cidr": POD_IDENTITY_AGENT}}],
        "ports": [{"protocol": "TCP", "port": 80}],
    }
    return _systems.policy(LABELS, ingress=[asks], egress=[_systems.to_api_server(), identity])


def _server(gate: Gate, environment: dict[str, pulumi.Input[str]]) -> Object:
    probe = {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 10, "timeoutSeconds": 5}
    return {
        "name": "gate",
        "image": gate.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["slipway", "gate", "serve"],
        "args": ["--host", "0.0.0.0", "--port", str(PORT)],  # noqa: S104 -- in a pod, the address is the pod's
        "env": [{"name": key, "value": value} for key, value in sorted(environment.items())],
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": gate.cpu, "memory": gate.memory}, "limits": {"memory": gate.memory}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 -- in the pod
        "startupProbe": {**probe, "periodSeconds": 2, "failureThreshold": 30},
        "readinessProbe": {**probe, "failureThreshold": 2},
        "livenessProbe": {**probe, "failureThreshold": 6},
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
    }
