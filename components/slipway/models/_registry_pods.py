"""MLflow's pods, as Kubernetes writes them: server, migration, garbage collection. Without Pulumi's resources."""

from collections.abc import Sequence

import pulumi

from slipway.models._registry_containers import login, mlflow, pod
from slipway.models._registry_settings import Server
from slipway.serving import _systems
from slipway.serving._guards import POD_IDENTITY_AGENT, dns_egress
from slipway.serving._workload import Object, Spec

PORT = 5000
LOCAL = f"http://127.0.0.1:{PORT}"
STORE = "$(MLFLOW_BACKEND_STORE_URI)"
"""The database's address, which Kubernetes fills in from the environment."""
STOP_SECONDS = 60
"""How long a server that ends may take to finish uploads."""


def labels(name: str, role: str) -> dict[str, str]:
    """What finds the pods of one role."""
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/component": role}


def object_labels(name: str, role: str) -> dict[str, str]:
    """Labels of the objects of one role."""
    return {**labels(name, role), "app.kubernetes.io/part-of": "slipway", "app.kubernetes.io/managed-by": "slipway"}


SERVER, MIGRATION, COLLECTION = "model-registry", "model-registry-migration", "model-registry-collection"


def server_spec(
    server: Server, destination: pulumi.Input[str], hosts: pulumi.Input[str], origins: Sequence[str]
) -> Spec:
    """The server's pods; clients' artifacts pass through them, so that clients need no right to the bucket."""
    arguments: list[pulumi.Input[str]] = [
        *("server", "--host", "0.0.0.0", "--port", str(PORT)),  # noqa: S104 -- in a pod, the address is the pod's
        *("--workers", "2"),
        *("--serve-artifacts", "--artifacts-destination", destination),
        *("--allowed-hosts", hosts),
        *(["--cors-allowed-origins", ",".join(origins)] if origins else []),
    ]
    probe = {"httpGet": {"path": "/health", "port": "http"}, "periodSeconds": 10, "timeoutSeconds": 5}
    found = labels(server.name, SERVER)
    return {
        "replicas": server.replicas,
        "selector": {"matchLabels": found},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "revisionHistoryLimit": 3,
        "template": {
            "metadata": {"labels": object_labels(server.name, SERVER)},
            "spec": {
                **pod(server, server.service_account),
                "terminationGracePeriodSeconds": STOP_SECONDS + 10,
                "initContainers": login(server),
                "containers": [
                    {
                        **mlflow(server, "server", arguments),
                        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
                        "startupProbe": {**probe, "periodSeconds": 5, "failureThreshold": 36},
                        "readinessProbe": {**probe, "failureThreshold": 2},
                        "livenessProbe": {**probe, "failureThreshold": 6},
                        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
                    }
                ],
                "topologySpreadConstraints": [
                    {
                        "maxSkew": 1,
                        "topologyKey": topology,
                        "whenUnsatisfiable": "ScheduleAnyway",
                        "labelSelector": {"matchLabels": found},
                    }
                    for topology in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
                ],
            },
        },
    }


def migration_spec(server: Server) -> Spec:
    """Brings the database's tables to this version of MLflow, in an empty database too; once, before any server."""
    return {
        "backoffLimit": 2,
        "activeDeadlineSeconds": 1800,
        "template": {
            "metadata": {"labels": object_labels(server.name, MIGRATION)},
            "spec": {
                **pod(server, server.service_account),
                "restartPolicy": "Never",
                "initContainers": login(server),
                "containers": [mlflow(server, "migration", ["db", "upgrade", STORE])],
            },
        },
    }


def collection_spec(server: Server, service_account: str, destination: pulumi.Input[str]) -> Spec:
    """Removes for good what was deleted long enough ago.

    Artifacts go through a server of the pod's own, which alone may delete them: the one that answers clients may not.
    """
    artifacts = {
        **mlflow(
            server,
            "artifacts",
            [
                *("server", "--artifacts-only", "--host", "127.0.0.1", "--port", str(PORT), "--workers", "1"),
                *("--artifacts-destination", destination),
            ],
            database=False,
        ),
        "restartPolicy": "Always",
        "startupProbe": {
            "exec": {"command": ["python", "-c", f"import urllib.request as u; u.urlopen('{LOCAL}/health')"]},
            "periodSeconds": 5,
            "timeoutSeconds": 5,
            "failureThreshold": 36,
        },
    }
    collect = ["gc", "--backend-store-uri", STORE, "--tracking-uri", LOCAL, "--older-than", f"{server.gc_after_days}d"]
    return {
        "schedule": server.gc_schedule,
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 3600,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {
            "spec": {
                "backoffLimit": 1,
                "activeDeadlineSeconds": 3600,
                "template": {
                    "metadata": {"labels": object_labels(server.name, COLLECTION)},
                    "spec": {
                        **pod(server, service_account),
                        "restartPolicy": "Never",
                        "initContainers": [*login(server), artifacts],
                        "containers": [mlflow(server, "collection", [*collect])],
                    },
                },
            }
        },
    }


def network_spec(server: Server, role: str, callers: Sequence[str]) -> Spec:
    """In: pods of the ``callers``' namespaces. Out: the database, the bucket, and the pods' identity."""
    egress: list[Object] = [
        dns_egress(),
        _systems.to_api_server(),
        {"to": [{"ipBlock": {"cidr": POD_IDENTITY_AGENT}}], "ports": [{"protocol": "TCP", "port": 80}]},
        {
            "to": [{"ipBlock": {"cidr": cidr}} for cidr in server.database_cidr_blocks],
            "ports": [{"protocol": "TCP", "port": server.database_port}],
        },
    ]
    ingress = [_systems.from_namespaces(callers, PORT)] if callers else []
    found = _systems.policy(labels(server.name, role), ingress=ingress, egress=egress)
    return {**found, "policyTypes": ["Ingress", "Egress"]}
