"""What every bucket of slipway has, whatever it holds."""

import pulumi
import pulumi_aws as aws

from slipway import _tags
from slipway.security import _policies_stores as policies


def private_bucket(
    name: str,
    bucket_name: str,
    *,
    data_class: str,
    key_arn: pulumi.Input[str] | None,
    object_lock: bool,
    protection: bool,
    tags: _tags.Tags | None,
    parent: pulumi.Resource,
) -> aws.s3.Bucket:
    """An encrypted bucket, owned by its account alone and never public; without ``key_arn`` the key is S3's own."""
    child = pulumi.ResourceOptions(parent=parent)
    bucket = aws.s3.Bucket(
        name,
        bucket=bucket_name,
        object_lock_enabled=object_lock,
        force_destroy=not protection,
        tags=_tags.classified(tags, data_class),
        opts=pulumi.ResourceOptions(parent=parent, protect=protection),
    )
    aws.s3.BucketOwnershipControls(
        name, bucket=bucket.bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=child
    )
    aws.s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=child,
    )
    aws.s3.BucketServerSideEncryptionConfiguration(
        name,
        bucket=bucket.bucket,
        rules=[
            {
                "apply_server_side_encryption_by_default": _default_encryption(key_arn),
                "bucket_key_enabled": key_arn is not None,
                "blocked_encryption_types": ["SSE-C"],
            }
        ],
        opts=child,
    )
    return bucket


def versioned(
    name: str, bucket: aws.s3.Bucket, key_arn: pulumi.Input[str], parent: pulumi.Resource
) -> aws.s3.BucketVersioning:
    """The bucket keeps versions, and takes nothing without TLS or under another key than ``key_arn``."""
    child = pulumi.ResourceOptions(parent=parent)
    versioning = aws.s3.BucketVersioning(
        f"{name}-versioning", bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=child
    )
    aws.s3.BucketPolicy(
        f"{name}-policy",
        bucket=bucket.bucket,
        policy=pulumi.Output.all(bucket.arn, key_arn).apply(lambda arns: policies.bucket_policy(*arns)),
        opts=child,
    )
    return versioning


def _default_encryption(
    key_arn: pulumi.Input[str] | None,
) -> aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgsDict:
    if key_arn is None:
        return {"sse_algorithm": "AES256"}
    return {"sse_algorithm": "aws:kms", "kms_master_key_id": key_arn}
