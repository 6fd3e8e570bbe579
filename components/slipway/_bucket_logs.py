"""Who asked for what in a bucket: its access logs, in a bucket of their own."""

import pulumi
import pulumi_aws as aws

from slipway import _tags
from slipway._private_bucket import private_bucket
from slipway.security import DataClass
from slipway.security import _policies_stores as policies

SUFFIX = "-access-logs"
BUCKET_NAME = (
    rf"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9-]{{1,{61 - len(SUFFIX)}}}[a-z0-9]",
    f"a bucket's name: 3 to {63 - len(SUFFIX)} of a-z, 0-9 and - ({SUFFIX} is added for the logs)",
)
_UPLOAD_DAYS = 7
"""Days until an upload that was never completed is dropped."""


def abandoned_uploads() -> aws.s3.BucketLifecycleConfigurationRuleArgsDict:
    """Drops the parts of uploads that were never completed: nobody sees them, and they are paid for."""
    return {
        "id": "abandoned-uploads",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "abort_incomplete_multipart_upload": {"days_after_initiation": _UPLOAD_DAYS},
    }


def access_logs(
    name: str,
    bucket: aws.s3.Bucket,
    bucket_name: str,
    *,
    days: int,
    protection: bool,
    account_id: pulumi.Input[str] | None,
    tags: _tags.Tags | None,
    parent: pulumi.Resource,
) -> aws.s3.Bucket:
    """Server access logs; in a bucket with SSE-S3, because S3 does not deliver them to one with SSE-KMS."""
    child = pulumi.ResourceOptions(parent=parent)
    logs = private_bucket(
        f"{name}-access-logs",
        bucket_name + SUFFIX,
        data_class=DataClass.LOGS,
        key_arn=None,
        object_lock=False,
        protection=protection,
        tags=tags,
        parent=parent,
    )
    if account_id is None:
        account_id = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=parent)).account_id
    policy = aws.s3.BucketPolicy(
        f"{name}-access-logs-policy",
        bucket=logs.bucket,
        policy=pulumi.Output.all(logs.arn, bucket.arn, account_id).apply(
            lambda known: policies.log_bucket_policy(*known)
        ),
        opts=child,
    )
    aws.s3.BucketLifecycleConfiguration(
        f"{name}-access-logs-lifecycle",
        bucket=logs.bucket,
        rules=[
            abandoned_uploads(),
            {"id": "retention", "status": "Enabled", "filter": {"prefix": ""}, "expiration": {"days": days}},
        ],
        opts=child,
    )
    aws.s3.BucketLogging(
        f"{name}-logging",
        bucket=bucket.bucket,
        target_bucket=logs.bucket,
        target_prefix="s3/",
        target_object_key_format={"partitioned_prefix": {"partition_date_source": "EventTime"}},
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[policy]),
    )
    return logs
