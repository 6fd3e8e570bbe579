"""Datasets and models of two models, and the identities of jobs and people."""

from typing import Any

import pulumi
import pulumi_aws as aws
import slipway
from slipway.models import Backend, datasets
from slipway.security import DataClass, Principal

MODEL = "flight-delay"

keys = slipway.DataKeys("keys", {"alias_prefix": "loop", "deletion_window_days": 7, "deletion_protection": False})
key_arn = keys.key_arns["models"]
data = slipway.DatasetStore(
    "datasets",
    {
        "bucket_name": "loop-datasets",
        "data_class": DataClass.MODELS,
        "key_arn": key_arn,
        "models": [MODEL, "churn"],
        "deletion_protection": False,
    },
)
models = slipway.ModelBucket("models", {"bucket_name": "loop-models", "key_arn": key_arn, "deletion_protection": False})
artifacts = pulumi.Output.concat(models.bucket_arn, "/mlflow/*")
readers = datasets.reader_arns(data.bucket_arn, MODEL)
registry = slipway.ModelRegistry(
    "registry",
    {
        "registry_name": "loop",
        "backend": Backend.MANAGED,
        "artifact_bucket_arn": models.bucket_arn,
        "key_arn": key_arn,
        "deletion_protection": False,
    },
)
client = registry.client_artifact_arns
slipway.WorkloadIdentity(
    "client",
    {
        "principal": Principal.BATCH,
        "reads": client,
        "writes": client,
        "uses": [registry.tracking_uri, key_arn],
    },
)
jobs: dict[str, dict[str, Any]] = {
    "trainer": {"reads": readers},
    "curator": {"reads": readers, "writes": datasets.writer_arns(data.bucket_arn, MODEL)},
    "deliverer": {"writes": datasets.deliverer_arns(data.bucket_arn, MODEL)},
    "tracker": {"reads": [artifacts], "writes": [artifacts]},
    "collector": {"reads": [artifacts], "deletes": [artifacts]},
}
for name, rights in jobs.items():
    given: Any = {"principal": Principal.BATCH, "uses": [key_arn], **rights}
    identity = slipway.WorkloadIdentity(name, given)
    pulumi.export(name, identity.role_arn)
person = aws.iam.Role(
    "person",
    assume_role_policy="""{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRole"],
        "Principal": {"AWS": ["arn:aws:iam::123456789012:root"]}}]}""",
)
aws.iam.RolePolicy("person", role=person.name, policy=datasets.person_policy(data.bucket_arn, key_arn, MODEL))
pulumi.export("person", person.arn)
pulumi.export("dvc_config", data.dvc_configs[MODEL])
pulumi.export("datasets", data.bucket_name)
pulumi.export("models", models.bucket_name)
