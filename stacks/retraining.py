"""What the retraining of an environment's models shares: their data, the registry, queues, locks and events."""

from dataclasses import dataclass

import pulumi
from slipway.models import DatasetStore, ModelRegistry
from slipway.models.dataset_store import DatasetStoreArgs
from slipway.models.model_registry import Backend, ModelRegistryArgs
from slipway.retraining import AirflowEnvironment, CandidateWorkflow, KubeflowRuns, RetrainingEnvironment
from slipway.retraining.airflow_environment import AirflowEnvironmentArgs
from slipway.retraining.candidate_workflow import CandidateWorkflowArgs
from slipway.retraining.candidate_workflow import How as ComponentsHow
from slipway.retraining.kubeflow_runs import KubeflowRunsArgs
from slipway.retraining.retraining_environment import RetrainingEnvironmentArgs
from slipway.security import DataClass, DataKeys
from slipway.serving import Network, ServingCluster
from slipway_ops.environments import dags_bucket, datasets_bucket, repository

from stacks.pipelines import (
    AIRFLOW,
    ARTIFACTS,
    CLIENT,
    DAGS,
    DATA_KEY,
    DATASETS,
    EVENT_KEYS,
    KUBEFLOW,
    LABELS,
    PREDICTIONS,
    SHARED,
    TRACKING,
)
from stacks.settings import Settings


@dataclass(frozen=True)
class Ground:
    """What it is built on."""

    account: pulumi.Output[str]
    network: Network
    keys: DataKeys
    models_bucket_arn: pulumi.Output[str]
    models_bucket: pulumi.Output[str]
    cluster: ServingCluster
    operations_image: pulumi.Output[str] | None


def declare(settings: Settings, ground: Ground) -> dict[str, pulumi.Output[str]]:
    """Declare what ``settings`` ask for; what a pipeline needs of it, by name: nothing where none is run."""
    store = registry = None
    if settings.datasets:
        store = DatasetStore("datasets", _store_args(settings, ground))
    if settings.mlflow and settings.mlflow.managed:
        registry = ModelRegistry("registry", _registry_args(settings, ground))
    if settings.retraining is None:
        return {}
    assert settings.datasets and store, "settings.problems() requires it"
    shared = RetrainingEnvironment("retraining", _environment_args(settings, ground))
    CandidateWorkflow("candidates", _candidate_args(settings, shared))
    address = settings.mlflow.address if settings.mlflow else None
    nothing = pulumi.Output.from_input("")
    return {
        **_engines(settings, ground, shared, nothing),
        **_events(settings),
        **{name: getattr(shared, name) for name in SHARED},
        DATASETS: store.bucket_name,
        DATA_KEY: ground.keys.key_arns[str(settings.datasets.data_class)],
        TRACKING: registry.tracking_uri if registry else pulumi.Output.from_input(address or ""),
        CLIENT: registry.client_arns.apply(lambda arns: arns[0]) if registry else nothing,
        ARTIFACTS: registry.client_artifact_arns.apply(lambda arns: arns[0]) if registry else nothing,
    }


def _events(settings: Settings) -> dict[str, pulumi.Output[str]]:
    """Where the gate finds what the models predicted and what was true: looks for drift read the same."""
    gate = settings.gate
    found = (gate.predictions, gate.labels, " ".join(gate.key_arns)) if gate else ("", "", "")
    return dict(zip((PREDICTIONS, LABELS, EVENT_KEYS), map(pulumi.Output.from_input, found), strict=True))


def _engines(
    settings: Settings, ground: Ground, shared: RetrainingEnvironment, nothing: pulumi.Output[str]
) -> dict[str, pulumi.Output[str]]:
    """Airflow and Kubeflow, where the settings have them."""
    retraining = settings.retraining
    assert retraining, "callers ask first"
    airflow = runs = None
    if retraining.airflow:
        airflow = AirflowEnvironment("airflow", _airflow_args(settings, ground, shared))
    if retraining.kubeflow and ground.operations_image is not None:
        inside = pulumi.ResourceOptions(providers=[ground.cluster.kubernetes])
        runs = KubeflowRuns("kubeflow-runs", _kubeflow_args(settings, ground, shared, ground.operations_image), inside)
    return {
        AIRFLOW: airflow.environment_name if airflow else nothing,
        DAGS: airflow.bucket_name if airflow else nothing,
        KUBEFLOW: runs.queue_arn if runs else nothing,
    }


def _airflow_args(settings: Settings, ground: Ground, shared: RetrainingEnvironment) -> AirflowEnvironmentArgs:
    airflow = settings.retraining.airflow if settings.retraining else None
    assert airflow, "callers ask first"
    prefix = f"{settings.namespace}-{settings.environment}"
    args: AirflowEnvironmentArgs = {
        "environment_name": prefix,
        "bucket_name": dags_bucket(settings.namespace, settings.environment),
        "key_arn": ground.keys.key_arns["models"],
        "logs_key_arn": ground.keys.key_arns["logs"],
        "vpc_id": ground.network.vpc_id,
        "subnet_ids": ground.network.private_subnet_ids.apply(lambda ids: ids[:2]),
        "job_queue_arns": [shared.job_queue_arn, shared.spot_job_queue_arn],
        "job_name_prefix": prefix,
        "environment_class": airflow.environment_class,
        "log_days": airflow.log_days,
        "access_log_days": settings.storage.access_log_days,
        "deletion_protection": settings.deletion_protection,
    }
    if settings.retraining and settings.retraining.gpu_max_vcpus:
        args["job_queue_arns"] += [shared.gpu_job_queue_arn, shared.gpu_spot_job_queue_arn]
    if airflow.max_workers:
        args["max_workers"] = airflow.max_workers
    if settings.permissions_boundary_arn:
        args["permissions_boundary_arn"] = settings.permissions_boundary_arn
    return args


def _kubeflow_args(
    settings: Settings, ground: Ground, shared: RetrainingEnvironment, image: pulumi.Output[str]
) -> KubeflowRunsArgs:
    kubeflow = settings.retraining.kubeflow if settings.retraining else None
    assert kubeflow, "callers ask first"
    args: KubeflowRunsArgs = {
        "name_prefix": f"{settings.namespace}-{settings.environment}",
        "key_arn": ground.keys.key_arns["models"],
        "dead_letter_queue_arn": shared.dead_letter_queue_arn,
        "models_bucket_name": ground.models_bucket,
        "cluster_name": ground.cluster.cluster_name,
        "namespace": kubeflow.namespace,
        "image": image,
        "address": kubeflow.address,
    }
    if settings.permissions_boundary_arn:
        args["permissions_boundary_arn"] = settings.permissions_boundary_arn
    return args


def _store_args(settings: Settings, ground: Ground) -> DatasetStoreArgs:
    datasets = settings.datasets
    assert datasets, "callers ask first"
    args: DatasetStoreArgs = {
        "bucket_name": datasets_bucket(settings.namespace, settings.environment),
        "data_class": DataClass(datasets.data_class),
        "key_arn": ground.keys.key_arns[str(datasets.data_class)],
        "models": sorted(name for name, model in settings.models.items() if model.retrain),
        "incoming_days": datasets.incoming_days,
        "access_log_days": settings.storage.access_log_days,
        "deletion_protection": settings.deletion_protection,
    }
    if datasets.keep_versions_days:
        args["keep_versions_days"] = datasets.keep_versions_days
    return args


def _registry_args(settings: Settings, ground: Ground) -> ModelRegistryArgs:
    args: ModelRegistryArgs = {
        "registry_name": f"{settings.namespace}-{settings.environment}",
        "backend": Backend.MANAGED,
        "artifact_bucket_arn": ground.models_bucket_arn,
        "key_arn": ground.keys.key_arns["models"],
        "deletion_protection": settings.deletion_protection,
    }
    if settings.mlflow and settings.mlflow.maintenance_window:
        args["maintenance_window"] = settings.mlflow.maintenance_window
    if settings.permissions_boundary_arn:
        args["permissions_boundary_arn"] = settings.permissions_boundary_arn
    return args


def _environment_args(settings: Settings, ground: Ground) -> RetrainingEnvironmentArgs:
    retraining = settings.retraining
    assert retraining, "callers ask first"
    images = repository(settings.namespace, settings.environment, "*")
    args: RetrainingEnvironmentArgs = {
        "name_prefix": f"{settings.namespace}-{settings.environment}",
        "vpc_id": ground.network.vpc_id,
        "subnet_ids": ground.network.private_subnet_ids,
        "key_arn": ground.keys.key_arns["models"],
        "logs_key_arn": ground.keys.key_arns["logs"],
        "repository_arns": [
            pulumi.Output.all(ground.models_bucket_arn, ground.account).apply(
                lambda known: f"{known[0].split(':s3:')[0]}:ecr:{settings.region}:{known[1]}:repository/{images}"
            )
        ],
        "max_vcpus": retraining.max_vcpus,
        "gpu_max_vcpus": retraining.gpu_max_vcpus,
        "volume_gib": retraining.volume_gib,
        "emails": retraining.emails,
        "log_days": retraining.log_days,
        "deletion_protection": settings.deletion_protection,
    }
    if retraining.instance_families:
        args["instance_families"] = retraining.instance_families
    if retraining.gpu_instance_families:
        args["gpu_instance_families"] = retraining.gpu_instance_families
    if retraining.volume_key_arn:
        args["volume_key_arn"] = retraining.volume_key_arn
    if settings.permissions_boundary_arn:
        args["permissions_boundary_arn"] = settings.permissions_boundary_arn
    return args


def _candidate_args(settings: Settings, shared: RetrainingEnvironment) -> CandidateWorkflowArgs:
    """Without a repository people are told by the topic."""
    args: CandidateWorkflowArgs = {
        "environment": settings.environment,
        "event_bus_arn": shared.event_bus_arn,
        "dead_letter_queue_arn": shared.dead_letter_queue_arn,
    }
    candidates = settings.retraining.candidates if settings.retraining else None
    if candidates and settings.github_token:
        args["how"] = ComponentsHow(candidates.how)
        args["repository"] = candidates.repository
        args["token"] = pulumi.Output.secret(settings.github_token.get_secret_value())
    else:
        args["topic_arn"] = shared.topic_arn
    if settings.permissions_boundary_arn:
        args["permissions_boundary_arn"] = settings.permissions_boundary_arn
    return args
