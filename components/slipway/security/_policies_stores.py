"""IAM documents of stores: keys, buckets and repositories, and of the role that replicates a bucket."""

from collections.abc import Iterable

from slipway.security._policies import Statement, document, domain, through
from slipway.security._policies_monitoring import monitoring_key
from slipway.security._policies_retraining import retraining_key
from slipway.security.data_class import DataClass

_ADMINISTER = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:ReplicateKey",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
    "kms:UpdatePrimaryRegion",
)
"""Administration of a key; reading what it protects is not part of it."""
_USE = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
_SERVICES = {
    DataClass.MODELS: ("airflow", "dynamodb", "ecr", "events", "rds", "s3", "secretsmanager", "sns", "sqs", "states"),
    DataClass.PERSONAL: ("dynamodb", "rds", "s3", "secretsmanager", "sqs"),
    DataClass.LOGS: ("aps", "s3", "sns"),
    DataClass.CLUSTER: ("ec2", "eks"),
    DataClass.BACKUP: ("backup",),
}
"""Services through which principals of the account may use a class's key (where IAM allows them to as well)."""
_GRANTED = {
    DataClass.MODELS: ("airflow", "dynamodb", "ecr", "rds"),
    DataClass.PERSONAL: ("dynamodb", "rds"),
    DataClass.LOGS: ("aps",),
    DataClass.CLUSTER: ("ec2", "eks"),
    DataClass.BACKUP: ("backup",),
}
"""Services that keep using a key by a grant: for a repository, table, database, volume, cluster, recovery point,
metrics workspace or Airflow environment."""


def partition_of(region: str) -> str:
    """Partition that a region belongs to."""
    return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rsplit("-", 2)[0], "aws")


def key_policy(data_class: DataClass, account_id: str, region: str, administrator_arns: Iterable[str]) -> str:
    """Policy of a data class's key. In a key policy the resource ``*`` is the key itself."""
    partition = partition_of(region)
    account = f"arn:{partition}:iam::{account_id}:root"
    place = [f"arn:{partition}:kms:{region}:{account_id}:key/any"]
    caller = {"kms:CallerAccount": account_id}

    def by(services: Iterable[str]) -> dict[str, dict[str, object]]:
        return {"StringEquals": through(services, place)["StringEquals"] | caller}

    statements: list[Statement] = [
        {
            "Sid": "Administer",
            "Effect": "Allow",
            "Principal": {"AWS": sorted({account, *administrator_arns})},
            "Action": _ADMINISTER,
            "Resource": ["*"],
        },
        {
            "Sid": "UseThroughServices",
            "Effect": "Allow",
            "Principal": {"AWS": [account]},
            "Action": _USE,
            "Resource": ["*"],
            "Condition": by(_SERVICES[data_class]),
        },
    ]
    if data_class in _GRANTED:
        principal = {"AWS": [account]}
        statements += [
            {
                "Sid": "GrantToServices",
                "Effect": "Allow",
                "Principal": principal,
                "Action": ["kms:CreateGrant"],
                "Resource": ["*"],
                "Condition": by(_GRANTED[data_class]) | {"Bool": {"kms:GrantIsForAWSResource": "true"}},
            },
            {
                "Sid": "RetireGrants",
                "Effect": "Allow",
                "Principal": principal,
                "Action": ["kms:RetireGrant"],
                "Resource": ["*"],
                "Condition": by(_GRANTED[data_class]),
            },
        ]
    if data_class is DataClass.MODELS:
        statements += retraining_key(account, account_id, f"arn:{partition}:logs:{region}:{account_id}:*")
    if data_class is DataClass.LOGS:
        statements += monitoring_key(account_id)
    if data_class in (DataClass.LOGS, DataClass.MODELS):
        # MWAA asks that its environment's key can be used for the environment's log groups, whichever key they have.
        names = "*" if data_class is DataClass.LOGS else "airflow-*"
        groups = f"arn:{partition}:logs:{region}:{account_id}:log-group:{names}"
        statements.append(
            {
                "Sid": "EncryptLogGroups",
                "Effect": "Allow",
                "Principal": {"Service": f"logs.{region}.{domain(partition)}"},
                "Action": _USE,
                "Resource": ["*"],
                "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
            }
        )
    return document(*statements)


def tls_only(bucket_arn: str) -> list[Statement]:
    """A Deny must cover every action to mean anything, so it alone has wildcards."""
    everything = {"Effect": "Deny", "Principal": "*", "Action": ["s3:*"], "Resource": [bucket_arn, f"{bucket_arn}/*"]}
    return [
        everything | {"Sid": "DenyPlaintext", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        everything | {"Sid": "DenyOldTls", "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}},
    ]


def bucket_policy(bucket_arn: str, key_arn: str) -> str:
    """Policy of a keyed bucket: TLS only, and no upload under another key than its own.

    An upload that names no encryption gets the bucket's default, which is this key. One that names any must name this
    key: ``aws:kms`` without a key would mean AWS's own.
    """
    upload = {"Effect": "Deny", "Principal": "*", "Action": ["s3:PutObject"], "Resource": [f"{bucket_arn}/*"]}
    header = "s3:x-amz-server-side-encryption"
    return document(
        *tls_only(bucket_arn),
        upload
        | {
            "Sid": "DenyOtherKeys",
            "Condition": {
                "Null": {header: "false"},
                "StringNotEquals": {f"{header}-aws-kms-key-id": key_arn},
            },
        },
        upload | {"Sid": "DenyCustomerKeys", "Condition": {"Null": {f"{header}-customer-algorithm": "false"}}},
    )


def log_bucket_policy(bucket_arn: str, source_arn: str, account_id: str) -> str:
    """Policy of the bucket that gets another bucket's access logs: from S3, about this bucket, for this account."""
    return document(
        *tls_only(bucket_arn),
        {
            "Sid": "DeliverAccessLogs",
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": ["s3:PutObject"],
            "Resource": [f"{bucket_arn}/*"],
            "Condition": {
                "ArnEquals": {"aws:SourceArn": source_arn},
                "StringEquals": {"aws:SourceAccount": account_id},
            },
        },
    )


def repository_policy(partition: str, account_ids: Iterable[str]) -> str:
    """Policy of a repository that other accounts pull from."""
    return document(
        {
            "Sid": "Pull",
            "Effect": "Allow",
            "Principal": {"AWS": sorted(f"arn:{partition}:iam::{account}:root" for account in account_ids)},
            "Action": [
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:DescribeImages",
                "ecr:GetDownloadUrlForLayer",
            ],
        }
    )


def replication(bucket_arn: str, key_arn: str, replica_bucket_arn: str, replica_key_arn: str) -> str:
    """What S3 may do to replicate a bucket: read it, write the replica, each side's key for its own bucket only."""

    def keyed(sid: str, actions: list[str], key: str, bucket: str) -> Statement:
        context = {"StringLike": {"kms:EncryptionContext:aws:s3:arn": [bucket, f"{bucket}/*"]}}
        condition = through(["s3"], [key]) | context
        return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": [key], "Condition": condition}

    return document(
        {
            "Sid": "ReadConfiguration",
            "Effect": "Allow",
            "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            "Resource": [bucket_arn],
        },
        {
            "Sid": "ReadVersions",
            "Effect": "Allow",
            "Action": [
                "s3:GetObjectLegalHold",
                "s3:GetObjectRetention",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionTagging",
            ],
            "Resource": [f"{bucket_arn}/*"],
        },
        {
            "Sid": "WriteReplicas",
            "Effect": "Allow",
            "Action": ["s3:ReplicateObject", "s3:ReplicateTags"],
            "Resource": [f"{replica_bucket_arn}/*"],
        },
        keyed("DecryptSource", ["kms:Decrypt"], key_arn, bucket_arn),
        keyed("EncryptReplicas", ["kms:Encrypt", "kms:GenerateDataKey"], replica_key_arn, replica_bucket_arn),
    )
