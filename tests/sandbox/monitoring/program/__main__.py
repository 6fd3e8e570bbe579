"""A retraining environment on whose queue two models are looked at every day."""

from typing import Any

import pulumi
import pulumi_aws as aws
import slipway

PREFIX, REGION = "acme-test", "eu-west-1"

keys = slipway.DataKeys("keys", {"alias_prefix": PREFIX, "deletion_window_days": 7, "deletion_protection": False})
key_arn, events_key_arn = keys.key_arns["models"], keys.key_arns["personal"]
models = slipway.ModelBucket(
    "models", {"bucket_name": f"{PREFIX}-models", "key_arn": key_arn, "deletion_protection": False}
)
events = aws.s3.Bucket("events", bucket=f"{PREFIX}-events", force_destroy=True)
aws.s3.BucketServerSideEncryptionConfiguration(
    "events",
    bucket=events.bucket,
    rules=[
        {
            "apply_server_side_encryption_by_default": {
                "sse_algorithm": "aws:kms",
                "kms_master_key_id": events_key_arn,
            },
            "bucket_key_enabled": True,
        }
    ],
)
registry = slipway.ContainerRegistry(
    "registry", {"repositories": [f"{PREFIX}/slipway-ops"], "key_arn": key_arn, "deletion_protection": False}
)
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16")
subnet = aws.ec2.Subnet("private", vpc_id=vpc.id, cidr_block="10.0.0.0/24", availability_zone=f"{REGION}a")
shared = slipway.RetrainingEnvironment(
    "retraining",
    {
        "name_prefix": PREFIX,
        "vpc_id": vpc.id,
        "subnet_ids": [subnet.id],
        "key_arn": key_arn,
        "logs_key_arn": keys.key_arns["logs"],
        "repository_arns": [registry.repository_arns[f"{PREFIX}/slipway-ops"]],
        "max_vcpus": 16,
        "deletion_protection": False,
    },
)
for model in ("demand", "silent"):
    args: Any = {
        "model": model,
        "name_prefix": PREFIX,
        "region": REGION,
        "image": pulumi.Output.concat(
            registry.repository_urls[f"{PREFIX}/slipway-ops"], "@", pulumi.Config().require("digest")
        ),
        "predictions": f"s3://{PREFIX}-events/predictions",
        "labels": f"s3://{PREFIX}-events/labels",
        "events_key_arns": [events_key_arn],
        "profile": f"s3://{PREFIX}-events/references/{model}.json",
        "config": '{"seasonal": ["weekday"]}',
        "schedule": "rate(1 day)",
        "models_bucket_name": models.bucket_name,
        "job_queue_arn": shared.job_queue_arn,
        "execution_role_arn": shared.execution_role_arn,
        "job_log_group_name": shared.job_log_group_name,
        "event_bus_arn": shared.event_bus_arn,
        "dead_letter_queue_arn": shared.dead_letter_queue_arn,
        "schedule_group_name": shared.schedule_group_name,
        "topic_arn": shared.topic_arn,
        "key_arn": key_arn,
    }
    pulumi.export(model, slipway.DriftMonitor(model, args).job_role_arn)
pulumi.export("queue", shared.job_queue_arn)
pulumi.export("bus", shared.event_bus_arn)
pulumi.export("topic", shared.topic_arn)
