import json
from datetime import date
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
from slipway import versions
from slipway.serving import ModelService, ServingCluster

from tests.components.graph import Graph, declare
from tests.components.monitor import Resource
from tests.components.serving.conftest import CLUSTER_SECURITY_GROUP
from tests.components.serving.manifests import check, manifest, manifests
from tests.components.serving.test_model_service import ARGS as SERVICE

CLUSTER_KEY = "arn:aws:kms:eu-west-1:123456789012:key/0d4f4e52-8a3b-4f0e-9a39-1f0f5a0b6c11"
LOGS_KEY = "arn:aws:kms:eu-west-1:123456789012:key/9a0cf8a3-77c3-4b0c-8a55-2f6f3a1c7d22"
ADMIN = "arn:aws:iam::123456789012:role/platform-admin"
VIEWER = "arn:aws:iam::123456789012:role/teams/ml"
ARGS: dict[str, Any] = {
    "cluster_name": "acme-dev",
    "region": "eu-west-1",
    "vpc_id": "vpc-0123456789abcdef0",
    "control_plane_subnet_ids": ["subnet-intra-a", "subnet-intra-b"],
    "node_subnet_ids": ["subnet-private-a", "subnet-private-b"],
    "cluster_key_arn": CLUSTER_KEY,
    "logs_key_arn": LOGS_KEY,
    "admin_role_arns": [ADMIN],
}


def cluster(**args: Any) -> ServingCluster:
    given: Any = {key: value for key, value in {**ARGS, **args}.items() if value is not None}
    return ServingCluster("cluster", given)


def build(preview: bool = False, **args: Any) -> Graph[ServingCluster]:
    return declare(lambda: cluster(**args), preview=preview)


def eks(graph: Graph[Any]) -> Resource:
    return graph.one("aws:eks/cluster:Cluster")


def before(graph: Graph[Any], resource: Resource) -> set[str]:
    """Names of what is created before ``resource`` and deleted after it; a provider counts too, as for the engine."""
    found: set[str] = set()
    ahead = [resource]
    while ahead:
        item = ahead.pop()
        providers = {item.provider.rpartition("::")[0]} & {one.urn for one in graph.resources}
        for urn in {*item.dependencies, *providers}:
            other = graph.at(urn)
            if other.urn not in found:
                found.add(other.urn)
                ahead.append(other)
    return {graph.at(urn).name for urn in found}


def test_auto_mode_is_exactly_so(preview: bool) -> None:
    inputs = eks(build(preview)).inputs

    assert inputs["version"] == versions.KUBERNETES == "1.36"
    assert inputs["computeConfig"] == {"enabled": True, "nodePools": []}
    assert inputs["kubernetesNetworkConfig"] == {"elasticLoadBalancing": {"enabled": True}}
    assert inputs["storageConfig"] == {"blockStorage": {"enabled": True}}
    assert inputs["bootstrapSelfManagedAddons"] is False
    assert inputs["accessConfig"] == {
        "authenticationMode": "API",
        "bootstrapClusterCreatorAdminPermissions": False,
    }
    assert inputs["upgradePolicy"] == {"supportType": "STANDARD"}
    assert inputs["encryptionConfig"] == {"provider": {"keyArn": CLUSTER_KEY}, "resources": ["secrets"]}
    assert inputs["tags"] == {"data-class": "cluster"}
    assert inputs["name"] == "acme-dev"


def test_the_endpoint_is_private_unless_networks_are_named() -> None:
    private = eks(build()).inputs["vpcConfig"]
    public = eks(build(public_access_cidrs=["203.0.113.0/24"])).inputs["vpcConfig"]

    assert (private["endpointPrivateAccess"], private["endpointPublicAccess"]) == (True, False)
    assert "publicAccessCidrs" not in private
    assert private["subnetIds"] == ["subnet-intra-a", "subnet-intra-b"]
    assert (public["endpointPrivateAccess"], public["endpointPublicAccess"]) == (True, True)
    assert public["publicAccessCidrs"] == ["203.0.113.0/24"]


def test_named_networks_reach_the_private_endpoint() -> None:
    graph = build(private_access_cidrs=["10.99.0.0/16"], tags={"team": "ml"})

    group = graph.one("aws:ec2/securityGroup:SecurityGroup")
    assert (group.inputs["vpcId"], group.inputs["egress"]) == (ARGS["vpc_id"], [])
    assert eks(graph).inputs["vpcConfig"]["securityGroupIds"] == [group.outputs["id"]]
    rule = graph.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert rule.name == "cluster-api-10.99.0.0/16"
    assert (rule.inputs["cidrIpv4"], rule.inputs["fromPort"], rule.inputs["toPort"]) == ("10.99.0.0/16", 443, 443)
    assert not build().all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")


def test_logs_go_to_a_group_that_is_there_first() -> None:
    graph = build(log_types=["authenticator", "audit"], log_days=14)

    group = graph.one("aws:cloudwatch/logGroup:LogGroup")
    assert group.inputs["name"] == "/aws/eks/acme-dev/cluster"
    assert (group.inputs["retentionInDays"], group.inputs["kmsKeyId"]) == (14, LOGS_KEY)
    assert group.inputs["tags"] == {"data-class": "logs"}
    assert graph.waits_for(eks(graph), group)
    assert eks(graph).inputs["enabledClusterLogTypes"] == ["audit", "authenticator"]
    assert len(eks(build()).inputs["enabledClusterLogTypes"]) == 5


def test_roles_have_auto_modes_policies_and_no_others(preview: bool) -> None:
    boundary = "arn:aws:iam::123456789012:policy/boundary"
    graph = build(preview, permissions_boundary_arn=boundary)

    attached = {
        one.inputs["policyArn"].rpartition("/")[2]
        for one in graph.all("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    }
    assert attached == {
        "AmazonEKSClusterPolicy",
        "AmazonEKSComputePolicy",
        "AmazonEKSBlockStoragePolicy",
        "AmazonEKSLoadBalancingPolicy",
        "AmazonEKSNetworkingPolicy",
        "AmazonEKSWorkerNodeMinimalPolicy",
        "AmazonEC2ContainerRegistryPullOnly",
    }
    roles = graph.all("aws:iam/role:Role")
    assert [role.inputs["permissionsBoundary"] for role in roles] == [boundary, boundary]
    (trust,) = graph.named("cluster-node", "aws:iam/role:Role").document("assumeRolePolicy")["Statement"]
    assert (trust["Principal"], trust["Action"]) == ({"Service": "ec2.amazonaws.com"}, ["sts:AssumeRole"])
    if not preview:
        (trust,) = graph.named("cluster-cluster", "aws:iam/role:Role").document("assumeRolePolicy")["Statement"]
        assert trust["Principal"] == {"Service": "eks.amazonaws.com"}
        assert trust["Action"] == ["sts:AssumeRole", "sts:TagSession"]
        assert trust["Condition"] == {
            "StringEquals": {"aws:SourceAccount": "123456789012"},
            "ArnLike": {"aws:SourceArn": "arn:aws:eks:eu-west-1:123456789012:cluster/acme-dev"},
        }
    assert not graph.all("aws:iam/rolePolicy:RolePolicy")


def test_managed_policies_are_those_of_the_partition() -> None:
    graph = build(admin_role_arns=["arn:aws-cn:iam::123456789012:role/platform-admin"])

    attachments = graph.all("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert all(one.inputs["policyArn"].startswith("arn:aws-cn:iam::aws:policy/") for one in attachments)


def test_access_entries() -> None:
    graph = build(viewer_role_arns=[VIEWER])

    entries = {one.name: one.inputs for one in graph.all("aws:eks/accessEntry:AccessEntry")}
    associations = {
        one.name: one.inputs for one in graph.all("aws:eks/accessPolicyAssociation:AccessPolicyAssociation")
    }
    node_role = graph.named("cluster-node", "aws:iam/role:Role").outputs["arn"]
    admin, viewer, node = (
        "cluster-admin-123456789012-platform-admin",
        "cluster-viewer-123456789012-teams-ml",
        "cluster-node",
    )
    assert {name: (one["principalArn"], one["type"]) for name, one in entries.items()} == {
        admin: (ADMIN, "STANDARD"),
        viewer: (VIEWER, "STANDARD"),
        node: (node_role, "EC2"),
    }
    policy = "arn:aws:eks::aws:cluster-access-policy"
    assert {name: one["policyArn"] for name, one in associations.items()} == {
        admin: f"{policy}/AmazonEKSClusterAdminPolicy",
        viewer: f"{policy}/AmazonEKSViewPolicy",
        node: f"{policy}/AmazonEKSAutoNodePolicy",
    }
    assert all(one["accessScope"] == {"type": "cluster"} for one in associations.values())


@pytest.mark.parametrize("protection", [True, False])
def test_deletion_protection(protection: bool) -> None:
    found = eks(build(deletion_protection=protection))

    assert (found.protect, found.inputs["deletionProtection"]) == (protection, protection)


def test_kubeconfig_asks_for_tokens_and_is_a_secret() -> None:
    graph = build()

    for provider in graph.all("pulumi:providers:kubernetes"):
        assert "kubeconfig" in provider.secrets
        assert provider.inputs["clusterIdentifier"] == eks(graph).outputs["arn"]
        assert provider.inputs["enableServerSideApply"] == "true"
    component = graph.named("cluster", "slipway:index:ServingCluster")
    assert "kubeconfig" in component.secret_outputs
    config = json.loads(graph.outputs("cluster")["kubeconfig"])
    assert config["clusters"][0]["cluster"]["server"] == eks(graph).outputs["endpoint"]
    user = config["users"][0]["user"]
    assert [user["exec"]["command"], *user["exec"]["args"]] == [
        *("aws", "eks", "get-token", "--cluster-name", "acme-dev", "--region", "eu-west-1", "--output", "json")
    ]
    assert list(user) == ["exec"]


def test_outputs(preview: bool) -> None:
    graph = build(preview)

    outputs = graph.outputs("cluster")
    assert set(outputs) == {"clusterName", "clusterArn", "kubeconfig", "clusterSecurityGroupId"}
    if not preview:
        assert outputs["clusterName"] == "acme-dev"
        assert outputs["clusterSecurityGroupId"] == CLUSTER_SECURITY_GROUP
    assert isinstance(graph.built.kubernetes, k8s.Provider)


def test_node_class() -> None:
    graph = build()

    node_class = manifest(graph, "NodeClass", "slipway")
    assert node_class["apiVersion"] == "eks.amazonaws.com/v1"
    assert node_class["spec"] == {
        "role": graph.named("cluster-node", "aws:iam/role:Role").outputs["name"],
        "subnetSelectorTerms": [{"id": "subnet-private-a"}, {"id": "subnet-private-b"}],
        "securityGroupSelectorTerms": [{"id": CLUSTER_SECURITY_GROUP}],
        "ephemeralStorage": {"size": "100Gi", "iops": 3000, "throughput": 250},
        "networkPolicy": "DefaultAllow",
        "networkPolicyEventLogs": "Disabled",
    }
    switch = manifest(graph, "ConfigMap", "amazon-vpc-cni")
    assert switch["metadata"]["namespace"] == "kube-system"
    assert switch["data"] == {"enable-network-policy-controller": "true"}


@pytest.mark.parametrize(("spot", "capacity"), [(False, ["on-demand"]), (True, ["on-demand", "spot"])])
def test_node_pools(spot: bool, capacity: list[str]) -> None:
    graph = build(cpu_limit=32, spot=spot, gpu_limit=8, gpu_instance_families=["g6e"])

    general = manifest(graph, "NodePool", "general")["spec"]
    gpu = manifest(graph, "NodePool", "gpu")["spec"]
    assert (general["limits"], gpu["limits"]) == ({"cpu": "32"}, {"nvidia.com/gpu": "8"})
    assert general["disruption"]["consolidationPolicy"] == "WhenEmptyOrUnderutilized"
    assert gpu["disruption"]["consolidationPolicy"] == "WhenEmpty"
    for pool in (general, gpu):
        node = pool["template"]["spec"]
        assert node["nodeClassRef"] == {"group": "eks.amazonaws.com", "kind": "NodeClass", "name": "slipway"}
        assert {one["key"]: one["values"] for one in node["requirements"]}["karpenter.sh/capacity-type"] == capacity
        assert pool["disruption"]["budgets"] == [{"nodes": "10%"}]
    node = gpu["template"]
    assert node["spec"]["taints"] == [{"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}]
    assert {"key": "eks.amazonaws.com/instance-family", "operator": "In", "values": ["g6e"]} in node["spec"][
        "requirements"
    ]
    assert "taints" not in general["template"]["spec"]


def test_a_gpu_workload_fits_the_gpu_pool() -> None:
    def program() -> None:
        made = cluster(gpu_limit=1)
        given: Any = {**SERVICE, "gpus": 1}
        ModelService("flight-delay", given, pulumi.ResourceOptions(providers=[made.kubernetes]))

    graph = declare(program)
    pod = manifest(graph, "Deployment", "flight-delay")["spec"]["template"]["spec"]
    node = manifest(graph, "NodePool", "gpu")["spec"]["template"]
    assert pod["nodeSelector"].items() <= node["metadata"]["labels"].items()
    assert {one["key"] for one in node["spec"]["taints"]} <= {one["key"] for one in pod["tolerations"]}


def test_no_gpu_pool_without_a_limit() -> None:
    graph = build()

    assert [one["metadata"]["name"] for one in manifests(graph) if one["kind"] == "NodePool"] == ["general"]
    assert manifest(graph, "ResourceQuota", "quota")["spec"]["hard"]["requests.nvidia.com/gpu"] == "0"


def test_every_object_is_valid_in_every_accepted_kubernetes(preview: bool) -> None:
    graph = build(preview, gpu_limit=2, namespaces=["models", "batch"])

    assert check(manifests(graph)) == 1 + 2 * 5


def test_namespaces_are_restricted_closed_and_bounded() -> None:
    graph = build(version="1.37", cpu_limit=16, namespace_cpu=8, namespace_memory_gib=32)

    labels = manifest(graph, "Namespace", "models")["metadata"]["labels"]
    for mode in ("enforce", "audit", "warn"):
        assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted"
        assert labels[f"pod-security.kubernetes.io/{mode}-version"] == "v1.37"
    assert labels["slipway.dev/routes"] == "true"  # what the gateway lets attach
    deny = manifest(graph, "NetworkPolicy", "default-deny")
    assert deny["metadata"]["namespace"] == "models"
    assert deny["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    dns = manifest(graph, "NetworkPolicy", "allow-dns")["spec"]
    assert dns["policyTypes"] == ["Egress"]
    assert [(port["protocol"], port["port"]) for port in dns["egress"][0]["ports"]] == [("UDP", 53), ("TCP", 53)]
    assert manifest(graph, "ResourceQuota", "quota")["spec"]["hard"] == {
        "requests.cpu": "8",
        "requests.memory": "32Gi",
        "limits.memory": "32Gi",
        "requests.nvidia.com/gpu": "0",
        "services.loadbalancers": "0",
        "services.nodeports": "0",
    }
    (limits,) = manifest(graph, "LimitRange", "defaults")["spec"]["limits"]
    assert limits["default"]["memory"] == limits["defaultRequest"]["memory"]


def test_default_quota_follows_the_cpu_limit() -> None:
    hard = manifest(build(cpu_limit=10), "ResourceQuota", "quota")["spec"]["hard"]

    assert (hard["requests.cpu"], hard["requests.memory"]) == ("10", "40Gi")


def test_addons_are_those_that_auto_mode_lacks_and_pinned() -> None:
    graph = build()

    (addon,) = graph.all("aws:eks/addon:Addon")
    assert (addon.inputs["addonName"], addon.inputs["addonVersion"]) == (
        "metrics-server",
        versions.METRICS_SERVER_ADDON,
    )
    assert graph.waits_for(addon, graph.named("cluster-nodes-general"))


def test_what_runs_on_the_cluster_goes_before_what_it_needs() -> None:
    def program() -> None:
        made = cluster()
        given: Any = SERVICE
        ModelService("flight-delay", given, pulumi.ResourceOptions(providers=[made.kubernetes]))

    graph = declare(program)
    workload = before(graph, graph.one("kubernetes:apps/v1:Deployment"))
    assert {
        "cluster-models",
        "cluster-models-deny",
        "cluster-nodes",
        "cluster-nodes-general",
        "cluster-metrics-server",
        "cluster-cluster",
    } <= workload
    pool = before(graph, graph.named("cluster-nodes-general"))
    assert {
        "cluster-nodes",
        "cluster-network-policies",
        "cluster-node",
        "cluster-node-AmazonEKSWorkerNodeMinimalPolicy",
        "cluster-admin-123456789012-platform-admin",
        "cluster-cluster",
    } <= pool
    for resource in graph.resources:
        if resource.type.startswith("kubernetes:"):
            assert "cluster-admin-123456789012-platform-admin" in before(graph, resource)
            assert "cluster-cluster" in before(graph, resource)
    assert before(graph, eks(graph)) >= {"cluster-logs", "cluster-cluster-AmazonEKSComputePolicy"}


def test_children_belong_to_the_component() -> None:
    graph = build()

    assert {one.urn for one in graph.resources if one.custom} == {one.urn for one in graph.children("cluster")}


def test_subnets_may_be_outputs() -> None:
    graph = declare(
        lambda: cluster(
            **{
                key: pulumi.Output.from_input(ARGS[key])
                for key in ("vpc_id", "control_plane_subnet_ids", "node_subnet_ids", "cluster_key_arn", "logs_key_arn")
            }
        )
    )

    assert eks(graph).inputs["vpcConfig"]["subnetIds"] == ["subnet-intra-a", "subnet-intra-b"]
    assert manifest(graph, "NodeClass", "slipway")["spec"]["subnetSelectorTerms"] == [
        {"id": "subnet-private-a"},
        {"id": "subnet-private-b"},
    ]


def test_a_version_near_its_end_is_warned_about(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, resource=None: said.append(text))

    monkeypatch.setitem(versions.KUBERNETES_SUPPORT_ENDS, "1.36", date(2999, 1, 1))
    build()
    assert said == []
    monkeypatch.setitem(versions.KUBERNETES_SUPPORT_ENDS, "1.36", date(2026, 1, 1))
    build()
    assert len(said) == 1
    assert said[0].startswith("Kubernetes 1.36: standard support on EKS ended on 2026-01-01; ")


ROLE = r"accepted: a role's ARN: arn:aws:iam::<account>:role/<name>: received: "
NETWORK = r"accepted: an IPv4 network of /8 or smaller, such as 203\.0\.113\.0/24: received: "
OWN = (
    r"accepted: 1 to 63 of a-z, .*; not default, kube-\.\.\. or amazon-\.\.\., which are the cluster's own: received: "
)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"cluster_name": "no spaces"}, "cluster_name: accepted: a cluster's name: 1 to 100 letters.*'no spaces'"),
        ({"cluster_name": None}, "cluster_name: accepted: a cluster's name: .*: received: None"),
        ({"region": None}, "region: accepted: a region such as eu-west-1: received: None"),
        ({"region": "ireland"}, "region: accepted: a region such as eu-west-1: received: 'ireland'"),
        ({"vpc_id": None}, "vpc_id: accepted: the id of a VPC: received: None"),
        ({"node_subnet_ids": None}, "node_subnet_ids: accepted: ids of subnets for nodes and pods: received: None"),
        (
            {"control_plane_subnet_ids": ["a"]},
            r"control_plane_subnet_ids: accepted: ids of .* two zones: received: \['a'\]",
        ),
        ({"cluster_key_arn": "alias/cluster"}, "cluster_key_arn: accepted: a KMS key's ARN: received: 'alias/cluster'"),
        ({"logs_key_arn": None}, "logs_key_arn: accepted: a KMS key's ARN: received: None"),
        ({"version": "1.34"}, r"version: accepted: one of 1\.35, 1\.36, 1\.37: received: '1\.34'"),
        ({"version": "1.38"}, r"version: accepted: one of 1\.35, 1\.36, 1\.37: received: '1\.38'"),
        ({"version": 1.36}, r"version: accepted: one of 1\.35, 1\.36, 1\.37: received: 1\.36"),
        ({"admin_role_arns": []}, r"admin_role_arns: accepted: at least 1 entry: received: \[\]"),
        ({"admin_role_arns": None}, "admin_role_arns: accepted: a list of text: received: None"),
        ({"admin_role_arns": ["admin"]}, rf"admin_role_arns\[0\]: {ROLE}'admin'"),
        ({"viewer_role_arns": ["arn:aws:iam::123456789012:user/me"]}, rf"viewer_role_arns\[0\]: {ROLE}"),
        (
            {"viewer_role_arns": [ADMIN]},
            "viewer_role_arns: accepted: roles that are not among admin_role_arns: received: ",
        ),
        ({"public_access_cidrs": ["0.0.0.0/0"]}, rf"public_access_cidrs\[0\]: {NETWORK}'0\.0\.0\.0/0'"),
        ({"public_access_cidrs": ["0.0.0.0/1", "128.0.0.0/1"]}, rf"public_access_cidrs\[0\]: {NETWORK}'0\.0\.0\.0/1'"),
        ({"public_access_cidrs": ["203.0.113.1/24"]}, rf"public_access_cidrs\[0\]: {NETWORK}"),
        ({"private_access_cidrs": ["10.0.0.0/16", "vpn"]}, rf"private_access_cidrs\[1\]: {NETWORK}'vpn'"),
        ({"log_types": ["audit", "kubelet"]}, r"log_types\[1\]: accepted: one of api, audit, .*: received: 'kubelet'"),
        ({"log_types": ["api"]}, r"log_types: accepted: audit and others.*: received: \['api'\]"),
        ({"log_days": 15}, "log_days: accepted: one of 1, 3, 5, .*: received: 15"),
        ({"cpu_limit": 1}, "cpu_limit: accepted: a whole number from 2 to 100000: received: 1"),
        ({"spot": "yes"}, "spot: accepted: true or false: received: 'yes'"),
        ({"gpu_limit": -1}, "gpu_limit: accepted: a whole number from 0 to 10000: received: -1"),
        ({"gpu_instance_families": ["g6"]}, "gpu_instance_families: accepted: nothing while gpu_limit is 0.*'g6'"),
        (
            {"gpu_limit": 1, "gpu_instance_families": []},
            r"gpu_instance_families: accepted: at least 1 entry: received: \[\]",
        ),
        (
            {"gpu_limit": 1, "gpu_instance_families": ["g6.xlarge"]},
            r"gpu_instance_families\[0\]: accepted: an instance family such as g6: received: 'g6\.xlarge'",
        ),
        ({"namespaces": ["default"]}, rf"namespaces\[0\]: {OWN}'default'"),
        ({"namespaces": ["models", "kube-system"]}, rf"namespaces\[1\]: {OWN}'kube-system'"),
        ({"namespaces": ["Models"]}, rf"namespaces\[0\]: {OWN}'Models'"),
        ({"namespace_cpu": 0}, "namespace_cpu: accepted: a whole number from 1 to 100000: received: 0"),
        (
            {"namespace_memory_gib": 1.5},
            r"namespace_memory_gib: accepted: a whole number from 1 to 1000000: received: 1\.5",
        ),
        (
            {"deletion_protection": None, "delete": True},
            "delete: accepted: no such argument; there are admin_role_arns, ",
        ),
        ({"deletion_protection": "no"}, "deletion_protection: accepted: true or false: received: 'no'"),
        (
            {"permissions_boundary_arn": "boundary"},
            "permissions_boundary_arn: accepted: a managed policy's ARN: received: ",
        ),
    ],
)
def test_refused(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(**args)
