"""Storage for model artifacts and release records."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from slipway import _bucket_logs, _check
from slipway._private_bucket import private_bucket, versioned
from slipway.security import DataClass
from slipway.security import _policies as identities
from slipway.security import _policies_stores as policies

_EXPIRING = ("artifacts", "mlflow", "runs")
"""Prefixes whose superseded and deleted versions expire: models' artifacts, the registry's, and the files of runs."""


class ModelBucketArgs(TypedDict):
    """Inputs of ``ModelBucket``."""

    bucket_name: str
    """Name of the bucket, unique among all accounts."""
    key_arn: pulumi.Input[str]
    """KMS key that encrypts the objects."""
    keep_versions_days: NotRequired[int]
    """Days a superseded or deleted artifact stays restorable. Default: 90."""
    access_log_days: NotRequired[int]
    """Days that access logs are kept. Default: 365."""
    deletion_protection: NotRequired[bool]
    """Guards the buckets and what they hold against deletion. Default: true."""
    replica_bucket_arn: NotRequired[pulumi.Input[str]]
    """Versioned bucket, with object lock enabled, that gets a copy of everything; with ``replica_key_arn``.
    Default: no copy."""
    replica_key_arn: NotRequired[pulumi.Input[str]]
    """KMS key, in the replica's region, that encrypts the copies."""
    account_id: NotRequired[pulumi.Input[str]]
    """Account of the bucket. Default: the provider's own."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str]]
    """Policy that bounds what the role of a replication can ever do. Default: no boundary."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags added to the provider's default tags. Default: no extra tags."""


class ModelBucket(pulumi.ComponentResource):
    """Versioned, encrypted, TLS-only bucket for artifacts and release records, with its access logs. Stateful.

    Superseded versions of artifacts, of runs and of what a model registry keeps here expire; nothing else ever does.
    Object lock is on without a default retention: ``slipway release`` locks each record, and artifacts stay deletable.
    Events go to EventBridge.
    """

    bucket_name: pulumi.Output[str]
    """Name of the bucket, to build ``s3://`` addresses with."""
    bucket_arn: pulumi.Output[str]
    """ARN of the bucket, to declare what workloads read and write with."""
    access_log_bucket_name: pulumi.Output[str]
    """Name of the bucket that has the access logs, to investigate with."""

    def __init__(self, name: str, args: ModelBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:ModelBucket", name, dict(args), opts)
        _check.known(args, ModelBucketArgs.__annotations__)
        bucket_name = _check.matches("bucket_name", args.get("bucket_name"), *_bucket_logs.BUCKET_NAME)
        key_arn = _check.given(args, "key_arn", *_check.A_KEY)
        keep_versions_days = _check.days("keep_versions_days", args.get("keep_versions_days", 90))
        access_log_days = _check.days("access_log_days", args.get("access_log_days", 365))
        protection = _check.flag("deletion_protection", args.get("deletion_protection", True))
        replicated = _check.together(args, "replica_bucket_arn", "replica_key_arn")
        _check.plain("replica_bucket_arn", args.get("replica_bucket_arn"), *_check.A_BUCKET)
        _check.plain("replica_bucket_arn", args.get("replica_bucket_arn"), rf".*(?<!:{bucket_name})", "another bucket")
        _check.plain("replica_key_arn", args.get("replica_key_arn"), *_check.A_KEY)
        _check.plain("account_id", args.get("account_id"), *_check.AN_ACCOUNT)
        _check.plain("permissions_boundary_arn", args.get("permissions_boundary_arn"), *_check.A_MANAGED_POLICY)
        tags = args.get("tags")
        child = pulumi.ResourceOptions(parent=self)

        bucket = private_bucket(
            f"{name}-bucket",
            bucket_name,
            data_class=DataClass.MODELS,
            key_arn=key_arn,
            object_lock=True,
            protection=protection,
            tags=tags,
            parent=self,
        )
        versioning = versioned(name, bucket, key_arn, self)
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket.bucket,
            rules=[
                _bucket_logs.abandoned_uploads(),
                *(
                    aws.s3.BucketLifecycleConfigurationRuleArgsDict(
                        id=f"superseded-{what}",
                        status="Enabled",
                        filter={"prefix": f"{what}/"},
                        noncurrent_version_expiration={"noncurrent_days": keep_versions_days},
                        expiration={"expired_object_delete_marker": True},
                    )
                    for what in _EXPIRING
                ),
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
        logs = _bucket_logs.access_logs(
            name,
            bucket,
            bucket_name,
            days=access_log_days,
            protection=protection,
            account_id=args.get("account_id"),
            tags=tags,
            parent=self,
        )
        aws.s3.BucketNotification(f"{name}-notification", bucket=bucket.bucket, eventbridge=True, opts=child)
        if replicated:
            self._replication(name, args, bucket, versioning)

        self.bucket_name = bucket.bucket
        self.bucket_arn = bucket.arn
        self.access_log_bucket_name = logs.bucket
        self.register_outputs(
            {
                "bucketName": self.bucket_name,
                "bucketArn": self.bucket_arn,
                "accessLogBucketName": self.access_log_bucket_name,
            }
        )

    def _replication(
        self, name: str, args: ModelBucketArgs, bucket: aws.s3.Bucket, versioning: aws.s3.BucketVersioning
    ) -> None:
        """Copies every new version; deletions are not copied, so that the replica survives them."""
        child = pulumi.ResourceOptions(parent=self)
        replica_bucket, replica_key = args["replica_bucket_arn"], args["replica_key_arn"]
        role = aws.iam.Role(
            f"{name}-replication",
            assume_role_policy=identities.service_trust("s3.amazonaws.com", None),
            permissions_boundary=args.get("permissions_boundary_arn"),
            tags=args.get("tags"),
            opts=child,
        )
        access = aws.iam.RolePolicy(
            f"{name}-replication",
            role=role.name,
            policy=pulumi.Output.all(bucket.arn, args["key_arn"], replica_bucket, replica_key).apply(
                lambda arns: policies.replication(*arns)
            ),
            opts=child,
        )
        aws.s3.BucketReplicationConfig(
            f"{name}-replication",
            bucket=bucket.bucket,
            role=role.arn,
            rules=[
                {
                    "id": "everything",
                    "status": "Enabled",
                    "priority": 1,
                    "filter": {"prefix": ""},
                    "delete_marker_replication": {"status": "Disabled"},
                    "source_selection_criteria": {"sse_kms_encrypted_objects": {"status": "Enabled"}},
                    "destination": {
                        "bucket": replica_bucket,
                        "encryption_configuration": {"replica_kms_key_id": replica_key},
                    },
                }
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning, access]),
        )
