"""What exists in the account: the walk that ``down`` and the tests make to see that nothing is left."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from sandbox.cloud import inventory_compute, inventory_events, inventory_front, inventory_stores
from sandbox.cloud.clients import client, session
from sandbox.cloud.item import Call, Item
from sandbox.cloud.item import tags_of as _tags

__all__ = ["CLOSED", "PENDING_DELETION", "Item", "inventory"]

PENDING_DELETION = "pending deletion"
CLOSED = "its policy lets nobody look"


def inventory(environment: Mapping[str, str]) -> list[Item]:
    """Everything in the account, in the region of ``environment`` (see ``Cloud.environment``), by kind and name.

    What AWS makes by itself and takes away again is left out: default security groups, main route tables,
    service-linked roles, AWS's own keys.
    """
    source = session(environment)

    def call(service: str) -> Any:
        return client(service, environment, source)

    found = [item for walk in _WALKS for item in walk(call)]
    return sorted(found, key=lambda item: (item.kind, item.identifier))


def _buckets(call: Call) -> Iterator[Item]:
    s3 = call("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        try:
            tags = _tags(s3.get_bucket_tagging(Bucket=bucket["Name"])["TagSet"])
        except ClientError:  # NoSuchTagSet
            tags = {}
        yield Item("bucket", bucket["Name"], tags)


def _keys(call: Call) -> Iterator[Item]:
    kms = call("kms")
    for page in kms.get_paginator("list_keys").paginate():
        for key in page["Keys"]:
            try:
                about = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
            except ClientError:  # AccessDeniedException: a key policy binds the account too
                yield Item("key", key["KeyId"], {}, CLOSED)
                continue
            if about["KeyManager"] != "CUSTOMER":
                continue
            tags = {tag["TagKey"]: tag["TagValue"] for tag in kms.list_resource_tags(KeyId=key["KeyId"])["Tags"]}
            yield Item("key", key["KeyId"], tags, PENDING_DELETION if about["KeyState"] == "PendingDeletion" else "")
    for page in kms.get_paginator("list_aliases").paginate():
        for alias in page["Aliases"]:
            if not alias["AliasName"].startswith("alias/aws/"):
                yield Item("key alias", alias["AliasName"])


def _log_groups(call: Call) -> Iterator[Item]:
    logs = call("logs")
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            tags = logs.list_tags_for_resource(resourceArn=group["logGroupArn"])["tags"]
            yield Item("log group", group["logGroupName"], tags)


def _repositories(call: Call) -> Iterator[Item]:
    ecr = call("ecr")
    for page in ecr.get_paginator("describe_repositories").paginate():
        for repository in page["repositories"]:
            tags = _tags(ecr.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"])
            yield Item("repository", repository["repositoryName"], tags)


def _clusters(call: Call) -> Iterator[Item]:
    eks = call("eks")
    for name in eks.list_clusters()["clusters"]:
        yield Item("cluster", name, eks.describe_cluster(name=name)["cluster"].get("tags", {}))


def _roles(call: Call) -> Iterator[Item]:
    iam = call("iam")
    for page in iam.get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            if not role["Path"].startswith("/aws-service-role/"):
                yield Item("role", role["RoleName"], _tags(iam.list_role_tags(RoleName=role["RoleName"])["Tags"]))


def _network(call: Call) -> Iterator[Item]:
    ec2 = call("ec2")
    for kind, operation, member, identifier, is_ours in _NETWORK:
        for thing in ec2.get_paginator(operation).paginate().build_full_result()[member]:
            if is_ours(thing):
                yield Item(kind, thing[identifier], _tags(thing.get("Tags", [])))
    for address in ec2.describe_addresses()["Addresses"]:
        yield Item("elastic ip", address["AllocationId"], _tags(address.get("Tags", [])))


def _any(_: dict[str, Any]) -> bool:
    return True


_NETWORK: tuple[tuple[str, str, str, str, Callable[[dict[str, Any]], bool]], ...] = (
    ("vpc", "describe_vpcs", "Vpcs", "VpcId", _any),
    ("subnet", "describe_subnets", "Subnets", "SubnetId", _any),
    ("internet gateway", "describe_internet_gateways", "InternetGateways", "InternetGatewayId", _any),
    (
        *("nat gateway", "describe_nat_gateways", "NatGateways", "NatGatewayId"),
        lambda gateway: gateway["State"] != "deleted",
    ),
    (
        *("route table", "describe_route_tables", "RouteTables", "RouteTableId"),
        lambda table: not any(association["Main"] for association in table["Associations"]),
    ),
    (
        *("vpc endpoint", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
        lambda endpoint: endpoint["State"].lower() != "deleted",
    ),
    (
        *("security group", "describe_security_groups", "SecurityGroups", "GroupId"),
        lambda group: group["GroupName"] != "default",
    ),
    ("flow log", "describe_flow_logs", "FlowLogs", "FlowLogId", _any),
)

_WALKS = (
    *(_buckets, _keys, _log_groups, _repositories, _clusters, _roles, _network),
    *inventory_compute.WALKS,
    *inventory_stores.WALKS,
    *inventory_front.WALKS,
    *inventory_events.WALKS,
)
