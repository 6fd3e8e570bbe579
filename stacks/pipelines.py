"""The retraining pipeline of a model, from what its settings say and what the platform shares."""

from typing import TYPE_CHECKING, Any

import pulumi
from slipway.retraining import Engine, RetrainingPipeline
from slipway.retraining.pipeline_args import RetrainingPipelineArgs, StepArgs
from slipway_ops.environments import models_bucket

from stacks.contract import PlatformContract
from stacks.retraining_settings import RetrainSettings
from stacks.settings import Settings

if TYPE_CHECKING:
    from pulumi_aws.ecr import Repository
    from slipway_ops.release import Release

SHARED = (
    "job_queue_arn",
    "spot_job_queue_arn",
    "gpu_job_queue_arn",
    "gpu_spot_job_queue_arn",
    "execution_role_arn",
    "job_log_group_name",
    "machine_log_group_arn",
    "lock_table_arn",
    "event_bus_arn",
    "topic_arn",
    "dead_letter_queue_arn",
    "schedule_group_name",
)
"""Outputs of the retraining environment that a pipeline is given, by the names that both have for them."""
DATASETS, DATA_KEY, TRACKING, CLIENT, ARTIFACTS = (
    "datasets_bucket_name",
    "data_key_arn",
    "tracking_uri",
    "registry_arn",
    "registry_artifact_arn",
)
"""What comes to them; the last three are empty where there is no registry, or its callers need no rights."""
PREDICTIONS, LABELS, EVENT_KEYS = "predictions", "labels", "events_key_arns"
"""Where events are and, with spaces between them, the keys of their buckets; empty where there is no gate."""
AIRFLOW, DAGS, KUBEFLOW = "airflow_environment_name", "dags_bucket_name", "kubeflow_queue_arn"
"""What the other engines need; empty where there is none."""


def declare(
    name: str,
    settings: Settings,
    contract: PlatformContract,
    cluster: pulumi.ProviderResource,
    images: "Repository",
    release: "Release | None",
) -> dict[str, Any]:
    """Declare the pipeline of the model ``name``; what its team looks for, which is nothing without ``retrain``."""
    retrain, shared = settings.models[name].retrain, contract.retraining
    if retrain is None:
        return {}
    assert shared is not None, "settings.problems() requires the section, and the contract a platform's"
    digest = retrain.image or (release.content.image_digest if release else None)
    if digest is None:  # a release that is to be the newest, of which there is none yet
        return {}

    args: RetrainingPipelineArgs = {
        "model": name,
        "environment": settings.environment,
        "name_prefix": f"{settings.namespace}-{settings.environment}",
        "region": settings.region,
        "image": pulumi.Output.concat(images.repository_url, "@", digest),
        "repository": images.name,
        "engine": retrain.engine,
        "steps": _steps(retrain),
        "train_command": retrain.train_command,
        "predict_command": retrain.predict_command,
        "on_new_data": retrain.on_new_data,
        "on_drift": retrain.on_drift,
        "monthly_ceiling_usd": retrain.monthly_ceiling_usd,
        "cool_down_minutes": retrain.cool_down_minutes,
        "datasets_bucket_name": contract.shared(DATASETS),
        "models_bucket_name": models_bucket(settings.namespace, settings.environment),
        "tracking_uri": contract.shared(TRACKING),
        "key_arn": contract.models_key_arn,
        "data_key_arns": [contract.shared(DATA_KEY)],
        "uses": shared.apply(lambda known: _some(known[CLIENT])),
        "reads": shared.apply(lambda known: _some(known[ARTIFACTS])),
        "writes": shared.apply(lambda known: _some(known[ARTIFACTS])),
        "job_queue_arn": contract.shared("job_queue_arn"),
        "spot_job_queue_arn": contract.shared("spot_job_queue_arn"),
        "execution_role_arn": contract.shared("execution_role_arn"),
        "job_log_group_name": contract.shared("job_log_group_name"),
        "machine_log_group_arn": contract.shared("machine_log_group_arn"),
        "lock_table_arn": contract.shared("lock_table_arn"),
        "event_bus_arn": contract.shared("event_bus_arn"),
        "topic_arn": contract.shared("topic_arn"),
        "dead_letter_queue_arn": contract.shared("dead_letter_queue_arn"),
        "schedule_group_name": contract.shared("schedule_group_name"),
    }
    if retrain.train.gpus:
        args["gpu_job_queue_arn"] = contract.shared("gpu_job_queue_arn")
        args["gpu_spot_job_queue_arn"] = contract.shared("gpu_spot_job_queue_arn")
    if retrain.schedule:
        args |= {"schedule": retrain.schedule, "schedule_timezone": retrain.timezone}
    if settings.permissions_boundary_arn:
        args["permissions_boundary_arn"] = settings.permissions_boundary_arn
    options = None
    if retrain.engine is Engine.AIRFLOW:
        args["airflow_environment_name"] = contract.shared(AIRFLOW)
        args["dags_bucket_name"] = contract.shared(DAGS)
    if retrain.engine is Engine.KUBEFLOW:
        args["kubeflow_namespace"] = str(retrain.kubeflow_namespace)
        args["kubeflow_cluster_name"] = contract.cluster_name
        args["kubeflow_queue_arn"] = contract.shared(KUBEFLOW)
        options = pulumi.ResourceOptions(providers=[cluster])
    pipeline = RetrainingPipeline(f"{name}-retraining", args, options)
    return {"pipeline": pipeline.machine_arn, "run_ceiling_usd": pipeline.run_ceiling_usd}


def _steps(retrain: RetrainSettings) -> list[StepArgs]:
    """The four of every model; what trains may need more than the component's defaults."""
    train = retrain.train
    return [
        {"name": "validate", "time_limit_minutes": 30},
        {
            "name": "train",
            "time_limit_minutes": train.time_limit_minutes,
            "vcpus": train.vcpus,
            "memory_mib": train.memory_mib,
            "gpus": train.gpus,
            "spot": train.spot,
            "attempts": train.attempts,
        },
        {
            "name": "evaluate",
            "time_limit_minutes": 30,
            "vcpus": min(train.vcpus, 4),
            "memory_mib": train.memory_mib,
        },
        {"name": "register", "time_limit_minutes": 15},
    ]


def _some(arn: str) -> list[pulumi.Input[str]]:
    return [arn] if arn else []
