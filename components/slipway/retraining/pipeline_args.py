"""What a retraining pipeline is declared with."""

from typing import NotRequired, TypedDict

import pulumi

from slipway.retraining.engine import Engine


class StepArgs(TypedDict):
    """A step of a pipeline: a container that runs to its end."""

    name: str
    """1 to 32 of a-z, 0-9 and -, unlike any other step's."""
    command: NotRequired[list[str]]
    """What it runs. Default: slipway's own command for ``validate``, ``train``, ``evaluate`` and ``register``; any
    other step needs one."""
    time_limit_minutes: int
    """Minutes that an attempt may run; then it is stopped."""
    image: NotRequired[str]
    """Image by digest. Default: the pipeline's."""
    vcpus: NotRequired[int]
    """Processors. Default: 1."""
    memory_mib: NotRequired[int]
    """Memory in MiB; beyond it the step is killed. Default: 2048."""
    gpus: NotRequired[int]
    """NVIDIA GPUs. Default: 0."""
    spot: NotRequired[bool]
    """Runs on machines that AWS may take back; needs more than one attempt. Default: false."""
    attempts: NotRequired[int]
    """Starts at most, the first included: after a lost machine, an image that did not come, or exit code 75.
    Default: 1."""
    after: NotRequired[list[str]]
    """Steps, all declared before it, that must be done; steps that need nothing from each other run side by side.
    Default: the step before it."""
    environment: NotRequired[dict[str, str]]
    """Environment variables beside slipway's own. Default: none."""
    writable_root: NotRequired[bool]
    """Lets it write to all of its file system instead of ``/tmp`` alone. Default: false."""


class RetrainingPipelineArgs(TypedDict):
    """Inputs of ``RetrainingPipeline``; the addresses are outputs of a ``RetrainingEnvironment``."""

    model: str
    """Name of the model: 1 to 40 of a-z, 0-9 and -."""
    environment: str
    """Name of the environment, such as ``prod``; jobs and events carry it."""
    name_prefix: str
    """Beginning of the names in AWS, such as ``acme-prod``: that of the retraining environment."""
    region: str
    """Region of the pipeline, such as ``eu-west-1``."""
    image: pulumi.Input[str]
    """Image of the steps, by digest: the model's training code and ``slipway``."""
    repository: pulumi.Input[str]
    """Name of the ECR repository with the model's serving images; a candidate's image must be in it."""
    engine: NotRequired[Engine]
    """What runs the steps: step_functions, airflow or kubeflow. Default: step_functions."""
    steps: NotRequired[list[StepArgs]]
    """The steps in their order. Default: validate, train, evaluate and register."""
    train_command: NotRequired[list[str]]
    """The model's own training, which the default step ``train`` runs. Default: ``python train.py``."""
    predict_command: NotRequired[list[str]]
    """The model's own scoring of a data set, which the default step ``evaluate`` runs. Default: ``python score.py``."""
    schedule: NotRequired[str]
    """When to run: ``cron(…)`` or ``rate(…)`` of EventBridge Scheduler. Default: not by time."""
    schedule_timezone: NotRequired[str]
    """Time zone of the schedule, such as ``Europe/Dublin``. Default: UTC."""
    on_new_data: NotRequired[bool]
    """Runs when a batch of the model's data has arrived: ``incoming/<model>/<batch>/manifest.json``. Default: false."""
    on_drift: NotRequired[bool]
    """Runs when a drift report of the model says so. Default: false."""
    monthly_ceiling_usd: NotRequired[int]
    """US dollars that the runs of a calendar month may cost together, each counted with the most it can cost; one that
    does not fit is not started. Default: 100."""
    cool_down_minutes: NotRequired[int]
    """Minutes after a run in which no other starts, unless by hand. Default: 60."""
    datasets_bucket_name: pulumi.Input[str]
    """Bucket of the datasets."""
    models_bucket_name: pulumi.Input[str]
    """Bucket of artifacts, release records and the records of runs."""
    tracking_uri: NotRequired[pulumi.Input[str]]
    """Address of MLflow. Default: none."""
    job_queue_arn: NotRequired[pulumi.Input[str]]
    """Batch queue of steps on demand; needed unless all are on Spot."""
    spot_job_queue_arn: NotRequired[pulumi.Input[str]]
    """Batch queue of steps on Spot; needed if there is one."""
    gpu_job_queue_arn: NotRequired[pulumi.Input[str]]
    """Batch queue of steps with GPUs; needed if there is one on demand."""
    gpu_spot_job_queue_arn: NotRequired[pulumi.Input[str]]
    """Batch queue of steps with GPUs on Spot; needed if there is one."""
    execution_role_arn: pulumi.Input[str]
    """Role with which images are pulled and logs written."""
    job_log_group_name: pulumi.Input[str]
    """Log group of the steps."""
    machine_log_group_arn: pulumi.Input[str]
    """Log group of the runs."""
    lock_table_arn: pulumi.Input[str]
    """Table of locks and ledgers."""
    event_bus_arn: pulumi.Input[str]
    """Bus that says how runs ended, and that drift arrives on."""
    topic_arn: pulumi.Input[str]
    """Topic that tells people of runs that failed, were refused or had no room below the ceiling."""
    dead_letter_queue_arn: pulumi.Input[str]
    """Queue of triggers that could not be delivered."""
    schedule_group_name: NotRequired[pulumi.Input[str]]
    """Group of schedules; needed with ``schedule``."""
    airflow_environment_name: NotRequired[pulumi.Input[str]]
    """With the engine airflow: the environment of MWAA that runs the DAG. Default: none; then an Airflow elsewhere
    starts the runs, by the schedule and one at a time, without a state machine, its triggers and its ceiling."""
    dags_bucket_name: NotRequired[pulumi.Input[str]]
    """With the engine airflow: the bucket whose ``dags/`` gets the DAG. Default: it is an output only."""
    kubeflow_namespace: NotRequired[str]
    """With the engine kubeflow: the namespace of its runs, which has Kubeflow's role ``pipeline-runner``."""
    kubeflow_cluster_name: NotRequired[pulumi.Input[str]]
    """With the engine kubeflow: the EKS cluster."""
    kubeflow_queue_arn: NotRequired[pulumi.Input[str]]
    """With the engine kubeflow: the queue of ``KubeflowRuns``, which starts the runs."""
    key_arn: pulumi.Input[str]
    """KMS key of table, bus, topic and queue, which also encrypts the runs."""
    data_key_arns: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """KMS keys of the buckets, and of what is in ``reads`` and ``writes``, where they are others. Default: none."""
    reads: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """ARNs of what the steps read beside the model's data, records, artifacts and runs. Default: nothing."""
    writes: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """ARNs of what the steps write beside those. Default: nothing."""
    uses: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """ARNs of what the steps call beside the bus, such as an MLflow App. Default: nothing."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str]]
    """Policy that bounds what the roles can ever do. Default: no boundary."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags added to the provider's default tags. Default: no extra tags."""
