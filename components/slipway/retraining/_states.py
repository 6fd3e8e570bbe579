"""A declaration as a state machine of AWS Step Functions: each step is a job of AWS Batch.

Steps that need nothing from each other run side by side. Batch alone starts a job again; a state never does, so a
refusal is final and a run's cost stays within what was entered for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slipway.retraining import _guard
from slipway.retraining._declaration import RUN_VARIABLES, Declaration, Step, Wiring
from slipway.retraining._locks import Guard

_VALUES = {
    "SLIPWAY_RUN": "$run",
    "SLIPWAY_RUN_URI": "$records",
    "SLIPWAY_TRIGGER": "$reason",
    "SLIPWAY_DEDUPE_KEY": "$dedupe_key",
    "SLIPWAY_DATASET_URI": "$dataset_uri",
    "SLIPWAY_DATASET_VERSION": "$dataset_version",
}


@dataclass(frozen=True)
class Job:
    """Where AWS Batch runs a step."""

    queue_arn: str
    definition_arn: str


def definition(declaration: Declaration, wiring: Wiring, guard: Guard, jobs: Mapping[str, Job]) -> str:
    """The state machine's definition; ``jobs`` has each step by name."""
    stages = declaration.stages()
    names = [_label(stage) for stage in stages]
    work = {
        name: _stage(declaration, stage, jobs, following)
        for name, stage, following in zip(names, stages, [*names[1:], _guard.DONE], strict=True)
    }
    return _guard.text(_guard.guarded(declaration, wiring, guard, work, names[0]))


def _label(stage: tuple[Step, ...]) -> str:
    """Name of the state of steps that run side by side; no state of the guard is called like a step."""
    return " and ".join(step.name for step in stage)[:80]


def _stage(
    declaration: Declaration, stage: tuple[Step, ...], jobs: Mapping[str, Job], following: str
) -> dict[str, Any]:
    end = {"Output": {}, "Catch": _guard.caught(_label(stage)), "Next": following}
    if len(stage) == 1:
        return _task(declaration, stage[0], jobs[stage[0].name]) | end
    branches = [
        {"StartAt": step.name, "States": {step.name: _task(declaration, step, jobs[step.name]) | {"End": True}}}
        for step in stage
    ]
    return {"Type": "Parallel", "Branches": branches} | end


def _task(declaration: Declaration, step: Step, job: Job) -> dict[str, Any]:
    name = f"{declaration.model}-{step.name}-"
    environment = [{"Name": variable, "Value": f"{{% {_VALUES[variable]} %}}"} for variable in RUN_VARIABLES]
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::batch:submitJob.sync",
        "Arguments": {
            "JobName": f"{{% $substring('{name}' & $run, 0, 128) %}}",
            "JobQueue": job.queue_arn,
            "JobDefinition": job.definition_arn,
            "ContainerOverrides": {"Environment": environment},
        },
        "TimeoutSeconds": step.worst_case_minutes() * 60,
    }
