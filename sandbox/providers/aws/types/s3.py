"""Buckets."""

from typing import Any

from botocore.exceptions import ClientError

from sandbox.providers.aws.table import Call, Code, Context, Tags, Type

_BUCKET = {"Bucket": "id"}


def _read(s3: Any, seen: Context) -> dict[str, Any]:
    bucket = seen["id"] or seen["bucket"]
    found: dict[str, Any] = {"bucket": bucket, "location": s3.head_bucket(Bucket=bucket).get("BucketRegion")}
    try:
        lock = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
        found["objectLockEnabled"] = lock.get("ObjectLockEnabled") == "Enabled"
    except ClientError:  # "not found" where a bucket has no lock
        found["objectLockEnabled"] = False
    try:
        found["Tags"] = s3.get_bucket_tagging(Bucket=bucket)["TagSet"]
    except ClientError:
        found["Tags"] = []
    return found


def _empty(s3: Any, seen: Context) -> None:
    """``forceDestroy``: every version goes, those under a governance lock and a legal hold too."""
    if not seen.get("forceDestroy"):
        return
    bucket = seen["id"]
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            which = {"Bucket": bucket, "Key": version["Key"], "VersionId": version["VersionId"]}
            try:
                s3.delete_object(**which, BypassGovernanceRetention=True)
            except ClientError:
                s3.put_object_legal_hold(**which, LegalHold={"Status": "OFF"})
                s3.delete_object(**which, BypassGovernanceRetention=True)


def _domain(host: str) -> str:
    return f"join('', [id, '.s3.', {host}, 'amazonaws.com'])"


TYPES = [
    Type(
        "aws:s3/bucket:Bucket",
        client="s3",
        create=Call(
            "CreateBucket",
            {
                "Bucket": "bucket",
                "CreateBucketConfiguration": "here.region != 'us-east-1' && {LocationConstraint: here.region} "
                "|| `null`",
                "ObjectLockEnabledForBucket": "objectLockEnabled",
            },
        ),
        id="bucket",
        id_parts="{bucket}",
        read=(Code(_read),),
        settle=(Call("PutBucketTagging", {**_BUCKET, "Tagging": "{TagSet: tagList}"}, when="tagList"),),
        update=(Call("DeleteBucketTagging", _BUCKET, when="!tagList"),),
        before_delete=(Code(_empty),),
        delete=(Call("DeleteBucket", _BUCKET),),
        name="bucket",
        replace=frozenset({"bucket", "objectLockEnabled", "region"}),
        defaults={"objectLockEnabled": False},
        local=frozenset({"forceDestroy", "bucketPrefix"}),
        outputs={
            "arn": "join('', ['arn:', here.partition, ':s3:::', id])",
            "bucketDomainName": _domain("''"),
            "bucketRegionalDomainName": _domain("join('', [here.region, '.'])"),
            "bucketRegion": "here.region",
            "objectLockEnabled": "objectLockEnabled",
        },
        tags=Tags(),
    ),
]
