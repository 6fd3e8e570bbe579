"""Clusters: AWS's defaults when nothing is said, its refusals, and everything that belongs to one."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.cloud.helpers import ACCOUNT, Call, make_role, make_subnets, refused

KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k"
AUTO_MODE = {
    "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
    "bootstrapSelfManagedAddons": False,
    "computeConfig": {"enabled": True},
    "storageConfig": {"blockStorage": {"enabled": True}},
    "kubernetesNetworkConfig": {"elasticLoadBalancing": {"enabled": True}},
}
Make = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def basics(aws: Call) -> dict[str, Any]:
    _, subnets = make_subnets(aws)
    return {"roleArn": make_role(aws, "eks-cluster"), "resourcesVpcConfig": {"subnetIds": subnets}}


@pytest.fixture
def eks(aws: Call) -> Any:
    return aws("eks")


@pytest.fixture
def make(eks: Any, basics: dict[str, Any]) -> Make:
    def cluster(name: str, **more: Any) -> dict[str, Any]:
        network = {**basics["resourcesVpcConfig"], **more.pop("resourcesVpcConfig", {})}
        return dict(eks.create_cluster(**{**basics, "name": name, "resourcesVpcConfig": network, **more})["cluster"])

    return cluster


def test_defaults(aws: Call, eks: Any, make: Make) -> None:
    make("plain")
    cluster = eks.describe_cluster(name="plain")["cluster"]
    network = cluster["resourcesVpcConfig"]
    assert (network["endpointPublicAccess"], network["endpointPrivateAccess"]) == (True, False)
    assert network["publicAccessCidrs"] == ["0.0.0.0/0"]
    assert "encryptionConfig" not in cluster
    assert cluster["deletionProtection"] is False
    assert cluster["upgradePolicy"] == {"supportType": "EXTENDED"}
    assert cluster["accessConfig"]["authenticationMode"] == "CONFIG_MAP"
    assert [entry["enabled"] for entry in cluster["logging"]["clusterLogging"]] == [False]
    assert cluster["kubernetesNetworkConfig"]["elasticLoadBalancing"] == {"enabled": False}
    (group,) = aws("ec2").describe_security_groups(GroupIds=[network["clusterSecurityGroupId"]])["SecurityGroups"]
    assert group["VpcId"] == network["vpcId"]
    eks.delete_cluster(name="plain")
    with refused("InvalidGroup.NotFound"):
        aws("ec2").describe_security_groups(GroupIds=[group["GroupId"]])
    with refused("ResourceNotFoundException", "No cluster found for name: plain."):
        eks.describe_cluster(name="plain")


def test_everything_that_is_said_is_kept(aws: Call, eks: Any, make: Make) -> None:
    aws("logs").create_log_group(logGroupName="/aws/eks/full/cluster")
    make(
        "full",
        **AUTO_MODE,
        version="1.36",
        resourcesVpcConfig={"endpointPublicAccess": False, "endpointPrivateAccess": True},
        encryptionConfig=[{"resources": ["secrets"], "provider": {"keyArn": KEY}}],
        logging={"clusterLogging": [{"types": ["audit", "api"], "enabled": True}]},
        upgradePolicy={"supportType": "STANDARD"},
        deletionProtection=True,
        zonalShiftConfig={"enabled": True},
        tags={"data-class": "cluster"},
    )
    cluster = eks.describe_cluster(name="full")["cluster"]
    assert cluster["computeConfig"] == {"enabled": True}
    assert cluster["storageConfig"] == {"blockStorage": {"enabled": True}}
    assert cluster["kubernetesNetworkConfig"]["elasticLoadBalancing"] == {"enabled": True}
    assert cluster["accessConfig"] == {"authenticationMode": "API"}
    assert cluster["encryptionConfig"] == [{"resources": ["secrets"], "provider": {"keyArn": KEY}}]
    assert cluster["upgradePolicy"] == {"supportType": "STANDARD"}
    assert cluster["zonalShiftConfig"] == {"enabled": True}
    assert (cluster["version"], cluster["deletionProtection"], cluster["tags"]) == (
        *("1.36", True),
        {"data-class": "cluster"},
    )
    assert cluster["resourcesVpcConfig"]["publicAccessCidrs"] == []
    assert cluster["logging"]["clusterLogging"] == [
        {"types": ["api", "audit"], "enabled": True},
        {"types": ["authenticator", "controllerManager", "scheduler"], "enabled": False},
    ]
    assert eks.list_access_entries(clusterName="full")["accessEntries"] == []
    with refused("ResourceInUseException"):
        make("full")
    with refused("InvalidRequestException", "deletion protection"):
        eks.delete_cluster(name="full")
    eks.update_cluster_config(name="full", deletionProtection=False)
    eks.delete_cluster(name="full")


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"version": "1.20"}, "unsupported Kubernetes version 1.20"),
        ({"roleArn": f"arn:aws:iam::{ACCOUNT}:role/missing"}, "The role with name missing cannot be found"),
        ({"resourcesVpcConfig": {"subnetIds": ["subnet-0"]}}, "The subnet ID 'subnet-0' does not exist"),
        ({"resourcesVpcConfig": {"endpointPublicAccess": False}}, "Private and public endpoint access cannot be false"),
        ({**AUTO_MODE, "storageConfig": {"blockStorage": {"enabled": False}}}, "either fully enabled or fully"),
        ({**AUTO_MODE, "computeConfig": {"enabled": True, "nodeRoleArn": "arn:aws:iam::1:role/n"}}, "nodePool value"),
        ({**AUTO_MODE, "accessConfig": {}}, "needs authenticationMode API"),
        ({**AUTO_MODE, "bootstrapSelfManagedAddons": True}, "bootstrapSelfManagedAddons to be false"),
    ],
)
def test_refusals(make: Make, wrong: dict[str, Any], text: str) -> None:
    with refused("InvalidParameterException", text):
        make("refused", **wrong)


def test_subnets_in_one_zone(basics: dict[str, Any], make: Make) -> None:
    one = basics["resourcesVpcConfig"]["subnetIds"][:1]
    with refused("InvalidParameterException", "at least two different AZs"):
        make("one-zone", resourcesVpcConfig={"subnetIds": one})


def test_logs_without_a_group_get_an_endless_one(aws: Call, make: Make) -> None:
    make("talkative", logging={"clusterLogging": [{"types": ["audit"], "enabled": True}]})
    (group,) = aws("logs").describe_log_groups(logGroupNamePrefix="/aws/eks/talkative/cluster")["logGroups"]
    assert "retentionInDays" not in group


def test_updates(eks: Any, make: Make) -> None:
    make("changing", version="1.35", accessConfig={"authenticationMode": "API"})
    network = {"endpointPublicAccess": True, "endpointPrivateAccess": True, "publicAccessCidrs": ["10.1.0.0/16"]}
    update = eks.update_cluster_config(name="changing", resourcesVpcConfig=network)["update"]
    assert (update["type"], update["status"]) == ("VpcConfigUpdate", "Successful")
    assert eks.describe_update(name="changing", updateId=update["id"])["update"]["id"] == update["id"]
    assert eks.list_updates(name="changing")["updateIds"] == [update["id"]]
    eks.update_cluster_config(
        name="changing", logging={"clusterLogging": [{"types": ["audit", "scheduler"], "enabled": True}]}
    )
    eks.update_cluster_config(name="changing", logging={"clusterLogging": [{"types": ["audit"], "enabled": False}]})
    cluster = eks.describe_cluster(name="changing")["cluster"]
    assert cluster["logging"]["clusterLogging"][0] == {"types": ["scheduler"], "enabled": True}
    assert {key: cluster["resourcesVpcConfig"][key] for key in network} == network
    eks.update_cluster_version(name="changing", version="1.36")
    assert eks.describe_cluster(name="changing")["cluster"]["version"] == "1.36"
    eks.associate_encryption_config(
        clusterName="changing", encryptionConfig=[{"resources": ["secrets"], "provider": {"keyArn": KEY}}]
    )
    assert eks.describe_cluster(name="changing")["cluster"]["encryptionConfig"][0]["provider"]["keyArn"] == KEY

    invalid = "InvalidParameterException"
    with refused(invalid, "Only one type of update"):
        eks.update_cluster_config(name="changing", deletionProtection=True, zonalShiftConfig={"enabled": True})
    with refused(invalid, "No changes needed for the resourcesVpcConfig"):
        eks.update_cluster_config(name="changing", resourcesVpcConfig=network)
    with refused(invalid, "Unsupported authentication mode update from API to CONFIG_MAP"):
        eks.update_cluster_config(name="changing", accessConfig={"authenticationMode": "CONFIG_MAP"})
    with refused(invalid, "either fully enabled or fully disabled"):
        eks.update_cluster_config(name="changing", computeConfig={"enabled": True})
    with refused(invalid, "Unsupported Kubernetes minor version update from 1.36 to 1.35"):
        eks.update_cluster_version(name="changing", version="1.35")
    with refused(invalid, "already associated"):
        eks.associate_encryption_config(
            clusterName="changing", encryptionConfig=[{"resources": ["secrets"], "provider": {"keyArn": KEY}}]
        )
    with refused("ResourceNotFoundException"):
        eks.describe_update(name="changing", updateId="none")


def test_access_entries(eks: Any, make: Make) -> None:
    make("entered", accessConfig={"authenticationMode": "API"})
    (creator,) = eks.list_access_entries(clusterName="entered")["accessEntries"]
    policies = eks.list_associated_access_policies(clusterName="entered", principalArn=creator)
    assert policies["associatedAccessPolicies"][0]["policyArn"].endswith("/AmazonEKSClusterAdminPolicy")

    who = {"clusterName": "entered", "principalArn": f"arn:aws:iam::{ACCOUNT}:role/team/viewer"}
    entry = eks.create_access_entry(**who, tags={"a": "b"})["accessEntry"]
    assert (entry["type"], entry["kubernetesGroups"]) == ("STANDARD", [])
    assert entry["username"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/viewer/{{{{SessionName}}}}"
    with refused("ResourceInUseException"):
        eks.create_access_entry(**who)
    eks.update_access_entry(**who, kubernetesGroups=["viewers"])
    assert eks.describe_access_entry(**who)["accessEntry"]["kubernetesGroups"] == ["viewers"]

    view = {"policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"}
    scope = {"type": "namespace", "namespaces": ["models"]}
    eks.associate_access_policy(**who, **view, accessScope=scope)
    (found,) = eks.list_associated_access_policies(**who)["associatedAccessPolicies"]
    assert (found["policyArn"], found["accessScope"]) == (view["policyArn"], scope)
    assert eks.list_access_entries(clusterName="entered", associatedPolicyArn=view["policyArn"])["accessEntries"] == [
        who["principalArn"]
    ]
    with refused("InvalidParameterException", "accessScope"):
        eks.associate_access_policy(**who, **view, accessScope={"type": "namespace"})
    with refused("InvalidParameterException", "policyArn"):
        eks.associate_access_policy(**who, policyArn="arn:aws:iam::aws:policy/X", accessScope={"type": "cluster"})
    eks.disassociate_access_policy(**who, **view)
    with refused("ResourceNotFoundException"):
        eks.disassociate_access_policy(**who, **view)
    eks.delete_access_entry(**who)
    with refused("ResourceNotFoundException"):
        eks.describe_access_entry(**who)

    node = {"clusterName": "entered", "principalArn": f"arn:aws:iam::{ACCOUNT}:role/node", "type": "EC2"}
    assert eks.create_access_entry(**node)["accessEntry"]["username"] == "system:node:{{EC2PrivateDNSName}}"
    with refused("InvalidParameterException", "kubernetesGroups cannot be set"):
        eks.create_access_entry(**{**node, "principalArn": who["principalArn"]}, kubernetesGroups=["x"])
    with refused("InvalidParameterException", "The type NONE is not valid"):
        eks.create_access_entry(**who, type="NONE")


def test_access_entries_need_the_api_mode(eks: Any, make: Make) -> None:
    make("by-config-map")
    with refused("InvalidRequestException", "authentication mode must be set to one of"):
        eks.create_access_entry(clusterName="by-config-map", principalArn=f"arn:aws:iam::{ACCOUNT}:role/r")


def test_addons(eks: Any, make: Make) -> None:
    make("extended")
    addon = {"clusterName": "extended", "addonName": "metrics-server"}
    made = eks.create_addon(**addon, addonVersion="v0.9.0-eksbuild.11", configurationValues="{}")["addon"]
    assert (made["status"], made["addonVersion"]) == ("ACTIVE", "v0.9.0-eksbuild.11")
    with refused("ResourceInUseException"):
        eks.create_addon(**addon)
    update = eks.update_addon(**addon, addonVersion="v0.9.1-eksbuild.1")["update"]
    assert update["type"] == "AddonUpdate"
    assert eks.describe_addon(**addon)["addon"]["addonVersion"] == "v0.9.1-eksbuild.1"
    assert eks.list_addons(clusterName="extended")["addons"] == ["metrics-server"]
    with refused("InvalidParameterException", "Addon version specified is not supported: 1.0"):
        eks.update_addon(**addon, addonVersion="1.0")
    with refused("InvalidParameterException", "Addon specified is not supported: nothing"):
        eks.create_addon(clusterName="extended", addonName="nothing")
    eks.delete_addon(**addon)
    with refused("ResourceNotFoundException"):
        eks.describe_addon(**addon)


def test_pod_identities(eks: Any, make: Make) -> None:
    make("inhabited")
    pod = {"clusterName": "inhabited", "namespace": "models", "serviceAccount": "flight-delay"}
    role = f"arn:aws:iam::{ACCOUNT}:role/reader"
    made = eks.create_pod_identity_association(**pod, roleArn=role)["association"]
    one = {"clusterName": "inhabited", "associationId": made["associationId"]}
    with refused("ResourceInUseException", "Association already exists"):
        eks.create_pod_identity_association(**pod, roleArn=role)
    eks.update_pod_identity_association(**one, roleArn=role + "2")
    assert eks.describe_pod_identity_association(**one)["association"]["roleArn"] == role + "2"
    (found,) = eks.list_pod_identity_associations(clusterName="inhabited", namespace="models")["associations"]
    assert found["associationId"] == made["associationId"]
    assert eks.list_pod_identity_associations(clusterName="inhabited", namespace="other")["associations"] == []
    eks.delete_pod_identity_association(**one)
    with refused("ResourceNotFoundException"):
        eks.describe_pod_identity_association(**one)


def test_tags_of_everything(eks: Any, make: Make) -> None:
    cluster = make("tagged", accessConfig={"authenticationMode": "API"})
    entry = eks.create_access_entry(clusterName="tagged", principalArn=f"arn:aws:iam::{ACCOUNT}:role/r")
    addon = eks.create_addon(clusterName="tagged", addonName="coredns", tags={"a": "1"})
    pod = eks.create_pod_identity_association(
        clusterName="tagged", namespace="n", serviceAccount="s", roleArn=f"arn:aws:iam::{ACCOUNT}:role/r"
    )
    for arn in (
        cluster["arn"],
        entry["accessEntry"]["accessEntryArn"],
        addon["addon"]["addonArn"],
        pod["association"]["associationArn"],
    ):
        eks.tag_resource(resourceArn=arn, tags={"a": "2", "b": "3"})
        eks.untag_resource(resourceArn=arn, tagKeys=["b", "none"])
        assert eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "2"}
    with refused("NotFoundException", "No resource found"):
        eks.list_tags_for_resource(resourceArn=cluster["arn"] + "x")


def test_what_belongs_to_a_cluster_goes_with_it(eks: Any, make: Make) -> None:
    make("going")
    eks.create_addon(clusterName="going", addonName="coredns")
    eks.delete_cluster(name="going")
    make("going")
    assert eks.list_addons(clusterName="going")["addons"] == []
