"""Functions (``aws.get_*``) that programs call while they run."""

from collections.abc import Callable

from sandbox.providers.aws.session import Session
from sandbox.providers.values import Properties


def _caller_identity(session: Session, _arguments: Properties) -> Properties:
    found = session.client("sts").get_caller_identity()
    account = found["Account"]
    return {"id": account, "accountId": account, "arn": found["Arn"], "userId": found["UserId"]}


def _region(session: Session, arguments: Properties) -> Properties:
    region = arguments.get("region") or arguments.get("name") or session.region
    description = f"Sandbox ({region})"
    endpoint = f"ec2.{region}.amazonaws.com"
    return {"id": region, "name": region, "region": region, "description": description, "endpoint": endpoint}


def _partition(session: Session, _arguments: Properties) -> Properties:
    return {
        "id": session.partition,
        "partition": session.partition,
        "dnsSuffix": "amazonaws.com",
        "reverseDnsPrefix": "com.amazonaws",
    }


def _availability_zones(session: Session, arguments: Properties) -> Properties:
    region = arguments.get("region") or session.region
    found = session.client("ec2", region).describe_availability_zones()["AvailabilityZones"]
    state, exclude = arguments.get("state") or "available", arguments.get("excludeNames") or []
    zones = sorted(
        (zone for zone in found if zone["State"] == state and zone["ZoneName"] not in exclude),
        key=lambda zone: str(zone["ZoneName"]),
    )
    return {
        "id": region,
        "region": region,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "groupNames": [region],
    }


FUNCTIONS: dict[str, Callable[[Session, Properties], Properties]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
}
