"""Policies of stores: who administers a key and through what it is used; what a bucket refuses."""

import json
from typing import Any

import pytest
from slipway.security import DataClass
from slipway.security import _policies_stores as policies

ACCOUNT = "123456789012"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
BUCKET = "arn:aws:s3:::acme-prod-models"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"


def by_sid(text: str) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in json.loads(text)["Statement"]}


def key(data_class: DataClass, region: str = "eu-west-1") -> dict[str, dict[str, Any]]:
    return by_sid(policies.key_policy(data_class, ACCOUNT, region, [f"arn:aws:iam::{ACCOUNT}:role/admin"]))


@pytest.mark.parametrize("data_class", DataClass)
def test_administration_is_enumerated_and_cannot_use_the_key(data_class: DataClass) -> None:
    administer = key(data_class)["Administer"]
    assert administer["Principal"] == {"AWS": [f"arn:aws:iam::{ACCOUNT}:role/admin", ROOT]}
    assert "kms:PutKeyPolicy" in administer["Action"]  # without it the key could never be changed again
    assert not {"kms:Decrypt", "kms:GenerateDataKey", "kms:CreateGrant", "kms:Encrypt"} & set(administer["Action"])
    for statement in key(data_class).values():
        assert not [action for action in statement["Action"] if "*" in action]
        assert statement["Principal"] != "*"


@pytest.mark.parametrize(
    ("data_class", "services", "granted"),
    [
        (
            DataClass.MODELS,
            ["airflow", "dynamodb", "ecr", "events", "rds", "s3", "secretsmanager", "sns", "sqs", "states"],
            ["airflow", "dynamodb", "ecr", "rds"],
        ),
        (DataClass.PERSONAL, ["dynamodb", "rds", "s3", "secretsmanager", "sqs"], ["dynamodb", "rds"]),
        (DataClass.LOGS, ["aps", "s3", "sns"], ["aps"]),
        (DataClass.CLUSTER, ["ec2", "eks"], ["ec2", "eks"]),
        (DataClass.BACKUP, ["backup"], ["backup"]),
    ],
)
def test_use_is_through_the_services_of_the_class(
    data_class: DataClass, services: list[str], granted: list[str]
) -> None:
    statements = key(data_class)

    def via(names: list[str]) -> dict[str, Any]:
        hosts = [f"{name}.eu-west-1.amazonaws.com" for name in names]
        return {"kms:CallerAccount": ACCOUNT, "kms:ViaService": hosts}

    assert statements["UseThroughServices"]["Principal"] == {"AWS": [ROOT]}
    assert statements["UseThroughServices"]["Condition"] == {"StringEquals": via(services)}
    if granted:
        assert statements["GrantToServices"]["Action"] == ["kms:CreateGrant"]
        assert statements["GrantToServices"]["Condition"] == {
            "StringEquals": via(granted),
            "Bool": {"kms:GrantIsForAWSResource": "true"},
        }
        assert statements["RetireGrants"]["Condition"] == {"StringEquals": via(granted)}
    else:
        assert "GrantToServices" not in statements


def test_the_key_of_logs_serves_log_groups_of_the_account() -> None:
    statement = key(DataClass.LOGS)["EncryptLogGroups"]
    assert statement["Principal"] == {"Service": "logs.eu-west-1.amazonaws.com"}
    assert statement["Condition"] == {
        "ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:*"}
    }
    assert "EncryptLogGroups" not in key(DataClass.PERSONAL)


def test_the_key_of_models_serves_the_log_groups_of_airflow_alone() -> None:
    statement = key(DataClass.MODELS)["EncryptLogGroups"]
    assert statement["Condition"] == {
        "ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:airflow-*"}
    }


@pytest.mark.parametrize(
    ("region", "partition", "domain"),
    [
        ("eu-west-1", "aws", "amazonaws.com"),
        ("us-gov-east-1", "aws-us-gov", "amazonaws.com"),
        ("cn-northwest-1", "aws-cn", "amazonaws.com.cn"),
        ("ap-southeast-2", "aws", "amazonaws.com"),
    ],
)
def test_partitions(region: str, partition: str, domain: str) -> None:
    assert policies.partition_of(region) == partition
    statement = key(DataClass.LOGS, region)["EncryptLogGroups"]
    assert statement["Principal"] == {"Service": f"logs.{region}.{domain}"}
    assert f"arn:{partition}:iam::{ACCOUNT}:root" in key(DataClass.LOGS, region)["Administer"]["Principal"]["AWS"]


def test_a_bucket_refuses_plaintext_old_tls_and_other_keys() -> None:
    statements = by_sid(policies.bucket_policy(BUCKET, KEY))
    assert {sid: (s["Effect"], s["Principal"], s["Condition"]) for sid, s in statements.items()} == {
        "DenyPlaintext": ("Deny", "*", {"Bool": {"aws:SecureTransport": "false"}}),
        "DenyOldTls": ("Deny", "*", {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
        "DenyOtherKeys": (
            "Deny",
            "*",
            {
                "Null": {"s3:x-amz-server-side-encryption": "false"},
                "StringNotEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id": KEY},
            },
        ),
        "DenyCustomerKeys": (
            "Deny",
            "*",
            {"Null": {"s3:x-amz-server-side-encryption-customer-algorithm": "false"}},
        ),
    }
    for sid in ("DenyPlaintext", "DenyOldTls"):
        assert statements[sid]["Resource"] == [BUCKET, f"{BUCKET}/*"]
        assert statements[sid]["Action"] == ["s3:*"]


def test_access_logs_come_from_s3_about_one_bucket_for_one_account() -> None:
    statements = by_sid(policies.log_bucket_policy(f"{BUCKET}-access-logs", BUCKET, ACCOUNT))
    assert sorted(statements) == ["DeliverAccessLogs", "DenyOldTls", "DenyPlaintext"]
    assert statements["DeliverAccessLogs"] == {
        "Sid": "DeliverAccessLogs",
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": ["s3:PutObject"],
        "Resource": [f"{BUCKET}-access-logs/*"],
        "Condition": {"ArnEquals": {"aws:SourceArn": BUCKET}, "StringEquals": {"aws:SourceAccount": ACCOUNT}},
    }


def test_other_accounts_may_pull_and_nothing_else() -> None:
    [statement] = by_sid(policies.repository_policy("aws", ["222222222222", "111111111111"])).values()
    assert statement["Principal"] == {
        "AWS": ["arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:root"],
    }
    assert statement["Action"] == [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:DescribeImages",
        "ecr:GetDownloadUrlForLayer",
    ]


def test_replication_reads_one_bucket_and_writes_one_other() -> None:
    replica, replica_key = "arn:aws:s3:::acme-copy", f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/2"
    statements = by_sid(policies.replication(BUCKET, KEY, replica, replica_key))
    assert {sid: s["Resource"] for sid, s in statements.items()} == {
        "ReadConfiguration": [BUCKET],
        "ReadVersions": [f"{BUCKET}/*"],
        "WriteReplicas": [f"{replica}/*"],
        "DecryptSource": [KEY],
        "EncryptReplicas": [replica_key],
    }
    assert statements["DecryptSource"]["Action"] == ["kms:Decrypt"]
    assert statements["DecryptSource"]["Condition"] == {
        "StringEquals": {"kms:ViaService": ["s3.eu-west-1.amazonaws.com"]},
        "StringLike": {"kms:EncryptionContext:aws:s3:arn": [BUCKET, f"{BUCKET}/*"]},
    }
    assert statements["EncryptReplicas"]["Condition"] == {
        "StringEquals": {"kms:ViaService": ["s3.eu-central-1.amazonaws.com"]},
        "StringLike": {"kms:EncryptionContext:aws:s3:arn": [replica, f"{replica}/*"]},
    }
    assert "s3:ReplicateDelete" not in statements["WriteReplicas"]["Action"]
