"""Namespaces of what runs for the cluster's workloads: closed, with exactly the ways that are named."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from slipway.serving import _namespaces
from slipway.serving._guards import PRIVATE_NETWORKS
from slipway.serving._workload import Object, Spec


def closed_namespace(
    name: str, namespace: str, version: str, policies: Mapping[str, Spec], parent: pulumi.Resource
) -> list[pulumi.Resource]:
    """A namespace for restricted pods of Kubernetes ``version``, which reach and are reached as ``policies`` say."""
    space = k8s.core.v1.Namespace(
        f"{name}-namespace",
        metadata={"name": namespace, "labels": _namespaces.namespace_labels(version)},
        opts=pulumi.ResourceOptions(parent=parent),
    )
    specs = {"default-deny": _namespaces.deny_spec(), "allow-dns": _namespaces.dns_spec(), **policies}
    return [
        space,
        *(
            k8s.networking.v1.NetworkPolicy(
                f"{name}-{role}",
                metadata={"name": role, "namespace": namespace, "labels": _namespaces.MANAGED},
                spec=spec,
                opts=pulumi.ResourceOptions(parent=parent, depends_on=[space]),
            )
            for role, spec in specs.items()
        ),
    ]


def policy(pods: Mapping[str, str], *, ingress: Sequence[Object] = (), egress: Sequence[Object] = ()) -> Spec:
    """A NetworkPolicy of the pods with these labels; all pods of the namespace where there are none."""
    types = [kind for kind, rules in (("Ingress", ingress), ("Egress", egress)) if rules]
    found: dict[str, Any] = {"podSelector": {"matchLabels": dict(pods)} if pods else {}, "policyTypes": types}
    if ingress:
        found["ingress"] = [*ingress]
    if egress:
        found["egress"] = [*egress]
    return found


def to_api_server() -> Object:
    """The Kubernetes API, whose address is the cloud's to choose, and other HTTPS endpoints."""
    return {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"protocol": "TCP", "port": 443}]}


def inside(*ports: int) -> Object:
    """Anything in private networks, on these ports."""
    return {"to": [{"ipBlock": {"cidr": cidr}} for cidr in PRIVATE_NETWORKS], "ports": _tcp(ports)}


def from_namespaces(namespaces: Sequence[str], *ports: int) -> Object:
    """Pods of these namespaces, on these ports."""
    names = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": sorted(namespaces)}
    return {"from": [{"namespaceSelector": {"matchExpressions": [names]}}], "ports": _tcp(ports)}


def from_api_server(*ports: int) -> Object:
    """The Kubernetes API, which calls from an address of the cluster's network."""
    return {"from": [{"ipBlock": {"cidr": cidr}} for cidr in PRIVATE_NETWORKS], "ports": _tcp(ports)}


def _tcp(ports: Sequence[int]) -> list[Object]:
    return [{"protocol": "TCP", "port": port} for port in ports]
