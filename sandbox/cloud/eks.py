"""EKS clusters: every part of their configuration, with the defaults and the refusals of the real service."""

import copy
from typing import Any

from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends

from sandbox.cloud import eks_access, eks_addons, eks_config
from sandbox.cloud.ec2 import admit_members
from sandbox.cloud.eks_state import UPDATES, cluster, update
from sandbox.cloud.extension import Operation, extend, fail, store

VERSIONS = ("1.33", "1.34", "1.35", "1.36", "1.37")
"""Kubernetes versions that EKS supports."""

_DEFAULT_VERSION = "1.36"
_KINDS = {
    # what one call of UpdateClusterConfig may change -> kind of the update
    ("resourcesVpcConfig",): "VpcConfigUpdate",
    ("logging",): "LoggingUpdate",
    ("accessConfig",): "AccessConfigUpdate",
    ("upgradePolicy",): "UpgradePolicyUpdate",
    ("zonalShiftConfig",): "ZonalShiftConfigUpdate",
    ("computeConfig", "kubernetesNetworkConfig", "storageConfig"): "AutoModeUpdate",
    ("remoteNetworkConfig",): "RemoteNetworkConfigUpdate",
    ("deletionProtection",): "DeletionProtectionUpdate",
    ("controlPlaneScalingConfig",): "ControlPlaneScalingConfigUpdate",
    ("kubeApiServerConfig", "kubeSchedulerConfig", "kubeControllerManagerConfig"): "ControlPlaneComponentConfigUpdate",
}


def _create(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    version = given.get("version", _DEFAULT_VERSION)
    if version not in VERSIONS:
        fail("InvalidParameterException", f"unsupported Kubernetes version {version}: {', '.join(VERSIONS)}")
    role = given["roleArn"].rpartition("/")[2]
    if all(known.name != role for known in iam_backends[backend.account_id]["aws"].get_roles()):
        fail("InvalidParameterException", f"The role with name {role} cannot be found.")
    access = {"authenticationMode": "CONFIG_MAP", **(given.get("accessConfig") or {})}
    creator_is_admin = access.pop("bootstrapClusterCreatorAdminPermissions", True)
    eks_config.check_auto_mode(given, access["authenticationMode"], given.get("bootstrapSelfManagedAddons", True))
    network = eks_config.vpc_config(backend, given["resourcesVpcConfig"])

    created = backend.create_cluster(
        name=given["name"],
        role_arn=given["roleArn"],
        resources_vpc_config=network,
        version=version,
        client_request_token=given.get("clientRequestToken"),
        tags=dict(given.get("tags") or {}),
    )
    created.encryption_config = given.get("encryptionConfig") or None  # absent and empty are not the same to a scanner
    created.access_config = access
    created.health = {"issues": []}
    created.kubernetes_network_config = eks_config.kubernetes_network(given.get("kubernetesNetworkConfig"))
    created.logging = eks_config.logging_of(given.get("logging"))
    for member, (attribute, default) in eks_config.PLAIN.items():
        setattr(created, attribute, given.get(member, copy.copy(default)))
    network["clusterSecurityGroupId"] = _cluster_security_group(backend, created)
    _make_log_group(backend, created)
    if creator_is_admin and access["authenticationMode"] != "CONFIG_MAP":
        eks_access.admit(backend, created.name, f"arn:aws:iam::{backend.account_id}:user/moto")
    return {"cluster": created}


def _cluster_security_group(backend: Any, created: Any) -> str:
    """EKS makes it, nodes and control plane are in it; it is gone with the cluster."""
    ec2 = ec2_backends[backend.account_id][backend.region_name]
    vpc = created.resources_vpc_config["vpcId"]
    tags = {f"kubernetes.io/cluster/{created.name}": "owned", "aws:eks:cluster-name": created.name}
    group = ec2.create_security_group(
        f"eks-cluster-sg-{created.name}", "EKS created security group", vpc_id=vpc, tags=tags
    )
    admit_members(ec2, group)
    return str(group.id)


def _make_log_group(backend: Any, changed: Any) -> None:
    """EKS makes the log group if nobody has: without a key, and kept for ever."""
    name = f"/aws/eks/{changed.name}/cluster"
    logs = logs_backends[backend.account_id][backend.region_name]
    if changed.logging["clusterLogging"][0]["enabled"] and name not in logs.groups:
        logs.create_log_group(name, {})


def _update_config(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    changing = cluster(backend, given)
    changed = {key: value for key, value in given.items() if key not in ("name", "clientRequestToken")}
    kind = next((kind for members, kind in _KINDS.items() if changed and set(changed) <= set(members)), None)
    if kind is None:
        fail("InvalidParameterException", f"Only one type of update can be allowed, got {', '.join(sorted(changed))}")
    merged = {key: eks_config.merged(backend, changing, key, value) for key, value in changed.items()}
    wanted = {eks_config.attribute(key): value for key, value in merged.items()}
    if all(getattr(changing, attribute) == value for attribute, value in wanted.items()):
        fail("InvalidParameterException", f"No changes needed for the {', '.join(sorted(changed))} provided")
    if kind == "AutoModeUpdate":
        eks_config.check_auto_mode(changed, changing.access_config["authenticationMode"], self_managed_addons=False)
    for attribute, value in wanted.items():
        setattr(changing, attribute, value)
    _make_log_group(backend, changing)
    return update(backend, changing.name, str(kind), changed)


def _update_version(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    changing = cluster(backend, given)
    before, after = changing.version, given["version"]
    if after not in VERSIONS:
        fail("InvalidParameterException", f"unsupported Kubernetes version {after}: {', '.join(VERSIONS)}")
    if VERSIONS.index(after) - VERSIONS.index(before) != 1:
        fail("InvalidParameterException", f"Unsupported Kubernetes minor version update from {before} to {after}")
    changing.version = after
    return update(backend, changing.name, "VersionUpdate", {"Version": after})


def _encrypt(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    changing = cluster(backend, {"name": given["clusterName"]})
    if changing.encryption_config:
        fail("InvalidParameterException", "Encryption config is already associated with the cluster")
    changing.encryption_config = given["encryptionConfig"]
    return update(backend, changing.name, "AssociateEncryptionConfig", {"EncryptionConfig": given["encryptionConfig"]})


def _delete(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    going = cluster(backend, given)
    if going.deletion_protection:
        fail("InvalidRequestException", f"Cluster {going.name} has deletion protection enabled: disable it first")
    answer = backend.delete_cluster(going.name)  # refuses while there are node groups
    for records in (eks_access.entries, eks_access.associations, eks_addons.addons):
        records.forget(backend, going.name)
    ec2 = ec2_backends[backend.account_id][backend.region_name]
    ec2.delete_security_group(group_id=going.resources_vpc_config["clusterSecurityGroupId"])
    return {"cluster": answer}


def _tags(backend: Any, given: dict[str, Any]) -> dict[str, str]:
    """The tags of any EKS resource, the sandbox's or moto's."""
    wanted = given["resourceArn"]
    for kind, member in (
        (eks_addons.addons.kind, "addonArn"),
        (eks_access.entries.kind, "accessEntryArn"),
        (eks_access.associations.kind, "associationArn"),
    ):
        for record in store(backend, kind).values():
            if record[member] == wanted:
                own: dict[str, str] = record["tags"]
                return own
    for owner in backend.clusters.values():
        for resource in (owner, *owner.nodegroups.values(), *owner.fargate_profiles.values()):
            if wanted in (getattr(resource, "arn", None), getattr(resource, "fargate_profile_arn", None)):
                tags: dict[str, str] = resource.tags
                return tags
    found: dict[str, str] = fail("NotFoundException", f"No resource found with ARN {wanted}")
    return found


def _untag(backend: Any, given: dict[str, Any]) -> None:
    tags = _tags(backend, given)
    for key in given["tagKeys"]:
        tags.pop(key, None)


def _describe_update(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    found = store(backend, UPDATES).get((given["name"], given["updateId"]))
    return {"update": found or fail("ResourceNotFoundException", f"No update found for ID: {given['updateId']}")}


OPERATIONS: dict[str, Operation] = {
    "CreateCluster": _create,
    "DeleteCluster": _delete,
    "UpdateClusterConfig": _update_config,
    "UpdateClusterVersion": _update_version,
    "AssociateEncryptionConfig": _encrypt,
    "DescribeUpdate": _describe_update,
    "ListUpdates": lambda backend, given: {"updateIds": [i for n, i in store(backend, UPDATES) if n == given["name"]]},
    "TagResource": lambda backend, given: _tags(backend, given).update(given["tags"]),
    "UntagResource": _untag,
    "ListTagsForResource": lambda backend, given: {"tags": _tags(backend, given)},
}

extend(
    "eks",
    OPERATIONS | eks_access.OPERATIONS | eks_addons.OPERATIONS,
    routes=("/clusters/(?P<name>[^/]+)/(?P<rest>.+)$",),
)
