"""EC2: an account without a default VPC, whose networks refuse to lose what is still in use."""

from typing import Any

from moto.ec2.exceptions import DependencyViolationError, EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.launch_templates import LaunchTemplate
from moto.ec2.responses.vpcs import VPCs
from moto.logs.models import logs_backends

from sandbox.cloud.extension import replaces


@replaces(EC2Backend, "__init__")
def _init(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    """A careful account has had its default VPC removed; here it would stand in the way of every look around."""
    original(self, *args, **kwargs)
    for zone in self.subnets.values():
        zone.clear()
    for vpc in list(self.vpcs):
        self.delete_vpc(vpc)


def _default_vpc(self: Any) -> Any:
    """What moto reads when a call names no VPC."""
    vpc = self.get_default_vpc()
    if vpc is None:
        raise EC2ClientError("VPCIdNotSpecified", "No default VPC for this user")
    return vpc


def _ignore(self: Any, value: Any) -> None:
    """moto remembers the VPC that it made when it started."""


setattr(EC2Backend, "default_vpc", property(_default_vpc, _ignore))  # noqa: B010 -- an attribute of instances so far


@replaces(EC2Backend, "create_vpc")
def _create_vpc(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """The default security group lets its members reach each other."""
    vpc = original(self, *args, **kwargs)
    admit_members(self, self.get_security_group_from_name("default", vpc_id=vpc.id))
    return vpc


def admit_members(ec2: Any, group: Any) -> None:
    """Let the members of ``group`` reach each other."""
    itself = [{"GroupId": group.id}]
    ec2.authorize_security_group_ingress(
        group.id, "-1", None, None, ip_ranges=[], source_groups=itself, vpc_id=group.vpc_id
    )


@replaces(EC2Backend, "delete_vpc")
def _delete_vpc(original: Any, self: Any, vpc_id: str) -> Any:
    self.get_vpc(vpc_id)
    in_use = [
        *(gateway.id for gateway in self.internet_gateways.values() if gateway.vpc and gateway.vpc.id == vpc_id),
        *(endpoint.id for endpoint in self.vpc_end_points.values() if endpoint.vpc_id == vpc_id),
        *(group.id for group in self.groups.get(vpc_id, {}).values() if not group.is_default),
        *(interface.id for interface in self.enis.values() if interface.subnet.vpc_id == vpc_id),
    ]
    if in_use:
        raise DependencyViolationError(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
    vpc = original(self, vpc_id)
    self.network_acls = {key: acl for key, acl in self.network_acls.items() if acl.vpc_id != vpc_id}
    return vpc


@replaces(EC2Backend, "delete_subnet")
def _delete_subnet(original: Any, self: Any, subnet_id: str) -> Any:
    if any(interface.subnet.id == subnet_id for interface in self.enis.values()):
        raise DependencyViolationError(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
    return original(self, subnet_id)


@replaces(EC2Backend, "delete_security_group")
def _delete_security_group(original: Any, self: Any, name: str | None = None, group_id: str | None = None) -> Any:
    if any(group.id == group_id for interface in self.enis.values() for group in interface.group_set):
        raise DependencyViolationError(f"resource {group_id} has a dependent object")
    return original(self, name, group_id)


@replaces(EC2Backend, "detach_internet_gateway")
def _detach_internet_gateway(original: Any, self: Any, internet_gateway_id: str, vpc_id: str) -> Any:
    if any(address.eni and address.eni.subnet.vpc_id == vpc_id for address in self.addresses):
        raise DependencyViolationError(
            f"Network {vpc_id} has some mapped public address(es). Please unmap those public address(es) before"
            " detaching the gateway."
        )
    return original(self, internet_gateway_id, vpc_id)


@replaces(EC2Backend, "release_address")
def _release_address(original: Any, self: Any, address: str | None = None, allocation_id: str | None = None) -> Any:
    for found in self.addresses:
        if found.allocation_id == allocation_id and found.eni is not None:
            raise EC2ClientError("InvalidIPAddress.InUse", f"The address {found.public_ip} is in use.")
    return original(self, address, allocation_id)


@replaces(EC2Backend, "create_nat_gateway")
def _create_nat_gateway(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    gateway = original(self, *args, **kwargs)
    self.enis[gateway.address_set[0]["networkInterfaceId"]]._group_set.clear()  # a NAT gateway is in no group
    return gateway


@replaces(EC2Backend, "delete_nat_gateway")
def _delete_nat_gateway(original: Any, self: Any, nat_gateway_id: str) -> Any:
    """Its address is free again and its interface leaves the subnet."""
    if nat_gateway_id not in self.nat_gateways:
        raise EC2ClientError("NatGatewayNotFound", f"The Nat Gateway {nat_gateway_id} was not found")
    gateway = original(self, nat_gateway_id)
    for part in gateway.address_set:
        if public := part.get("publicIp"):
            self.disassociate_address(address=public)
        self.enis.pop(part["networkInterfaceId"], None)
    return gateway


@replaces(EC2Backend, "create_vpc_endpoint")
def _create_vpc_endpoint(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """Its interfaces are in the endpoint's groups; a gateway has no private names."""
    endpoint = original(self, *args, **kwargs)
    if (endpoint.vpc_endpoint_type or "Gateway").lower() != "interface":
        endpoint.private_dns_enabled = False
        return endpoint
    if not endpoint.security_group_ids:
        endpoint.security_group_ids = [self.get_security_group_from_name("default", vpc_id=endpoint.vpc_id).id]
    groups = [self.get_security_group_from_id(group) for group in endpoint.security_group_ids]
    for interface in endpoint.network_interface_ids:
        self.enis[interface]._group_set[:] = groups
    return endpoint


@replaces(EC2Backend, "delete_vpc_endpoints")
def _delete_vpc_endpoints(original: Any, self: Any, vpce_ids: list[str] | None = None) -> Any:
    original(self, vpce_ids)
    for endpoint in vpce_ids or []:
        self.vpc_end_points.pop(endpoint, None)


@replaces(VPCs, "modify_vpc_endpoint")
def _modify_vpc_endpoint(original: Any, self: Any) -> Any:
    answer = original(self)
    endpoint = self.ec2_backend.vpc_end_points[self._get_param("VpcEndpointId")]
    private = self._get_param("PrivateDnsEnabled")
    if private is not None:
        endpoint.private_dns_enabled = str(private).lower() == "true"
    return answer


def _tags_now(self: Any) -> Any:
    """moto answers the tags that a launch template had when it was made."""
    return self.get_tags()


setattr(LaunchTemplate, "tags", property(_tags_now, _ignore))  # noqa: B010 -- an attribute of instances so far


@replaces(EC2Backend, "create_flow_logs")
def _create_flow_logs(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """Delivery works where the log group exists, whether the call gave its name or its ARN."""
    created, unsuccessful = original(self, *args, **kwargs)
    groups = logs_backends[self.account_id][self.region_name].groups
    for log in created:
        if log.log_destination_type == "cloud-watch-logs" and log.log_destination:
            name = log.log_destination.split(":log-group:")[-1].removesuffix(":*")
            known = name in groups
            log.deliver_logs_status = "SUCCESS" if known else "FAILED"
            log.deliver_logs_error_message = None if known else "Access error"
    return created, unsuccessful
