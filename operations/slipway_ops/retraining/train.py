"""``slipway train``: a team's training as a step of a run.

The command finds the data in the folder ``SLIPWAY_DATA``, a folder for each batch, and fills ``SLIPWAY_OUTPUT``:
``model/`` with the one file that is the model, ``metrics.json`` ({name: {"value": …, "rows": …}}), and if wanted
``training.json`` (feature_schema, settings, resources, as ``slipway release create`` reads it), ``parameters.json``
({name: value}) and ``profile.json`` (what ``slipway drift profile`` writes; drift of the release is measured by it).
Where MLflow is known, ``MLFLOW_RUN_ID`` is a run that it may log to. A command that ends with 75 finds what it left in
``SLIPWAY_OUTPUT`` there again when it is started the next time.
"""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from slipway_ops.content import Training
from slipway_ops.problems import ReleaseError, refused
from slipway_ops.retraining import batches, data_schema, program, revisions
from slipway_ops.retraining import plan as plans
from slipway_ops.retraining.dvc import Remote
from slipway_ops.retraining.job import Job, now, read
from slipway_ops.retraining.program import AgainError
from slipway_ops.retraining.records import ArtifactFile, Input, Lineage, made
from slipway_ops.retraining.tracking import Tracking

FOLDER = "training/"
CHECKPOINT = "checkpoint/"
PROFILE = "profile.json"
_MODEL = "model/"


def run(job: Job, command: Sequence[str]) -> Lineage:
    """Fetch the data, run the command, check what it left and store it; the lineage is written last.

    Raises ``ReleaseError`` for what is missing or wrong, ``AgainError`` if the command wants to be started again.
    """
    done = job.get(f"{FOLDER}lineage.json", Lineage)
    if done is not None:
        return done  # this step was started again after its end
    work_on = needed(job, "input.json", Input)
    commit, started = job.need("code_commit"), now()
    held_out = plans.declared(job)[0].held_out(work_on.batches)
    seen = [name for name in work_on.batches if name not in held_out]
    if not seen:
        accepted = f"more batches than the {len(held_out)} that the evaluation holds out"
        raise refused("training", "batches", accepted, len(work_on.batches))
    remote = Remote(job.s3, job.datasets_bucket, job.model)
    tracking = Tracking.of(job)
    with job.workspace() as work:
        data, output = work / "data", work / "output"
        data.mkdir()
        output.mkdir()
        remote.fetch(revisions.of_batches(remote.entries(work_on.dataset.revision), seen), data)
        _restore(job, output)
        tracked = tracking.begin(job, commit) if tracking else None
        variables = {"SLIPWAY_DATA": str(data), "SLIPWAY_OUTPUT": str(output)}
        if tracking and tracked:
            variables |= {"MLFLOW_RUN_ID": tracked, "MLFLOW_EXPERIMENT_NAME": job.model}
        begun = time.monotonic()
        try:
            program.run(command, variables, "training")
            seconds = time.monotonic() - begun
            result = _Result(job, output, work_on)
        except AgainError:
            _upload(job, output, CHECKPOINT)
            raise
        except ReleaseError:
            if tracking and tracked:
                tracking.end(tracked, "FAILED")
            raise
        image = job.optional("image")
        lineage = made(
            Lineage,
            {
                **job.facts(),
                "trigger": work_on.trigger,
                "dataset": work_on.dataset.model_dump(),
                "batches": seen,
                "held_out": held_out,
                "code_commit": commit,
                "image_digest": image.rpartition("@")[2] if image else None,
                "command": list(command),
                "parameters": result.parameters,
                "artifact": result.artifact.model_dump(),
                "metrics": {name: metric.model_dump() for name, metric in result.training.metrics.items()},
                "mlflow_run": tracked,
                "mlflow_uri": tracking.uri if tracking else None,
                "started_at": started,
                "seconds": round(seconds, 1),
            },
            "training",
        )
        if tracking and tracked:
            tracking.log(tracked, lineage)
            tracking.end(tracked, "FINISHED")
        job.upload(f"{FOLDER}{_MODEL}{result.path.name}", result.path)
        job.put(f"{FOLDER}metrics.json", json.dumps(lineage.model_dump(mode="json")["metrics"], indent=1).encode())
        job.put(f"{FOLDER}training.json", result.training.model_dump_json(exclude_none=True, indent=1).encode())
        if (output / PROFILE).is_file():
            job.upload(f"{FOLDER}{PROFILE}", output / PROFILE)
        job.put(f"{FOLDER}lineage.json", lineage)
    return lineage


def needed(job: Job, name: str, kind: type[Any]) -> Any:
    """A record of the run; raises ``ReleaseError`` where it is missing."""
    found = job.get(name, kind)
    if found is None:
        raise refused(job.uri(name), "record", "one that a step before wrote", None)
    return found


def artifact(job: Job, lineage: Lineage, folder: Path) -> Path:
    """Download the trained model into ``folder``; raises ``ReleaseError`` unless it is the one of the lineage."""
    name, path = f"{FOLDER}{_MODEL}{lineage.artifact.name}", folder / lineage.artifact.name
    job.download(name, path)
    size, digest = path.stat().st_size, batches.sha256(path)
    if (size, digest) != (lineage.artifact.bytes, lineage.artifact.sha256):
        accepted = f"{lineage.artifact.bytes} bytes of sha256 {lineage.artifact.sha256}"
        raise refused(job.uri(name), "file", accepted, f"{size} of {digest}")
    return path


class _Result:
    """What the command left, checked."""

    def __init__(self, job: Job, output: Path, work_on: Input) -> None:
        self.path = program.only_file(output / "model", "training")
        known = {
            "name": self.path.name,
            "sha256": batches.sha256(self.path),
            "bytes": self.path.stat().st_size,
        }
        self.artifact = made(ArtifactFile, known, f"training: model/{self.path.name}")
        metrics = _json(output / "metrics.json", required=True)
        told = _json(output / "training.json", required=False)
        if told.get("metrics", metrics) != metrics:
            raise refused("training: training.json", "metrics", "those of metrics.json, or none", "others")
        known = {**told, "metrics": metrics, "dataset": work_on.dataset.model_dump()}
        known.setdefault("feature_schema", _features(job))
        self.training = made(Training, known, "training: metrics.json and training.json")
        self.parameters = _json(output / "parameters.json", required=False)


def _features(job: Job) -> list[dict[str, Any]]:
    """The inputs that the declared schema names."""
    key = f"schemas/{job.model}.json"
    data = read(job.s3, job.datasets_bucket, key)
    found = data_schema.parse(data, f"s3://{job.datasets_bucket}/{key}", job.model).features() if data else []
    if not found:
        accepted = f"a list in training.json, or columns with feature: true in s3://{job.datasets_bucket}/{key}"
        raise refused("training", "feature_schema", accepted, None)
    return [feature.model_dump(exclude_none=True) for feature in found]


def _json(path: Path, *, required: bool) -> dict[str, Any]:
    if not required and not path.exists():
        return {}
    try:
        found = json.loads(path.read_bytes())
    except OSError:
        raise refused("training", path.name, "a file in SLIPWAY_OUTPUT", None) from None
    except ValueError as error:
        raise refused("training", path.name, "JSON", str(error)) from None
    if not isinstance(found, dict):
        raise refused("training", path.name, "an object", found)
    return found


def _restore(job: Job, output: Path) -> None:
    """Put back what the command left when it asked to be started again."""
    for name in job.names(CHECKPOINT):
        job.download(name, output / name.removeprefix(CHECKPOINT))


def _upload(job: Job, folder: Path, under: str) -> None:
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        job.upload(f"{under}{path.relative_to(folder)}", path)
