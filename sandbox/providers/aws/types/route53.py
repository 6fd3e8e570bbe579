"""Zones and their records."""

import uuid
from typing import Any

from sandbox.providers.aws.table import Call, Code, Context, Tags, Type

_ZONE = {"Id": "id"}
_TAGGED = {"ResourceType": "'hostedzone'", "ResourceId": "id"}
_OWN = ("NS", "SOA")
"""Records that a zone is born with and cannot lose."""


def _create_zone(route53: Any, seen: Context) -> dict[str, Any]:
    given = {"Name": seen["name"], "CallerReference": str(uuid.uuid4())}
    made = route53.create_hosted_zone(**given, HostedZoneConfig={"Comment": seen["comment"]})["HostedZone"]
    identifier = made["Id"].rpartition("/")[2]
    if seen["tagList"]:
        route53.change_tags_for_resource(ResourceType="hostedzone", ResourceId=identifier, AddTags=seen["tagList"])
    return {**made, "zone": identifier}


def _read_zone(route53: Any, seen: Context) -> dict[str, Any]:
    found = route53.get_hosted_zone(Id=seen["id"])
    return {**found["HostedZone"], "zone": seen["id"], "servers": found["DelegationSet"]["NameServers"]}


def _empty(route53: Any, seen: Context) -> None:
    """``forceDestroy``: everything but what the zone was born with goes."""
    if not seen.get("forceDestroy"):
        return
    for page in route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=seen["id"]):
        for record in page["ResourceRecordSets"]:
            if record["Type"] not in _OWN:
                _change(route53, seen["id"], "DELETE", record)


def _full_name(route53: Any, seen: Context) -> str:
    """The record's whole name: the program may leave out the zone's."""
    zone = route53.get_hosted_zone(Id=seen["zoneId"])["HostedZone"]["Name"].rstrip(".")
    name = str(seen["name"]).rstrip(".").lower()
    return name if name == zone or name.endswith(f".{zone}") else f"{name}.{zone}".lstrip(".")


def _record(route53: Any, seen: Context) -> dict[str, Any]:
    record: dict[str, Any] = {"Name": _full_name(route53, seen), "Type": seen["type"]}
    for alias in seen.get("aliases") or []:
        record["AliasTarget"] = {
            "DNSName": alias["name"],
            "HostedZoneId": alias["zoneId"],
            "EvaluateTargetHealth": alias["evaluateTargetHealth"],
        }
    if seen.get("records"):
        record |= {"TTL": int(seen["ttl"]), "ResourceRecords": [{"Value": value} for value in seen["records"]]}
    return record


def _change(route53: Any, zone: str, action: str, record: dict[str, Any]) -> None:
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)


def _create(route53: Any, seen: Context) -> dict[str, Any]:
    record = _record(route53, seen)
    if not seen.get("allowOverwrite") and (found := _read(route53, seen)) is not None and not _is(found, record):
        raise ValueError(f"{record['Name']} {record['Type']} exists already, with other values")
    _change(route53, seen["zoneId"], "UPSERT", record)
    return {}


def _update(route53: Any, seen: Context) -> None:
    _change(route53, seen["zoneId"], "UPSERT", _record(route53, seen))


def _read(route53: Any, seen: Context) -> dict[str, Any] | None:
    name = _full_name(route53, seen)
    found = route53.list_resource_record_sets(
        HostedZoneId=seen["zoneId"], StartRecordName=name, StartRecordType=seen["type"], MaxItems="1"
    )["ResourceRecordSets"]
    for record in found:
        if (_plain(record["Name"]), record["Type"]) == (name, seen["type"]):
            return {**record, "fqdn": name}
    return None


def _delete(route53: Any, seen: Context) -> None:
    """A record is deleted by saying exactly what it is."""
    found = _read(route53, seen)
    if found is not None:
        del found["fqdn"]
        _change(route53, seen["zoneId"], "DELETE", found)


def _is(found: dict[str, Any], record: dict[str, Any]) -> bool:
    return all(found.get(key) == value for key, value in record.items() if key != "Name")


def _plain(name: str) -> str:
    return name.rstrip(".").replace("\\052", "*")


_VALUES = frozenset({"aliases", "records", "ttl"})

TYPES = [
    Type(
        "aws:route53/zone:Zone",
        client="route53",
        create=Code(_create_zone, frozenset({"name", "comment"})),
        id="zone",
        claims=True,
        read=(Code(_read_zone),),
        update=(Call("UpdateHostedZoneComment", _ZONE),),
        before_delete=(Code(_empty),),
        delete=(Call("DeleteHostedZone", _ZONE),),
        replace=frozenset({"name"}),
        defaults={"comment": "Managed by Pulumi"},
        local=frozenset({"forceDestroy"}),
        back={
            "name": "given.name && join('', [given.name, '.'])==Name && given.name || Name",
            "comment": "Config.Comment",
        },
        outputs={
            "arn": "join('', ['arn:', here.partition, ':route53:::hostedzone/', id])",
            "zoneId": "id",
            "nameServers": "servers",
            "primaryNameServer": "servers[0]",
        },
        tags=Tags(
            Call("ChangeTagsForResource", {**_TAGGED, "RemoveTagKeys": "`null`"}),
            Call("ChangeTagsForResource", {**_TAGGED, "AddTags": "`null`"}),
            Call("ListTagsForResource", _TAGGED, at="ResourceTagSet.Tags"),
        ),
        regional=False,
    ),
    Type(
        "aws:route53/record:Record",
        client="route53",
        create=Code(_create, _VALUES | {"name", "type", "zoneId"}),
        id="join('_', [zoneId, name, type])",
        id_parts="{zoneId}_{name}_{type}",
        read=(Code(_read),),
        update=(Code(_update, _VALUES),),
        delete=(Code(_delete),),
        replace=frozenset({"name", "type", "zoneId"}),
        local=frozenset({"allowOverwrite"}),
        back={
            "name": "given.name",
            "aliases": "AliasTarget && [{name: AliasTarget.DNSName, zoneId: AliasTarget.HostedZoneId, "
            "evaluateTargetHealth: AliasTarget.EvaluateTargetHealth}]",
            "records": "ResourceRecords[].Value",
            "ttl": "TTL",
        },
        outputs={"fqdn": "fqdn"},
        regional=False,
    ),
]
