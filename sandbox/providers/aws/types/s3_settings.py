"""What a bucket is set to: one resource type per setting, each named by its bucket."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from sandbox.providers.aws.table import Call, Code, Context, Step, Type

_BUCKET = {"Bucket": "bucket"}


def _suspend(s3: Any, seen: Context) -> None:
    """Versioning cannot be taken back, only suspended, and not even that where object lock needs it."""
    try:
        s3.put_bucket_versioning(Bucket=seen["bucket"], VersioningConfiguration={"Status": "Suspended"})
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidBucketState":
            raise


def _setting(
    kind: str,
    put: str,
    put_as: Mapping[str, str],
    get: str,
    at: str = "",
    delete: str | Step = "",
    back: Mapping[str, str] | None = None,
    local: frozenset[str] = frozenset(),
    gone: str = "",
) -> Type:
    """A setting that one operation writes as a whole, one reads and one clears."""
    write = Call(put, {**_BUCKET, **put_as})
    return Type(
        f"aws:s3/{kind[0].lower()}{kind[1:]}:{kind}",
        client="s3",
        create=write,
        update=(write,),
        id="bucket",
        id_parts="{bucket}",
        read=(Call(get, _BUCKET, at=at),),
        delete=(Call(delete, _BUCKET) if isinstance(delete, str) else delete,),
        replace=frozenset({"bucket", "region"}),
        back=back or {},
        local=local,
        gone=gone,
    )


TYPES = [
    _setting(
        "BucketVersioning",
        "PutBucketVersioning",
        {"VersioningConfiguration": "{Status: versioningConfiguration.status}"},
        "GetBucketVersioning",
        delete=Code(_suspend),
        back={"versioningConfiguration": "{status: Status}"},
    ),
    _setting(
        "BucketServerSideEncryptionConfiguration",
        "PutBucketEncryption",
        {"ServerSideEncryptionConfiguration": "{Rules: rules}"},
        "GetBucketEncryption",
        "ServerSideEncryptionConfiguration",
        "DeleteBucketEncryption",
    ),
    _setting(
        "BucketPublicAccessBlock",
        "PutPublicAccessBlock",
        {
            "PublicAccessBlockConfiguration": "{BlockPublicAcls: blockPublicAcls || `false`, "
            "BlockPublicPolicy: blockPublicPolicy || `false`, IgnorePublicAcls: ignorePublicAcls || `false`, "
            "RestrictPublicBuckets: restrictPublicBuckets || `false`}"
        },
        "GetPublicAccessBlock",
        "PublicAccessBlockConfiguration",
        Call("DeletePublicAccessBlock", _BUCKET, when="!skipDestroy"),
        local=frozenset({"skipDestroy"}),
    ),
    _setting(
        "BucketOwnershipControls",
        "PutBucketOwnershipControls",
        {"OwnershipControls": "{Rules: [rule]}"},
        "GetBucketOwnershipControls",
        "OwnershipControls",
        "DeleteBucketOwnershipControls",
        back={"rule": "Rules[0]"},
    ),
    _setting("BucketPolicy", "PutBucketPolicy", {"Policy": "policy"}, "GetBucketPolicy", "", "DeleteBucketPolicy"),
    _setting(
        "BucketLifecycleConfiguration",
        "PutBucketLifecycleConfiguration",
        {"LifecycleConfiguration": "{Rules: rules}"},
        "GetBucketLifecycleConfiguration",
        "",
        "DeleteBucketLifecycle",
        local=frozenset({"timeouts"}),
    ),
    _setting(
        "BucketLogging",
        "PutBucketLogging",
        {
            "BucketLoggingStatus": "{LoggingEnabled: {TargetBucket: targetBucket, TargetPrefix: targetPrefix || '', "
            "TargetObjectKeyFormat: targetObjectKeyFormat}}"
        },
        "GetBucketLogging",
        "LoggingEnabled",
        Call("PutBucketLogging", {**_BUCKET, "BucketLoggingStatus": "`{}`"}),
    ),
    _setting(
        "BucketNotification",
        "PutBucketNotificationConfiguration",
        {"NotificationConfiguration": "{EventBridgeConfiguration: eventbridge && {on: `null`} || `null`}"},
        "GetBucketNotificationConfiguration",
        "{on: contains(keys(@), 'EventBridgeConfiguration')}",
        Call("PutBucketNotificationConfiguration", {**_BUCKET, "NotificationConfiguration": "`{}`"}),
        back={"eventbridge": "on"},
        gone="!on && eventbridge",
    ),
    _setting(
        "BucketReplicationConfig",
        "PutBucketReplication",
        {"ReplicationConfiguration": "{Role: role, Rules: rules}"},
        "GetBucketReplication",
        "ReplicationConfiguration",
        "DeleteBucketReplication",
    ),
    _setting(
        "BucketObjectLockConfiguration",
        "PutObjectLockConfiguration",
        {"ObjectLockConfiguration": "{ObjectLockEnabled: objectLockEnabled || 'Enabled', Rule: rule}"},
        "GetObjectLockConfiguration",
        "ObjectLockConfiguration",
        # A lock cannot be taken back; what goes is the default retention.
        Call("PutObjectLockConfiguration", {**_BUCKET, "ObjectLockConfiguration": "{ObjectLockEnabled: 'Enabled'}"}),
        back={"rule": "Rule"},
    ),
]
