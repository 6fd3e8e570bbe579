"""A table that a model reads while it answers: features by key."""

from enum import StrEnum
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from slipway import _check, _tags
from slipway.security import DataClass
from slipway.serving import _stores

TABLE_NAME = (r"[A-Za-z0-9_.-]{3,255}", "a table's name: 3 to 255 of a-z, A-Z, 0-9, _, - and .")
ATTRIBUTE_NAME = (r"\S(?:.{0,253}\S)?", "an attribute's name of 1 to 255 characters")
ENVIRONMENT = "ONLINE_STORE_TABLE"
_MOST_UNITS = 1_000_000


class AttributeType(StrEnum):
    """Type of a key's values, in DynamoDB's letters."""

    STRING = "S"
    NUMBER = "N"
    BINARY = "B"


class StreamViewType(StrEnum):
    """What a table's stream says about each change."""

    KEYS_ONLY = "KEYS_ONLY"
    NEW_IMAGE = "NEW_IMAGE"
    OLD_IMAGE = "OLD_IMAGE"
    NEW_AND_OLD_IMAGES = "NEW_AND_OLD_IMAGES"


class TableClass(StrEnum):
    """What costs more: storage, or reads and writes."""

    STANDARD = "STANDARD"
    STANDARD_INFREQUENT_ACCESS = "STANDARD_INFREQUENT_ACCESS"
    """Storage at less than half the price, reads and writes at a quarter more."""


class OnlineStoreArgs(TypedDict):
    """Inputs of ``OnlineStore``."""

    table_name: str
    """Name of the table; changing it replaces the table."""
    data_class: DataClass
    """What the table holds: ``models`` or ``personal``."""
    key_arn: pulumi.Input[str]
    """KMS key that encrypts table, backups and stream: that of the data class."""
    hash_key: str
    """Attribute that items are found by; changing it replaces the table."""
    hash_key_type: NotRequired[AttributeType]
    """Type of the hash key: S, N or B. Default: S."""
    range_key: NotRequired[str]
    """Attribute that orders the items of one hash key. Default: none, one item for each hash key."""
    range_key_type: NotRequired[AttributeType]
    """Type of the range key: S, N or B. Default: S."""
    ttl_attribute: NotRequired[str]
    """Attribute with the second (Unix time) after which an item may be deleted. Default: items stay."""
    recovery_days: NotRequired[int]
    """Days back to which the table can be restored, at most 35; of personal data 30, so that what was erased does not
    come back later. Default: the most that the data class allows."""
    stream_view_type: NotRequired[StreamViewType]
    """What the table's stream says about each change. Default: no stream."""
    max_read_request_units: NotRequired[int]
    """Reads a second above which the table refuses more: a ceiling of its cost. It can be moved, but DynamoDB does not
    forget it when it is left out again. Default: none."""
    max_write_request_units: NotRequired[int]
    """Writes a second above which the table refuses more, like ``max_read_request_units``. Default: none."""
    table_class: NotRequired[TableClass]
    """STANDARD, or STANDARD_INFREQUENT_ACCESS where storage is most of the cost. Default: STANDARD."""
    contributor_insights: NotRequired[bool]
    """Reports the most used and the throttled keys, in the open: refused for personal data. Default: false."""
    deletion_protection: NotRequired[bool]
    """Guards the table against deletion, in DynamoDB and in Pulumi. Default: true."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags added to the provider's default tags. Default: no extra tags."""


class OnlineStore(pulumi.ComponentResource):
    """DynamoDB table, encrypted, restorable to any second, paid for by request. Stateful.

    A workload gets at it by ``WorkloadIdentity``: ``reads`` and ``writes`` take ``table_arn``, ``uses`` takes the key.
    Network policies need nothing: DynamoDB is reached by HTTPS through the VPC's gateway endpoint.
    """

    table_name: pulumi.Output[str]
    """Name of the table."""
    table_arn: pulumi.Output[str]
    """ARN of the table, for what a workload reads and writes."""
    stream_arn: pulumi.Output[str]
    """ARN of the table's stream, for what a workload reads; empty without a stream."""
    environment: pulumi.Output[dict[str, str]]
    """What tells a server which table: ``ONLINE_STORE_TABLE``."""

    def __init__(self, name: str, args: OnlineStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:OnlineStore", name, dict(args), opts)
        _check.known(args, OnlineStoreArgs.__annotations__)
        table_name = _check.matches("table_name", args.get("table_name"), *TABLE_NAME)
        data_class = _stores.class_of(args)
        key_arn = _check.given(args, "key_arn", *_check.A_KEY)
        keys = _keys(args)
        recovery_days = _stores.recovery_days(args, "recovery_days", data_class)
        table_class = _check.one_of("table_class", args.get("table_class", TableClass.STANDARD), TableClass)
        protection = _check.flag("deletion_protection", args.get("deletion_protection", True))
        insights = _check.flag("contributor_insights", args.get("contributor_insights", False))
        if insights and data_class is DataClass.PERSONAL:
            _check.refuse("contributor_insights", "false, because it shows keys and data_class is personal", insights)
        ttl, ceilings = _ttl(args), _ceilings(args)
        stream = _stream(args)
        child = pulumi.ResourceOptions(parent=self)

        table = aws.dynamodb.Table(
            f"{name}-table",
            name=table_name,
            billing_mode="PAY_PER_REQUEST",
            attributes=[{"name": key, "type": type_} for key, type_ in keys.items()],
            hash_key=args["hash_key"],
            range_key=args.get("range_key"),
            point_in_time_recovery={"enabled": True, "recovery_period_in_days": recovery_days},
            server_side_encryption={"enabled": True, "kms_key_arn": key_arn},
            ttl=ttl,
            stream_enabled=stream is not None,
            stream_view_type=stream,
            on_demand_throughput=ceilings,
            table_class=table_class,
            deletion_protection_enabled=protection,
            tags=_tags.classified(args.get("tags"), data_class),
            opts=pulumi.ResourceOptions(parent=self, protect=protection),
        )
        if insights:
            aws.dynamodb.ContributorInsights(f"{name}-insights", table_name=table.name, opts=child)

        self.table_name = table.name
        self.table_arn = table.arn
        self.stream_arn = table.stream_arn if stream else pulumi.Output.from_input("")
        self.environment = table.name.apply(lambda known: {ENVIRONMENT: known})
        self.register_outputs(
            {
                "tableName": self.table_name,
                "tableArn": self.table_arn,
                "streamArn": self.stream_arn,
                "environment": self.environment,
            }
        )


def _keys(args: OnlineStoreArgs) -> dict[str, str]:
    """The key attributes and their types."""
    keys: dict[str, str] = {}
    for arg, type_arg, needed in (("hash_key", "hash_key_type", True), ("range_key", "range_key_type", False)):
        value, type_ = args.get(arg), args.get(type_arg, AttributeType.STRING)
        if value is None and not needed:
            if args.get(type_arg) is not None:
                _check.refuse(type_arg, f"nothing, because there is no {arg}", type_)
            continue
        key = _check.matches(arg, value, *ATTRIBUTE_NAME)
        if key in keys:
            _check.refuse(arg, "another attribute than hash_key", key)
        keys[key] = _check.one_of(type_arg, type_, AttributeType)
    return keys


def _ttl(args: OnlineStoreArgs) -> aws.dynamodb.TableTtlArgsDict | None:
    if args.get("ttl_attribute") is None:
        return None
    attribute = _check.matches("ttl_attribute", args.get("ttl_attribute"), *ATTRIBUTE_NAME)
    return {"enabled": True, "attribute_name": attribute}


def _stream(args: OnlineStoreArgs) -> str | None:
    view = args.get("stream_view_type")
    return None if view is None else _check.one_of("stream_view_type", view, StreamViewType)


def _ceilings(args: OnlineStoreArgs) -> aws.dynamodb.TableOnDemandThroughputArgsDict | None:
    ceilings: aws.dynamodb.TableOnDemandThroughputArgsDict = {}
    if args.get("max_read_request_units") is not None:
        units = _check.between("max_read_request_units", args.get("max_read_request_units"), 1, _MOST_UNITS)
        ceilings["max_read_request_units"] = units
    if args.get("max_write_request_units") is not None:
        units = _check.between("max_write_request_units", args.get("max_write_request_units"), 1, _MOST_UNITS)
        ceilings["max_write_request_units"] = units
    return ceilings or None
