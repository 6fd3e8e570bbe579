"""Buckets and objects behave as AWS's: closed by default, configurations kept whole, locks and checksums that hold."""

import base64
import datetime as dt
import hashlib
import io
from typing import Any

import pytest

from tests.sandbox.cloud.helpers import ACCOUNT, Call, policy, refused

HELLO = base64.b64encode(hashlib.sha256(b"hello").digest()).decode()


@pytest.fixture
def s3(aws: Call) -> Any:
    return aws("s3")


def make(s3: Any, name: str, **more: Any) -> str:
    more.setdefault("CreateBucketConfiguration", {"LocationConstraint": "eu-west-1"})
    s3.create_bucket(Bucket=name, **more)
    return name


def test_a_new_bucket_is_closed(s3: Any) -> None:
    bucket = make(s3, "defaults")
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    assert len(block) == 4
    owner = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]
    assert owner == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    with refused("NoSuchTagSet"):
        s3.get_bucket_tagging(Bucket=bucket)
    with refused("BucketAlreadyOwnedByYou"):
        make(s3, bucket)


def test_encryption_returns_to_the_default(s3: Any) -> None:
    bucket = make(s3, "encryption")
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/x"},
        "BucketKeyEnabled": True,
    }
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"] == [rule]
    s3.delete_bucket_encryption(Bucket=bucket)
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


def test_tags_of_the_call_that_creates(s3: Any) -> None:
    tags = [{"Key": "data-class", "Value": "models"}]
    bucket = make(s3, "tagged", CreateBucketConfiguration={"LocationConstraint": "eu-west-1", "Tags": tags})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags


LIFECYCLE = [
    {
        "ID": "superseded",
        "Status": "Enabled",
        "Filter": {"And": {"Prefix": "artifacts/", "ObjectSizeGreaterThan": 5}},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 90, "NewerNoncurrentVersions": 3},
    },
    {
        "ID": "aborted",
        "Status": "Enabled",
        "Filter": {},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    },
]


def test_lifecycle_is_kept_whole(s3: Any) -> None:
    bucket = make(s3, "lifecycle")
    with refused("NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": LIFECYCLE})
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == LIFECYCLE
    s3.delete_bucket_lifecycle(Bucket=bucket)
    with refused("NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket=bucket)


def test_rules_without_an_id_get_one(s3: Any) -> None:
    bucket = make(s3, "lifecycle-ids")
    rule = {key: value for key, value in LIFECYCLE[1].items() if key != "ID"}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"][0]["ID"]


def test_access_logs_need_the_target_to_allow_them(s3: Any) -> None:
    bucket, target = make(s3, "logged"), make(s3, "logged-access-logs")
    form = {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}}
    status = {"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": "l/", "TargetObjectKeyFormat": form}}
    with refused("InvalidTargetBucketForLogging"):
        s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus=status)
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{target}/*",
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    }
    s3.put_bucket_policy(Bucket=target, Policy=policy(allow))
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus=status)
    assert s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"] == status["LoggingEnabled"]
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=bucket)


def test_events_go_to_eventbridge(s3: Any) -> None:
    bucket = make(s3, "events")
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(Bucket=bucket)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    assert s3.get_bucket_notification_configuration(Bucket=bucket)["EventBridgeConfiguration"] == {}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(Bucket=bucket)


def test_replication_needs_versions_and_is_kept_whole(s3: Any) -> None:
    bucket = make(s3, "replicated")
    configuration = {
        "Role": f"arn:aws:iam::{ACCOUNT}:role/r",
        "Rules": [
            {
                "ID": "all",
                "Priority": 1,
                "Status": "Enabled",
                "Filter": {},
                "DeleteMarkerReplication": {"Status": "Disabled"},
                "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
                "Destination": {
                    "Bucket": "arn:aws:s3:::elsewhere",
                    "EncryptionConfiguration": {"ReplicaKmsKeyID": "arn:aws:kms:eu-central-1:123456789012:key/k"},
                },
            }
        ],
    }
    with refused("InvalidRequest"):
        s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration=configuration)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration=configuration)
    assert s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"] == configuration


def test_a_policy_that_denies_plain_http_does_not_close_the_bucket(s3: Any) -> None:
    bucket = make(s3, "tls-only")
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": resources}
    tls = {**deny, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(tls))
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == policy(tls)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy({**deny, "Action": "s3:GetObject"}))
    with refused("403"):
        s3.get_object(Bucket=bucket, Key="a")


def test_put_if_absent(s3: Any) -> None:
    bucket = make(s3, "conditional")
    s3.put_object(Bucket=bucket, Key="a", Body=b"1", IfNoneMatch="*")
    with refused("PreconditionFailed"):
        s3.put_object(Bucket=bucket, Key="a", Body=b"2", IfNoneMatch="*")
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"1"


def test_checksums_are_checked_and_kept(s3: Any) -> None:
    bucket = make(s3, "checksums")
    s3.put_object(Bucket=bucket, Key="a", Body=b"hello", ChecksumSHA256=HELLO)
    assert s3.head_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")["ChecksumSHA256"] == HELLO
    assert "ChecksumSHA256" not in s3.head_object(Bucket=bucket, Key="a")
    assert s3.get_object_attributes(Bucket=bucket, Key="a", ObjectAttributes=["Checksum"])["Checksum"] == {
        "ChecksumSHA256": HELLO
    }
    with refused("BadDigest"):
        s3.put_object(Bucket=bucket, Key="b", Body=b"hell0", ChecksumSHA256=HELLO)
    with refused("404"):
        s3.head_object(Bucket=bucket, Key="b")


def test_the_checksum_of_an_object_in_parts_says_so(s3: Any) -> None:
    bucket = make(s3, "parts")
    s3.upload_fileobj(io.BytesIO(b"z" * (9 << 20)), bucket, "big", ExtraArgs={"ChecksumAlgorithm": "SHA256"})
    head = s3.head_object(Bucket=bucket, Key="big", ChecksumMode="ENABLED")
    assert (head["ChecksumSHA256"][-2:], head["ChecksumType"]) == ("-2", "COMPOSITE")


def test_object_lock(s3: Any) -> None:
    bucket = make(s3, "locked", ObjectLockEnabledForBucket=True)
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    with refused("InvalidBucketState"):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    until = dt.datetime.now(dt.UTC) + dt.timedelta(days=40)
    key = {"Bucket": bucket, "Key": "releases/m/1.json"}
    lock = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": until, "ChecksumAlgorithm": "SHA256"}
    version = s3.put_object(**key, Body=b"{}", IfNoneMatch="*", **lock)["VersionId"]
    kept = s3.get_object_retention(**key, VersionId=version)["Retention"]
    assert (kept["Mode"], kept["RetainUntilDate"].date()) == ("GOVERNANCE", until.date())

    with refused("AccessDenied"):
        s3.delete_object(**key, VersionId=version)
    sooner = {"Mode": "GOVERNANCE", "RetainUntilDate": until - dt.timedelta(days=9)}
    with refused("AccessDenied"):
        s3.put_object_retention(**key, VersionId=version, Retention=sooner)
    later = {"Mode": "GOVERNANCE", "RetainUntilDate": until + dt.timedelta(days=9)}
    s3.put_object_retention(**key, VersionId=version, Retention=later)
    s3.put_object_retention(**key, VersionId=version, Retention=sooner, BypassGovernanceRetention=True)

    s3.delete_object(**key)  # a delete marker hides it, no more
    assert s3.get_object(**key, VersionId=version)["Body"].read() == b"{}"
    with refused("BucketNotEmpty"):
        s3.delete_bucket(Bucket=bucket)
    s3.delete_object(**key, VersionId=version, BypassGovernanceRetention=True)
    markers = s3.list_object_versions(Bucket=bucket)["DeleteMarkers"]
    objects = [{"Key": marker["Key"], "VersionId": marker["VersionId"]} for marker in markers]
    s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})
    s3.delete_bucket(Bucket=bucket)


def test_retention_of_what_has_none(s3: Any) -> None:
    bucket = make(s3, "lockable", ObjectLockEnabledForBucket=True)
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    with refused("NoSuchObjectLockConfiguration"):
        s3.get_object_retention(Bucket=bucket, Key="a")
    with refused("NoSuchKey"):
        s3.get_object_retention(Bucket=bucket, Key="b")


def test_what_encryption_blocks_is_kept_until_it_is_reset(s3: Any) -> None:
    bucket, blocked = make(s3, "blocks"), {"EncryptionType": ["SSE-C"]}
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BlockedEncryptionTypes": blocked}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    found = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert found["BlockedEncryptionTypes"] == blocked
    s3.delete_bucket_encryption(Bucket=bucket)
    found = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert "BlockedEncryptionTypes" not in found
