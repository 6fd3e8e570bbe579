"""The VPC that a serving cluster lives in."""

from collections.abc import Iterable
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from slipway import _check, _tags
from slipway.serving import _names, _subnets
from slipway.serving._vpc import Pieces
from slipway.serving.nat import Nat

GATEWAY_SERVICES = ("s3", "dynamodb")
ENDPOINT = r"(?!(?:s3|dynamodb)$)[a-z0-9]+(?:[.-][a-z0-9]+)*"


class NetworkArgs(TypedDict):
    """Inputs of ``Network``."""

    cidr_block: str
    """The VPC's IPv4 network, of /16 to /20. Half of it is for nodes and pods."""
    zones: list[str]
    """Full names of availability zones, such as ``eu-west-1a``. Adding or removing one moves no other's subnets."""
    logs_key_arn: pulumi.Input[str]
    """KMS key that encrypts the flow logs."""
    nat: NotRequired[Nat]
    """NAT gateways. Default: ``single``."""
    interface_endpoints: NotRequired[list[str]]
    """AWS services reached without leaving the VPC, by short name such as ``ecr.api``; S3 and DynamoDB always are.
    Each costs per zone and hour. Default: none."""
    region: NotRequired[str]
    """Region of the zones. Default: the region that the zones' names say."""
    flow_log_days: NotRequired[int]
    """Days that flow logs are kept; one of CloudWatch's retentions. Default: 365."""
    cluster_name: NotRequired[str]
    """Cluster whose load balancers find these subnets by tag. Default: no cluster's tag."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str]]
    """Permissions boundary of the role that delivers flow logs. Default: none."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags added to the provider's default tags. Default: no extra tags."""


class Network(pulumi.ComponentResource):
    """VPC with private, public and intra subnets in each zone, flow logs and VPC endpoints.

    Stateless, but everything in it depends on it.
    """

    vpc_id: pulumi.Output[str]
    """Id of the VPC."""
    private_subnet_ids: pulumi.Output[list[str]]
    """Subnets for nodes and pods, in the order of ``zones``; handed out once their routes exist."""
    public_subnet_ids: pulumi.Output[list[str]]
    """Subnets for internet-facing load balancers, in the order of ``zones``."""
    public_subnet_cidr_blocks: pulumi.Output[list[str]]
    """IPv4 networks of these subnets: where what a load balancer sends comes from."""
    intra_subnet_ids: pulumi.Output[list[str]]
    """Subnets without a way out, for control-plane interfaces, in the order of ``zones``."""
    endpoint_security_group_id: pulumi.Output[str]
    """Security group of the interface endpoints: accepts HTTPS from the VPC only."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:Network", name, dict(args), opts)
        _check.known(args, NetworkArgs.__annotations__)
        plan = _subnets.subnet_plan(args.get("cidr_block"), args.get("zones"))
        zones = [*plan]
        logs_key_arn = _check.given(args, "logs_key_arn", *_check.A_KEY)
        region = args.get("region") or _subnets.region_of(zones[0])
        if region != _subnets.region_of(zones[0]):
            _check.refuse("region", f"the region of the zones, {_subnets.region_of(zones[0])}", region)
        nat = Nat(_check.one_of("nat", args.get("nat", Nat.SINGLE), Nat))
        endpoints = _check.each(
            "interface_endpoints",
            args.get("interface_endpoints", []),
            ENDPOINT,
            "a service's short name such as ecr.api, but s3 and dynamodb, which have gateway endpoints",
        )
        boundary = args.get("permissions_boundary_arn")
        _check.plain("permissions_boundary_arn", boundary, *_check.A_MANAGED_POLICY)
        flow_log_days = _check.log_days("flow_log_days", args.get("flow_log_days", 365))
        owner: dict[str, str] = {}
        if args.get("cluster_name"):
            cluster = _check.matches("cluster_name", args["cluster_name"], _names.CLUSTER, _names.CLUSTER_ACCEPTED)
            owner = {f"kubernetes.io/cluster/{cluster}": "shared"}
        child = pulumi.ResourceOptions(parent=self)

        tags = args.get("tags")
        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=args["cidr_block"],
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=_tags.merge(tags, {"Name": name}),
            opts=child,
        )
        pieces = Pieces(name, region, vpc.id, tags, child)
        # Emptied, so that what is launched without naming a group can neither be reached nor reach anything.
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default", vpc_id=vpc.id, ingress=[], egress=[], tags=pieces.named("default"), opts=child
        )
        pieces.flow_logs(flow_log_days, logs_key_arn, boundary)

        internet = aws.ec2.InternetGateway(f"{name}-internet", vpc_id=vpc.id, tags=pieces.named("internet"), opts=child)
        public_table = pieces.route_table("public")
        to_internet = pieces.way_out("public", public_table, gateway_id=internet.id)
        external = {"kubernetes.io/role/elb": "1", **owner}
        public = {zone: pieces.subnet("public", zone, plan[zone].public, external, public_table) for zone in zones}

        nat_zones = {Nat.NONE: [], Nat.SINGLE: zones[:1], Nat.PER_ZONE: zones}[nat]
        nats = {zone: pieces.nat_gateway(zone, public[zone], internet) for zone in nat_zones}
        private_tables = {zone: pieces.route_table(f"private-{zone}") for zone in zones}
        to_nat = [
            pieces.way_out(
                f"private-{zone}", private_tables[zone], nat_gateway_id=nats.get(zone, nats[nat_zones[0]]).id
            )
            for zone in zones
            if nats
        ]
        internal = {"kubernetes.io/role/internal-elb": "1", **owner}
        private = {
            zone: pieces.subnet("private", zone, plan[zone].private, internal, private_tables[zone]) for zone in zones
        }

        intra_table = pieces.route_table("intra")
        intra = {zone: pieces.subnet("intra", zone, plan[zone].intra, {}, intra_table) for zone in zones}

        for service in GATEWAY_SERVICES:
            pieces.gateway_endpoint(service, [public_table, *private_tables.values(), intra_table])
        guard = pieces.endpoint_guard(args["cidr_block"])
        for service in endpoints:
            pieces.interface_endpoint(service, list(intra.values()), guard)

        self.vpc_id = vpc.id
        self.private_subnet_ids = _ids(private.values(), to_nat)
        self.public_subnet_ids = _ids(public.values(), [to_internet])
        self.public_subnet_cidr_blocks = pulumi.Output.from_input([plan[zone].public for zone in zones])
        self.intra_subnet_ids = _ids(intra.values(), [])
        self.endpoint_security_group_id = guard.id
        self.register_outputs(
            {
                "vpcId": self.vpc_id,
                "privateSubnetIds": self.private_subnet_ids,
                "publicSubnetIds": self.public_subnet_ids,
                "publicSubnetCidrBlocks": self.public_subnet_cidr_blocks,
                "intraSubnetIds": self.intra_subnet_ids,
                "endpointSecurityGroupId": self.endpoint_security_group_id,
            }
        )


def _ids(subnets: Iterable[aws.ec2.Subnet], routes: Iterable[aws.ec2.Route]) -> pulumi.Output[list[str]]:
    """Ids of ``subnets`` that wait for ``routes`` too: what is placed there comes after its way out and goes first."""
    subnet_ids = [subnet.id for subnet in subnets]
    waiting = pulumi.Output.all(*subnet_ids, *(route.id for route in routes))
    return waiting.apply(lambda ids: [str(identity) for identity in ids[: len(subnet_ids)]])
