"""What the real programs say afterwards: DVC about the data of the release, MLflow about its version; and the bus."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from slipway_ops.release import ReleaseStore
from slipway_ops.retraining.revisions import Revisions
from slipway_ops.retraining.tracking import Tracking

from sandbox.loop.judging import CANDIDATE, Year
from sandbox.loop.stack import MODEL, Stack
from sandbox.loop.tools import Dvc

KEPT = (f"runs/{MODEL}/", f"gate/decisions/{MODEL}/", f"drift/{MODEL}/", f"releases/{MODEL}/")
_RECORDS = (".json", ".html", ".prom")
CANDIDATE_READY, RUN_ENDED, DRIFT = "CandidateReady", "RunEnded", "DriftDetected"


def data(stack: Stack, dvc: Dvc, release: str, sent: Mapping[str, bytes], year: Year) -> None:
    """Pull the revision that the release's record names with the real DVC, and compare it with what was delivered."""
    s3 = stack.client("s3")
    content = ReleaseStore(s3, stack.models).get(release).content
    revision = Revisions(s3, stack.datasets, MODEL).named(content.dataset.revision, content.created_at)
    pulled = {path.parent.name: path.read_bytes() for path in dvc.pull(revision.pointer)}
    differing = sorted(name for name, body in pulled.items() if sent.get(name) != body)
    if differing or not pulled:
        year.problems.append(f"dvc pull: accepted: the batches as they were delivered: received: others: {differing}")
    names = ", ".join((*sorted(pulled)[:1], "...", *sorted(pulled)[-1:]))
    year.notes.append(
        f"dvc pull of {content.dataset.revision}: {len(pulled)} batches ({names}), as they were delivered"
    )


def registry(uri: str, release: str, stack: Stack, year: Year) -> None:
    """The version of the release in the real MLflow, and the run that it comes from."""
    content = ReleaseStore(stack.client("s3"), stack.models).get(release).content
    run = content.provenance.mlflow_run if content.provenance else None
    tracking = Tracking(uri)
    found = tracking.run(run) if run else None
    versions = [one.number for one in tracking.versions(MODEL, run) if one.release == release] if run else []
    if found is None or len(versions) != 1:
        year.problems.append(
            f"MLflow: accepted: one version of {release} with its run: received: {versions}, run {run}"
        )
        return
    metrics = {one["key"]: one["value"] for one in found["data"].get("metrics", [])}
    year.notes.append(
        f"MLflow: version {versions[0]} is {release}, of run {run}: roc_auc {metrics.get('roc_auc', 0):.3f}"
    )


def bus(messages: Sequence[Mapping[str, Any]], year: Year) -> None:
    """Every run said how it ended, every candidate that it is ready, and people were told of both, and of refusals."""
    events = [(one["detail-type"], one["detail"]) for one in messages if "detail-type" in one]
    wanted = {
        RUN_ENDED: len(year.chapters),
        CANDIDATE_READY: sum(chapter.run.outcome == CANDIDATE for chapter in year.chapters),
        DRIFT: sum(one.alarm for one in year.halves),
    }
    for kind, number in wanted.items():
        received = sum(kind == one for one, _ in events)
        if received != number:
            year.problems.append(f"events {kind}: accepted: {number}: received: {received}")
    ended = {detail["run"]: detail["outcome"] for kind, detail in events if kind == RUN_ENDED}
    for chapter in year.chapters:
        if ended.get(chapter.run.name) != chapter.run.outcome:
            received = ended.get(chapter.run.name)
            year.problems.append(f"{chapter.run.name}: accepted: {chapter.run.outcome}: received: {received}")
    people = len(messages) - len(events)
    year.notes.append(f"events: {', '.join(f'{number} {kind}' for kind, number in wanted.items())}; {people} to people")


def keep(stack: Stack, folder: Path) -> int:
    """Copy the records of runs, decisions and drift out of the cloud, which ends; how many there are."""
    s3, count = stack.client("s3"), 0
    for prefix in KEPT:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=stack.models, Prefix=prefix)
        for entry in (entry for page in pages for entry in page.get("Contents", [])):
            key = entry["Key"]
            if key.endswith(_RECORDS):
                (folder / key).parent.mkdir(parents=True, exist_ok=True)
                (folder / key).write_bytes(s3.get_object(Bucket=stack.models, Key=key)["Body"].read())
                count += 1
    return count


def messages(stack: Stack, queue: str) -> list[dict[str, Any]]:
    """What is in one of the stack's queues, which is empty afterwards; before the clock moves, because it forgets."""
    sqs, place = stack.client("sqs"), stack.outputs[queue]
    url = sqs.get_queue_url(QueueName=place.rpartition(":")[2])["QueueUrl"] if place.startswith("arn:") else place
    found: list[dict[str, Any]] = []
    while True:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        if not answer:
            return found
        for message in answer:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            try:
                found.append(json.loads(message["Body"]))
            except ValueError:
                found.append({"text": message["Body"]})
