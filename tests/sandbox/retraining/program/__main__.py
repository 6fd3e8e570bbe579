"""An environment with a pipeline for each way that a run can take; candidates are handed to GitHub and to people."""

from typing import Any

import pulumi
import pulumi_aws as aws
import slipway
from slipway.retraining import How
from slipway.security import DataClass

PREFIX, REGION = "acme-test", "eu-west-1"
LONG = {"time_limit_minutes": 400}  # so that a month's ceiling of 1 US dollar has room for one run
MODELS: dict[str, dict[str, Any]] = {
    "good": {
        "words": [["write", "steal"], ["write"]],
        "on_new_data": True,
        "on_drift": True,
        "schedule": "rate(1 day)",
    },
    "refused": {"words": [["write"], ["3"], ["write"]], "cool_down_minutes": 30},
    "failed": {"words": [["1"]]},
    "again": {"words": [["again", "write"]], "attempts": 2},
    "slow": {"words": [["wait"]], "on_drift": True},
    "stopped": {"words": [["wait"]]},
    "taken": {"words": [["wait", "write"]], "attempts": 2},
    "dear": {"words": [["write"]], "more": LONG, "monthly_ceiling_usd": 1},
    "beside": {"words": [["write"], ["write"], ["3"], ["write"]], "after": [[], ["s0"], ["s0"], ["s1", "s2"]]},
}

keys = slipway.DataKeys("keys", {"alias_prefix": PREFIX, "deletion_window_days": 7, "deletion_protection": False})
key_arn = keys.key_arns["models"]
data = slipway.DatasetStore(
    "datasets",
    {
        "bucket_name": f"{PREFIX}-datasets",
        "data_class": DataClass.MODELS,
        "key_arn": key_arn,
        "deletion_protection": False,
    },
)
models = slipway.ModelBucket(
    "models", {"bucket_name": f"{PREFIX}-models", "key_arn": key_arn, "deletion_protection": False}
)
registry = slipway.ContainerRegistry(
    "registry", {"repositories": [f"{PREFIX}/trainer"], "key_arn": key_arn, "deletion_protection": False}
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
        "repository_arns": [registry.repository_arns[f"{PREFIX}/trainer"]],
        "max_vcpus": 16,
        "deletion_protection": False,
    },
)
digest = pulumi.Config().require("digest")


def steps(words: list[list[str]], attempts: int, after: list[list[str]] | None, more: dict[str, Any]) -> list[Any]:
    found = []
    for position, command in enumerate(words):
        step = {"name": f"s{position}", "command": command, "time_limit_minutes": 5, "attempts": attempts, **more}
        found.append(step if after is None else step | {"after": after[position]})
    return found


for model, given in MODELS.items():
    settings = dict(given)
    args: Any = {
        "model": model,
        "environment": "test",
        "name_prefix": PREFIX,
        "region": REGION,
        "image": pulumi.Output.concat(registry.repository_urls[f"{PREFIX}/trainer"], "@", digest),
        "repository": f"{PREFIX}/trainer",
        "steps": steps(
            settings.pop("words"), settings.pop("attempts", 1), settings.pop("after", None), settings.pop("more", {})
        ),
        "cool_down_minutes": 0,
        "datasets_bucket_name": data.bucket_name,
        "models_bucket_name": models.bucket_name,
        "job_queue_arn": shared.job_queue_arn,
        "execution_role_arn": shared.execution_role_arn,
        "job_log_group_name": shared.job_log_group_name,
        "machine_log_group_arn": shared.machine_log_group_arn,
        "lock_table_arn": shared.lock_table_arn,
        "event_bus_arn": shared.event_bus_arn,
        "topic_arn": shared.topic_arn,
        "dead_letter_queue_arn": shared.dead_letter_queue_arn,
        "schedule_group_name": shared.schedule_group_name,
        "key_arn": key_arn,
        **settings,
    }
    pulumi.export(model, slipway.RetrainingPipeline(model, args).machine_arn)

slipway.CandidateWorkflow(
    "people",
    {
        "environment": "test",
        "event_bus_arn": shared.event_bus_arn,
        "dead_letter_queue_arn": shared.dead_letter_queue_arn,
        "topic_arn": shared.topic_arn,
    },
)
slipway.CandidateWorkflow(
    "github",
    {
        "environment": "test",
        "event_bus_arn": shared.event_bus_arn,
        "dead_letter_queue_arn": shared.dead_letter_queue_arn,
        "repository": "acme/settings",
        "token": "ghp_0123",
        "how": How.ROLL_OUT,
    },
)
pulumi.export("bus", shared.event_bus_arn)
pulumi.export("topic", shared.topic_arn)
