"""The job that looks into the queue of runs, as Kubernetes writes it. Without Pulumi's resources."""

import re
from dataclasses import dataclass

import pulumi

from slipway.serving import _systems
from slipway.serving._guards import POD_IDENTITY_AGENT, dns_egress
from slipway.serving._workload import USER, Object, Spec

NAME = "slipway-kubeflow-runs"
LABELS = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/component": "retraining"}
OBJECT_LABELS = {**LABELS, "app.kubernetes.io/part-of": "slipway", "app.kubernetes.io/managed-by": "slipway"}
SCHEDULE = "* * * * *"
"""Every minute: a run waits so long to be started, and a state machine to hear that it ended."""
_TURN_SECONDS = 240
"""A turn that takes longer is ended; the next one goes on where it was."""
_KEEP_SECONDS = 3600
_TOKEN_FOLDER = "/var/run/secrets/kubeflow/pipelines"  # noqa: S105 -- a folder; where kfp's own client looks
_AUDIENCE = "pipelines.kubeflow.org"


@dataclass(frozen=True)
class Turn:
    """What decides the job's pod."""

    image: pulumi.Input[str]
    queue_url: pulumi.Input[str]
    address: str
    region: pulumi.Input[str]
    service_account: str


def cron_job_spec(turn: Turn) -> Spec:
    """One turn at a time; one that fails is not repeated, the next minute has another."""
    return {
        "schedule": SCHEDULE,
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 30,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {
            "metadata": {"labels": OBJECT_LABELS},
            "spec": {
                "backoffLimit": 0,
                "activeDeadlineSeconds": _TURN_SECONDS,
                "ttlSecondsAfterFinished": _KEEP_SECONDS,
                "template": {"metadata": {"labels": OBJECT_LABELS}, "spec": _pod(turn)},
            },
        },
    }


def network_spec(address: str) -> Spec:
    """Nobody asks it. Out: names, its identity, AWS, and Kubeflow's API."""
    found = re.search(r":(\d+)/?$", address)
    port = int(found[1]) if found else 443 if address.startswith("https:") else 80
    identity: Object = {
        "to": [{"ipBlock": {"cidr": POD_IDENTITY_AGENT}}],
        "ports": [{"protocol": "TCP", "port": 80}],
    }
    ways = [dns_egress(), identity, _systems.to_api_server(), _systems.inside(port)]
    return _systems.policy(LABELS, egress=ways) | {"policyTypes": ["Ingress", "Egress"]}


def _pod(turn: Turn) -> Object:
    environment = {
        "AWS_REGION": turn.region,
        "KF_PIPELINES_SA_TOKEN_PATH": f"{_TOKEN_FOLDER}/token",
        "SLIPWAY_KUBEFLOW_ADDRESS": turn.address,
        "SLIPWAY_KUBEFLOW_QUEUE": turn.queue_url,
    }
    token = {"serviceAccountToken": {"path": "token", "audience": _AUDIENCE, "expirationSeconds": 3600}}
    return {
        "serviceAccountName": turn.service_account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "restartPolicy": "Never",
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "turn",
                "image": turn.image,
                "imagePullPolicy": "IfNotPresent",
                "command": ["slipway", "kubeflow", "turn"],
                "env": [{"name": name, "value": environment[name]} for name in sorted(environment)],
                "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "128Mi"}},
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "volumeMounts": [{"name": "token", "mountPath": _TOKEN_FOLDER, "readOnly": True}],
            }
        ],
        "volumes": [{"name": "token", "projected": {"sources": [token]}}],
    }
