"""Run by the Python of ``.venv-kfp``: compiles containers with the real kfp and lets it read what slipway wrote.

On standard input: the containers (``steps``), the run's deadline, and slipway's two documents (``ours``). On standard
output: what kfp made of the containers, and what it read of ours.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format
from kfp import components, dsl, kubernetes  # ty: ignore[import-not-found]
from kfp.compiler import Compiler  # ty: ignore[import-not-found]
from kfp.pipeline_spec import pipeline_spec_pb2  # ty: ignore[import-not-found]

AFFINITY = [{"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot"]}]


def component_of(step: dict[str, Any]) -> Any:
    def component(run: str, reason: str, dedupe_key: str, dataset_uri: str, dataset_version: str):  # type: ignore[no-untyped-def]
        told = [
            f"SLIPWAY_RUN={run}",
            f"SLIPWAY_RUN_URI=s3://acme-dev-models/runs/flight-delay/{run}/",
            f"SLIPWAY_TRIGGER={reason}",
            f"SLIPWAY_DEDUPE_KEY={dedupe_key}",
            f"SLIPWAY_DATASET_URI={dataset_uri}",
            f"SLIPWAY_DATASET_VERSION={dataset_version}",
        ]
        return dsl.ContainerSpec(image=step["image"], command=["env", *told, *step["command"]])

    component.__name__ = step["name"].replace("-", "_")
    return dsl.container_component(component)


def pipeline_of(given: dict[str, Any]) -> Any:
    config = dsl.PipelineConfig(active_deadline_seconds=given["deadline"])

    @dsl.pipeline(name="flight-delay-retraining", pipeline_config=config)  # type: ignore[untyped-decorator]
    def retraining(run: str, reason: str, dedupe_key: str, dataset_uri: str, dataset_version: str) -> None:
        tasks: dict[str, Any] = {}
        told = {"run": run, "reason": reason, "dedupe_key": dedupe_key}
        for step in given["steps"]:
            task = component_of(step)(**told, dataset_uri=dataset_uri, dataset_version=dataset_version)
            task.set_caching_options(False).set_cpu_limit(step["cpu"]).set_cpu_request(step["cpu"])
            task.set_memory_limit(step["memory"]).set_memory_request(step["memory"])
            for name, value in sorted(step["env"].items()):
                task.set_env_variable(name, value)
            if step["gpus"]:
                task.set_accelerator_type("nvidia.com/gpu").set_accelerator_limit(step["gpus"])
            if step["attempts"] > 1:
                task.set_retry(step["attempts"] - 1, "60s", 2.0, "3600s")
            if step["spot"]:
                kubernetes.add_node_affinity(task, match_expressions=AFFINITY, weight=100)
            kubernetes.set_timeout(task, step["seconds"])
            task.after(*(tasks[name] for name in step["after"]))
            tasks[step["name"]] = task

    return retraining


def main() -> None:
    given = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pipeline.yaml"
        Compiler().compile(pipeline_of(given), str(file))
        theirs = list(yaml.safe_load_all(file.read_text()))
    ours = "---\n".join(yaml.safe_dump(document) for document in given["ours"])
    loaded = components.load_component_from_text(ours)
    spec = json_format.ParseDict(given["ours"][0], pipeline_spec_pb2.PipelineSpec())
    platform = json_format.ParseDict(given["ours"][1], pipeline_spec_pb2.PlatformSpec())
    read = {
        "name": loaded.name,
        "tasks": sorted(spec.root.dag.tasks),
        "inputs": sorted(loaded.component_spec.inputs),
        "platforms": sorted(platform.platforms),
    }
    print(json.dumps({"theirs": theirs, "read": read}))


main()
