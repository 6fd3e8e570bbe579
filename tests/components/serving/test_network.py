from typing import Any

import pulumi
import pytest
from slipway.serving import Nat, Network

from tests.components.graph import Graph, declare
from tests.components.monitor import Resource

KEY = "arn:aws:kms:eu-west-1:123456789012:key/0d4f4e52-8a3b-4f0e-9a39-1f0f5a0b6c11"
ARGS: dict[str, Any] = {"cidr_block": "10.0.0.0/16", "zones": ["eu-west-1a", "eu-west-1b"], "logs_key_arn": KEY}


def network(**args: Any) -> Network:
    given: Any = {**ARGS, **args}
    return Network("net", given)


def build(preview: bool = False, **args: Any) -> Graph[Network]:
    return declare(lambda: network(**args), preview=preview)


def route_tables(graph: Graph[Network], tier: str) -> list[Resource]:
    return [table for table in graph.all("aws:ec2/routeTable:RouteTable") if table.name.startswith(f"net-{tier}")]


def test_subnets_of_each_zone(preview: bool) -> None:
    graph = build(preview)

    subnets = {subnet.name: subnet for subnet in graph.all("aws:ec2/subnet:Subnet")}
    assert {name: subnet.inputs["cidrBlock"] for name, subnet in subnets.items()} == {
        "net-private-eu-west-1a": "10.0.0.0/20",
        "net-private-eu-west-1b": "10.0.16.0/20",
        "net-public-eu-west-1a": "10.0.128.0/21",
        "net-public-eu-west-1b": "10.0.136.0/21",
        "net-intra-eu-west-1a": "10.0.192.0/21",
        "net-intra-eu-west-1b": "10.0.200.0/21",
    }
    assert not any(subnet.inputs["mapPublicIpOnLaunch"] for subnet in subnets.values())
    assert {subnet.inputs["availabilityZone"] for subnet in subnets.values()} == {"eu-west-1a", "eu-west-1b"}
    assert all(resource.parent == graph.children("net")[0].parent for resource in graph.resources if resource.custom)


def test_adding_a_zone_changes_no_other_subnet() -> None:
    before, after = (
        {resource.name: resource.inputs for resource in build(zones=zones).all("aws:ec2/subnet:Subnet")}
        for zones in (["eu-west-1b", "eu-west-1c"], ["eu-west-1a", "eu-west-1b", "eu-west-1c"])
    )

    assert before.items() <= after.items()
    assert len(after) - len(before) == 3


@pytest.mark.parametrize(
    ("nat", "gateways", "targets"),
    [
        ("none", [], []),
        ("single", ["net-nat-eu-west-1a"], ["net-nat-eu-west-1a", "net-nat-eu-west-1a"]),
        ("per_zone", ["net-nat-eu-west-1a", "net-nat-eu-west-1b"], ["net-nat-eu-west-1a", "net-nat-eu-west-1b"]),
    ],
)
def test_nat(nat: str, gateways: list[str], targets: list[str]) -> None:
    graph = build(nat=nat)

    found = {gateway.outputs["id"]: gateway for gateway in graph.all("aws:ec2/natGateway:NatGateway")}
    assert sorted(gateway.name for gateway in found.values()) == gateways
    assert len(graph.all("aws:ec2/eip:Eip")) == len(gateways)
    private = [route for route in graph.all("aws:ec2/route:Route") if route.name.startswith("net-private")]
    assert [found[route.inputs["natGatewayId"]].name for route in private] == targets
    public = {subnet.outputs["id"]: subnet for subnet in graph.all("aws:ec2/subnet:Subnet") if "public" in subnet.name}
    for gateway in found.values():
        assert public[gateway.inputs["subnetId"]].inputs["availabilityZone"] in gateway.name
        assert graph.waits_for(gateway, graph.one("aws:ec2/internetGateway:InternetGateway"))


def test_default_nat_is_single_in_the_first_zone() -> None:
    graph = build(zones=["eu-west-1b", "eu-west-1a"])

    assert [gateway.name for gateway in graph.all("aws:ec2/natGateway:NatGateway")] == ["net-nat-eu-west-1b"]


def test_only_public_and_private_tables_have_a_way_out() -> None:
    graph = build(nat=Nat.PER_ZONE)

    routes = {route.inputs["routeTableId"]: route.inputs for route in graph.all("aws:ec2/route:Route")}
    assert all(route["destinationCidrBlock"] == "0.0.0.0/0" for route in routes.values())
    (public,) = route_tables(graph, "public")
    assert "gatewayId" in routes[public.outputs["id"]]
    assert all("natGatewayId" in routes[table.outputs["id"]] for table in route_tables(graph, "private"))
    (intra,) = route_tables(graph, "intra")
    assert intra.outputs["id"] not in routes
    associations = graph.all("aws:ec2/routeTableAssociation:RouteTableAssociation")
    assert [a.inputs["routeTableId"] for a in associations if "intra" in a.name] == [intra.outputs["id"]] * 2


def test_flow_logs_are_encrypted_kept_and_written_by_a_role_of_their_own(preview: bool) -> None:
    graph = build(preview, flow_log_days=90, permissions_boundary_arn="arn:aws:iam::123456789012:policy/boundary")

    group = graph.one("aws:cloudwatch/logGroup:LogGroup")
    assert (group.inputs["retentionInDays"], group.inputs["kmsKeyId"]) == (90, KEY)
    assert group.inputs["tags"]["data-class"] == "logs"
    role = graph.one("aws:iam/role:Role")
    assert role.inputs["permissionsBoundary"] == "arn:aws:iam::123456789012:policy/boundary"
    flow_log = graph.one("aws:ec2/flowLog:FlowLog")
    assert flow_log.inputs["trafficType"] == "ALL"
    assert graph.waits_for(flow_log, graph.one("aws:iam/rolePolicy:RolePolicy"))
    if not preview:
        (trust,) = role.document("assumeRolePolicy")["Statement"]
        assert trust["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
        assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}
        assert trust["Condition"]["ArnLike"] == {"aws:SourceArn": "arn:aws:ec2:eu-west-1:123456789012:vpc-flow-log/*"}
        (allowed,) = graph.one("aws:iam/rolePolicy:RolePolicy").document("policy")["Statement"]
        assert allowed["Resource"] == [group.outputs["arn"], group.outputs["arn"] + ":*"]
        assert not any("*" in action for action in allowed["Action"])


def test_default_security_group_is_emptied() -> None:
    group = build().one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")

    assert (group.inputs["ingress"], group.inputs["egress"]) == ([], [])


def test_gateway_endpoints_serve_every_route_table() -> None:
    graph = build()

    tables = {table.outputs["id"] for table in graph.all("aws:ec2/routeTable:RouteTable")}
    endpoints = graph.all("aws:ec2/vpcEndpoint:VpcEndpoint")
    assert [endpoint.inputs["serviceName"] for endpoint in endpoints] == [
        "com.amazonaws.eu-west-1.dynamodb",
        "com.amazonaws.eu-west-1.s3",
    ]
    assert all(endpoint.inputs["vpcEndpointType"] == "Gateway" for endpoint in endpoints)
    assert all(set(endpoint.inputs["routeTableIds"]) == tables for endpoint in endpoints)


def test_interface_endpoints_accept_https_from_the_vpc_only() -> None:
    graph = build(interface_endpoints=["ecr.api", "sts"])

    guard = graph.one("aws:ec2/securityGroup:SecurityGroup")
    assert guard.inputs["egress"] == []
    assert "ingress" not in guard.inputs
    rule = graph.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").inputs
    assert rule["securityGroupId"] == guard.outputs["id"]
    assert (rule["cidrIpv4"], rule["ipProtocol"], rule["fromPort"], rule["toPort"]) == ("10.0.0.0/16", "tcp", 443, 443)
    endpoint = graph.named("net-ecr.api").inputs
    assert endpoint["serviceName"] == "com.amazonaws.eu-west-1.ecr.api"
    assert endpoint["securityGroupIds"] == [guard.outputs["id"]]
    assert endpoint["privateDnsEnabled"] is True
    intra = [subnet.outputs["id"] for subnet in graph.all("aws:ec2/subnet:Subnet") if "intra" in subnet.name]
    assert endpoint["subnetIds"] == intra


def test_load_balancers_find_their_subnets() -> None:
    graph = build(cluster_name="acme-dev")

    tags = {subnet.name: subnet.inputs["tags"] for subnet in graph.all("aws:ec2/subnet:Subnet")}
    cluster = {"kubernetes.io/cluster/acme-dev": "shared"}
    assert tags["net-public-eu-west-1a"] == {
        "Name": "net-public-eu-west-1a",
        "kubernetes.io/role/elb": "1",
        **cluster,
    }
    assert tags["net-private-eu-west-1a"].items() >= {"kubernetes.io/role/internal-elb": "1", **cluster}.items()
    assert tags["net-intra-eu-west-1a"] == {"Name": "net-intra-eu-west-1a"}
    untagged = build().named("net-public-eu-west-1a", "aws:ec2/subnet:Subnet").inputs["tags"]
    assert "kubernetes.io/cluster/acme-dev" not in untagged


@pytest.mark.parametrize("wrap", [lambda tags: tags, pulumi.Output.from_input], ids=["plain", "output"])
def test_tags_are_added_to_everything(wrap: Any) -> None:
    graph = declare(lambda: network(tags=wrap({"team": "ml"})))

    tagless = {
        "aws:ec2/route:Route",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:iam/rolePolicy:RolePolicy",
    }
    tagged = [resource for resource in graph.resources if resource.custom and resource.type not in tagless]
    assert all(resource.inputs["tags"]["team"] == "ml" and resource.inputs["tags"]["Name"] for resource in tagged)


def test_outputs(preview: bool) -> None:
    graph = build(preview, nat="single")

    outputs = graph.outputs("net")
    assert set(outputs) == {
        "vpcId",
        "privateSubnetIds",
        "publicSubnetIds",
        "publicSubnetCidrBlocks",
        "intraSubnetIds",
        "endpointSecurityGroupId",
    }
    assert outputs["publicSubnetCidrBlocks"] == [
        graph.named(f"net-public-{zone}", "aws:ec2/subnet:Subnet").inputs["cidrBlock"] for zone in ARGS["zones"]
    ]
    if not preview:
        for tier in ("private", "public", "intra"):
            assert outputs[f"{tier}SubnetIds"] == [
                graph.named(f"net-{tier}-{zone}", "aws:ec2/subnet:Subnet").outputs["id"] for zone in ARGS["zones"]
            ]


def test_what_is_placed_in_a_private_subnet_waits_for_its_route() -> None:
    import pulumi_aws as aws

    def program() -> None:
        aws.ec2.NetworkInterface("placed", subnet_id=network().private_subnet_ids.apply(lambda ids: ids[0]))

    graph = declare(program)
    placed = graph.named("placed")
    assert graph.waits_for(placed, graph.named("net-private-eu-west-1b", "aws:ec2/route:Route"))
    assert graph.waits_for(placed, graph.one("aws:ec2/natGateway:NatGateway"))


LOG_DAYS = r"flow_log_days: accepted: one of 1, 3, 5, 7, .*: received: "
ENDPOINT = (
    "accepted: a service's short name such as ecr.api, but s3 and dynamodb, which have gateway endpoints: received: "
)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"cidr_block": "10.0.0.0/8"}, "cidr_block: accepted: an IPv4 network of /16 to /20.*: received: '10.0.0.0/8'"),
        ({"zones": []}, "zones: accepted: at least 1 entry"),
        ({"zones": ["a"]}, r"zones\[0\]: accepted: an availability zone's full name"),
        ({"nat": "double"}, "nat: accepted: one of none, single, per_zone: received: 'double'"),
        ({"nat": True}, "nat: accepted: one of none, single, per_zone: received: True"),
        ({"region": "eu-west-2"}, "region: accepted: the region of the zones, eu-west-1: received: 'eu-west-2'"),
        ({"flow_log_days": 8}, LOG_DAYS + "8"),
        ({"flow_log_days": 0}, LOG_DAYS + "0"),
        ({"flow_log_days": "7"}, LOG_DAYS + "'7'"),
        ({"interface_endpoints": ["s3"]}, rf"interface_endpoints\[0\]: {ENDPOINT}'s3'"),
        ({"interface_endpoints": ["com.amazonaws/sts"]}, rf"interface_endpoints\[0\]: {ENDPOINT}'com.amazonaws/sts'"),
        ({"interface_endpoints": ["sts", "sts"]}, "interface_endpoints: accepted: entries that differ from each other"),
        ({"interface_endpoints": "sts"}, "interface_endpoints: accepted: a list of text: received: 'sts'"),
        ({"cluster_name": "no spaces"}, "cluster_name: accepted: a cluster's name: 1 to 100 .*: received: 'no spaces'"),
        ({"nats": "none"}, "nats: accepted: no such argument; there are cidr_block, .*: received: 'none'"),
    ],
)
def test_refused(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(**args)
