"""Where databases are in the network: subnet groups over two zones, and an interface for each instance."""

from typing import Any

from moto.ec2.models import ec2_backends
from moto.rds.models import DBSubnetGroup, RDSBackend

from sandbox.cloud.extension import fail, replaces


def _zones(self: Any) -> list[str]:
    return sorted({subnet.availability_zone for subnet in self._subnets})


setattr(DBSubnetGroup, "sandbox_zones", property(_zones))  # noqa: B010 -- moto's class has no such attribute


def subnet_group(backend: Any, name: str | None) -> Any:
    """The subnet group of a cluster; there is no default one, because the account has no default VPC."""
    if not name or name == "default":
        fail("InvalidSubnet", "No default subnet detected in VPC: name a DB subnet group")
    found = backend.subnet_groups.get(name)
    return found or fail("DBSubnetGroupNotFoundFault", f"DB subnet group {name} does not exist.")


def groups_of(backend: Any, vpc_id: str, given: list[str] | None) -> list[str]:
    """The security groups of a cluster; by default the VPC's own. Refused where they do not exist there."""
    ec2 = _ec2(backend)
    if not given:
        return [ec2.get_security_group_from_name("default", vpc_id=vpc_id).id]
    for group in given:
        if group not in ec2.groups.get(vpc_id, {}):
            fail("InvalidVPCNetworkStateFault", f"Security group {group} does not exist in VPC {vpc_id}")
    return list(given)


def connect(backend: Any, instance: Any) -> None:
    """Give an instance its interface, in the cluster's security groups, so that these are in use."""
    ec2 = _ec2(backend)
    groups = list(instance.cluster.vpc_security_group_ids)
    interface = getattr(instance, "sandbox_interface", None)
    if interface is None:
        subnets = subnet_group(backend, instance.cluster.db_subnet_group_name)._subnets
        subnet = next((each for each in subnets if each.availability_zone == instance.availability_zone), subnets[0])
        interface = ec2.create_network_interface(subnet, None, group_ids=groups, description="RDSNetworkInterface")
        instance.sandbox_interface = interface
    interface._group_set[:] = [ec2.get_security_group_from_id(group) for group in groups]


def disconnect(backend: Any, instance: Any) -> None:
    """Take the interface away."""
    interface = getattr(instance, "sandbox_interface", None)
    if interface is not None:
        _ec2(backend).delete_network_interface(interface.id)


@replaces(RDSBackend, "create_subnet_group")
def _create(original: Any, self: Any, subnet_name: str, description: str, subnets: list[Any], tags: Any) -> Any:
    if subnet_name in self.subnet_groups:
        fail("DBSubnetGroupAlreadyExists", f"The DB subnet group '{subnet_name}' already exists.")
    _check(subnets)
    return original(self, subnet_name, description, subnets, tags)


@replaces(RDSBackend, "modify_db_subnet_group")
def _modify(original: Any, self: Any, subnet_name: str, description: str, subnets: list[Any]) -> Any:
    _check(subnets)
    group = self.subnet_groups.get(subnet_name)
    if group is None:
        fail("DBSubnetGroupNotFoundFault", f"DB subnet group {subnet_name} does not exist.")
    changed = original(self, subnet_name, description, subnets)
    self.subnet_groups[subnet_name] = changed  # moto forgets it
    return changed


@replaces(RDSBackend, "delete_subnet_group")
def _delete(original: Any, self: Any, subnet_name: str) -> Any:
    if any(cluster.db_subnet_group_name == subnet_name for cluster in self.clusters.values()):
        fail("InvalidDBSubnetGroupStateFault", f"Cannot delete the subnet group '{subnet_name}': it is in use.")
    return original(self, subnet_name)


def _check(subnets: list[Any]) -> None:
    if len({subnet.availability_zone for subnet in subnets}) < 2:
        fail(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement: add subnets to cover at "
            "least 2 AZs.",
        )
    if len({subnet.vpc_id for subnet in subnets}) > 1:
        fail("InvalidSubnet", "The subnets are not all in the same VPC")


def _ec2(backend: Any) -> Any:
    return ec2_backends[backend.account_id][backend.region_name]
