"""Nodes of an EKS Auto Mode cluster: the custom resources that say which ones there may be."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi

from slipway.serving._workload import GPU, GPU_NODE

NODE_CLASS = "slipway"
"""Name of the node class; ``default`` is reserved for EKS's own."""
NODE_CLASS_API = "eks.amazonaws.com/v1"
NODE_POOL_API = "karpenter.sh/v1"
GENERAL = "general"
GPU_POOL = "gpu"


class Term(TypedDict):
    """Selects one subnet or security group."""

    id: pulumi.Input[str]


class EphemeralStorage(TypedDict):
    """A node's disk."""

    size: str
    iops: int
    throughput: int


class NodeClassSpec(TypedDict):
    """``eks.amazonaws.com/v1 NodeClass``: how nodes are made."""

    role: pulumi.Input[str]
    subnetSelectorTerms: pulumi.Input[list[Term]]
    securityGroupSelectorTerms: list[Term]
    ephemeralStorage: EphemeralStorage
    networkPolicy: str
    networkPolicyEventLogs: str


class Requirement(TypedDict):
    """Which instances a pool may take."""

    key: str
    operator: str
    values: list[str]


class Taint(TypedDict):
    """Keeps pods away that do not tolerate it."""

    key: str
    value: str
    effect: str


class NodeClassRef(TypedDict):
    """The class of a pool's nodes."""

    group: str
    kind: str
    name: str


class NodeMetadata(TypedDict):
    """What a pool's nodes are labelled with."""

    labels: dict[str, str]


class NodeSpec(TypedDict):
    """A pool's nodes."""

    nodeClassRef: NodeClassRef
    requirements: list[Requirement]
    taints: NotRequired[list[Taint]]
    expireAfter: str
    terminationGracePeriod: str


class NodeTemplate(TypedDict):
    """What each node of a pool is like."""

    metadata: NotRequired[NodeMetadata]
    spec: NodeSpec


class Budget(TypedDict):
    """How many nodes may go at once."""

    nodes: str


class Disruption(TypedDict):
    """When nodes are taken away or replaced by cheaper ones."""

    consolidationPolicy: str
    consolidateAfter: str
    budgets: list[Budget]


class NodePoolSpec(TypedDict):
    """``karpenter.sh/v1 NodePool``: which nodes, how many, and when they go."""

    template: NodeTemplate
    limits: dict[str, str]
    disruption: Disruption


def node_class_spec(
    role_name: pulumi.Input[str], subnet_ids: pulumi.Input[list[Term]], security_group_id: pulumi.Input[str]
) -> NodeClassSpec:
    """Nodes in ``subnet_ids`` that enforce network policies; what no policy names stays allowed, as in any cluster."""
    return {
        "role": role_name,
        "subnetSelectorTerms": subnet_ids,
        "securityGroupSelectorTerms": [{"id": security_group_id}],
        "ephemeralStorage": {"size": "100Gi", "iops": 3000, "throughput": 250},
        "networkPolicy": "DefaultAllow",
        "networkPolicyEventLogs": "Disabled",
    }


def general_pool_spec(cpu_limit: int, *, spot: bool) -> NodePoolSpec:
    """Compute, general and memory instances of recent generations, ``cpu_limit`` vCPUs together."""
    return {
        "template": {
            "spec": _node(
                [
                    _in("eks.amazonaws.com/instance-category", ["c", "m", "r"]),
                    {"key": "eks.amazonaws.com/instance-generation", "operator": "Gt", "values": ["5"]},
                ],
                spot=spot,
            )
        },
        "limits": {"cpu": str(cpu_limit)},
        "disruption": _disruption("WhenEmptyOrUnderutilized", "2m"),
    }


def gpu_pool_spec(gpu_limit: int, families: Sequence[str], *, spot: bool) -> NodePoolSpec:
    """GPU instances of ``families``, ``gpu_limit`` GPUs together, for pods that tolerate the taint ``nvidia.com/gpu``.

    Only empty nodes go: moving a pod that has loaded a large model costs more than it saves.
    """
    node = _node([_in("eks.amazonaws.com/instance-family", list(families))], spot=spot)
    return {
        "template": {
            "metadata": {"labels": GPU_NODE},
            "spec": {**node, "taints": [{"key": GPU, "value": "true", "effect": "NoSchedule"}]},
        },
        "limits": {GPU: str(gpu_limit)},
        "disruption": _disruption("WhenEmpty", "5m"),
    }


def _node(requirements: list[Requirement], *, spot: bool) -> NodeSpec:
    capacity = ["on-demand", "spot"] if spot else ["on-demand"]
    return {
        "nodeClassRef": {"group": "eks.amazonaws.com", "kind": "NodeClass", "name": NODE_CLASS},
        "requirements": [
            *requirements,
            _in("karpenter.sh/capacity-type", capacity),
            _in("kubernetes.io/arch", ["amd64"]),
            _in("kubernetes.io/os", ["linux"]),
        ],
        # Two weeks, so that patched images arrive well before EKS's own limit of 21 days.
        "expireAfter": "336h",
        "terminationGracePeriod": "24h",
    }


def _in(key: str, values: list[str]) -> Requirement:
    return {"key": key, "operator": "In", "values": values}


def _disruption(policy: str, after: str) -> Disruption:
    """Always spelt out: the default differs between Kubernetes versions."""
    return {"consolidationPolicy": policy, "consolidateAfter": after, "budgets": [{"nodes": "10%"}]}
