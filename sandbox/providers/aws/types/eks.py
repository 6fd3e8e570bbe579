"""EKS clusters and what belongs to one."""

from typing import Any

from sandbox.providers.aws.table import Call, Code, Context, Tags, Type

_CLUSTER = {"name": "id"}


def _tags(arn: str) -> Tags:
    return Tags(Call("TagResource", {"resourceArn": arn}), Call("UntagResource", {"resourceArn": arn}))


def _types_of_logs(eks: Any, seen: Context) -> None:
    """Control-plane logs are switched type by type."""
    wanted, old = set(seen.get("enabledClusterLogTypes") or []), set(seen["old"].get("enabledClusterLogTypes") or [])
    setup = [{"types": sorted(wanted), "enabled": True}] if wanted else []
    setup += [{"types": sorted(old - wanted), "enabled": False}] if old - wanted else []
    eks.update_cluster_config(name=seen["id"], logging={"clusterLogging": setup})


_CHANGES = {
    # what one call of UpdateClusterConfig may change: its parameters and where they come from
    "vpcConfig": {"resourcesVpcConfig": "vpcConfig"},
    "accessConfig": {"accessConfig": "{authenticationMode: accessConfig.authenticationMode}"},
    "upgradePolicy": {},
    "zonalShiftConfig": {},
    "controlPlaneScalingConfig": {},
    "remoteNetworkConfig": {},
    "deletionProtection": {"deletionProtection": "deletionProtection || `false`"},
    "autoMode": {
        "computeConfig": "computeConfig",
        "storageConfig": "storageConfig",
        "kubernetesNetworkConfig": "{elasticLoadBalancing: kubernetesNetworkConfig.elasticLoadBalancing}",
    },
}
_CONFIGURABLE = frozenset({*_CHANGES, *_CHANGES["autoMode"]})


def _change(name: str) -> Call:
    given = _CHANGES[name]
    return Call("UpdateClusterConfig", {**_CLUSTER, **given}, without=_CONFIGURABLE - {name})


TYPES = [
    Type(
        "aws:eks/cluster:Cluster",
        client="eks",
        create=Call(
            "CreateCluster",
            {
                "resourcesVpcConfig": "vpcConfig",
                "logging": "enabledClusterLogTypes "
                "&& {clusterLogging: [{types: enabledClusterLogTypes, enabled: `true`}]} || `null`",
            },
            at="cluster",
        ),
        id="name",
        id_parts="{name}",
        read=(Call("DescribeCluster", {"name": "id || name"}, at="cluster"),),
        ready="status=='ACTIVE'",
        failed="status=='FAILED'",
        update=(
            Call("UpdateClusterVersion", {**_CLUSTER, "force": "forceUpdateVersion"}),
            Code(_types_of_logs, frozenset({"enabledClusterLogTypes"})),
            *(_change(name) for name in _CHANGES),
        ),
        delete=(Call("DeleteCluster", _CLUSTER),),
        delete_waits=True,
        name="name",
        replace=frozenset(
            {
                "name",
                "roleArn",
                "encryptionConfig",
                "bootstrapSelfManagedAddons",
                "accessConfig.bootstrapClusterCreatorAdminPermissions",
                "kubernetesNetworkConfig.ipFamily",
                "kubernetesNetworkConfig.serviceIpv4Cidr",
                "outpostConfig",
                "region",
            }
        ),
        defaults={"bootstrapSelfManagedAddons": True, "deletionProtection": False},
        grows=frozenset({"vpcConfig"}),
        local=frozenset({"forceUpdateVersion"}),
        back={
            "vpcConfig": "resourcesVpcConfig",
            "enabledClusterLogTypes": "logging.clusterLogging[?enabled].types[]",
            # What only a creation takes is in no answer.
            "accessConfig": "merge(given.accessConfig || `{}`, accessConfig || `{}`)",
            "bootstrapSelfManagedAddons": "given.bootstrapSelfManagedAddons",
        },
        outputs={
            "arn": "arn",
            "endpoint": "endpoint",
            "certificateAuthority": "certificateAuthority",
            "createdAt": "createdAt",
            "identities": "[{oidcs: [{issuer: identity.oidc.issuer}]}]",
            "platformVersion": "platformVersion",
            "status": "status",
            "version": "version",
            "vpcConfig": "resourcesVpcConfig",
        },
        tags=_tags("arn"),
    ),
    Type(
        "aws:eks/accessEntry:AccessEntry",
        client="eks",
        create=Call("CreateAccessEntry", at="accessEntry"),
        id="join(':', [clusterName, principalArn])",
        id_parts="{clusterName}:{principalArn}",
        read=(Call("DescribeAccessEntry", at="accessEntry"),),
        update=(Call("UpdateAccessEntry", {"kubernetesGroups": "kubernetesGroups || `[]`"}),),
        delete=(Call("DeleteAccessEntry"),),
        replace=frozenset({"clusterName", "principalArn", "type", "region"}),
        back={"kubernetesGroups": "kubernetesGroups", "userName": "username"},
        outputs={
            "accessEntryArn": "accessEntryArn",
            "createdAt": "createdAt",
            "modifiedAt": "modifiedAt",
            "userName": "username",
            "type": "type",
        },
        tags=_tags("accessEntryArn"),
    ),
    Type(
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        client="eks",
        create=Call("AssociateAccessPolicy", at="associatedAccessPolicy"),
        id="join('#', [clusterName, principalArn, policyArn])",
        id_parts="{clusterName}#{principalArn}#{policyArn}",
        read=(Call("ListAssociatedAccessPolicies", at="associatedAccessPolicies[?policyArn=='$policyArn'] | [0]"),),
        delete=(Call("DisassociateAccessPolicy"),),
        replace=frozenset({"clusterName", "principalArn", "policyArn", "accessScope", "region"}),
        outputs={"associatedAt": "associatedAt", "modifiedAt": "modifiedAt"},
    ),
    Type(
        "aws:eks/addon:Addon",
        client="eks",
        create=Call("CreateAddon", {"resolveConflicts": "resolveConflictsOnCreate"}, at="addon"),
        id="join(':', [clusterName, addonName])",
        id_parts="{clusterName}:{addonName}",
        read=(Call("DescribeAddon", at="addon"),),
        ready="status=='ACTIVE' || status=='DEGRADED'",
        failed="status=='CREATE_FAILED' || status=='UPDATE_FAILED'",
        update=(Call("UpdateAddon", {"resolveConflicts": "resolveConflictsOnUpdate"}),),
        delete=(Call("DeleteAddon", {"preserve": "preserve"}),),
        delete_waits=True,
        replace=frozenset({"clusterName", "addonName", "namespaceConfig", "region"}),
        local=frozenset({"preserve", "resolveConflictsOnCreate", "resolveConflictsOnUpdate"}),
        # An answer has the associations' ARNs where the program gives service account and role.
        back={"podIdentityAssociations": "given.podIdentityAssociations", "configurationValues": "configurationValues"},
        outputs={
            "arn": "addonArn",
            "addonVersion": "addonVersion",
            "createdAt": "createdAt",
            "modifiedAt": "modifiedAt",
        },
        tags=_tags("addonArn || arn"),
    ),
    Type(
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        client="eks",
        create=Call("CreatePodIdentityAssociation", at="association"),
        id="associationId",
        read=(Call("DescribePodIdentityAssociation", {"associationId": "id"}, at="association"),),
        find=Call(
            "ListPodIdentityAssociations",
            {"namespace": "namespace", "serviceAccount": "serviceAccount"},
            at="associations[0]",
        ),
        update=(Call("UpdatePodIdentityAssociation", {"associationId": "id"}),),
        delete=(Call("DeletePodIdentityAssociation", {"associationId": "id"}),),
        replace=frozenset({"clusterName", "namespace", "serviceAccount", "region"}),
        outputs={"associationArn": "associationArn", "associationId": "associationId", "externalId": "externalId"},
        tags=_tags("associationArn"),
    ),
]
