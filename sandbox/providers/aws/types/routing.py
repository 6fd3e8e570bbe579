"""Route tables, routes and associations."""

from sandbox.providers.aws.table import Call, Type, arn
from sandbox.providers.aws.types.ec2 import TAGS

_DESTINATIONS = ("destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId")
_TARGETS = {
    "gatewayId": "GatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "transitGatewayId": "TransitGatewayId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
}

TYPES = [
    Type(
        "aws:ec2/routeTable:RouteTable",
        client="ec2",
        tag_resource="route-table",
        tags=TAGS,
        create=Call("CreateRouteTable", at="RouteTable"),
        id="RouteTableId",
        claims=True,
        read=(Call("DescribeRouteTables", {"RouteTableIds": "[id]"}, at="RouteTables[0]"),),
        delete=(Call("DeleteRouteTable", {"RouteTableId": "id"}),),
        replace=frozenset({"vpcId", "region"}),
        outputs={"arn": arn("ec2", "join('/', ['route-table', id])"), "ownerId": "here.account"},
    ),
    Type(
        "aws:ec2/route:Route",
        client="ec2",
        create=Call("CreateRoute", {"EgressOnlyInternetGatewayId": "egressOnlyGatewayId"}),
        id=f"join('_', [routeTableId, {' || '.join(_DESTINATIONS)}])",
        id_parts="{routeTableId}_{destinationCidrBlock}",
        read=(
            Call(
                "DescribeRouteTables",
                {"RouteTableIds": "[routeTableId]"},
                at="RouteTables[0].Routes[?"
                + " || ".join(f"{name[0].upper()}{name[1:]}=='${name}'" for name in _DESTINATIONS)
                + "] | [0]",
            ),
        ),
        update=(Call("ReplaceRoute", {"EgressOnlyInternetGatewayId": "egressOnlyGatewayId"}),),
        delete=(Call("DeleteRoute", {f"{name[0].upper()}{name[1:]}": name for name in _DESTINATIONS}),),
        replace=frozenset({"routeTableId", *_DESTINATIONS, "region"}),
        back=_TARGETS,
        outputs={"origin": "Origin", "state": "State"},
    ),
    Type(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        client="ec2",
        create=Call("AssociateRouteTable"),
        id="AssociationId || RouteTableAssociationId",
        read=(
            Call(
                "DescribeRouteTables",
                {"Filters": "[{Name: 'association.route-table-association-id', Values: [id]}]"},
                at="RouteTables[0].Associations[?RouteTableAssociationId=='$id'] | [0]",
            ),
        ),
        find=Call(
            "DescribeRouteTables",
            {"Filters": "[{Name: 'association.subnet-id', Values: [subnetId || '']}]"},
            at="RouteTables[0].Associations[?SubnetId=='$subnetId'] | [0]",
        ),
        delete=(Call("DisassociateRouteTable", {"AssociationId": "id"}),),
        delete_first=True,
        replace=frozenset({"routeTableId", "subnetId", "gatewayId", "region"}),
    ),
]
