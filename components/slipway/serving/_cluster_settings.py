"""The plain arguments of a cluster, read once and checked."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from slipway import _check, versions
from slipway.serving import _names

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
GPU_FAMILIES = ("g6", "g6e")
OWN_NAMESPACE = r"(?!kube-|(?:default|amazon-.*)$)" + _names.LABEL
LARGEST_PREFIX = 8
SUBNETS = {
    "control_plane_subnet_ids": ("ids of subnets in at least two zones", 2),
    "node_subnet_ids": ("ids of subnets for nodes and pods", 1),
}


@dataclass(frozen=True)
class ClusterSettings:
    """What decides the shape of a cluster."""

    cluster_name: str
    version: str
    admins: list[str]
    viewers: list[str]
    public_cidrs: list[str]
    private_cidrs: list[str]
    log_types: list[str]
    log_days: int
    cpu_limit: int
    spot: bool
    gpu_limit: int
    gpu_families: list[str]
    namespaces: list[str]
    namespace_cpu: int
    namespace_memory_gib: int
    deletion_protection: bool

    @property
    def partition(self) -> str:
        """The AWS partition, such as ``aws``: that of the administrators."""
        return self.admins[0].split(":")[1]


def settings_of(args: Mapping[str, Any]) -> ClusterSettings:
    """The settings in ``args``, defaults filled in. Raises ``ValueError`` that names the first wrong argument."""
    admins = _roles("admin_role_arns", args.get("admin_role_arns"), at_least=1)
    viewers = _roles("viewer_role_arns", args.get("viewer_role_arns", []))
    both = sorted({*admins} & {*viewers})
    if both:
        _check.refuse("viewer_role_arns", "roles that are not among admin_role_arns", both)
    cpu_limit = _check.between("cpu_limit", args.get("cpu_limit", 64), 2, 100_000)
    gpu_limit = _check.between("gpu_limit", args.get("gpu_limit", 0), 0, 10_000)
    namespace_cpu = _check.between("namespace_cpu", args.get("namespace_cpu", cpu_limit), 1, 100_000)
    memory = args.get("namespace_memory_gib", 4 * namespace_cpu)
    _check.given(args, "region", *_check.A_REGION)
    _check.given(args, "vpc_id", r"vpc-[0-9a-z]+", "the id of a VPC")
    for arg, (accepted, at_least) in SUBNETS.items():
        ids = _check.given(args, arg, r"(?!)", accepted)
        if not isinstance(ids, pulumi.Output) and len(ids) < at_least:
            _check.refuse(arg, accepted, ids)
    _check.given(args, "cluster_key_arn", *_check.A_KEY)
    _check.given(args, "logs_key_arn", *_check.A_KEY)
    _check.plain("permissions_boundary_arn", args.get("permissions_boundary_arn"), *_check.A_MANAGED_POLICY)
    return ClusterSettings(
        cluster_name=_check.matches("cluster_name", args.get("cluster_name"), _names.CLUSTER, _names.CLUSTER_ACCEPTED),
        version=_check.one_of("version", args.get("version", versions.KUBERNETES), versions.KUBERNETES_SUPPORT_ENDS),
        admins=admins,
        viewers=viewers,
        public_cidrs=_networks("public_access_cidrs", args.get("public_access_cidrs", [])),
        private_cidrs=_networks("private_access_cidrs", args.get("private_access_cidrs", [])),
        log_types=_log_types(args.get("log_types", LOG_TYPES)),
        log_days=_check.log_days("log_days", args.get("log_days", 365)),
        cpu_limit=cpu_limit,
        spot=_check.flag("spot", args.get("spot", False)),
        gpu_limit=gpu_limit,
        gpu_families=_gpu_families(args.get("gpu_instance_families"), gpu_limit),
        namespaces=_check.each(
            "namespaces",
            args.get("namespaces", ["models"]),
            OWN_NAMESPACE,
            f"{_names.LABEL_ACCEPTED}; not default, kube-... or amazon-..., which are the cluster's own",
        ),
        namespace_cpu=namespace_cpu,
        namespace_memory_gib=_check.between("namespace_memory_gib", memory, 1, 1_000_000),
        deletion_protection=_check.flag("deletion_protection", args.get("deletion_protection", True)),
    )


def _roles(arg: str, values: Any, *, at_least: int = 0) -> list[str]:
    return _check.each(arg, values, *_check.A_ROLE, at_least=at_least)


def _networks(arg: str, values: Any) -> list[str]:
    """Networks that are really networks: one that holds the whole internet would be no limit."""
    accepted = f"an IPv4 network of /{LARGEST_PREFIX} or smaller, such as 203.0.113.0/24"
    for index, value in enumerate(_check.unique(arg, values)):
        try:
            network = ipaddress.IPv4Network(value)
        except ValueError:
            _check.refuse(f"{arg}[{index}]", accepted, value)
        if network.prefixlen < LARGEST_PREFIX:
            _check.refuse(f"{arg}[{index}]", accepted, value)
    return list(values)


def _log_types(values: Any) -> list[str]:
    types = _check.unique("log_types", values)
    for index, value in enumerate(types):
        _check.one_of(f"log_types[{index}]", value, LOG_TYPES)
    if "audit" not in types:
        _check.refuse("log_types", "audit and others: without it nobody can say who did what", types)
    return sorted(types)


def _gpu_families(values: Any, gpu_limit: int) -> list[str]:
    if not gpu_limit:
        if values:
            _check.refuse("gpu_instance_families", "nothing while gpu_limit is 0: there are no GPU nodes", values)
        return []
    if values is None:
        return [*GPU_FAMILIES]
    return _check.each("gpu_instance_families", values, r"[a-z]+\d+[a-z]*", "an instance family such as g6", at_least=1)
