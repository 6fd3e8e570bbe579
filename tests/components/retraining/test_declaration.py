"""What a declaration says of itself: its order, its cost, its time, and what a step is told."""

import pytest
from slipway.retraining import _prices
from slipway.retraining._declaration import (
    QUEUE_MINUTES,
    RUN_VARIABLES,
    Declaration,
    Step,
    Triggers,
    run_uri,
    variables,
)
from slipway.retraining.engine import Engine

from tests.components.retraining.declared import STEPS, WIRING, declaration


def of(*steps: Step, region: str = "us-east-1") -> Declaration:
    return Declaration("m", Engine.STEP_FUNCTIONS, steps, Triggers(), 100, 60, region)


def test_steps_that_need_nothing_from_each_other_are_a_stage() -> None:
    names = [[step.name for step in stage] for stage in declaration().stages()]
    assert names == [["validate"], ["train", "profile"], ["evaluate"], ["register"]]
    assert sorted(name for stage in names for name in stage) == sorted(step.name for step in STEPS)


@pytest.mark.parametrize(
    ("step", "region", "cents"),
    [
        (Step("a", ("x",), 60), "us-east-1", 11),  # 1 vCPU has 2 of an m7i.large: 10.08 cents
        (Step("a", ("x",), 60, vcpus=2, memory_mib=6144), "us-east-1", 11),
        (Step("a", ("x",), 60, vcpus=2, memory_mib=8192), "us-east-1", 21),  # not all of 8 GiB is for jobs
        (Step("a", ("x",), 60, vcpus=3), "us-east-1", 21),
        (Step("a", ("x",), 60, gpus=1), "us-east-1", 101),  # g5.xlarge
        (Step("a", ("x",), 60, gpus=2), "us-east-1", 568),  # g5.12xlarge, the smallest with more than one
        (Step("a", ("x",), 60, vcpus=96, memory_mib=300_000), "us-east-1", 484),
        (Step("a", ("x",), 90, attempts=3, spot=True), "us-east-1", 46),  # Spot counts as on demand, each attempt
        (Step("a", ("x",), 60), "eu-west-1", 14),
        (Step("a", ("x",), 60), "ca-central-1", 12),
        (Step("a", ("x",), 60), "sa-east-1", 18),
        (Step("a", ("x",), 1), "us-east-1", 1),
    ],
)
def test_the_worst_case(step: Step, region: str, cents: int) -> None:
    assert step.worst_case_cents(region) == cents
    assert of(step, region=region).run_ceiling_cents() == cents


def test_a_run_is_the_sum_of_its_steps() -> None:
    declared = declaration()
    assert declared.run_ceiling_cents() == sum(step.worst_case_cents("eu-west-1") for step in STEPS)


def test_what_no_instance_holds_is_said() -> None:
    with pytest.raises(ValueError, match="no instance holds 1 vCPUs, 2048 MiB and 9 GPUs"):
        Step("a", ("x",), 1, gpus=9).worst_case_cents("us-east-1")
    assert _prices.smallest(97, 1024, 0) is None


def test_a_run_has_ended_when_every_attempt_has() -> None:
    first, second = Step("a", ("x",), 10, attempts=2), Step("b", ("x",), 30, after=("a",))
    beside = Step("c", ("x",), 5, after=("a",))
    assert first.worst_case_minutes() == 2 * (10 + QUEUE_MINUTES)
    assert of(first, second, beside).worst_case_minutes() == 2 * (10 + QUEUE_MINUTES) + 30 + QUEUE_MINUTES


def test_a_step_is_told_the_same_in_every_run() -> None:
    train = STEPS[1]
    told = variables(declaration(), train, WIRING)
    assert told == {
        "AWS_REGION": "eu-west-1",
        "MLFLOW_TRACKING_URI": WIRING.tracking_uri,
        "OMP_WAIT_POLICY": "passive",
        "SLIPWAY_DATASETS": "s3://acme-dev-datasets",
        "SLIPWAY_ENVIRONMENT": "dev",
        "SLIPWAY_EVENT_BUS": WIRING.event_bus_arn,
        "SLIPWAY_IMAGE": train.image,
        "SLIPWAY_MODEL": "flight-delay",
        "SLIPWAY_MODELS_BUCKET": "acme-dev-models",
        "SLIPWAY_REPOSITORY": "acme-dev/flight-delay",
        "SLIPWAY_STEP": "train",
    }
    assert variables(declaration(), STEPS[0], WIRING)["SLIPWAY_IMAGE"] == WIRING.image
    assert not told.keys() & set(RUN_VARIABLES)
    assert run_uri("acme-dev-models", "flight-delay", "r1") == "s3://acme-dev-models/runs/flight-delay/r1/"
