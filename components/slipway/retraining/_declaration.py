"""What a retraining pipeline is, whichever engine runs it: its steps in order, what starts it, what it may cost.

A plain tree of values that were checked when the program began (``_reading``). The engines turn it into a state
machine (``_states``), a DAG (``_airflow``) or a pipeline of Kubeflow (``_kubeflow``); none of them adds anything to it.
What only a deployment tells, such as addresses, comes beside it as ``Wiring``, so that every engine is a function of
known text.

What a step's container gets, the same from every engine, is what ``variables`` and ``RUN_VARIABLES`` say; what it
answers with is its exit code: 0 done, ``REFUSED``, ``AGAIN``, anything else failed. Steps hand each other objects under
``SLIPWAY_RUN_URI`` and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from slipway.retraining import _prices
from slipway.retraining.engine import Engine

REFUSED = 3
"""Exit code of a step that did its work and says no: data not valid, candidate not better. The run ends there."""
AGAIN = 75
"""Exit code of a step that saved where it was and wants to be started again."""
QUEUE_MINUTES = 240
"""How long a job may wait for a machine, be it that others wait before it; then it is given up, so that a run ends."""
REASONS = ("schedule", "data", "drift", "manual")
"""Why a run starts: ``reason`` of the trigger, ``SLIPWAY_TRIGGER`` of a step."""

RUN_VARIABLES = (
    "SLIPWAY_RUN",
    "SLIPWAY_RUN_URI",
    "SLIPWAY_TRIGGER",
    "SLIPWAY_DEDUPE_KEY",
    "SLIPWAY_DATASET_URI",
    "SLIPWAY_DATASET_VERSION",
)
"""Environment variables that differ from run to run: the run's id (``[A-Za-z0-9-]{1,80}``), where its objects are
(``run_uri``), and four from the trigger. The last two are empty where the trigger names no dataset."""


@dataclass(frozen=True)
class Step:
    """A container that runs to its end."""

    name: str
    """``[a-z0-9]([a-z0-9-]*[a-z0-9])?``, at most 32, and no other step's."""
    command: tuple[str, ...]
    time_limit_minutes: int
    """Of one attempt, from its start."""
    image: str | None = None
    """By digest; None is the pipeline's image (``Wiring.image``)."""
    vcpus: int = 1
    memory_mib: int = 2048
    gpus: int = 0
    spot: bool = False
    """Runs on machines that AWS may take back, which needs more than one attempt."""
    attempts: int = 1
    """Starts at most, the first included: after a lost machine, an image that was not pulled, or ``AGAIN``."""
    after: tuple[str, ...] = ()
    """Names of the steps that must be done; always of steps before it. Empty only for a first step."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables of its own; none of them begins with ``SLIPWAY_`` or ``AWS_``."""
    writable_root: bool = False
    """Whether it may write to all of its file system; else to ``/tmp`` alone."""

    def worst_case_cents(self, region: str) -> int:
        """US cents if every attempt has an instance of its own, on demand, until its time limit."""
        size = _prices.smallest(self.vcpus, self.memory_mib, self.gpus)
        if size is None:
            raise ValueError(f"no instance holds {self.vcpus} vCPUs, {self.memory_mib} MiB and {self.gpus} GPUs")
        return _prices.cents(size, self.attempts * self.time_limit_minutes, region)

    def worst_case_minutes(self) -> int:
        """Minutes until it has certainly ended: every attempt waits and runs as long as it may."""
        return self.attempts * (self.time_limit_minutes + QUEUE_MINUTES)


@dataclass(frozen=True)
class Triggers:
    """What starts a run, beside a person, who always may."""

    schedule: str | None = None
    """``cron(…)`` or ``rate(…)`` of EventBridge Scheduler."""
    schedule_timezone: str = "UTC"
    on_new_data: bool = False
    """The manifest of a batch arrived: ``incoming/<model>/<batch>/manifest.json`` in the bucket of the datasets."""
    on_drift: bool = False
    """``DriftDetected`` of this model on the environment's bus."""


@dataclass(frozen=True)
class Declaration:
    """A pipeline of one model."""

    model: str
    engine: Engine
    steps: tuple[Step, ...]
    """In an order in which each comes after those that it needs."""
    triggers: Triggers
    monthly_ceiling_usd: int
    """What the runs of a calendar month (UTC) may cost together, each counted with its worst case."""
    cool_down_minutes: int
    """From the end of a run to the next one that is not refused."""
    region: str

    def run_ceiling_cents(self) -> int:
        """What a run may cost at most, in US cents."""
        return sum(step.worst_case_cents(self.region) for step in self.steps)

    def stages(self) -> tuple[tuple[Step, ...], ...]:
        """The steps in groups, one after the other; the steps of a group need nothing from each other."""
        depth: dict[str, int] = {}
        for step in self.steps:
            depth[step.name] = 1 + max((depth[name] for name in step.after), default=-1)
        groups = range(1 + max(depth.values()))
        return tuple(tuple(step for step in self.steps if depth[step.name] == group) for group in groups)

    def worst_case_minutes(self) -> int:
        """Minutes until a run has certainly ended."""
        return sum(max(step.worst_case_minutes() for step in stage) for stage in self.stages())


@dataclass(frozen=True)
class Wiring:
    """What a deployment tells: addresses of what is shared by an environment. All of it is known text."""

    environment: str
    """Name of the environment, such as ``prod``."""
    image: str
    """Of steps that have none of their own."""
    repository: str
    """Of the model's images."""
    datasets_bucket: str
    models_bucket: str
    event_bus_arn: str
    tracking_uri: str
    """Of MLflow; empty where there is none."""


def variables(declaration: Declaration, step: Step, wiring: Wiring) -> dict[str, str]:
    """Environment variables of a step that are the same in every run; ``RUN_VARIABLES`` come to them."""
    return {
        **step.environment,
        "AWS_REGION": declaration.region,
        **({"MLFLOW_TRACKING_URI": wiring.tracking_uri} if wiring.tracking_uri else {}),
        "SLIPWAY_DATASETS": f"s3://{wiring.datasets_bucket}",
        "SLIPWAY_ENVIRONMENT": wiring.environment,
        "SLIPWAY_EVENT_BUS": wiring.event_bus_arn,
        "SLIPWAY_IMAGE": step.image or wiring.image,
        "SLIPWAY_MODEL": declaration.model,
        "SLIPWAY_MODELS_BUCKET": wiring.models_bucket,
        "SLIPWAY_REPOSITORY": wiring.repository,
        "SLIPWAY_STEP": step.name,
    }


def run_uri(models_bucket: str, model: str, run: str) -> str:
    """Where the objects of a run are; ``run`` may be an expression of the engine."""
    return f"s3://{models_bucket}/runs/{model}/{run}/"
