"""From arguments to the declaration: the defaults, and everything that is refused before anything is declared."""

from typing import Any

import pytest
from slipway.retraining import _reading
from slipway.retraining._declaration import Declaration, Step, Triggers

from tests.components.callers import SHORTEST

SHORT = SHORTEST["RetrainingPipeline"]
DIGEST = "sha256:" + "0" * 64
A = {"name": "a", "command": ["x"], "time_limit_minutes": 10}
B = {**A, "name": "b"}


def read(**more: Any) -> Declaration:
    args: Any = SHORT | more
    return _reading.declaration(args)


def test_the_defaults() -> None:
    found = read()
    assert found.triggers == Triggers()
    assert (found.engine, found.cool_down_minutes) == ("step_functions", 60)
    assert [(step.name, step.after, step.attempts) for step in found.steps] == [
        ("validate", (), 1),
        ("train", ("validate",), 2),
        ("evaluate", ("train",), 1),
        ("register", ("evaluate",), 1),
    ]
    assert [step.command for step in found.steps] == [
        ("slipway", "data", "validate"),
        ("slipway", "train", "--", "python", "train.py"),
        ("slipway", "evaluate", "--", "python", "score.py"),
        ("slipway", "register"),
    ]
    short: Any = {key: value for key, value in SHORT.items() if key != "monthly_ceiling_usd"}
    assert _reading.declaration(short).monthly_ceiling_usd == 100


def test_the_model_has_its_own_commands() -> None:
    found = read(train_command=["./fit", "--fast"], predict_command=["./score"])
    assert found.steps[1].command == ("slipway", "train", "--", "./fit", "--fast")
    assert found.steps[2].command == ("slipway", "evaluate", "--", "./score")
    [step] = read(steps=[{"name": "train", "time_limit_minutes": 5, "memory_mib": 4096.0}]).steps
    assert step == Step("train", ("slipway", "train", "--", "python", "train.py"), 5, memory_mib=4096)


def test_everything_of_a_step() -> None:
    step = {
        **A,
        "image": f"acme/trainer@{DIGEST}",
        "vcpus": 4.0,
        "memory_mib": 15_000,
        "gpus": 1,
        "spot": True,
        "attempts": 3,
        "environment": {"OMP_WAIT_POLICY": "passive"},
        "writable_root": True,
    }
    [read_back] = read(steps=[step], gpu_spot_job_queue_arn="arn").steps
    assert read_back == Step(
        "a",
        ("x",),
        10,
        image=f"acme/trainer@{DIGEST}",
        vcpus=4,
        memory_mib=15_000,
        gpus=1,
        spot=True,
        attempts=3,
        environment={"OMP_WAIT_POLICY": "passive"},
        writable_root=True,
    )


def test_triggers() -> None:
    found = read(
        schedule="rate(1 day)",
        schedule_timezone="Europe/Dublin",
        schedule_group_name="g",
        on_new_data=True,
        on_drift=True,
    )
    assert found.triggers == Triggers("rate(1 day)", "Europe/Dublin", True, True)


def test_what_needs_nothing_from_the_step_before_says_so() -> None:
    steps = read(steps=[A, B, {**A, "name": "c", "after": ["a"]}, {**A, "name": "d", "after": []}]).steps
    assert [step.after for step in steps] == [(), ("a",), ("a",), ()]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"engine": "argo"}, "engine: accepted: one of step_functions, airflow, kubeflow: received: 'argo'"),
        (
            {"model": "Flight"},
            "model: accepted: 1 to 40 of a-z, 0-9 and -, beginning with a letter: received: 'Flight'",
        ),
        ({"model": "m" * 41}, "model: accepted: 1 to 40"),
        ({"environment": "Dev"}, "environment: accepted: an environment's name"),
        ({"name_prefix": "-x"}, "name_prefix: accepted: 2 to 60"),
        ({"name_prefix": "p" * 60}, r"name_prefix: accepted: at most 59 characters for this model and its steps"),
        ({"region": "ireland"}, "region: accepted: a region such as eu-west-1"),
        ({"steps": []}, "steps: accepted: a list of at least one step"),
        ({"steps": "train"}, "steps: accepted: a list of at least one step"),
        ({"steps": ["train"]}, r"steps\[0\]: accepted: a step: a mapping with name, command and time_limit_minutes"),
        ({"steps": [{**A, "cpu": 1}]}, r"steps\[0\]\.cpu: accepted: no such setting; there are name, command, "),
        ({"steps": [{**A, "name": "A"}]}, r"steps\[0\]\.name: accepted: 1 to 32"),
        ({"steps": [A, A]}, r"steps\[1\]\.name: accepted: a name that no other step has: received: 'a'"),
        (
            {"steps": [{"name": "train"}]},
            r"steps\[0\]\.time_limit_minutes: accepted: minutes after which an attempt of train is stopped; every step",
        ),
        (
            {"steps": [{**A, "time_limit_minutes": 0}]},
            r"steps\[0\]\.time_limit_minutes: accepted: a whole number from 1",
        ),
        ({"steps": [{**A, "time_limit_minutes": 1.5}]}, r"steps\[0\]\.time_limit_minutes: accepted: a whole number"),
        (
            {"steps": [{"name": "x", "time_limit_minutes": 1}]},
            r"steps\[0\]\.command: accepted: a command: a list of words",
        ),
        ({"steps": [{**A, "command": "train"}]}, r"steps\[0\]\.command: accepted: a command: a list of words"),
        ({"steps": [{**A, "command": ["x", ""]}]}, r"steps\[0\]\.command: accepted: a command"),
        (
            {"steps": [{**A, "image": "acme/trainer:latest"}]},
            r"steps\[0\]\.image: accepted: an image by its digest.*received: 'acme/trainer:latest'",
        ),
        (
            {"steps": [{**A, "spot": True}]},
            r"steps\[0\]\.attempts: accepted: at least 2, because AWS takes Spot machines",
        ),
        ({"steps": [{**A, "attempts": 11}]}, r"steps\[0\]\.attempts: accepted: a whole number from 1 to 10"),
        ({"steps": [{**A, "vcpus": 0.5}]}, r"steps\[0\]\.vcpus: accepted: a whole number"),
        (
            {"steps": [{**A, "vcpus": 97}]},
            r"steps\[0\]: accepted: a size that some instance has: .*'97 vCPUs, 2048 MiB",
        ),
        (
            {"steps": [{**A, "after": ["b"]}, B]},
            r"steps\[0\]\.after: accepted: steps declared before it: there is none",
        ),
        ({"steps": [A, {**B, "after": ["b"]}]}, r"steps\[1\]\.after: accepted: steps declared before it: a: received"),
        ({"steps": [A, {**B, "after": ["a", "a"]}]}, r"steps\[1\]\.after: accepted: entries that differ"),
        ({"steps": [{**A, "environment": {"X": 1}}]}, r"steps\[0\]\.environment: accepted: a mapping of text"),
        (
            {"steps": [{**A, "environment": {"SLIPWAY_RUN": "1"}}]},
            r"environment\.SLIPWAY_RUN: accepted: variables not of",
        ),
        ({"steps": [{**A, "environment": {"AWS_REGION": "1"}}]}, r"environment\.AWS_REGION: accepted"),
        ({"steps": [{**A, "writable_root": "yes"}]}, r"steps\[0\]\.writable_root: accepted: true or false"),
        ({"train_command": []}, "train_command: accepted: a command: a list of words"),
        (
            {"steps": [A], "train_command": ["x"]},
            "train_command: accepted: nothing, because no step train runs its default command",
        ),
        (
            {"steps": [{"name": "evaluate", "command": ["y"], "time_limit_minutes": 1}], "predict_command": ["x"]},
            "predict_command: accepted: nothing, because no step evaluate runs",
        ),
        ({"schedule": "0 3 * * *"}, r"schedule: accepted: cron\("),
        ({"schedule": "rate(1 day)"}, "schedule_group_name: accepted: a group, because there is a schedule"),
        ({"schedule_timezone": "UTC"}, "schedule_timezone: accepted: nothing, because there is no schedule"),
        (
            {"schedule": "rate(1 day)", "schedule_group_name": "g", "schedule_timezone": "CEST+1"},
            "schedule_timezone: accepted: a time zone such as UTC or Europe/Dublin",
        ),
        ({"on_drift": "yes"}, "on_drift: accepted: true or false"),
        ({"cool_down_minutes": -1}, "cool_down_minutes: accepted: a whole number from 0"),
        ({"monthly_ceiling_usd": 0}, "monthly_ceiling_usd: accepted: a whole number from 1"),
        (
            {"monthly_ceiling_usd": 5, "steps": [{**A, "time_limit_minutes": 6000, "attempts": 3}]},
            r"monthly_ceiling_usd: accepted: at least 40\.83, the most that one run can cost .*: received: 5$",
        ),
        (
            {"steps": [{**A, "spot": True, "attempts": 2}]},
            "spot_job_queue_arn: accepted: a Batch job queue, because step a runs with no GPU on Spot: received: None",
        ),
        (
            {"steps": [{**A, "gpus": 1}]},
            "gpu_job_queue_arn: accepted: a Batch job queue, because step a runs with GPUs",
        ),
        ({"job_queue_arn": None}, "job_queue_arn: accepted: a Batch job queue, because step validate runs with no GPU"),
    ],
)
def test_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(**more)
