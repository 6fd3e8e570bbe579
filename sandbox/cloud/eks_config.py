"""EKS: a cluster's configuration, as it is given, checked and described."""

from typing import Any

from moto.ec2.models import ec2_backends

from sandbox.cloud.extension import fail

PLAIN: dict[str, tuple[str, Any]] = {
    "upgradePolicy": ("upgrade_policy", {"supportType": "EXTENDED"}),
    "zonalShiftConfig": ("zonal_shift_config", {"enabled": False}),
    "computeConfig": ("compute_config", None),
    "storageConfig": ("storage_config", None),
    "remoteNetworkConfig": ("remote_network_config", None),
    "deletionProtection": ("deletion_protection", False),
    "controlPlaneScalingConfig": ("control_plane_scaling_config", {"tier": "standard"}),
    "kubeApiServerConfig": ("kube_api_server_config", None),
    "kubeSchedulerConfig": ("kube_scheduler_config", None),
    "kubeControllerManagerConfig": ("kube_controller_manager_config", None),
}
"""Members that are kept as they come: name in the API -> attribute of moto's cluster, default."""

_LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
_MODES = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")


def check_auto_mode(given: dict[str, Any], mode: str, self_managed_addons: bool) -> None:
    """Auto Mode is on in all three places or in none, and needs access entries."""
    compute = given.get("computeConfig") or {}
    switches = {
        bool(compute.get("enabled")),
        bool(((given.get("storageConfig") or {}).get("blockStorage") or {}).get("enabled")),
        bool(((given.get("kubernetesNetworkConfig") or {}).get("elasticLoadBalancing") or {}).get("enabled")),
    }
    if len(switches) > 1:
        fail(
            "InvalidParameterException",
            "For EKS Auto Mode, please ensure that all required configs, including computeConfig,"
            " kubernetesNetworkConfig, and blockStorage are all either fully enabled or fully disabled.",
        )
    if compute.get("nodeRoleArn") and not compute.get("nodePools"):
        fail(
            "InvalidParameterException",
            "When Compute Config nodeRoleArn is not null or empty, nodePool value(s) must be provided.",
        )
    if switches == {True} and mode == "CONFIG_MAP":
        fail("InvalidParameterException", "EKS Auto Mode needs authenticationMode API or API_AND_CONFIG_MAP.")
    if switches == {True} and self_managed_addons:
        fail("InvalidParameterException", "EKS Auto Mode needs bootstrapSelfManagedAddons to be false.")


def vpc_config(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    """The network as DescribeCluster gives it; the subnets must exist and lie in two zones."""
    ec2 = ec2_backends[backend.account_id][backend.region_name]
    subnets = {subnet.id: subnet for zone in ec2.subnets.values() for subnet in zone.values()}
    if missing := [subnet for subnet in given.get("subnetIds", []) if subnet not in subnets]:
        fail("InvalidParameterException", f"The subnet ID '{missing[0]}' does not exist")
    chosen = [subnets[subnet] for subnet in given.get("subnetIds", [])]
    if len({subnet.availability_zone for subnet in chosen}) < 2:
        fail("InvalidParameterException", "Subnets specified must be in at least two different AZs")
    public = given.get("endpointPublicAccess", True)
    if not public and not given.get("endpointPrivateAccess", False):
        fail("InvalidParameterException", "Private and public endpoint access cannot be false")
    return {
        "subnetIds": given["subnetIds"],
        "securityGroupIds": given.get("securityGroupIds") or [],
        "clusterSecurityGroupId": given.get("clusterSecurityGroupId"),
        "vpcId": chosen[0].vpc_id,
        "endpointPublicAccess": public,
        "endpointPrivateAccess": given.get("endpointPrivateAccess", False),
        "publicAccessCidrs": (given.get("publicAccessCidrs") or ["0.0.0.0/0"]) if public else [],
        "controlPlaneEgressMode": given.get("controlPlaneEgressMode", "AWS_MANAGED"),
    }


def kubernetes_network(given: dict[str, Any] | None) -> dict[str, Any]:
    """The cluster's own network, with EKS's choice of addresses beside a VPC in 10.0.0.0/8."""
    default = {"serviceIpv4Cidr": "172.20.0.0/16", "ipFamily": "ipv4", "elasticLoadBalancing": {"enabled": False}}
    return default | (given or {})


def logging_of(given: dict[str, Any] | None) -> dict[str, Any]:
    """The kinds of log that are on and those that are not, in one entry each."""
    on = [
        kind
        for kind in _LOG_TYPES
        if any(part.get("enabled") and kind in part["types"] for part in (given or {}).get("clusterLogging", []))
    ]
    off = [kind for kind in _LOG_TYPES if kind not in on]
    entries = [{"types": on, "enabled": True}, {"types": off, "enabled": False}]
    return {"clusterLogging": [entry for entry in entries if entry["types"]]}


def attribute(member: str) -> str:
    """The attribute of moto's cluster that keeps ``member``."""
    own = {
        "resourcesVpcConfig": "resources_vpc_config",
        "logging": "logging",
        "accessConfig": "access_config",
        "kubernetesNetworkConfig": "kubernetes_network_config",
    }
    return own.get(member) or PLAIN[member][0]


def merged(backend: Any, changing: Any, member: str, value: Any) -> Any:
    """What the cluster would have after the change."""
    if member == "resourcesVpcConfig":
        return vpc_config(backend, {**changing.resources_vpc_config, **value})
    if member == "logging":
        now = changing.logging["clusterLogging"]
        mentioned = {kind for part in value["clusterLogging"] for kind in part["types"]}
        kept = [{**part, "types": [kind for kind in part["types"] if kind not in mentioned]} for part in now]
        return logging_of({"clusterLogging": [*kept, *value["clusterLogging"]]})
    if member == "accessConfig":
        before, after = changing.access_config["authenticationMode"], value["authenticationMode"]
        if _MODES.index(after) < _MODES.index(before):
            fail("InvalidParameterException", f"Unsupported authentication mode update from {before} to {after}")
        return {"authenticationMode": after}
    if member == "kubernetesNetworkConfig":
        return {**changing.kubernetes_network_config, **value}
    return value
