"""The model bucket: versioned, keyed, private, TLS only; locks, logs, events and copies."""

from typing import Any

import pulumi
import pytest
from slipway.models import ModelBucket

from tests.components.graph import UNKNOWN, Graph, Resource, declare

ACCOUNT = "123456789012"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"
REPLICA = {
    "replica_bucket_arn": "arn:aws:s3:::acme-copy",
    "replica_key_arn": f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/2",
}
ARGS: dict[str, Any] = {"bucket_name": "acme-prod-models", "key_arn": KEY}
LOGS = "acme-prod-models-access-logs"


def bucket(args: Any = ARGS, preview: bool = False) -> Graph[ModelBucket]:
    """``args`` may be a function, for arguments that are Outputs."""
    return declare(lambda: ModelBucket("models", args() if callable(args) else args), preview=preview)


def find(graph: Graph[ModelBucket], name: str, kind: str) -> Resource:
    return graph.named(f"models-{name}", f"aws:s3/{kind[0].lower()}{kind[1:]}:{kind}")


def test_both_buckets_are_private_encrypted_and_guarded(preview: bool) -> None:
    graph = bucket(preview=preview)
    for name, physical, data_class in (("bucket", ARGS["bucket_name"], "models"), ("access-logs", LOGS, "logs")):
        created = find(graph, name, "Bucket")
        assert created.protect
        assert created.inputs["bucket"] == physical
        assert created.inputs["forceDestroy"] is False
        assert created.inputs["tags"] == {"data-class": data_class}
        assert find(graph, name, "BucketOwnershipControls").inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
        assert find(graph, name, "BucketPublicAccessBlock").inputs == {
            "bucket": physical,
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        }
    [rule] = find(graph, "bucket", "BucketServerSideEncryptionConfiguration").inputs["rules"]
    assert rule == {
        "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY},
        "bucketKeyEnabled": True,
        "blockedEncryptionTypes": ["SSE-C"],
    }
    [rule] = find(graph, "access-logs", "BucketServerSideEncryptionConfiguration").inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}


def test_versions_locks_and_events(preview: bool) -> None:
    graph = bucket(preview=preview)
    assert find(graph, "bucket", "Bucket").inputs["objectLockEnabled"] is True
    assert find(graph, "access-logs", "Bucket").inputs["objectLockEnabled"] is False
    assert "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration" not in graph.types()
    assert find(graph, "versioning", "BucketVersioning").inputs["versioningConfiguration"] == {"status": "Enabled"}
    assert find(graph, "notification", "BucketNotification").inputs["eventbridge"] is True


def test_only_superseded_artifacts_and_old_logs_expire(preview: bool) -> None:
    graph = bucket({**ARGS, "keep_versions_days": 30.0, "access_log_days": 400}, preview)
    lifecycle = find(graph, "lifecycle", "BucketLifecycleConfiguration")
    uploads = {
        "id": "abandoned-uploads",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
    }
    assert lifecycle.inputs["rules"] == [
        uploads,
        *(
            {
                "id": f"superseded-{what}",
                "status": "Enabled",
                "filter": {"prefix": f"{what}/"},
                "noncurrentVersionExpiration": {"noncurrentDays": 30},
                "expiration": {"expiredObjectDeleteMarker": True},
            }
            for what in ("artifacts", "mlflow", "runs")
        ),
    ]
    assert graph.waits_for(lifecycle, find(graph, "versioning", "BucketVersioning"))
    assert find(graph, "access-logs-lifecycle", "BucketLifecycleConfiguration").inputs["rules"] == [
        uploads,
        {"id": "retention", "status": "Enabled", "filter": {"prefix": ""}, "expiration": {"days": 400}},
    ]


def test_policies(preview: bool) -> None:
    graph = bucket(preview=preview)
    own = find(graph, "policy", "BucketPolicy")
    logs = find(graph, "access-logs-policy", "BucketPolicy")
    if preview:
        assert own.inputs["policy"] == logs.inputs["policy"] == UNKNOWN
        return
    sids = [statement["Sid"] for statement in own.document("policy")["Statement"]]
    assert sorted(sids) == ["DenyCustomerKeys", "DenyOldTls", "DenyOtherKeys", "DenyPlaintext"]
    [deliver] = [s for s in logs.document("policy")["Statement"] if s["Effect"] == "Allow"]
    assert deliver["Condition"] == {
        "ArnEquals": {"aws:SourceArn": "arn:aws:s3:::acme-prod-models"},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }


def test_access_logs_start_once_they_can_be_delivered(preview: bool) -> None:
    graph = bucket(preview=preview)
    logging = find(graph, "logging", "BucketLogging")
    assert logging.inputs == {
        "bucket": "acme-prod-models",
        "targetBucket": LOGS,
        "targetPrefix": "s3/",
        "targetObjectKeyFormat": {"partitionedPrefix": {"partitionDateSource": "EventTime"}},
    }
    assert graph.waits_for(logging, find(graph, "access-logs-policy", "BucketPolicy"))


def test_the_account_is_looked_up_only_if_not_given() -> None:
    assert len(bucket().invokes) == 1
    graph = bucket({**ARGS, "account_id": "210987654321"})
    assert graph.invokes == []
    assert "210987654321" in find(graph, "access-logs-policy", "BucketPolicy").inputs["policy"]


def test_without_protection_everything_can_go(preview: bool) -> None:
    graph = bucket({**ARGS, "deletion_protection": False, "tags": {"team": "ml"}}, preview)
    for name, data_class in (("bucket", "models"), ("access-logs", "logs")):
        created = find(graph, name, "Bucket")
        assert not created.protect
        assert created.inputs["forceDestroy"] is True
        assert created.inputs["tags"] == {"team": "ml", "data-class": data_class}


def test_outputs(preview: bool) -> None:
    assert bucket(preview=preview).outputs("models") == {
        "bucketName": "acme-prod-models",
        "bucketArn": UNKNOWN if preview else "arn:aws:s3:::acme-prod-models",
        "accessLogBucketName": LOGS,
    }


def test_no_replica_by_default(preview: bool) -> None:
    assert not [type_ for type_ in bucket(preview=preview).types() if "Replication" in type_ or "iam" in type_]


def test_a_replica_gets_everything_but_deletions(preview: bool) -> None:
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    graph = bucket(
        lambda: {
            **ARGS,
            **REPLICA,
            "key_arn": pulumi.Output.from_input(KEY),
            "permissions_boundary_arn": boundary,
            "tags": {"team": "ml"},
        },
        preview,
    )
    role = graph.one("aws:iam/role:Role")
    assert role.inputs["permissionsBoundary"] == boundary
    assert role.inputs["tags"] == {"team": "ml"}
    assert role.document("assumeRolePolicy")["Statement"][0]["Principal"] == {"Service": "s3.amazonaws.com"}
    access = graph.one("aws:iam/rolePolicy:RolePolicy")
    if not preview:
        assert {s["Sid"] for s in access.document("policy")["Statement"]} >= {"DecryptSource", "EncryptReplicas"}
    replication = find(graph, "replication", "BucketReplicationConfig")
    assert replication.inputs["role"] == (UNKNOWN if preview else role.outputs["arn"])
    assert replication.inputs["rules"] == [
        {
            "id": "everything",
            "status": "Enabled",
            "priority": 1,
            "filter": {"prefix": ""},
            "deleteMarkerReplication": {"status": "Disabled"},
            "sourceSelectionCriteria": {"sseKmsEncryptedObjects": {"status": "Enabled"}},
            "destination": {
                "bucket": REPLICA["replica_bucket_arn"],
                "encryptionConfiguration": {"replicaKmsKeyId": REPLICA["replica_key_arn"]},
            },
        }
    ]
    assert graph.waits_for(replication, find(graph, "versioning", "BucketVersioning"))
    assert graph.waits_for(replication, access)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"bucket_name": None}, "bucket_name: accepted: a bucket's name: 3 to 51 of .*: received: None"),
        ({"bucket_name": "Models"}, "bucket_name: accepted: a bucket's name: .*: received: 'Models'"),
        ({"bucket_name": "a.b.c"}, "bucket_name: accepted: a bucket's name: .*: received: 'a.b.c'"),
        ({"bucket_name": "a" * 52}, r"bucket_name: accepted: a bucket's name: 3 to 51 .* \(-access-logs is added"),
        ({"bucket_name": "ab"}, "bucket_name: accepted: a bucket's name: .*: received: 'ab'"),
        ({"bucket_name": "xn--models"}, "bucket_name: accepted: a bucket's name: .*: received: 'xn--models'"),
        ({"key_arn": None}, "key_arn: accepted: a KMS key's ARN: received: None"),
        ({"key_arn": "key/1"}, "key_arn: accepted: a KMS key's ARN: received: 'key/1'"),
        ({"keep_versions_days": 0}, "keep_versions_days: accepted: 1 to 3653 days: received: 0"),
        ({"access_log_days": 4000}, "access_log_days: accepted: 1 to 3653 days: received: 4000"),
        ({"access_log_days": "365"}, "access_log_days: accepted: 1 to 3653 days: received: '365'"),
        ({"deletion_protection": "no"}, "deletion_protection: accepted: true or false: received: 'no'"),
        (
            {"replica_bucket_arn": REPLICA["replica_bucket_arn"]},
            r"replica_bucket_arn and replica_key_arn: accepted: all of them or none: received: \['replica_bucket",
        ),
        (
            {"replica_key_arn": REPLICA["replica_key_arn"]},
            r"replica_bucket_arn and replica_key_arn: accepted: all of them or none: received: \['replica_key_arn'\]",
        ),
        (
            {**REPLICA, "replica_bucket_arn": "acme"},
            "replica_bucket_arn: accepted: a bucket's ARN: .*received: 'acme'",
        ),
        (
            {**REPLICA, "replica_bucket_arn": "arn:aws:s3:::acme-prod-models"},
            "replica_bucket_arn: accepted: another bucket: received: 'arn:aws:s3:::acme-prod-models'",
        ),
        ({**REPLICA, "replica_key_arn": "x"}, "replica_key_arn: accepted: a KMS key's ARN: received: 'x'"),
        ({"account_id": "1"}, "account_id: accepted: an account id of 12 digits: received: '1'"),
        (
            {"permissions_boundary_arn": "x"},
            "permissions_boundary_arn: accepted: a managed policy's ARN: rec",
        ),
        ({"versioning": False}, "versioning: accepted: no such argument; there are access_log_days, account_id"),
    ],
)
def test_refuses(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bucket({**ARGS, **args})
