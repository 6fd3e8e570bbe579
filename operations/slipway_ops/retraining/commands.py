"""What the commands of a retraining run do with their arguments."""

import argparse
import contextlib
import json
import shutil
from collections.abc import Callable, Generator
from functools import wraps
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from slipway_ops.commands import Answer, UsageError
from slipway_ops.problems import ReleaseError, refused
from slipway_ops.retraining import batches, job, revisions
from slipway_ops.retraining.dvc import Remote, revision_of
from slipway_ops.retraining.job import Job
from slipway_ops.retraining.program import AGAIN, AgainError
from slipway_ops.retraining.records import BATCH, Finding

REFUSED = 3
"""Exit code where the work was done and the answer is no."""

Command = Callable[[argparse.Namespace], Answer]


def step(run: Callable[[argparse.Namespace, Job], Answer]) -> Command:
    """A command of a run: what made it fail is written down before it ends."""

    @wraps(run)
    def command(arguments: argparse.Namespace) -> Answer:
        asked = job.of(arguments)
        try:
            return run(arguments, asked)
        except AgainError as error:
            return Answer({"again": True, "reason": str(error)}, str(error), AGAIN)
        except (ReleaseError, ClientError, BotoCoreError, OSError) as error:
            if asked.optional("run") is not None:
                with contextlib.suppress(ReleaseError):  # S3 itself may be what failed
                    asked.ended("failed", str(error))
            raise

    return command


@contextlib.contextmanager
def extra() -> Generator[None]:
    """Turn a missing package into a sentence."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise refused("retraining", str(error.name), "installed with slipway-ops[retraining]", None) from None


@step
def validate(arguments: argparse.Namespace, asked: Job) -> Answer:
    """``slipway data validate``."""
    with extra():
        from slipway_ops.retraining import validate as validation
    known = validation.declared(asked, arguments.schema)
    if arguments.data is not None:
        checked, findings = validation.folder(known, arguments.data, asked.at)
        return _checked(checked, findings)
    found = validation.run(asked, known)
    value = {**found.model_dump(mode="json", exclude_none=True), "record": asked.uri("validation.json")}
    if found.state == "refused":
        return Answer(value, "\n".join([*map(str, found.findings), f"record: {value['record']}"]), REFUSED)
    rows = sum(one.rows for one in found.batches)
    assert found.dataset is not None, "what passed has a dataset"
    words = f"passed: {rows} rows of {len(found.batches)} batches; the dataset is {found.dataset.revision}"
    return Answer(value, f"{words}\nrecord: {value['record']}")


def send(arguments: argparse.Namespace) -> Answer:
    """``slipway data send``."""
    asked = job.of(arguments)
    _batch(arguments)
    files = _files(arguments.files)
    incoming = batches.Incoming(asked.s3, asked.datasets_bucket, asked.model)
    where, manifest = incoming.send(arguments.batch, files, job.now())
    return Answer({"manifest": where, **manifest.model_dump(mode="json")}, f"{len(manifest.files)} files: {where}")


def add(arguments: argparse.Namespace) -> Answer:
    """``slipway data add``."""
    asked = job.of(arguments)
    found = revisions.Revisions(asked.s3, asked.datasets_bucket, asked.model)
    if arguments.pushed is not None:
        if arguments.files or arguments.batch:
            raise UsageError("--pushed: accepted: without files and --batch: received: both")
        head = found.head()
        before = head.revision.revision if head else None
        whole = found.pushed(revision_of(arguments.pushed), job.now(), before)
        whole = whole if whole.revision == before else found.move(head, whole)
    else:
        if not (arguments.files and arguments.batch):
            raise UsageError("--batch: accepted: a name and files, or --pushed: received: not both")
        _batch(arguments)
        with extra():
            from slipway_ops.retraining import validate as validation
        known = validation.declared(asked, arguments.schema)
        with asked.workspace() as work:
            for file in _files(arguments.files):
                shutil.copyfile(file, work / file.name)
            checked, findings = validation.folder(known, work, asked.at)
            if findings:
                return _checked(checked, findings)
            whole = found.add({arguments.batch: work}, job.now(), None)
    if arguments.dvc_file is not None:
        arguments.dvc_file.write_text(whole.pointer, encoding="utf-8")
    value = {**whole.model_dump(mode="json", exclude_none=True), "dvc": whole.pointer}
    return Answer(value, f"{whole.revision}: {len(whole.batches)} batches, {whole.files} files, {whole.bytes} bytes")


def fetch(arguments: argparse.Namespace) -> Answer:
    """``slipway data fetch``."""
    asked = job.of(arguments)
    target: Path = arguments.to
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"--to: accepted: an empty folder or a new one: received: {target}")
    remote = Remote(asked.s3, asked.datasets_bucket, asked.model)
    revision = asked.optional("revision")
    if revision is None:
        head = revisions.Revisions(asked.s3, asked.datasets_bucket, asked.model).head()
        if head is None:
            raise refused(f"dataset of {asked.model}", "revision", "one revision at least", None)
        revision = head.revision.revision
    entries = remote.entries(revision)
    target.mkdir(parents=True, exist_ok=True)
    remote.fetch(entries, target)
    return Answer({"revision": revision, "files": len(entries)}, f"{target}: {len(entries)} files of {revision}")


@step
def train(arguments: argparse.Namespace, asked: Job) -> Answer:
    """``slipway train``."""
    from slipway_ops.retraining import train as training

    done = training.run(asked, arguments.command)
    value = {**done.model_dump(mode="json", exclude_none=True), "record": asked.uri("training/lineage.json")}
    numbers = " ".join(f"{name}={metric.value:g}" for name, metric in sorted(done.metrics.items()))
    return Answer(value, f"trained: {done.artifact.name} {done.artifact.sha256}: {numbers}\nrecord: {value['record']}")


@step
def evaluate(arguments: argparse.Namespace, asked: Job) -> Answer:
    """``slipway evaluate``."""
    with extra():
        from slipway_ops.retraining import evaluate as evaluating
    found = evaluating.run(asked, arguments.command, arguments.champion)
    value = {**found.model_dump(mode="json", exclude_none=True), "record": asked.uri("evaluation.json")}
    text = f"{found.state}: {found.reason}\nrecord: {value['record']}"
    return Answer(value, text, REFUSED if found.state == "refused" else 0)


@step
def register(arguments: argparse.Namespace, asked: Job) -> Answer:
    """``slipway register``."""
    from slipway_ops.retraining import register as registering

    done, release = registering.run(asked, arguments.serving_image, arguments.created_by, arguments.retain_days)
    value = {**done.model_dump(mode="json", exclude_none=True), "record": asked.uri("registration.json")}
    version = f"version {done.mlflow_version} of MLflow" if done.mlflow_version else "no version, because no MLflow"
    return Answer(value, f"{release.id}: registered: {version}\nrecord: {value['record']}")


def schema(arguments: argparse.Namespace) -> Answer:
    """``slipway data schema``."""
    from slipway_ops.retraining import data_schema, plan, records

    document = {"data": data_schema.schema, "evaluation": plan.schema, "run": records.schema}[arguments.of]()
    return Answer(document, json.dumps(document, indent=2, sort_keys=True))


def _checked(checked: Any, findings: list[Finding]) -> Answer:
    value = {
        "state": "refused" if findings else "passed",
        "batches": [one.model_dump() for one in checked],
        "findings": [finding.model_dump(exclude_none=True) for finding in findings],
    }
    if findings:
        return Answer(value, "\n".join(map(str, findings)), REFUSED)
    return Answer(value, f"passed: {sum(one.rows for one in checked)} rows")


def _batch(arguments: argparse.Namespace) -> None:
    if not BATCH.pattern.fullmatch(arguments.batch):
        raise UsageError(f"--batch: accepted: {BATCH.accepted}: received: {arguments.batch}")


def _files(paths: list[Path]) -> list[Path]:
    for path in paths:
        if not path.is_file():
            raise UsageError(f"FILE: accepted: a file: received: {path}")
    names = [path.name for path in paths]
    if len(set(names)) < len(names):
        raise UsageError(f"FILE: accepted: names that differ from each other: received: {', '.join(names)}")
    return paths
