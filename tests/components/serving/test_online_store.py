"""The online store: keyed, restorable, priced by request, guarded; what a workload gets of it."""

from typing import Any

import pulumi
import pytest
from slipway.security import Principal, WorkloadIdentity
from slipway.serving import OnlineStore

from tests.components.graph import UNKNOWN, Graph, declare

ACCOUNT = "123456789012"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"
ARN = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/acme-prod-airports"
TABLE = "aws:dynamodb/table:Table"
INSIGHTS = "aws:dynamodb/contributorInsights:ContributorInsights"
ARGS: dict[str, Any] = {
    "table_name": "acme-prod-airports",
    "data_class": "models",
    "key_arn": KEY,
    "hash_key": "airport",
}


def store(preview: bool = False, **more: Any) -> Graph[Any]:
    args: Any = {**ARGS, **more}
    return declare(lambda: OnlineStore("airports", args), preview=preview)


def test_a_table_by_default(preview: bool) -> None:
    table = store(preview).one(TABLE)
    assert table.protect
    assert table.inputs == {
        "name": "acme-prod-airports",
        "billingMode": "PAY_PER_REQUEST",
        "attributes": [{"name": "airport", "type": "S"}],
        "hashKey": "airport",
        "pointInTimeRecovery": {"enabled": True, "recoveryPeriodInDays": 35},
        "serverSideEncryption": {"enabled": True, "kmsKeyArn": KEY},
        "streamEnabled": False,
        "tableClass": "STANDARD",
        "deletionProtectionEnabled": True,
        "tags": {"data-class": "models"},
    }


def test_everything_that_can_be_asked_for(preview: bool) -> None:
    graph = store(
        preview,
        hash_key_type="B",
        range_key="hour",
        range_key_type="N",
        ttl_attribute="expires at",
        recovery_days=7.0,
        stream_view_type="NEW_IMAGE",
        max_read_request_units=1000.0,
        max_write_request_units=100,
        table_class="STANDARD_INFREQUENT_ACCESS",
        contributor_insights=True,
        deletion_protection=False,
        tags={"team": "ml"},
    )
    table = graph.one(TABLE)
    assert not table.protect
    assert table.inputs["attributes"] == [{"name": "airport", "type": "B"}, {"name": "hour", "type": "N"}]
    assert table.inputs["rangeKey"] == "hour"
    assert table.inputs["ttl"] == {"enabled": True, "attributeName": "expires at"}
    assert table.inputs["pointInTimeRecovery"]["recoveryPeriodInDays"] == 7
    assert (table.inputs["streamEnabled"], table.inputs["streamViewType"]) == (True, "NEW_IMAGE")
    assert table.inputs["onDemandThroughput"] == {"maxReadRequestUnits": 1000, "maxWriteRequestUnits": 100}
    assert table.inputs["tableClass"] == "STANDARD_INFREQUENT_ACCESS"
    assert table.inputs["deletionProtectionEnabled"] is False
    assert table.inputs["tags"] == {"team": "ml", "data-class": "models"}
    assert graph.one(INSIGHTS).inputs == {"tableName": "acme-prod-airports"}


@pytest.mark.parametrize("ceiling", ["max_read_request_units", "max_write_request_units"])
def test_one_ceiling_says_nothing_of_the_other(ceiling: str) -> None:
    more: dict[str, Any] = {ceiling: 5}
    [(_, units)] = store(False, **more).one(TABLE).inputs["onDemandThroughput"].items()
    assert units == 5


def test_personal_data_cannot_be_restored_after_an_erasures_deadline(preview: bool) -> None:
    table = store(preview, data_class="personal").one(TABLE)
    assert table.inputs["pointInTimeRecovery"]["recoveryPeriodInDays"] == 30
    assert table.inputs["tags"] == {"data-class": "personal"}
    with pytest.raises(ValueError, match="recovery_days: accepted: 1 to 30 days: received: 31"):
        store(data_class="personal", recovery_days=31)
    with pytest.raises(ValueError, match="contributor_insights: accepted: false, because it shows keys"):
        store(data_class="personal", contributor_insights=True)


def test_outputs(preview: bool) -> None:
    assert store(preview).outputs("airports") == {
        "tableName": "acme-prod-airports",
        "tableArn": UNKNOWN if preview else ARN,
        "streamArn": "",
        "environment": {"ONLINE_STORE_TABLE": "acme-prod-airports"},
    }
    stream = store(preview, stream_view_type="KEYS_ONLY").outputs("airports")["streamArn"]
    assert stream == (UNKNOWN if preview else f"{ARN}/stream/2026-01-01T00:00:00.000")


def test_a_workload_reads_it_by_name() -> None:
    """The rights that follow from the outputs: this table, its stream, the key through DynamoDB only."""

    def build() -> None:
        args: Any = {**ARGS, "stream_view_type": "KEYS_ONLY"}
        made = OnlineStore("airports", args)
        WorkloadIdentity(
            "model",
            {
                "principal": Principal.BATCH,
                "reads": [made.table_arn, made.stream_arn],
                "writes": [made.table_arn],
                "uses": [KEY],
                "account_id": ACCOUNT,
            },
        )

    [policy] = declare(build).all("aws:iam/rolePolicy:RolePolicy")
    allowed = {action: each for each in policy.document("policy")["Statement"] for action in each["Action"]}
    assert allowed["dynamodb:GetItem"]["Resource"] == [ARN, f"{ARN}/index/*"]
    assert allowed["dynamodb:PutItem"]["Resource"] == [ARN]
    assert allowed["dynamodb:GetRecords"]["Resource"] == [f"{ARN}/stream/2026-01-01T00:00:00.000"]
    assert allowed["kms:Decrypt"]["Condition"] == {
        "StringEquals": {"kms:ViaService": ["dynamodb.eu-west-1.amazonaws.com"]}
    }


def test_the_key_may_come_later(preview: bool) -> None:
    def build() -> OnlineStore:
        args: Any = {**ARGS, "key_arn": pulumi.Output.from_input(KEY)}
        return OnlineStore("airports", args)

    assert declare(build, preview=preview).one(TABLE).inputs["serverSideEncryption"]["kmsKeyArn"] == KEY


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"table_name": "a"}, "table_name: accepted: a table's name: 3 to 255 of "),
        ({"data_class": "logs"}, "data_class: accepted: one of models, personal: received: 'logs'"),
        ({"data_class": None}, "data_class: accepted: one of models, personal: received: None"),
        ({"key_arn": None}, "key_arn: accepted: a KMS key's ARN: received: None"),
        ({"key_arn": "alias/models"}, "key_arn: accepted: a KMS key's ARN: received: 'alias/models'"),
        ({"hash_key": None}, "hash_key: accepted: an attribute's name of 1 to 255 characters: received: None"),
        ({"hash_key_type": "s"}, "hash_key_type: accepted: one of S, N, B: received: 's'"),
        ({"range_key": "airport"}, "range_key: accepted: another attribute than hash_key: received: 'airport'"),
        ({"range_key_type": "N"}, "range_key_type: accepted: nothing, because there is no range_key: received: 'N'"),
        ({"ttl_attribute": " "}, "ttl_attribute: accepted: an attribute's name"),
        ({"recovery_days": 36}, "recovery_days: accepted: 1 to 35 days: received: 36"),
        ({"stream_view_type": "ALL"}, "stream_view_type: accepted: one of KEYS_ONLY, NEW_IMAGE, OLD_IMAGE, NEW_AND"),
        ({"max_read_request_units": 0}, "max_read_request_units: accepted: a whole number from 1 to "),
        ({"max_write_request_units": 0.5}, "max_write_request_units: accepted: a whole number from 1 to "),
        ({"table_class": "COLD"}, "table_class: accepted: one of STANDARD, STANDARD_INFREQUENT_ACCESS: "),
        ({"contributor_insights": "yes"}, "contributor_insights: accepted: true or false: received: 'yes'"),
        ({"deletion_protection": 1}, "deletion_protection: accepted: true or false: received: 1"),
    ],
)
def test_wrong_arguments(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        store(**wrong)
    assert message in str(refused.value)
