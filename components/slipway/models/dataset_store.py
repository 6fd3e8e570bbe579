"""Storage for the data that models are trained on."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from slipway import _bucket_logs, _check
from slipway._private_bucket import private_bucket, versioned
from slipway.models import datasets
from slipway.security import DataClass
from slipway.security.data_class import PERSONAL_RESTORE_DAYS

_CLASSES = (DataClass.MODELS, DataClass.PERSONAL)


class DatasetStoreArgs(TypedDict):
    """Inputs of ``DatasetStore``."""

    bucket_name: str
    """Name of the bucket, unique among all accounts."""
    data_class: DataClass
    """What the data is: ``personal`` where it is about people, else ``models``."""
    key_arn: pulumi.Input[str]
    """KMS key that encrypts the objects: that of the data class."""
    models: NotRequired[list[str]]
    """Models whose data is here, for ``dvc_configs``. Default: none."""
    keep_versions_days: NotRequired[int]
    """Days a superseded or deleted object stays restorable; of personal data at most 30, so that what was erased does
    not come back later. Default: 90, or 30 for personal data."""
    incoming_days: NotRequired[int]
    """Days a delivered batch is kept; what a model was trained on is a DVC revision by then. Default: 90."""
    access_log_days: NotRequired[int]
    """Days that access logs are kept. Default: 365."""
    deletion_protection: NotRequired[bool]
    """Guards the buckets and what they hold against deletion. Default: true."""
    account_id: NotRequired[pulumi.Input[str]]
    """Account of the bucket. Default: the provider's own."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags added to the provider's default tags. Default: no extra tags."""


class DatasetStore(pulumi.ComponentResource):
    """Versioned, encrypted, TLS-only bucket for datasets: a DVC remote for each model, and their batches. Stateful.

    Batches under ``incoming/`` expire, and so do versions that were superseded or deleted; a current object of a DVC
    remote never does, because a release may name it. Objects are not locked, so that an erasure reaches them. Events go
    to EventBridge. ``slipway.models.datasets`` has the layout, and the ARNs for identities of people and jobs.
    """

    bucket_name: pulumi.Output[str]
    """Name of the bucket, to build ``s3://`` addresses with."""
    bucket_arn: pulumi.Output[str]
    """ARN of the bucket, to declare what workloads read and write with."""
    access_log_bucket_name: pulumi.Output[str]
    """Name of the bucket that has the access logs, to investigate with."""
    dvc_configs: pulumi.Output[dict[str, str]]
    """Text of ``.dvc/config`` for the repository of each of ``models``."""

    def __init__(self, name: str, args: DatasetStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:DatasetStore", name, dict(args), opts)
        _check.known(args, DatasetStoreArgs.__annotations__)
        bucket_name = _check.matches("bucket_name", args.get("bucket_name"), *_bucket_logs.BUCKET_NAME)
        data_class = DataClass(_check.one_of("data_class", args.get("data_class"), _CLASSES))
        key_arn = _check.given(args, "key_arn", *_check.A_KEY)
        models = _check.each("models", args.get("models", []), *datasets.MODEL)
        most = PERSONAL_RESTORE_DAYS if data_class is DataClass.PERSONAL else 3653
        keep_versions_days = _check.days("keep_versions_days", args.get("keep_versions_days", min(90, most)), 1, most)
        incoming_days = _check.days("incoming_days", args.get("incoming_days", 90))
        access_log_days = _check.days("access_log_days", args.get("access_log_days", 365))
        protection = _check.flag("deletion_protection", args.get("deletion_protection", True))
        _check.plain("account_id", args.get("account_id"), *_check.AN_ACCOUNT)
        tags = args.get("tags")
        child = pulumi.ResourceOptions(parent=self)

        bucket = private_bucket(
            f"{name}-bucket",
            bucket_name,
            data_class=data_class,
            key_arn=key_arn,
            object_lock=False,
            protection=protection,
            tags=tags,
            parent=self,
        )
        versioning = versioned(name, bucket, key_arn, self)
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket.bucket,
            rules=_lifecycle(keep_versions_days, incoming_days),
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

        self.bucket_name = bucket.bucket
        self.bucket_arn = bucket.arn
        self.access_log_bucket_name = logs.bucket
        self.dvc_configs = bucket.bucket_region.apply(
            lambda region: {model: datasets.dvc_config(bucket_name, region, model) for model in models}
        )
        self.register_outputs(
            {
                "bucketName": self.bucket_name,
                "bucketArn": self.bucket_arn,
                "accessLogBucketName": self.access_log_bucket_name,
                "dvcConfigs": self.dvc_configs,
            }
        )


def _lifecycle(keep_versions_days: int, incoming_days: int) -> list[aws.s3.BucketLifecycleConfigurationRuleArgsDict]:
    """Only ``incoming/`` loses current objects."""
    return [
        _bucket_logs.abandoned_uploads(),
        {
            "id": "superseded",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "noncurrent_version_expiration": {"noncurrent_days": keep_versions_days},
            "expiration": {"expired_object_delete_marker": True},
        },
        {
            "id": "delivered-batches",
            "status": "Enabled",
            "filter": {"prefix": datasets.INCOMING},
            "expiration": {"days": incoming_days},
        },
    ]
