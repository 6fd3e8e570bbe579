"""One declaration, with everything that the engines must carry over; the golden files come from it."""

from slipway.retraining._declaration import Declaration, Step, Triggers, Wiring
from slipway.retraining._locks import Guard
from slipway.retraining._states import Job
from slipway.retraining.engine import Engine

ACCOUNT = "123456789012"
IMAGE = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/acme-dev/flight-delay@sha256:{'0' * 64}"
TRAINER = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/acme-dev/trainer@sha256:{'1' * 64}"
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:acme-dev-retraining"

STEPS = (
    Step("validate", ("slipway", "data", "validate"), 20),
    Step(
        "train",
        ("slipway", "train", "--", "python", "train.py"),
        240,
        image=TRAINER,
        vcpus=4,
        memory_mib=15_000,
        gpus=1,
        spot=True,
        attempts=3,
        after=("validate",),
        environment={"OMP_WAIT_POLICY": "passive"},
    ),
    Step("profile", ("python", "profile.py", "--what", 'a "quoted" $word'), 30, attempts=2, after=("validate",)),
    Step("evaluate", ("slipway", "evaluate", "--", "python", "score.py"), 60, after=("train", "profile")),
    Step("register", ("slipway", "register"), 15, after=("evaluate",)),
)


def declaration(engine: Engine = Engine.AIRFLOW, schedule: str | None = "cron(0 3 ? * MON *)") -> Declaration:
    return Declaration(
        model="flight-delay",
        engine=engine,
        steps=STEPS,
        triggers=Triggers(schedule=schedule, schedule_timezone="Europe/Dublin", on_new_data=True, on_drift=True),
        monthly_ceiling_usd=500,
        cool_down_minutes=720,
        region="eu-west-1",
    )


WIRING = Wiring(
    environment="dev",
    image=IMAGE,
    repository="acme-dev/flight-delay",
    datasets_bucket="acme-dev-datasets",
    models_bucket="acme-dev-models",
    event_bus_arn=f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/acme-dev-retraining",
    tracking_uri="https://mlflow.ml.example.com",
)

JOBS = {
    step.name: Job(
        queue_arn=f"arn:aws:batch:eu-west-1:{ACCOUNT}:job-queue/acme-dev-{'spot' if step.spot else 'on-demand'}",
        definition_arn=f"arn:aws:batch:eu-west-1:{ACCOUNT}:job-definition/acme-dev-flight-delay-{step.name}:1",
    )
    for step in STEPS
}

GUARD = Guard(table_name="acme-dev-retraining", topic_arn=TOPIC)
QUEUE_URL = f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/acme-dev-kubeflow-runs"
