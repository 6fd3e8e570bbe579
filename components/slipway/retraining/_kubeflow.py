"""A declaration as a pipeline of Kubeflow Pipelines: the intermediate representation (IR) of its compiler.

Written here, because ``kfp`` is needed for nothing else and would pin what a stack installs; a test compiles the same
containers with the real ``kfp`` and finds the same. Two things differ from the other engines, because Kubeflow puts its
own program in front of a step's:

- environment variables of a container are fixed text, so what differs from run to run is set by ``env`` before the
  command, which an image must have (nearly all do: coreutils, busybox);
- the exit code of a step is not seen, so a step with more than one attempt is started again when it fails, whatever it
  said, also when it refuses. It refuses again, and what it wrote says that it did.
"""

import hashlib
import json
from typing import Any

from slipway.retraining._declaration import RUN_VARIABLES, Declaration, Step, Wiring, run_uri, variables

SDK_VERSION = "kfp-2.17.3"
"""The compiler whose output this is."""
SCHEMA_VERSION = "2.1.0"
PARAMETERS = {
    "SLIPWAY_RUN": "run",
    "SLIPWAY_TRIGGER": "reason",
    "SLIPWAY_DEDUPE_KEY": "dedupe_key",
    "SLIPWAY_DATASET_URI": "dataset_uri",
    "SLIPWAY_DATASET_VERSION": "dataset_version",
}
"""Variables of a run that are parameters of the pipeline; ``SLIPWAY_RUN_URI`` follows from the run."""
GPU = "nvidia.com/gpu"
SPOT = {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot"]}
"""Nodes that AWS may take back, as Karpenter and EKS Auto Mode label them; preferred, and elsewhere without effect."""
_BACKOFF = {"backoffDuration": "60s", "backoffFactor": 2.0, "backoffMaxDuration": "3600s"}


def pipeline_name(declaration: Declaration) -> str:
    """Name of the pipeline, and of its object."""
    return f"{declaration.model}-retraining"


def service_account(declaration: Declaration) -> str:
    """Who the steps are in the cluster; a model has its own, so that its role is its own."""
    return f"{declaration.model}-retraining"


def pipeline_spec(declaration: Declaration, wiring: Wiring) -> dict[str, Any]:
    """The pipeline's IR: ``spec.pipelineSpec`` of a PipelineVersion."""
    parameters = {name: {"parameterType": "STRING"} for name in sorted(PARAMETERS.values())}
    steps = declaration.steps
    return {
        "components": {
            f"comp-{step.name}": {
                "executorLabel": f"exec-{step.name}",
                "inputDefinitions": {"parameters": parameters},
            }
            for step in steps
        },
        "deploymentSpec": {
            "executors": {f"exec-{step.name}": {"container": _container(declaration, step, wiring)} for step in steps}
        },
        "pipelineInfo": {"name": pipeline_name(declaration)},
        "root": {
            "dag": {"tasks": {step.name: _task(step) for step in steps}},
            "inputDefinitions": {"parameters": parameters},
        },
        "schemaVersion": SCHEMA_VERSION,
        "sdkVersion": SDK_VERSION,
    }


def platform_spec(declaration: Declaration) -> dict[str, Any]:
    """What only Kubernetes knows, ``spec.platformSpec`` of a PipelineVersion: time limits, and nodes.

    A step's limit counts from when its pod starts, so the run has one too: a pod without a node never starts.
    """
    executors: dict[str, Any] = {}
    for step in declaration.steps:
        executors[f"exec-{step.name}"] = {"activeDeadlineSeconds": str(step.time_limit_minutes * 60)}
        if step.spot:
            executors[f"exec-{step.name}"]["nodeAffinity"] = [{"matchExpressions": [SPOT], "weight": 100.0}]
    deadline = {"activeDeadlineSeconds": declaration.worst_case_minutes() * 60}
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}, "pipelineConfig": deadline}}}


def version_name(declaration: Declaration, wiring: Wiring) -> str:
    """Name of the version and of its object: the pipeline's, and a hash of all that the version is."""
    whole = [pipeline_spec(declaration, wiring), platform_spec(declaration)]
    digest = hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()
    return f"{pipeline_name(declaration)}-{digest[:12]}"


def _container(declaration: Declaration, step: Step, wiring: Wiring) -> dict[str, Any]:
    told = variables(declaration, step, wiring)
    return {
        "command": ["env", *_told_at_run_time(declaration, wiring), *step.command],
        "env": [{"name": name, "value": told[name]} for name in sorted(told)],
        "image": step.image or wiring.image,
        "resources": _resources(step),
    }


def _told_at_run_time(declaration: Declaration, wiring: Wiring) -> list[str]:
    def parameter(name: str) -> str:
        return f"{{{{$.inputs.parameters['{name}']}}}}"

    where = run_uri(wiring.models_bucket, declaration.model, parameter("run"))
    values = {name: parameter(of) for name, of in PARAMETERS.items()} | {"SLIPWAY_RUN_URI": where}
    return [f"{name}={values[name]}" for name in RUN_VARIABLES]


def _resources(step: Step) -> dict[str, Any]:
    """As many as asked for and not more; numbers for older versions of Kubeflow beside Kubernetes' own text."""
    cpu, memory = str(step.vcpus), f"{step.memory_mib}Mi"
    found: dict[str, Any] = {
        "cpuLimit": float(step.vcpus),
        "cpuRequest": float(step.vcpus),
        "memoryLimit": step.memory_mib * 1024**2 / 1000**3,
        "memoryRequest": step.memory_mib * 1024**2 / 1000**3,
        "resourceCpuLimit": cpu,
        "resourceCpuRequest": cpu,
        "resourceMemoryLimit": memory,
        "resourceMemoryRequest": memory,
    }
    if step.gpus:
        count = str(step.gpus)
        found["accelerator"] = {"count": count, "resourceCount": count, "resourceType": GPU, "type": GPU}
    return found


def _task(step: Step) -> dict[str, Any]:
    """Without ``enableCache``: a retraining on the same parameters is still another retraining."""
    names = sorted(PARAMETERS.values())
    task: dict[str, Any] = {
        "cachingOptions": {},
        "componentRef": {"name": f"comp-{step.name}"},
        "inputs": {"parameters": {name: {"componentInputParameter": name} for name in names}},
        "taskInfo": {"name": step.name},
    }
    if step.after:
        task["dependentTasks"] = sorted(step.after)
    if step.attempts > 1:
        task["retryPolicy"] = {**_BACKOFF, "maxRetryCount": step.attempts - 1}
    return task
