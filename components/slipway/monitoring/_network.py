"""Who may talk to whom in the monitoring's namespaces, and who may be read. Without Pulumi's resources."""

from collections.abc import Sequence

from slipway.monitoring import _chart, _scraping
from slipway.serving import _namespaces, _systems
from slipway.serving._guards import POD_IDENTITY_AGENT, PRIVATE_NETWORKS
from slipway.serving._workload import Object, Spec

_PROMETHEUS = {"app.kubernetes.io/name": "prometheus"}
_OPERATOR_PORT = 10250
_GRAFANA = {"app.kubernetes.io/name": "grafana"}
_GRAFANA_PORT = 3000


def policies(asking: Sequence[str], visiting: Sequence[str]) -> dict[str, Spec]:
    """What the namespace is open for.

    Prometheus reads any pod, wherever it runs and whatever its port; ``asking`` namespaces may ask it, and those in
    ``visiting`` may open Grafana. The Kubernetes API asks the operator whether rules are right.
    """
    everywhere: Object = {"to": [{"ipBlock": {"cidr": cidr}} for cidr in PRIVATE_NETWORKS]}
    own: Object = {"from": [{"podSelector": {}}]}
    found = {
        "inside": _systems.policy({}, ingress=[own], egress=[{"to": [{"podSelector": {}}]}]),
        "outside": _systems.policy({}, egress=[_systems.to_api_server(), identity()]),
        "reading": _systems.policy(_PROMETHEUS, egress=[everywhere]),
        "operator": _systems.policy({}, ingress=[_systems.from_api_server(_OPERATOR_PORT)]),
    }
    if asking:
        asked = _systems.from_namespaces(asking, _chart.PROMETHEUS_PORT)
        found["asking"] = _systems.policy(_PROMETHEUS, ingress=[asked])
    if visiting:
        found["visiting"] = _systems.policy(_GRAFANA, ingress=[_systems.from_namespaces(visiting, _GRAFANA_PORT)])
    return found  # fmt: skip


def agents(namespace: str) -> dict[str, Spec]:
    """The namespace of what runs on every node: closed but for being read. Pods with the node's own network are not
    reached by any policy.
    """
    read = _systems.from_namespaces([namespace], _scraping.GPUS_PORT)
    return {
        "default-deny": _namespaces.deny_spec(),
        "gpus": _systems.policy(_scraping.GPUS, ingress=[read], egress=[_systems.to_api_server()]),
    }


def agents_labels() -> dict[str, str]:
    """Pod Security of that namespace: what reads a node's counters needs the node's files."""
    modes = ("enforce", "audit", "warn")
    return {**_namespaces.MANAGED, **{f"pod-security.kubernetes.io/{mode}": "privileged" for mode in modes}}


def readable(pods: dict[str, str], namespace: str, port: int) -> Spec:
    """Lets the monitoring's ``namespace`` read pods, beside what their own policies say."""
    return _systems.policy(pods, ingress=[_systems.from_namespaces([namespace], port)])


def identity() -> Object:
    """Where a pod on EKS gets its role's credentials."""
    return {"to": [{"ipBlock": {"cidr": POD_IDENTITY_AGENT}}], "ports": [{"protocol": "TCP", "port": 80}]}
