"""The pieces of a VPC, each one call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from slipway import _tags
from slipway._tags import DATA_CLASS, Tags
from slipway.security import DataClass
from slipway.security import _policies_serving as policies

ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class Pieces:
    """Makes resources of one VPC: all named, tagged and parented alike."""

    name: str
    region: str
    vpc_id: pulumi.Output[str]
    tags: Tags | None
    child: pulumi.ResourceOptions

    def named(self, role: str, extra: Mapping[str, str] | None = None) -> Tags:
        """Tags of the piece that plays ``role``."""
        return _tags.merge(self.tags, {"Name": f"{self.name}-{role}", **(extra or {})})

    def route_table(self, role: str) -> aws.ec2.RouteTable:
        """A table that so far knows only the way inside the VPC."""
        return aws.ec2.RouteTable(f"{self.name}-{role}", vpc_id=self.vpc_id, tags=self.named(role), opts=self.child)

    def way_out(
        self,
        role: str,
        table: aws.ec2.RouteTable,
        *,
        gateway_id: pulumi.Input[str] | None = None,
        nat_gateway_id: pulumi.Input[str] | None = None,
    ) -> aws.ec2.Route:
        """The default route of ``table``."""
        return aws.ec2.Route(
            f"{self.name}-{role}",
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway_id,
            nat_gateway_id=nat_gateway_id,
            opts=self.child,
        )

    def subnet(
        self, tier: str, zone: str, cidr_block: str, extra: Mapping[str, str], table: aws.ec2.RouteTable
    ) -> aws.ec2.Subnet:
        """A subnet that follows ``table``; nothing in it gets a public address by itself."""
        subnet = aws.ec2.Subnet(
            f"{self.name}-{tier}-{zone}",
            vpc_id=self.vpc_id,
            availability_zone=zone,
            cidr_block=cidr_block,
            map_public_ip_on_launch=False,
            tags=self.named(f"{tier}-{zone}", extra),
            opts=self.child,
        )
        aws.ec2.RouteTableAssociation(
            f"{self.name}-{tier}-{zone}", subnet_id=subnet.id, route_table_id=table.id, opts=self.child
        )
        return subnet

    def nat_gateway(self, zone: str, subnet: aws.ec2.Subnet, internet: aws.ec2.InternetGateway) -> aws.ec2.NatGateway:
        """A NAT gateway in a public subnet, with its own address."""
        attached = pulumi.ResourceOptions.merge(self.child, pulumi.ResourceOptions(depends_on=[internet]))
        address = aws.ec2.Eip(f"{self.name}-nat-{zone}", domain="vpc", tags=self.named(f"nat-{zone}"), opts=attached)
        return aws.ec2.NatGateway(
            f"{self.name}-nat-{zone}",
            allocation_id=address.id,
            subnet_id=subnet.id,
            connectivity_type="public",
            tags=self.named(f"nat-{zone}"),
            opts=attached,
        )

    def gateway_endpoint(self, service: str, tables: Sequence[aws.ec2.RouteTable]) -> None:
        """Keeps traffic to ``service`` inside AWS, free of charge."""
        aws.ec2.VpcEndpoint(
            f"{self.name}-{service}",
            vpc_id=self.vpc_id,
            service_name=f"com.amazonaws.{self.region}.{service}",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in tables],
            tags=self.named(service),
            opts=self.child,
        )

    def interface_endpoint(self, service: str, subnets: Sequence[aws.ec2.Subnet], guard: aws.ec2.SecurityGroup) -> None:
        """Gives ``service`` an address in each of ``subnets``, under its usual name."""
        aws.ec2.VpcEndpoint(
            f"{self.name}-{service}",
            vpc_id=self.vpc_id,
            service_name=f"com.amazonaws.{self.region}.{service}",
            vpc_endpoint_type="Interface",
            subnet_ids=[subnet.id for subnet in subnets],
            security_group_ids=[guard.id],
            private_dns_enabled=True,
            tags=self.named(service),
            opts=self.child,
        )

    def endpoint_guard(self, cidr_block: str) -> aws.ec2.SecurityGroup:
        """Security group of interface endpoints: HTTPS from the VPC, nothing out (they answer, they never call)."""
        guard = aws.ec2.SecurityGroup(
            f"{self.name}-endpoints",
            vpc_id=self.vpc_id,
            description="Interface endpoints: HTTPS from the VPC only",
            egress=[],
            tags=self.named("endpoints"),
            opts=self.child,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{self.name}-endpoints",
            security_group_id=guard.id,
            description="HTTPS from the VPC",
            cidr_ipv4=cidr_block,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            tags=self.named("endpoints"),
            opts=self.child,
        )
        return guard

    def flow_logs(
        self, days: int, key_arn: pulumi.Input[str], permissions_boundary_arn: pulumi.Input[str] | None
    ) -> None:
        """Records all of the VPC's traffic in an encrypted log group, by a role that can write nothing else."""
        group = aws.cloudwatch.LogGroup(
            f"{self.name}-flow-logs",
            retention_in_days=days,
            kms_key_id=key_arn,
            tags=self.named("flow-logs", {DATA_CLASS: DataClass.LOGS}),
            opts=self.child,
        )
        role = aws.iam.Role(
            f"{self.name}-flow-logs",
            assume_role_policy=group.arn.apply(policies.flow_log_trust),
            permissions_boundary=permissions_boundary_arn,
            tags=self.named("flow-logs"),
            opts=self.child,
        )
        delivery = aws.iam.RolePolicy(
            f"{self.name}-flow-logs",
            role=role.name,
            policy=group.arn.apply(policies.flow_log_delivery),
            opts=self.child,
        )
        aws.ec2.FlowLog(
            f"{self.name}-flow-logs",
            vpc_id=self.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            tags=self.named("flow-logs"),
            opts=pulumi.ResourceOptions.merge(self.child, pulumi.ResourceOptions(depends_on=[delivery])),
        )
