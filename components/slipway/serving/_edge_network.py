"""Who may talk to whom in a gateway's namespace: network policies, as Kubernetes writes them."""

from collections.abc import Sequence

from slipway.serving import _namespaces
from slipway.serving._edge import (
    CERTIFICATES,
    CONTROLLER,
    LISTENER_PORT,
    METRICS_PORT,
    PROXY,
    READY_PORT,
    XDS_PORT,
)
from slipway.serving._guards import PRIVATE_NETWORKS
from slipway.serving._workload import Object, Spec


def proxy_spec(balancer_cidrs: Sequence[str]) -> Spec:
    """Envoy. In: requests and health checks of the load balancer. Out: models, its controller, issuers' keys."""
    return {
        "podSelector": {"matchLabels": PROXY},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            {
                "from": [{"ipBlock": {"cidr": cidr}} for cidr in balancer_cidrs],
                "ports": _ports(LISTENER_PORT, READY_PORT),
            }
        ],
        "egress": [
            {
                "to": [
                    {
                        "namespaceSelector": {"matchLabels": _namespaces.ROUTES},
                        "podSelector": {"matchLabels": {"app.kubernetes.io/component": "model-service"}},
                    }
                ]
            },
            {"to": [{"podSelector": {"matchLabels": CONTROLLER}}], "ports": _ports(XDS_PORT)},
            {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": _ports(443)},
        ],
    }


def controller_spec() -> Spec:
    """Envoy Gateway. In: its proxies. Out: the Kubernetes API, which has a private address wherever it runs."""
    return {
        "podSelector": {"matchLabels": CONTROLLER},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [{"podSelector": {"matchLabels": PROXY}}], "ports": _ports(XDS_PORT)}],
        "egress": [_kubernetes_api()],
    }


def certificates_spec() -> Spec:
    """The job that makes certificates writes them to the Kubernetes API."""
    return {
        "podSelector": {"matchLabels": CERTIFICATES},
        "policyTypes": ["Egress"],
        "egress": [_kubernetes_api()],
    }


def metrics_spec(namespaces: Sequence[str]) -> Spec:
    """Who collects metrics may read those of Envoy and of its controller."""
    names = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(namespaces)}
    return {
        "podSelector": {},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [{"namespaceSelector": {"matchExpressions": [names]}}], "ports": _ports(METRICS_PORT)}],
    }


def _kubernetes_api() -> Object:
    return {"to": [{"ipBlock": {"cidr": network}} for network in PRIVATE_NETWORKS], "ports": _ports(443)}


def _ports(*numbers: int) -> list[Object]:
    return [{"protocol": "TCP", "port": number} for number in numbers]
