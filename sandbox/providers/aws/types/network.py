"""VPCs, subnets and what connects them to others."""

from sandbox.providers.aws.table import Call, Type, arn
from sandbox.providers.aws.types.ec2 import TAGS, filters

_VPC_ATTRIBUTES = ("enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics")
_SUBNET_ATTRIBUTES = ("mapPublicIpOnLaunch", "assignIpv6AddressOnCreation", "enableDns64")


def _attribute(operation: str, resource: str, name: str, names: tuple[str, ...]) -> Call:
    """EC2 takes one attribute a call."""
    api = name[0].upper() + name[1:]
    return Call(operation, {resource: "id", api: f"{{Value: {name}}}"}, without=frozenset(names))


TYPES = [
    Type(
        "aws:ec2/vpc:Vpc",
        client="ec2",
        tag_resource="vpc",
        tags=TAGS,
        create=Call("CreateVpc", at="Vpc"),
        id="VpcId",
        claims=True,
        read=(
            Call("DescribeVpcs", {"VpcIds": "[id]"}, at="Vpcs[0]"),
            Call(
                "DescribeVpcAttribute",
                {"VpcId": "id", "Attribute": "'enableDnsHostnames'"},
                at="{EnableDnsHostnames: EnableDnsHostnames.Value}",
            ),
            Call(
                "DescribeVpcAttribute",
                {"VpcId": "id", "Attribute": "'enableDnsSupport'"},
                at="{EnableDnsSupport: EnableDnsSupport.Value}",
            ),
            Call(
                "DescribeSecurityGroups",
                {"Filters": filters(vpc_id="id", group_name="'default'")},
                at="SecurityGroups[0].{defaultSecurityGroupId: GroupId}",
            ),
            Call(
                "DescribeRouteTables",
                {"Filters": "[{Name: 'vpc-id', Values: [id]}, {Name: 'association.main', Values: ['true']}]"},
                at="RouteTables[0].{mainRouteTableId: RouteTableId}",
            ),
            Call(
                "DescribeNetworkAcls",
                {"Filters": filters(vpc_id="id", default="'true'")},
                at="NetworkAcls[0].{defaultNetworkAclId: NetworkAclId}",
            ),
        ),
        settle=tuple(_attribute("ModifyVpcAttribute", "VpcId", name, _VPC_ATTRIBUTES) for name in _VPC_ATTRIBUTES),
        delete=(Call("DeleteVpc", {"VpcId": "id"}),),
        replace=frozenset({"cidrBlock", "instanceTenancy", "ipv4IpamPoolId", "ipv6CidrBlock", "region"}),
        defaults={"enableDnsSupport": True, "enableDnsHostnames": False, "instanceTenancy": "default"},
        outputs={
            "arn": arn("ec2", "join('/', ['vpc', id])"),
            "ownerId": "here.account",
            "cidrBlock": "CidrBlock",
            "instanceTenancy": "InstanceTenancy",
            "dhcpOptionsId": "DhcpOptionsId",
            "defaultSecurityGroupId": "defaultSecurityGroupId",
            "defaultNetworkAclId": "defaultNetworkAclId",
            "mainRouteTableId": "mainRouteTableId",
            "defaultRouteTableId": "mainRouteTableId",
        },
    ),
    Type(
        "aws:ec2/subnet:Subnet",
        client="ec2",
        tag_resource="subnet",
        tags=TAGS,
        create=Call("CreateSubnet", at="Subnet"),
        id="SubnetId",
        read=(Call("DescribeSubnets", {"SubnetIds": "[id]"}, at="Subnets[0]"),),
        find=Call("DescribeSubnets", {"Filters": filters(vpc_id="vpcId", cidr_block="cidrBlock")}, at="Subnets[0]"),
        settle=tuple(
            _attribute("ModifySubnetAttribute", "SubnetId", name, _SUBNET_ATTRIBUTES) for name in _SUBNET_ATTRIBUTES
        ),
        delete=(Call("DeleteSubnet", {"SubnetId": "id"}),),
        replace=frozenset({"vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId", "ipv6CidrBlock", "region"}),
        defaults={"mapPublicIpOnLaunch": False},
        outputs={
            "arn": "SubnetArn",
            "ownerId": "OwnerId",
            "availabilityZone": "AvailabilityZone",
            "availabilityZoneId": "AvailabilityZoneId",
        },
    ),
    Type(
        "aws:ec2/internetGateway:InternetGateway",
        client="ec2",
        tag_resource="internet-gateway",
        tags=TAGS,
        create=Call("CreateInternetGateway", at="InternetGateway"),
        id="InternetGatewayId",
        read=(Call("DescribeInternetGateways", {"InternetGatewayIds": "[id]"}, at="InternetGateways[0]"),),
        find=Call(
            "DescribeInternetGateways",
            {"Filters": "[{Name: 'attachment.vpc-id', Values: [vpcId || '']}]"},
            at="InternetGateways[0]",
        ),
        update=(Call("DetachInternetGateway", {"InternetGatewayId": "id", "VpcId": "old.vpcId"}, when="old.vpcId"),),
        settle=(
            Call(
                "AttachInternetGateway",
                {"InternetGatewayId": "id", "VpcId": "vpcId"},
                when="vpcId && !(answer.Attachments[0])",
            ),
        ),
        before_delete=(Call("DetachInternetGateway", {"InternetGatewayId": "id", "VpcId": "vpcId"}, when="vpcId"),),
        delete=(Call("DeleteInternetGateway", {"InternetGatewayId": "id"}),),
        replace=frozenset({"region"}),
        back={"vpcId": "Attachments[0].VpcId"},
        outputs={"arn": arn("ec2", "join('/', ['internet-gateway', id])"), "ownerId": "here.account"},
    ),
    Type(
        "aws:ec2/eip:Eip",
        client="ec2",
        tag_resource="elastic-ip",
        tags=TAGS,
        create=Call("AllocateAddress"),
        id="AllocationId",
        claims=True,
        read=(Call("DescribeAddresses", {"AllocationIds": "[id]"}, at="Addresses[0]"),),
        delete=(Call("ReleaseAddress", {"AllocationId": "id"}),),
        replace=frozenset({"domain", "networkBorderGroup", "publicIpv4Pool", "region"}),
        defaults={"domain": "vpc"},
        outputs={
            "allocationId": "AllocationId",
            "arn": arn("ec2", "join('/', ['elastic-ip', id])"),
            "publicIp": "PublicIp",
            "privateIp": "PrivateIpAddress",
            "associationId": "AssociationId",
        },
    ),
    Type(
        "aws:ec2/natGateway:NatGateway",
        client="ec2",
        tag_resource="natgateway",
        tags=TAGS,
        create=Call("CreateNatGateway", at="NatGateway"),
        id="NatGatewayId",
        read=(Call("DescribeNatGateways", {"NatGatewayIds": "[id]"}, at="NatGateways[0]"),),
        find=Call(
            "DescribeNatGateways",
            {"Filter": filters(subnet_id="subnetId", state="'available'")},
            at="NatGateways[?State=='available'] | [0]",
        ),
        gone="State=='deleted' || State=='deleting'",
        ready="State=='available'",
        failed="State=='failed'",
        delete=(Call("DeleteNatGateway", {"NatGatewayId": "id"}),),
        delete_waits=True,
        replace=frozenset({"allocationId", "connectivityType", "privateIp", "subnetId", "region"}),
        back={"allocationId": "NatGatewayAddresses[0].AllocationId"},
        outputs={
            "publicIp": "NatGatewayAddresses[0].PublicIp",
            "privateIp": "NatGatewayAddresses[0].PrivateIp",
            "networkInterfaceId": "NatGatewayAddresses[0].NetworkInterfaceId",
            "associationId": "NatGatewayAddresses[0].AssociationId",
        },
    ),
]
