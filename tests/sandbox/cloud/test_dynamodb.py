"""Tables: keys that DynamoDB may use, classes and ceilings, switches that refuse what is on already."""

from typing import Any

import pytest
from slipway.security import DataClass
from slipway.security._policies_stores import key_policy

from tests.sandbox.cloud.helpers import ACCOUNT, Call, refused


def make_table(aws: Call, name: str, **more: Any) -> dict[str, Any]:
    table: dict[str, Any] = aws("dynamodb").create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "a", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        **more,
    )["TableDescription"]
    return table


def make_key(aws: Call, data_class: DataClass) -> str:
    policy = key_policy(data_class, ACCOUNT, "eu-west-1", [])
    return str(aws("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"])


def keyed(key: str) -> dict[str, Any]:
    return {"SSESpecification": {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}}


@pytest.mark.parametrize(("data_class", "fits"), [(item, item.value in ("models", "personal")) for item in DataClass])
def test_a_key_must_be_for_tables(aws: Call, data_class: DataClass, fits: bool) -> None:
    key, name = make_key(aws, data_class), f"keyed-{data_class}"
    if fits:
        assert make_table(aws, name, **keyed(key))["SSEDescription"]["KMSMasterKeyArn"] == key
        return
    with refused("ValidationException", "KMS key access denied"):
        make_table(aws, name, **keyed(key))
    assert name not in aws("dynamodb").list_tables()["TableNames"]


def test_a_keys_table_changes_and_loses_it(aws: Call) -> None:
    dynamodb, key, gone = aws("dynamodb"), make_key(aws, DataClass.MODELS), make_key(aws, DataClass.MODELS)
    aws("kms").disable_key(KeyId=gone)
    make_table(aws, "rekeyed")
    with refused("ValidationException", "KMS key access denied"):
        dynamodb.update_table(TableName="rekeyed", **keyed(gone))
    dynamodb.update_table(TableName="rekeyed", **keyed(key))
    assert dynamodb.describe_table(TableName="rekeyed")["Table"]["SSEDescription"]["KMSMasterKeyArn"] == key
    dynamodb.update_table(TableName="rekeyed", SSESpecification={"Enabled": False})
    assert "SSEDescription" not in dynamodb.describe_table(TableName="rekeyed")["Table"]


def test_class_and_ceilings(aws: Call) -> None:
    dynamodb = aws("dynamodb")
    made = make_table(aws, "bounded", OnDemandThroughput={"MaxReadRequestUnits": 10, "MaxWriteRequestUnits": 5})
    assert made["TableClassSummary"] == {"TableClass": "STANDARD"}
    assert made["OnDemandThroughput"] == {"MaxReadRequestUnits": 10, "MaxWriteRequestUnits": 5}
    dynamodb.update_table(TableName="bounded", TableClass="STANDARD_INFREQUENT_ACCESS")
    dynamodb.update_table(TableName="bounded", OnDemandThroughput={"MaxReadRequestUnits": -1})
    table = dynamodb.describe_table(TableName="bounded")["Table"]
    assert table["TableClassSummary"] == {"TableClass": "STANDARD_INFREQUENT_ACCESS"}
    assert table["OnDemandThroughput"] == {"MaxWriteRequestUnits": 5}


def test_expiry_is_switched_once(aws: Call) -> None:
    dynamodb = aws("dynamodb")
    make_table(aws, "expiring")

    def switch(enabled: bool, attribute: str) -> None:
        specification = {"Enabled": enabled, "AttributeName": attribute}
        dynamodb.update_time_to_live(TableName="expiring", TimeToLiveSpecification=specification)

    with refused("ValidationException", "already disabled"):
        switch(False, "a")
    switch(True, "until")
    with refused("ValidationException", "already enabled"):
        switch(True, "until")
    with refused("ValidationException", "different AttributeName"):
        switch(False, "other")
    switch(False, "until")


def test_a_stream_comes_goes_and_comes_anew(aws: Call) -> None:
    dynamodb = aws("dynamodb")
    make_table(aws, "streaming")
    on, off = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}, {"StreamEnabled": False}
    with refused("ValidationException", "already has a disabled stream"):
        dynamodb.update_table(TableName="streaming", StreamSpecification=off)
    first = dynamodb.update_table(TableName="streaming", StreamSpecification=on)["TableDescription"]
    with refused("ValidationException", "already has an enabled stream"):
        dynamodb.update_table(TableName="streaming", StreamSpecification=on)
    stopped = dynamodb.update_table(TableName="streaming", StreamSpecification=off)["TableDescription"]
    assert stopped["LatestStreamArn"] == first["LatestStreamArn"]
    assert "StreamSpecification" not in stopped
    again = dynamodb.update_table(TableName="streaming", StreamSpecification=on)["TableDescription"]
    assert again["LatestStreamArn"] != first["LatestStreamArn"]


def test_insights(aws: Call) -> None:
    dynamodb = aws("dynamodb")
    make_table(aws, "seen-into")
    assert dynamodb.describe_contributor_insights(TableName="seen-into")["ContributorInsightsStatus"] == "DISABLED"
    dynamodb.update_contributor_insights(TableName="seen-into", ContributorInsightsAction="ENABLE")
    assert dynamodb.describe_contributor_insights(TableName="seen-into")["ContributorInsightsStatus"] == "ENABLED"
    dynamodb.update_contributor_insights(TableName="seen-into", ContributorInsightsAction="DISABLE")
    assert dynamodb.describe_contributor_insights(TableName="seen-into")["ContributorInsightsStatus"] == "DISABLED"
