"""The walk sees every kind of thing, with its tags, and nothing that AWS makes by itself."""

from collections.abc import Iterator

import pytest

from sandbox.cloud.clients import client
from sandbox.cloud.inventory import PENDING_DELETION, Item, inventory
from sandbox.cloud.process import Cloud, ensure, stop
from tests.sandbox.cloud.helpers import Call, make_role, make_subnets


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud in which nobody else makes anything."""
    directory = tmp_path_factory.mktemp("empty")
    yield ensure(directory)
    stop(directory)


def test_everything_is_seen(empty: Cloud) -> None:
    environment = empty.environment("eu-west-1")

    def aws(service: str) -> object:
        return client(service, environment)

    assert inventory(environment) == []
    expected = _make_one_of_each(aws)
    before = empty.writes()
    assert inventory(environment) == expected
    assert empty.writes() == before, "looking changes nothing"

    client("eks", environment).delete_cluster(name="cluster")
    kinds = {item.kind: item.state for item in inventory(environment)}
    assert "cluster" not in kinds
    assert kinds["key"] == PENDING_DELETION


def _make_one_of_each(aws: Call) -> list[Item]:
    ec2 = aws("ec2")
    tags, plain = [{"Key": "data-class", "Value": "models"}], {"data-class": "models"}
    vpc, subnets = make_subnets(aws)
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnets[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
    gone = ec2.create_nat_gateway(SubnetId=subnets[0], ConnectivityType="private")["NatGateway"]["NatGatewayId"]
    ec2.delete_nat_gateway(NatGatewayId=gone)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    endpoint = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.eu-west-1.s3", RouteTableIds=[table])
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    role = make_role(aws, "role")
    aws("logs").create_log_group(logGroupName="/group", tags=plain)
    (flow,) = ec2.create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogGroupName="/group",
        DeliverLogsPermissionArn=role,
    )["FlowLogIds"]
    aws("s3").create_bucket(
        Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1", "Tags": tags}
    )
    key = aws("kms").create_key()["KeyMetadata"]["KeyId"]
    aws("kms").create_alias(AliasName="alias/key", TargetKeyId=key)
    pending = aws("kms").create_key(Tags=[{"TagKey": "data-class", "TagValue": "models"}])["KeyMetadata"]["KeyId"]
    for identifier in (key, pending):
        aws("kms").schedule_key_deletion(KeyId=identifier, PendingWindowInDays=7)
    aws("ecr").create_repository(repositoryName="repository", tags=tags)
    aws("eks").create_cluster(name="cluster", roleArn=role, resourcesVpcConfig={"subnetIds": subnets}, tags=plain)
    cluster_group = aws("eks").describe_cluster(name="cluster")["cluster"]["resourcesVpcConfig"]
    items = [
        Item("bucket", "bucket", plain),
        Item("key", key, {}, PENDING_DELETION),
        Item("key", pending, plain, PENDING_DELETION),
        Item("key alias", "alias/key"),
        Item("log group", "/group", plain),
        Item("repository", "repository", plain),
        Item("cluster", "cluster", plain),
        Item("role", "role"),
        Item("vpc", vpc),
        *(Item("subnet", subnet) for subnet in subnets),
        Item("internet gateway", gateway),
        Item("elastic ip", address),
        Item("nat gateway", nat),
        Item("route table", table),
        Item("vpc endpoint", endpoint["VpcEndpoint"]["VpcEndpointId"]),
        Item("security group", group),
        Item(
            *("security group", cluster_group["clusterSecurityGroupId"]),
            {"kubernetes.io/cluster/cluster": "owned", "aws:eks:cluster-name": "cluster"},
        ),
        Item("flow log", flow),
    ]
    return sorted(items, key=lambda item: (item.kind, item.identifier))
