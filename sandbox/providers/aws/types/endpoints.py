"""VPC endpoints."""

from typing import Any

from sandbox.providers.aws.table import Call, Code, Context, Type, arn
from sandbox.providers.aws.types.ec2 import TAGS, filters


def _modify_endpoint(ec2: Any, seen: Context) -> None:
    """Endpoints are changed by what to add and what to remove."""
    old: dict[str, Any] = seen.get("old") or {}
    parameters: dict[str, Any] = {}
    for name in ("routeTableIds", "subnetIds", "securityGroupIds"):
        api = name[0].upper() + name[1:]
        before, after = set(old.get(name) or []), set(seen.get(name) or [])
        parameters |= {f"Add{api}": sorted(after - before)} if after - before else {}
        parameters |= {f"Remove{api}": sorted(before - after)} if before - after else {}
    if seen.get("privateDnsEnabled") != old.get("privateDnsEnabled"):
        parameters["PrivateDnsEnabled"] = bool(seen.get("privateDnsEnabled"))
    if seen.get("policy") != old.get("policy"):
        parameters |= {"PolicyDocument": seen["policy"]} if seen.get("policy") else {"ResetPolicy": True}
    ec2.modify_vpc_endpoint(VpcEndpointId=seen["id"], **parameters)


TYPES = [
    Type(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        client="ec2",
        tag_resource="vpc-endpoint",
        tags=TAGS,
        create=Call("CreateVpcEndpoint", {"PolicyDocument": "policy"}, at="VpcEndpoint"),
        id="VpcEndpointId",
        read=(Call("DescribeVpcEndpoints", {"VpcEndpointIds": "[id]"}, at="VpcEndpoints[0]"),),
        find=Call(
            "DescribeVpcEndpoints",
            {"Filters": filters(vpc_id="vpcId", service_name="serviceName")},
            at="VpcEndpoints[?State!='deleted'] | [0]",
        ),
        gone="State=='deleted' || State=='deleting'",
        ready="State=='available' || State=='Available'",
        failed="State=='failed' || State=='rejected'",
        update=(
            Code(
                _modify_endpoint,
                frozenset({"routeTableIds", "subnetIds", "securityGroupIds", "privateDnsEnabled", "policy"}),
            ),
        ),
        delete=(Call("DeleteVpcEndpoints", {"VpcEndpointIds": "[id]"}),),
        delete_waits=True,
        replace=frozenset({"vpcId", "serviceName", "vpcEndpointType", "region"}),
        back={
            "policy": "PolicyDocument",
            "securityGroupIds": "Groups[].GroupId",
            "routeTableIds": "RouteTableIds || `[]`",
            "subnetIds": "SubnetIds || `[]`",
        },
        outputs={
            "arn": arn("ec2", "join('/', ['vpc-endpoint', id])"),
            "ownerId": "here.account",
            "state": "State",
            "vpcEndpointType": "VpcEndpointType",
            "dnsEntries": "DnsEntries",
            "networkInterfaceIds": "NetworkInterfaceIds",
        },
    ),
]
