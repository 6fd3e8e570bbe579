"""DynamoDB tables."""

from typing import Any

from sandbox.providers.aws.table import Call, Code, Context, Tags, Type

_TABLE = {"TableName": "id"}
_KNOWN = {"TableName": "id || name"}
_OF_TABLE = {"TableName": "tableName"}
_ARN = {"ResourceArn": "TableArn || arn"}
_KEYED = (
    "serverSideEncryption.enabled && {Enabled: `true`, SSEType: 'KMS', KMSMasterKeyId: serverSideEncryption.kmsKeyArn}"
)
_STREAM = "streamEnabled && {StreamEnabled: `true`, StreamViewType: streamViewType} || `null`"

_CHANGES = {
    # what one call of UpdateTable may change: its parameters and where they come from
    "billingMode": {},
    "deletionProtectionEnabled": {},
    "onDemandThroughput": {},
    "serverSideEncryption": {"SSESpecification": f"{_KEYED} || {{Enabled: `false`}}"},
    "tableClass": {},
}


def _change(name: str) -> Call:
    return Call("UpdateTable", {**_TABLE, **_CHANGES[name]}, without=frozenset(_CHANGES) - {name})


def _stream(dynamodb: Any, seen: Context) -> None:
    """Another kind of stream is another stream: the old one goes first."""
    if seen["old"].get("streamEnabled"):
        dynamodb.update_table(TableName=seen["id"], StreamSpecification={"StreamEnabled": False})
    if seen.get("streamEnabled"):
        wanted = {"StreamEnabled": True, "StreamViewType": seen["streamViewType"]}
        dynamodb.update_table(TableName=seen["id"], StreamSpecification=wanted)


def _expiry(dynamodb: Any, seen: Context) -> None:
    """Time to live is switched; for another attribute, off first."""
    table, wanted = seen["id"], seen.get("ttl") or {}
    current = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    running = current.get("AttributeName") if current["TimeToLiveStatus"] == "ENABLED" else None
    attribute = wanted.get("attributeName") if wanted.get("enabled") else None
    if running == attribute:
        return
    for name, enabled in ((running, False), (attribute, True)):
        if name is not None:
            dynamodb.update_time_to_live(
                TableName=table, TimeToLiveSpecification={"Enabled": enabled, "AttributeName": name}
            )


TYPES = [
    Type(
        "aws:dynamodb/table:Table",
        client="dynamodb",
        create=Call(
            "CreateTable",
            {
                "TableName": "name",
                "AttributeDefinitions": "attributes[].{AttributeName: name, AttributeType: type}",
                "KeySchema": "[{AttributeName: hashKey, KeyType: 'HASH'}, "
                "rangeKey && {AttributeName: rangeKey, KeyType: 'RANGE'}][?@]",
                "SSESpecification": _KEYED,
                "StreamSpecification": _STREAM,
            },
            at="TableDescription",
        ),
        id="name",
        id_parts="{name}",
        read=(
            Call("DescribeTable", _KNOWN, at="Table"),
            Call("DescribeContinuousBackups", _KNOWN, at="ContinuousBackupsDescription", into="backups"),
            Call("DescribeTimeToLive", _KNOWN, at="TimeToLiveDescription", into="expiry"),
        ),
        settle=(
            Call(
                "UpdateContinuousBackups",
                {
                    **_TABLE,
                    "PointInTimeRecoverySpecification": "{PointInTimeRecoveryEnabled: pointInTimeRecovery.enabled "
                    "|| `false`, RecoveryPeriodInDays: pointInTimeRecovery.recoveryPeriodInDays}",
                },
                when="pointInTimeRecovery || old.pointInTimeRecovery",
            ),
            Code(_expiry, frozenset({"ttl"})),
        ),
        update=(
            *(_change(name) for name in _CHANGES),
            Code(_stream, frozenset({"streamEnabled", "streamViewType"})),
        ),
        delete=(Call("DeleteTable", _TABLE),),
        name="name",
        replace=frozenset({"name", "attributes", "hashKey", "rangeKey", "region"}),
        defaults={
            "billingMode": "PROVISIONED",
            "deletionProtectionEnabled": False,
            "streamEnabled": False,
            "tableClass": "STANDARD",
        },
        back={
            "name": "TableName",
            "attributes": "AttributeDefinitions[].{name: AttributeName, type: AttributeType}",
            "hashKey": "KeySchema[?KeyType=='HASH'].AttributeName | [0]",
            "rangeKey": "KeySchema[?KeyType=='RANGE'].AttributeName | [0]",
            "billingMode": "BillingModeSummary.BillingMode",
            "pointInTimeRecovery": "backups.PointInTimeRecoveryDescription.{"
            "enabled: PointInTimeRecoveryStatus=='ENABLED', recoveryPeriodInDays: RecoveryPeriodInDays}",
            "serverSideEncryption": "{enabled: SSEDescription.Status=='ENABLED', "
            "kmsKeyArn: SSEDescription.KMSMasterKeyArn}",
            "ttl": "expiry.TimeToLiveStatus=='ENABLED' && {enabled: `true`, attributeName: expiry.AttributeName} "
            "|| {enabled: `false`}",
            "streamEnabled": "StreamSpecification.StreamEnabled || `false`",
            "streamViewType": "StreamSpecification.StreamViewType",
            "tableClass": "TableClassSummary.TableClass",
            "onDemandThroughput": "OnDemandThroughput",
        },
        outputs={"arn": "TableArn", "streamArn": "LatestStreamArn", "streamLabel": "LatestStreamLabel"},
        tags=Tags(Call("TagResource", _ARN), Call("UntagResource", _ARN), Call("ListTagsOfResource", _ARN, at="Tags")),
    ),
    Type(
        "aws:dynamodb/contributorInsights:ContributorInsights",
        client="dynamodb",
        create=Call("UpdateContributorInsights", {**_OF_TABLE, "ContributorInsightsAction": "'ENABLE'"}),
        id="tableName",
        id_parts="{tableName}",
        read=(Call("DescribeContributorInsights", _OF_TABLE),),
        gone="ContributorInsightsStatus=='DISABLED'",
        delete=(Call("UpdateContributorInsights", {**_OF_TABLE, "ContributorInsightsAction": "'DISABLE'"}),),
        replace=frozenset({"tableName", "region"}),
    ),
]
