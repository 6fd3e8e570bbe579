"""Settings of data, registry and retraining: what an environment shares, and what each model asks of it."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator
from slipway.retraining.engine import Engine

from stacks._section import Section
from stacks.front_settings import StoreClass
from stacks.values import Arn, Days, Digest, Email, HttpUrl, InstanceFamily, LogDays, Minutes, Repository, Slug, Timing

Words = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]


class DatasetsSettings(Section):
    """The bucket of the data that models are trained on: batches as they arrive, and a DVC remote for each model."""

    data_class: Annotated[StoreClass, Field(strict=False)]
    """``personal`` where a row is about a person: key, retention and erasure follow."""
    keep_versions_days: Days | None = None
    """Days a superseded or deleted object stays restorable; 90 if not given, 30 of personal data."""
    incoming_days: Days = 90
    """Days a delivered batch is kept; what a model was trained on is a DVC revision by then."""


class MlflowSettings(Section):
    """The registry of runs and model versions; without this section none is told of them."""

    managed: bool = False
    """Makes an MLflow App of SageMaker's. Its metadata has AWS's own key, not the environment's."""
    address: HttpUrl | None = None
    """An MLflow that is there, or one of ``ModelRegistry`` in another stack, where jobs of the network reach it."""
    maintenance_window: str | None = None
    """Weekly time of maintenance of the App, in UTC, such as ``Sun:03:00``."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.managed == (self.address is not None):
            raise ValueError("managed or address, one of them")
        if self.maintenance_window and not self.managed:
            raise ValueError("maintenance_window with managed")
        return self


class How(StrEnum):
    """What happens with a candidate."""

    PULL_REQUEST = "pull_request"
    ROLL_OUT = "roll_out"


class CandidateSettings(Section):
    """What happens when a retraining has a candidate; without this section people are told by the topic."""

    repository: Repository
    """GitHub repository with this project, told by ``repository_dispatch``; ``github_token`` is needed for it."""
    how: Annotated[How, Field(strict=False)] = How.PULL_REQUEST
    """``pull_request`` edits the model's release line and asks a person; ``roll_out`` commits it."""


class AirflowClass(StrEnum):
    """Size of a managed Airflow."""

    MICRO = "mw1.micro"
    SMALL = "mw1.small"
    MEDIUM = "mw1.medium"
    LARGE = "mw1.large"


class AirflowSettings(Section):
    """A managed Airflow (Amazon MWAA) for models with ``engine: airflow``; it costs all day, also when nothing runs."""

    environment_class: Annotated[AirflowClass, Field(strict=False)] = AirflowClass.SMALL
    max_workers: Annotated[int, Field(ge=1, le=25)] | None = None
    log_days: LogDays = 90


class KubeflowSettings(Section):
    """The Kubeflow Pipelines that are in the cluster, for models with ``engine: kubeflow``."""

    namespace: Slug = "kubeflow"
    """Of the job that starts the runs."""
    address: HttpUrl = "http://ml-pipeline.kubeflow.svc:8888"
    """Of its API, inside the cluster."""


class RetrainingSettings(Section):
    """What the retraining pipelines of an environment share; models that have ``retrain`` need it."""

    max_vcpus: Annotated[int, Field(ge=1, le=10_000)] = 64
    """Processors that jobs may have together, on demand and on Spot each."""
    instance_families: Annotated[list[InstanceFamily], Field(min_length=1)] | None = None
    gpu_max_vcpus: Annotated[int, Field(ge=0, le=10_000)] = 0
    """Processors of instances with GPUs together, likewise; 0: no GPUs."""
    gpu_instance_families: Annotated[list[InstanceFamily], Field(min_length=1)] | None = None
    volume_gib: Annotated[int, Field(ge=30, le=16_384)] = 100
    """Size of an instance's encrypted volume."""
    volume_key_arn: Arn | None = None
    """KMS key of the volumes, which EC2 Auto Scaling's service-linked role may use; the account's own if not given."""
    emails: list[Email] = []
    """Who is told of runs that failed or were refused, of candidates, and of a ceiling that was reached."""
    log_days: LogDays = 90
    candidates: CandidateSettings | None = None
    airflow: AirflowSettings | None = None
    kubeflow: KubeflowSettings | None = None


class TrainSettings(Section):
    """What the training itself may use."""

    vcpus: Annotated[int, Field(ge=1, le=192)] = 2
    memory_mib: Annotated[int, Field(ge=64, le=768 * 1024)] = 6144
    """Beyond it the training is killed."""
    gpus: Annotated[int, Field(ge=0, le=8)] = 0
    spot: bool = False
    """Runs on machines that AWS may take back; a lost one counts as an attempt."""
    attempts: Annotated[int, Field(ge=1, le=10)] = 2
    """Starts at most, the first included: after a lost machine, or exit code 75."""
    time_limit_minutes: Annotated[int, Field(ge=1, le=20_160)] = 120
    """Of an attempt; then it is stopped."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.spot and self.attempts < 2:
            raise ValueError("attempts at least 2 with spot, because AWS takes Spot machines back")
        return self


class RetrainSettings(Section):
    """When and how a model is retrained; without this section it is not."""

    schedule: Timing | None = None
    """``cron(…)`` or ``rate(…)`` of EventBridge Scheduler, such as ``cron(0 3 ? * MON *)``."""
    timezone: str = "UTC"
    """Time zone of the schedule, such as ``Europe/Dublin``."""
    on_new_data: bool = False
    """When a batch has arrived: ``incoming/<model>/<batch>/manifest.json``."""
    on_drift: bool = False
    """When a drift report of the model says so; ``models.<name>.drift`` looks."""
    engine: Annotated[Engine, Field(strict=False)] = Engine.STEP_FUNCTIONS
    kubeflow_namespace: Slug | None = None
    """With ``engine: kubeflow``: namespace of the runs, which has Kubeflow's role ``pipeline-runner``."""
    image: Digest | None = None
    """Digest, in the model's repository, of the image with the training; that of the release if not given."""
    train_command: Words = ["python", "train.py"]
    predict_command: Words = ["python", "score.py"]
    """Scores a data set, to compare a candidate with the release that serves."""
    train: TrainSettings = TrainSettings()
    monthly_ceiling_usd: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    """What the runs of a month may cost together, each counted with the most it can cost; more are not started."""
    cool_down_minutes: Minutes = 60
    """After a run, in which no other starts unless by hand."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if "timezone" in self.model_fields_set and self.schedule is None:
            raise ValueError("timezone with schedule")
        if (self.engine is Engine.KUBEFLOW) != (self.kubeflow_namespace is not None):
            raise ValueError("kubeflow_namespace with engine: kubeflow, and with no other")
        return self
