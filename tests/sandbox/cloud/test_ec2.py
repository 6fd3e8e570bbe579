"""Networks: no default VPC, AWS's defaults in a new one, and nothing in use can be deleted."""

from typing import Any

import pytest

from tests.sandbox.cloud.helpers import ACCOUNT, Call, make_role, make_subnets, refused


@pytest.fixture
def ec2(aws: Call) -> Any:
    return aws("ec2")


def default_group(ec2: Any, vpc: str) -> dict[str, Any]:
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    (group,) = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    return dict(group)


def tagged(kind: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": kind}]}]


def test_there_is_no_default_vpc(ec2: Any) -> None:
    assert ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"] == []
    with refused("VPCIdNotSpecified", "No default VPC"):
        ec2.create_security_group(GroupName="nowhere", Description="no network")


def test_the_default_group_can_be_emptied(ec2: Any) -> None:
    vpc, _ = make_subnets_of(ec2)
    group = default_group(ec2, vpc)
    (member,) = group["IpPermissions"]
    assert (member["IpProtocol"], member["UserIdGroupPairs"][0]["GroupId"]) == ("-1", group["GroupId"])
    assert group["IpPermissionsEgress"][0]["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}]
    ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
    ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"])
    filters = [{"Name": "group-id", "Values": [group["GroupId"]]}]
    assert ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"] == []
    ec2.delete_vpc(VpcId=vpc)


def make_subnets_of(ec2: Any, count: int = 0) -> tuple[str, list[str]]:
    return make_subnets(lambda _: ec2, count)


def test_rules_have_ids_and_tags(ec2: Any) -> None:
    vpc, _ = make_subnets_of(ec2)
    group = ec2.create_security_group(GroupName="rules", Description="d", VpcId=vpc)["GroupId"]
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    (rule,) = ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[https], TagSpecifications=tagged("security-group-rule")
    )["SecurityGroupRules"]
    identifier = rule["SecurityGroupRuleId"]
    with refused("InvalidPermission.Duplicate"):
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[https])
    (found,) = ec2.describe_security_group_rules(SecurityGroupRuleIds=[identifier])["SecurityGroupRules"]
    assert found["Tags"] == [{"Key": "Name", "Value": "security-group-rule"}]
    ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[identifier])
    with refused("InvalidSecurityGroupRuleId.NotFound"):
        ec2.describe_security_group_rules(SecurityGroupRuleIds=[identifier])


def test_a_gateway_and_its_address(ec2: Any) -> None:
    vpc, (subnet,) = make_subnets_of(ec2, 1)
    internet = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=internet, VpcId=vpc)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]

    with refused("DependencyViolation", "has dependencies"):
        ec2.delete_subnet(SubnetId=subnet)
    with refused("DependencyViolation", "mapped public address"):
        ec2.detach_internet_gateway(InternetGatewayId=internet, VpcId=vpc)
    with refused("InvalidIPAddress.InUse"):
        ec2.release_address(AllocationId=address)

    ec2.delete_nat_gateway(NatGatewayId=nat)
    assert ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"][0]["State"] == "deleted"
    ec2.release_address(AllocationId=address)
    ec2.delete_subnet(SubnetId=subnet)
    with refused("DependencyViolation"):
        ec2.delete_vpc(VpcId=vpc)
    ec2.detach_internet_gateway(InternetGatewayId=internet, VpcId=vpc)
    ec2.delete_vpc(VpcId=vpc)
    acls = ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkAcls"]
    assert acls == []
    with refused("NatGatewayNotFound"):
        ec2.delete_nat_gateway(NatGatewayId="nat-0123")


def test_interface_endpoint(ec2: Any) -> None:
    vpc, (subnet,) = make_subnets_of(ec2, 1)
    group = ec2.create_security_group(GroupName="endpoint", Description="d", VpcId=vpc)["GroupId"]
    asked = {"VpcId": vpc, "VpcEndpointType": "Interface", "SubnetIds": [subnet], "PrivateDnsEnabled": True}
    name = "com.amazonaws.eu-west-1.ecr.api"
    endpoint = ec2.create_vpc_endpoint(**asked, ServiceName=name, SecurityGroupIds=[group])["VpcEndpoint"]
    identifier = endpoint["VpcEndpointId"]
    assert [found["GroupId"] for found in endpoint["Groups"]] == [group]
    with refused("DependencyViolation", "dependent object"):
        ec2.delete_security_group(GroupId=group)
    ec2.modify_vpc_endpoint(VpcEndpointId=identifier, PrivateDnsEnabled=False)
    (found,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[identifier])["VpcEndpoints"]
    assert found["PrivateDnsEnabled"] is False

    other = ec2.create_vpc_endpoint(**asked, ServiceName="com.amazonaws.eu-west-1.sts")["VpcEndpoint"]
    assert [group["GroupId"] for group in other["Groups"]] == [default_group(ec2, vpc)["GroupId"]]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[identifier, other["VpcEndpointId"]])
    with refused("InvalidVpcEndpointId.NotFound"):
        ec2.describe_vpc_endpoints(VpcEndpointIds=[identifier])
    ec2.delete_security_group(GroupId=group)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)


def test_gateway_endpoint_writes_a_route(ec2: Any) -> None:
    vpc, _ = make_subnets_of(ec2)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc, VpcEndpointType="Gateway", ServiceName="com.amazonaws.eu-west-1.s3", RouteTableIds=[table]
    )["VpcEndpoint"]
    assert endpoint["PrivateDnsEnabled"] is False

    def targets() -> list[str]:
        (found,) = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
        return [route["GatewayId"] for route in found["Routes"]]

    assert targets() == ["local", endpoint["VpcEndpointId"]]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
    assert targets() == ["local"]


@pytest.mark.parametrize(("group", "status"), [("/flow/there", "SUCCESS"), ("/flow/missing", "FAILED")])
def test_flow_logs_are_delivered_where_the_group_exists(aws: Call, ec2: Any, group: str, status: str) -> None:
    if status == "SUCCESS":
        aws("logs").create_log_group(logGroupName=group)
    vpc, _ = make_subnets_of(ec2)
    role = make_role(aws, f"flow-{status.lower()}", "vpc-flow-logs.amazonaws.com")
    (log,) = ec2.create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="cloud-watch-logs",
        LogDestination=f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:{group}",
        DeliverLogsPermissionArn=role,
    )["FlowLogIds"]
    (found,) = ec2.describe_flow_logs(FlowLogIds=[log])["FlowLogs"]
    assert found["DeliverLogsStatus"] == status
