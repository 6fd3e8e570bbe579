"""``slipway data validate`` in a run: new batches become part of the dataset only if all of them are as declared."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from slipway_ops.problems import ReleaseError, refused
from slipway_ops.retraining import checks, data_schema, revisions
from slipway_ops.retraining.batches import Incoming, Manifest
from slipway_ops.retraining.data_schema import DataSchema
from slipway_ops.retraining.job import Job, now, read
from slipway_ops.retraining.records import Checked, Finding, Input, Validation
from slipway_ops.retraining.revisions import Refused, Revisions


@dataclass(frozen=True)
class Declared:
    """The schema and the hash of what was read."""

    schema: DataSchema
    sha256: str


def declared(job: Job, path: Path | None = None) -> Declared:
    """The schema of the job's model: a file, or ``schemas/<model>.json`` in the bucket of the datasets."""
    if path is not None:
        subject, data = str(path), path.read_bytes()
    else:
        key = f"schemas/{job.model}.json"
        subject, found = f"s3://{job.datasets_bucket}/{key}", read(job.s3, job.datasets_bucket, key)
        if found is None:
            raise refused(subject, "schema", "a declaration of the data", None)
        data = found
    schema = data_schema.parse(data, subject, job.optional("model"))
    return Declared(schema, hashlib.sha256(data).hexdigest())


def run(job: Job, known: Declared) -> Validation:
    """Check what arrived since the last run, add it to the dataset and write what the next steps work on.

    Where nothing arrived, the newest batch of the dataset is checked again: it may no longer be fresh. Where one batch
    is refused, none is added; the others wait for the next run, which does not look at the refused one again.
    """
    before = job.get("validation.json", Validation)
    if before is not None and (before.state == "refused" or job.raw("input.json") is not None):
        return before  # this step was started again after its end
    given = job.optional("revision")
    if given is not None:
        return revision(job, known, given)
    found = Revisions(job.s3, job.datasets_bucket, job.model)
    incoming = Incoming(job.s3, job.datasets_bucket, job.model)
    pending = _pending(incoming, found)
    if not pending:
        return _unchanged(job, known, found)
    with job.workspace() as work:
        looked, folders = _Looked(known, job.at), {}
        for batch, data in pending.items():
            try:
                manifest = incoming.parse(data, batch)
                folders[batch] = work / batch
                incoming.fetch(manifest, folders[batch])
            except ReleaseError as error:
                looked.unusable(batch, error)
                continue
            looked.batch(batch, [folders[batch] / file.path for file in manifest.files], _bytes(manifest))
        looked.fresh()
        if not looked.findings:
            head = found.head()
            try:
                whole = found.add(folders, now(), job.run)
            except ReleaseError as error:
                if not error.subject.startswith("batch "):
                    raise
                looked.unusable(error.subject.removeprefix("batch "), error)
            else:
                added = [name for name in folders if head is None or name not in head.revision.batches]
                return _passed(job, known, looked, whole, found, added)
    bad = {finding.batch for finding in looked.findings}
    for batch, data in pending.items():
        if batch in bad:  # those that are only not fresh may come with fresher ones
            mine = [finding for finding in looked.findings if finding.batch == batch]
            digest = hashlib.sha256(data).hexdigest()
            found.refuse(batch, Refused(manifest_sha256=digest, run=job.run, at=now(), findings=mine))
    return _refused(job, known, looked)


def revision(job: Job, known: Declared, name: str) -> Validation:
    """Check every batch of one revision, and let the run work on it."""
    found = Revisions(job.s3, job.datasets_bucket, job.model)
    whole = found.named(name, now())
    return _checked(job, known, found, whole, whole.batches)


def folder(known: Declared, path: Path, at: str) -> tuple[list[Checked], list[Finding]]:
    """Check local files as one batch, without a run."""
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    looked = _Looked(known, at)
    looked.batch(None, files, sum(file.stat().st_size for file in files))
    looked.fresh()
    return looked.checked, looked.findings


class _Looked:
    """What was found in the batches of a run."""

    def __init__(self, known: Declared, at: str) -> None:
        self.known, self.at = known, at
        self.checked: list[Checked] = []
        self.findings: list[Finding] = []
        self._newest: list[checks.Batch] = []

    def batch(self, name: str | None, files: list[Path], size: int) -> None:
        found = checks.run(self.known.schema, files, name)
        self.checked.append(Checked(batch=name or "local", files=len(files), rows=found.rows, bytes=size))
        self.findings += found.findings
        self._newest.append(found)

    def unusable(self, name: str, error: ReleaseError) -> None:
        """A batch whose files are not what its manifest says; raises the error if it is about something else."""
        if not error.problems:
            raise error  # S3's fault, not the batch's
        for problem in error.problems:
            received = f"{problem.field}: {problem.received}"
            self.findings.append(
                Finding(batch=name, check="file", accepted=problem.accepted[:500], received=received[:500])
            )

    def fresh(self) -> None:
        if self._newest and not self.findings:
            times = [one.newest for one in self._newest if one.newest is not None]
            self.findings += checks.freshness(self.known.schema, max(times, default=None), self.at)


def _pending(incoming: Incoming, found: Revisions) -> dict[str, bytes]:
    """Manifests of the batches that nobody has looked at, the oldest first."""
    head = found.head()
    names = [name for name in incoming.names() if head is None or name not in head.revision.batches]
    pending: dict[str, bytes] = {}
    for name in names:
        data = incoming.manifest(name)
        note = found.refused(name)
        if data is not None and (note is None or note.manifest_sha256 != hashlib.sha256(data).hexdigest()):
            pending[name] = data
    return dict(sorted(pending.items(), key=lambda item: (_created(incoming, item[1], item[0]), item[0])))


def _created(incoming: Incoming, data: bytes, batch: str) -> str:
    try:
        return incoming.parse(data, batch).created_at
    except ReleaseError:
        return ""


def _bytes(manifest: Manifest) -> int:
    return sum(file.bytes for file in manifest.files)


def _unchanged(job: Job, known: Declared, found: Revisions) -> Validation:
    head = found.head()
    if head is None:
        looked = _Looked(known, job.at)
        accepted = f"a batch in s3://{job.datasets_bucket}/incoming/{job.model}/, because there is no dataset yet"
        looked.findings.append(Finding(check="rows", accepted=accepted, received="none that was not refused"))
        return _refused(job, known, looked)
    return _checked(job, known, found, head.revision, head.revision.batches[-1:])


def _checked(job: Job, known: Declared, found: Revisions, whole: revisions.Revision, batches: list[str]) -> Validation:
    looked = _Looked(known, job.at)
    entries = found.remote.entries(whole.revision)
    for batch in batches:
        with job.workspace() as work:
            mine = revisions.of_batches(entries, [batch])
            found.remote.fetch(mine, work)
            files = [work / path for path in sorted(mine)]
            looked.batch(batch, files, sum(file.stat().st_size for file in files))
    looked.fresh()
    if looked.findings:
        return _refused(job, known, looked)
    return _passed(job, known, looked, whole, found, [])


def _passed(
    job: Job, known: Declared, looked: _Looked, whole: revisions.Revision, found: Revisions, added: list[str]
) -> Validation:
    dataset = found.dataset(whole.revision)
    validation = Validation(
        **job.facts(),
        state="passed",
        schema_sha256=known.sha256,
        batches=looked.checked,
        findings=[],
        dataset=dataset,
    )
    job.put("validation.json", validation)
    job.put(
        "input.json",
        Input(
            **job.facts(),
            trigger=job.triggered,
            dedupe_key=job.optional("dedupe_key"),
            dataset=dataset,
            batches=whole.batches,
            added=added,
        ),
    )
    return validation


def _refused(job: Job, known: Declared, looked: _Looked) -> Validation:
    validation = Validation(
        **job.facts(), state="refused", schema_sha256=known.sha256, batches=looked.checked, findings=looked.findings
    )
    job.put("validation.json", validation)
    job.ended("refused", "; ".join(map(str, looked.findings[:3])))
    return validation
