"""``slipway register``: a candidate that was found better becomes a release, a version in MLflow, and known to others.

Whatever of it is killed can be run again: what could come out otherwise the second time (image, instant, run in MLflow)
is fixed in ``registration.json`` first, so there is one release and one version; the event may come twice.
"""

import hashlib
import json
from typing import Any

from slipway_ops import artifact, images, objects
from slipway_ops.content import Content, Training
from slipway_ops.objects import calls
from slipway_ops.problems import ReleaseError, refused
from slipway_ops.record import Release, identifier
from slipway_ops.release import RETAIN_DAYS, ReleaseStore
from slipway_ops.retraining import train
from slipway_ops.retraining.evaluation import Evaluation
from slipway_ops.retraining.job import Job
from slipway_ops.retraining.records import Lineage, Registration, made, parse, stored
from slipway_ops.retraining.tracking import Tracking

ALIAS = "candidate"
SOURCE, DETAIL_TYPE = "slipway.retraining", "CandidateReady"
NEWEST = "newest"
_NAME = "registration.json"


def run(
    job: Job, image: str = NEWEST, created_by: str | None = None, retain_days: int = RETAIN_DAYS
) -> tuple[Registration, Release]:
    """Write the release, the version with the alias ``candidate`` and the record, then send ``CandidateReady``.

    ``image`` is that which serves: a digest in the model's repository, or ``newest``. Without a tracking server there
    is no version. Raises ``ReleaseError`` where this candidate was not evaluated, or not found better.
    """
    for name in ("event_bus", "environment", "repository", "models_bucket"):
        job.need(name)  # before anything is written
    lineage: Lineage = train.needed(job, f"{train.FOLDER}lineage.json", Lineage)
    evaluation: Evaluation = train.needed(job, "evaluation.json", Evaluation)
    _judged(job, lineage, evaluation)
    if lineage.mlflow_run is not None:
        job.need("tracking_uri")
    tracking = Tracking.of(job)
    begun = _begin(job, lineage, image, tracking)
    content = _content(job, lineage, evaluation, begun, created_by or f"retraining/{job.model}")
    store, repository = ReleaseStore(job.s3, job.need("models_bucket")), _repository(job)
    if store.find(identifier(content)) is not None:
        store.refuse_withdrawn(identifier(content))
    with job.workspace() as work:
        local = artifact.describe(train.artifact(job, lineage, work))
        release = store.create(content, local, job.client("ecr"), repository, retain_days)
    number = None
    if tracking and begun.mlflow_run:
        number = tracking.register(job.model, begun.mlflow_run, release.id, release.artifact_uri)
        tracking.alias(job.model, ALIAS, number)
    done = begun.model_copy(
        update={
            "state": "registered",
            "previous": content.previous,
            "release": release.id,
            "mlflow_version": number,
        }
    )
    job.put(_NAME, done)
    _announce(job, release, evaluation)
    job.ended("candidate", f"{release.id}: {evaluation.reason}", release.id)
    return done, release


def _judged(job: Job, lineage: Lineage, evaluation: Evaluation) -> None:
    if evaluation.state != "passed":
        raise refused(job.uri("evaluation.json"), "state", "passed", f"{evaluation.state}: {evaluation.reason}")
    judged = evaluation.candidate.artifact_sha256
    if judged != lineage.artifact.sha256:
        accepted = f"{lineage.artifact.sha256}, which the run trained"
        raise refused(job.uri("evaluation.json"), "candidate.artifact_sha256", accepted, judged)


def _begin(job: Job, lineage: Lineage, image: str, tracking: Tracking | None) -> Registration:
    """What was fixed by the first attempt, which this may be."""
    begun = job.get(_NAME, Registration)
    if begun is not None:
        return begun.model_copy(update={"state": "begun"})
    repository = _repository(job)
    digest = images.newest_image(job.client("ecr"), repository) if image == NEWEST else image
    if digest is None:
        raise refused(f"repository {repository}", "image", "an image, because --image is newest", None)
    run = lineage.mlflow_run
    if tracking and run is None:  # the training knew no server
        run = tracking.begin(job, lineage.code_commit)
        tracking.log(run, lineage)
        tracking.end(run, "FINISHED")
    begun = made(
        Registration, {**job.facts(), "state": "begun", "image_digest": digest, "mlflow_run": run}, job.uri(_NAME)
    )
    bucket, prefix = job.place
    with calls(job.uri(_NAME), "put"):
        lost = objects.put_once(job.s3, bucket, prefix + _NAME, stored(begun))
    return begun if lost is None else train.needed(job, _NAME, Registration)


def _content(job: Job, lineage: Lineage, evaluation: Evaluation, begun: Registration, created_by: str) -> Content:
    name = f"{train.FOLDER}training.json"
    data, judged = job.raw(name), job.raw("evaluation.json")
    if data is None or judged is None:
        raise refused(job.uri(name), "object", "one that a step before wrote", None)
    bucket, prefix = job.place
    known: dict[str, Any] = {
        **parse(Training, data, job.uri(name)).model_dump(),
        "model": job.model,
        "image_digest": begun.image_digest,
        "artifact": {"sha256": lineage.artifact.sha256, "bytes": lineage.artifact.bytes},
        "code_commit": lineage.code_commit,
        "created_at": begun.at,
        "created_by": created_by,
        "previous": evaluation.champion.release if evaluation.champion else None,
        "provenance": {
            "mlflow_run": begun.mlflow_run,
            "mlflow_uri": job.optional("tracking_uri") if begun.mlflow_run else None,
            "run": job.run,
            "run_uri": f"s3://{bucket}/{prefix}",
            "evaluation_uri": job.uri("evaluation.json"),
            "evaluation_sha256": hashlib.sha256(judged).hexdigest(),
        },
    }
    return made(Content, known, "release")


def _repository(job: Job) -> str:
    """Name of the model's repository, without the registry that an address begins with."""
    given = job.need("repository").partition("@")[0]
    first, slash, rest = given.partition("/")
    return rest if slash and ("." in first or ":" in first) else given


def _announce(job: Job, release: Release, evaluation: Evaluation) -> None:
    means = {name: {"value": value, "rows": evaluation.rows} for name, value in evaluation.candidate.means.items()}
    trained = {name: metric.model_dump() for name, metric in release.content.metrics.items()}
    detail = {
        "model": job.model,
        "release": release.id,
        "run": job.run,
        "previous": release.content.previous,
        "metrics": {**trained, **{f"evaluation.{name}": metric for name, metric in means.items()}},
        "evaluation_uri": job.uri("evaluation.json"),
        "environment": job.need("environment"),
    }
    bus = job.need("event_bus")
    entry = {"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": json.dumps(detail), "EventBusName": bus}
    with calls(f"event bus {bus}", f"put of {DETAIL_TYPE}"):
        answer = job.client("events").put_events(Entries=[entry])
    if answer.get("FailedEntryCount"):
        failed = answer["Entries"][0]
        raise ReleaseError(f"event bus {bus}: {failed.get('ErrorCode')}: {failed.get('ErrorMessage')}")
