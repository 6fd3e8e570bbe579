"""Keys of the data classes: one each, rotated, guarded, and usable only through the services of their class."""

from typing import Any

import pulumi
import pytest
from slipway.security import DataClass, DataKeys

from tests.components.graph import UNKNOWN, Graph, declare

KEY = "aws:kms/key:Key"
ALIAS = "aws:kms/alias:Alias"
ADMIN = "arn:aws:iam::123456789012:role/key-admin"


def keys(preview: bool = False, opts: pulumi.ResourceOptions | None = None, **args: Any) -> Graph[DataKeys]:
    return declare(lambda: DataKeys("keys", {"alias_prefix": "acme-prod", **args}, opts), preview=preview)  # type: ignore[typeddict-item]


def test_a_key_and_an_alias_for_each_class(preview: bool) -> None:
    graph = keys(preview)
    assert graph.types() == {KEY: 5, ALIAS: 5}
    for data_class in DataClass:
        key = graph.named(f"keys-{data_class}", KEY)
        assert key.protect
        assert key.inputs["enableKeyRotation"] is True
        assert key.inputs["rotationPeriodInDays"] == 365
        assert key.inputs["deletionWindowInDays"] == 30
        assert key.inputs["multiRegion"] is False
        assert key.inputs["tags"] == {"data-class": data_class}
        alias = graph.named(f"keys-{data_class}", ALIAS)
        assert alias.inputs["name"] == f"alias/acme-prod-{data_class}"
        assert alias.inputs["targetKeyId"] == (UNKNOWN if preview else key.outputs["keyId"])
        assert {key.parent, alias.parent} == {graph.named("keys").urn}


def test_outputs_are_keyed_by_class(preview: bool) -> None:
    outputs = keys(preview).outputs("keys")
    assert outputs["aliasNames"] == {str(data_class): f"alias/acme-prod-{data_class}" for data_class in DataClass}
    if preview:
        assert outputs["keyArns"] == UNKNOWN
    else:
        assert sorted(outputs["keyArns"]) == sorted(DataClass)
        assert outputs["keyArns"]["models"].startswith("arn:aws:kms:eu-west-1:123456789012:key/")


def test_arguments_reach_the_keys(preview: bool) -> None:
    graph = keys(
        preview,
        deletion_window_days=7.0,
        rotation_period_days=90.0,
        multi_region=True,
        deletion_protection=False,
        administrator_arns=[ADMIN],
        tags={"team": "ml", "data-class": "mine"},
    )
    key = graph.named("keys-models", KEY)
    assert not key.protect
    assert key.inputs["deletionWindowInDays"] == 7
    assert key.inputs["rotationPeriodInDays"] == 90
    assert key.inputs["multiRegion"] is True
    assert key.inputs["tags"] == {"team": "ml", "data-class": "models"}
    [administer] = [s for s in key.document("policy")["Statement"] if s["Sid"] == "Administer"]
    assert administer["Principal"] == {"AWS": [ADMIN, "arn:aws:iam::123456789012:root"]}


def test_account_and_region_are_looked_up_only_if_not_given() -> None:
    assert sorted(token for token, _ in keys().invokes) == [
        "aws:index/getCallerIdentity:getCallerIdentity",
        "aws:index/getRegion:getRegion",
    ]
    graph = declare(
        lambda: DataKeys(
            "keys",
            {
                "alias_prefix": "acme",
                "account_id": "210987654321",
                "region": pulumi.Output.from_input("us-gov-west-1"),
            },
        )
    )
    assert graph.invokes == []
    assert "arn:aws-us-gov:iam::210987654321:root" in graph.named("keys-models", KEY).inputs["policy"]


def test_tags_may_be_an_output(preview: bool) -> None:
    graph = declare(
        lambda: DataKeys("keys", {"alias_prefix": "acme", "tags": pulumi.Output.from_input({"team": "ml"})}),
        preview=preview,
    )
    assert graph.named("keys-logs", KEY).inputs["tags"] == {"team": "ml", "data-class": "logs"}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"alias_prefix": "aws/mine"}, "alias_prefix: accepted: 1 to 200 of .*: received: 'aws/mine'"),
        ({"alias_prefix": None}, "alias_prefix: accepted: .*: received: None"),
        ({"alias_prefix": "a b"}, "alias_prefix: accepted: .*: received: 'a b'"),
        ({"administrator_arns": ["*"]}, r"administrator_arns\[0\]: accepted: a role's ARN: .*: received: '\*'"),
        ({"administrator_arns": [ADMIN, ADMIN]}, "administrator_arns: accepted: entries that differ"),
        ({"deletion_window_days": 6}, "deletion_window_days: accepted: 7 to 30 days: received: 6"),
        ({"deletion_window_days": 31}, "deletion_window_days: accepted: 7 to 30 days: received: 31"),
        ({"rotation_period_days": 89}, "rotation_period_days: accepted: 90 to 2560 days: received: 89"),
        ({"rotation_period_days": 90.5}, "rotation_period_days: accepted: 90 to 2560 days: received: 90.5"),
        ({"multi_region": "yes"}, "multi_region: accepted: true or false: received: 'yes'"),
        ({"deletion_protection": 1}, "deletion_protection: accepted: true or false: received: 1"),
        ({"account_id": "1234"}, "account_id: accepted: an account id of 12 digits: received: '1234'"),
        ({"region": "Ireland"}, "region: accepted: a region such as eu-west-1: received: 'Ireland'"),
        ({"rotation": True}, "rotation: accepted: no such argument; there are account_id, administrator_arns"),
    ],
)
def test_refuses(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        keys(**args)
