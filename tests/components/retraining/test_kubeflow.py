"""The declaration as a pipeline of Kubeflow: what it says, and that the real compiler says the same."""

import dataclasses
import os
from typing import Any

import pytest
from slipway.retraining import _kubeflow
from slipway.retraining._declaration import RUN_VARIABLES, variables
from slipway.retraining.engine import Engine

from tests.components.retraining import engines
from tests.components.retraining.declared import WIRING, declaration

DECLARED = declaration(Engine.KUBEFLOW)
SPEC = _kubeflow.pipeline_spec(DECLARED, WIRING)
PLATFORM = _kubeflow.platform_spec(DECLARED)
TASKS = SPEC["root"]["dag"]["tasks"]


def executor(step: str) -> dict[str, Any]:
    found: dict[str, Any] = SPEC["deploymentSpec"]["executors"][f"exec-{step}"]["container"]
    return found


def test_steps_wait_for_those_before_them() -> None:
    assert {name: task.get("dependentTasks", []) for name, task in TASKS.items()} == {
        "validate": [],
        "train": ["validate"],
        "profile": ["validate"],
        "evaluate": ["profile", "train"],
        "register": ["evaluate"],
    }


def test_a_step_is_started_again_as_often_as_declared() -> None:
    assert {name: task.get("retryPolicy", {}).get("maxRetryCount", 0) for name, task in TASKS.items()} == {
        "validate": 0,
        "train": 2,
        "profile": 1,
        "evaluate": 0,
        "register": 0,
    }


def test_nothing_is_taken_from_a_cache() -> None:
    assert all(task["cachingOptions"] == {} for task in TASKS.values())


def test_a_container_is_told_its_run_before_its_command() -> None:
    command = executor("train")["command"]
    assert command[0] == "env"
    assert [text.split("=")[0] for text in command[1 : 1 + len(RUN_VARIABLES)]] == list(RUN_VARIABLES)
    assert command[2] == "SLIPWAY_RUN_URI=s3://acme-dev-models/runs/flight-delay/{{$.inputs.parameters['run']}}/"
    assert command[1 + len(RUN_VARIABLES) :] == ["slipway", "train", "--", "python", "train.py"]


def test_what_is_the_same_in_every_run_is_in_the_environment() -> None:
    for step in DECLARED.steps:
        told = {each["name"]: each["value"] for each in executor(step.name)["env"]}
        assert told == variables(DECLARED, step, WIRING)
    assert {"name": "OMP_WAIT_POLICY", "value": "passive"} in executor("train")["env"]


def test_a_container_gets_what_was_declared() -> None:
    resources = executor("train")["resources"]
    assert (resources["resourceCpuLimit"], resources["resourceMemoryLimit"]) == ("4", "15000Mi")
    assert resources["accelerator"]["resourceCount"] == "1"
    assert "accelerator" not in executor("validate")["resources"]
    assert executor("train")["image"] != executor("validate")["image"] == WIRING.image


def test_limits_and_nodes() -> None:
    kubernetes = PLATFORM["platforms"]["kubernetes"]
    executors = kubernetes["deploymentSpec"]["executors"]
    assert {name: found["activeDeadlineSeconds"] for name, found in executors.items()} == {
        "exec-validate": "1200",
        "exec-train": "14400",
        "exec-profile": "1800",
        "exec-evaluate": "3600",
        "exec-register": "900",
    }
    assert [name for name, found in executors.items() if "nodeAffinity" in found] == ["exec-train"]
    assert kubernetes["pipelineConfig"]["activeDeadlineSeconds"] == DECLARED.worst_case_minutes() * 60


def test_a_version_is_named_after_what_it_is() -> None:
    name = _kubeflow.version_name(DECLARED, WIRING)
    assert name == _kubeflow.version_name(declaration(Engine.KUBEFLOW), dataclasses.replace(WIRING))
    assert name.startswith("flight-delay-retraining-")
    longer = dataclasses.replace(DECLARED.steps[0], time_limit_minutes=21)
    others = [
        _kubeflow.version_name(dataclasses.replace(DECLARED, steps=(longer, *DECLARED.steps[1:])), WIRING),
        _kubeflow.version_name(DECLARED, dataclasses.replace(WIRING, image=WIRING.image.replace("0", "2"))),
    ]
    assert len({name, *others}) == 3


@pytest.mark.kfp
def test_the_real_compiler_makes_the_same_of_the_same_containers() -> None:
    steps = [
        {
            "name": step.name,
            "image": step.image or WIRING.image,
            "command": step.command,
            "env": variables(DECLARED, step, WIRING),
            "cpu": str(step.vcpus),
            "memory": f"{step.memory_mib}Mi",
            "gpus": step.gpus,
            "spot": step.spot,
            "attempts": step.attempts,
            "after": step.after,
            "seconds": step.time_limit_minutes * 60,
        }
        for step in DECLARED.steps
    ]
    given = {"steps": steps, "deadline": DECLARED.worst_case_minutes() * 60, "ours": [SPEC, PLATFORM]}

    found = engines.answer("kfp", "kfp_compiler.py", given, {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"})

    pipeline, platform = found["theirs"]
    for task in pipeline["root"]["dag"]["tasks"].values():
        if "dependentTasks" in task:
            task["dependentTasks"].sort()
    assert pipeline == SPEC
    assert platform == PLATFORM
    assert found["read"] == {
        "name": "flight-delay-retraining",
        "tasks": sorted(step.name for step in DECLARED.steps),
        "inputs": sorted(_kubeflow.PARAMETERS.values()),
        "platforms": ["kubernetes"],
    }
