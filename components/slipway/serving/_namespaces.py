"""Namespaces for workloads: restricted pods, closed networks, bounded use."""

import pulumi
import pulumi_kubernetes as k8s

from slipway.serving._guards import dns_egress
from slipway.serving._workload import Spec

MANAGED = {"app.kubernetes.io/managed-by": "slipway"}
ROUTES = {"slipway.dev/routes": "true"}
"""Label of namespaces whose routes may attach to the gateway."""


def namespace_labels(version: str) -> dict[str, str]:
    """Pod Security: only restricted pods, by the rules of Kubernetes ``version``."""
    modes = ("enforce", "audit", "warn")
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in modes}
    versions = {f"pod-security.kubernetes.io/{mode}-version": f"v{version}" for mode in modes}
    return {**MANAGED, **levels, **versions}


def deny_spec() -> Spec:
    """Nothing in, nothing out, for every pod; other policies open what a workload needs."""
    return {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def dns_spec() -> Spec:
    """Every pod may look up names."""
    return {"podSelector": {}, "policyTypes": ["Egress"], "egress": [dns_egress()]}


def quota_spec(cpu: int, memory_gib: int, gpus: int) -> Spec:
    """What all pods together may request. No Service is published past the gateway."""
    return {
        "hard": {
            "requests.cpu": str(cpu),
            "requests.memory": f"{memory_gib}Gi",
            "limits.memory": f"{memory_gib}Gi",
            "requests.nvidia.com/gpu": str(gpus),
            "services.loadbalancers": "0",
            "services.nodeports": "0",
        }
    }


def limits_spec() -> Spec:
    """What a container gets that asks for nothing; without it the quota would refuse the pod."""
    return {
        "limits": [
            {
                "type": "Container",
                "defaultRequest": {"cpu": "100m", "memory": "256Mi"},
                "default": {"memory": "256Mi"},
            }
        ]
    }


def declare(
    name: str, namespace: str, version: str, quota: Spec, opts: pulumi.ResourceOptions
) -> list[pulumi.Resource]:
    """The namespace and its guards, as children of the component ``name``."""
    labels = {**namespace_labels(version), **ROUTES}
    space = k8s.core.v1.Namespace(f"{name}-{namespace}", metadata={"name": namespace, "labels": labels}, opts=opts)
    inside = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[space]))

    def metadata(role: str) -> k8s.meta.v1.ObjectMetaArgsDict:
        return {"name": role, "namespace": namespace, "labels": MANAGED}

    return [
        space,
        k8s.networking.v1.NetworkPolicy(
            f"{name}-{namespace}-deny", metadata=metadata("default-deny"), spec=deny_spec(), opts=inside
        ),
        k8s.networking.v1.NetworkPolicy(
            f"{name}-{namespace}-dns", metadata=metadata("allow-dns"), spec=dns_spec(), opts=inside
        ),
        k8s.core.v1.ResourceQuota(f"{name}-{namespace}", metadata=metadata("quota"), spec=quota, opts=inside),
        k8s.core.v1.LimitRange(f"{name}-{namespace}", metadata=metadata("defaults"), spec=limits_spec(), opts=inside),
    ]
