"""What `make loop` declares: two environments and what retrains a model between them, by a real stack's components.

Of the serving environment there is only where its releases and images are: nothing here asks a server.
"""

import json

import pulumi
import pulumi_aws as aws
import slipway
from slipway.security import DataClass

config = pulumi.Config()
model, region = config.require("model"), config.require("region")
environment, live = config.require("environment"), config.require("live")
namespace = config.require("namespace")
prefix = f"{namespace}-{environment}"

keys = slipway.DataKeys("keys", {"alias_prefix": prefix, "deletion_window_days": 7, "deletion_protection": False})
key_arn, logs_key_arn = keys.key_arns["models"], keys.key_arns["logs"]
network = slipway.Network(
    "network",
    {"cidr_block": "10.20.0.0/16", "zones": [f"{region}a"], "logs_key_arn": logs_key_arn, "flow_log_days": 7},
)
buckets = {
    name: slipway.ModelBucket(
        name, {"bucket_name": f"{namespace}-{name}-models", "key_arn": key_arn, "deletion_protection": False}
    )
    for name in (environment, live)
}
images = slipway.ContainerRegistry(
    "images",
    {
        "repositories": [f"{namespace}-{name}/{model}" for name in (environment, live)],
        "key_arn": key_arn,
        "deletion_protection": False,
    },
)
datasets = slipway.DatasetStore(
    "datasets",
    {
        "bucket_name": f"{prefix}-datasets",
        "data_class": DataClass.MODELS,
        "key_arn": key_arn,
        "models": [model],
        "deletion_protection": False,
    },
)
shared = slipway.RetrainingEnvironment(
    "retraining",
    {
        "name_prefix": prefix,
        "vpc_id": network.vpc_id,
        "subnet_ids": network.private_subnet_ids,
        "key_arn": key_arn,
        "logs_key_arn": logs_key_arn,
        "repository_arns": images.repository_arns.apply(lambda arns: [arns[name] for name in sorted(arns)]),
        "max_vcpus": 4,
        "log_days": 7,
        "deletion_protection": False,
    },
)
slipway.CandidateWorkflow(
    "candidates",
    {
        "environment": environment,
        "event_bus_arn": shared.event_bus_arn,
        "dead_letter_queue_arn": shared.dead_letter_queue_arn,
        "topic_arn": shared.topic_arn,
    },
)
pipeline = slipway.RetrainingPipeline(
    "pipeline",
    {
        "model": model,
        "environment": environment,
        "name_prefix": prefix,
        "region": region,
        "image": images.repository_urls.apply(lambda urls: f"{urls[f'{prefix}/{model}']}@{config.require('digest')}"),
        "repository": f"{prefix}/{model}",
        "steps": [
            {"name": "validate", "time_limit_minutes": 10},
            {"name": "train", "time_limit_minutes": 30, "vcpus": 2, "memory_mib": 4096},
            {"name": "evaluate", "time_limit_minutes": 15},
            {"name": "register", "time_limit_minutes": 10},
        ],
        "on_new_data": True,
        "on_drift": True,
        "cool_down_minutes": 60,
        "monthly_ceiling_usd": 20,
        "datasets_bucket_name": datasets.bucket_name,
        "models_bucket_name": buckets[environment].bucket_name,
        "tracking_uri": config.require("tracking_uri"),
        "job_queue_arn": shared.job_queue_arn,
        "execution_role_arn": shared.execution_role_arn,
        "job_log_group_name": shared.job_log_group_name,
        "machine_log_group_arn": shared.machine_log_group_arn,
        "lock_table_arn": shared.lock_table_arn,
        "event_bus_arn": shared.event_bus_arn,
        "topic_arn": shared.topic_arn,
        "dead_letter_queue_arn": shared.dead_letter_queue_arn,
        "key_arn": key_arn,
    },
)

# Somebody who listens to the bus, and somebody whom the topic tells.
inbox = aws.sqs.Queue("inbox", name=f"{prefix}-inbox", message_retention_seconds=1_209_600, kms_master_key_id=key_arn)
bus = shared.event_bus_arn.apply(lambda arn: arn.rpartition("/")[2])
everything = aws.cloudwatch.EventRule(
    "everything", event_bus_name=bus, event_pattern=json.dumps({"source": [{"prefix": "slipway."}]})
)
aws.sqs.QueuePolicy(
    "inbox",
    queue_url=inbox.url,
    policy=pulumi.Output.all(inbox.arn, everything.arn, shared.topic_arn).apply(
        lambda arns: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": service},
                        "Action": "sqs:SendMessage",
                        "Resource": arns[0],
                        "Condition": {"ArnEquals": {"aws:SourceArn": source}},
                    }
                    for service, source in (("events.amazonaws.com", arns[1]), ("sns.amazonaws.com", arns[2]))
                ],
            }
        )
    ),
)
aws.cloudwatch.EventTarget("inbox", event_bus_name=bus, rule=everything.name, arn=inbox.arn)
aws.sns.TopicSubscription(
    "inbox", topic=shared.topic_arn, protocol="sqs", endpoint=inbox.arn, raw_message_delivery=True
)

pulumi.export("machine", pipeline.machine_arn)
pulumi.export("bus", shared.event_bus_arn)
pulumi.export("locks", shared.lock_table_arn)
pulumi.export("jobs", shared.job_log_group_name)
pulumi.export("dead_letters", shared.dead_letter_queue_arn)
pulumi.export("inbox", inbox.url)
pulumi.export("dvc_config", datasets.dvc_configs[model])
pulumi.export("run_ceiling_usd", pipeline.run_ceiling_usd)
