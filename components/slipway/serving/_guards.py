"""What stands around a model's pods: autoscaler, disruption budget, address, network policy; in Kubernetes' words."""

from collections.abc import Sequence

from slipway.serving._workload import Object, Spec, selector

# A cluster's DNS has an address in one of these wherever it runs: as a service, or on the node (EKS Auto Mode has no
# DNS pods that a selector could name). Public resolvers stay out of reach.
PRIVATE_NETWORKS = ("10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
POD_IDENTITY_AGENT = "169.254.170.23/32"
"""Where a pod on EKS gets its role's credentials. Elsewhere nobody answers there."""


SCALING: Object = {
    "scaleUp": {
        "stabilizationWindowSeconds": 0,
        "policies": [{"type": "Percent", "value": 100, "periodSeconds": 30}],
    },
    "scaleDown": {
        "stabilizationWindowSeconds": 300,
        "policies": [{"type": "Percent", "value": 25, "periodSeconds": 60}],
    },
}
"""Up at once, down slowly, because a model is slower to start than to stop."""


def autoscaler_spec(target: Object, min_replicas: int, max_replicas: int, cpu_percent: int) -> Spec:
    """Scales ``target`` by CPU."""
    return {
        "scaleTargetRef": target,
        "minReplicas": min_replicas,
        "maxReplicas": max_replicas,
        "metrics": [
            {
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": cpu_percent}},
            }
        ],
        "behavior": SCALING,
    }


def disruption_spec(model: str) -> Spec:
    """One pod at a time, also where there is only one: refusing would keep its node from ever being replaced."""
    return {
        "selector": {"matchLabels": selector(model)},
        "maxUnavailable": 1,
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }


def service_spec(model: str) -> Spec:
    """Port 80 of a stable address inside the cluster."""
    return {
        "type": "ClusterIP",
        "selector": selector(model),
        "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP", "appProtocol": "http"}],
    }


def network_spec(
    model: str, port: int, ingress_namespaces: Sequence[str], egress: Sequence[tuple[str, int]] = ()
) -> Spec:
    """In: the server's port from the named namespaces.

    Out: DNS, the artifact store and the pod's identity, and ``egress``: networks and their ports.
    """
    names = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": sorted(ingress_namespaces)}
    callers = [
        {
            "from": [{"namespaceSelector": {"matchExpressions": [names]}}],
            "ports": [{"protocol": "TCP", "port": port}],
        }
    ]
    return {
        "podSelector": {"matchLabels": selector(model)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": callers if ingress_namespaces else [],
        "egress": [
            dns_egress(),
            {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"protocol": "TCP", "port": 443}]},
            {"to": [{"ipBlock": {"cidr": POD_IDENTITY_AGENT}}], "ports": [{"protocol": "TCP", "port": 80}]},
            *({"to": [{"ipBlock": {"cidr": cidr}}], "ports": [{"protocol": "TCP", "port": to}]} for cidr, to in egress),
        ],
    }


def dns_egress() -> Object:
    """A NetworkPolicy's rule that lets pods look up names."""
    return {
        "to": [{"ipBlock": {"cidr": network}} for network in PRIVATE_NETWORKS],
        "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
    }
