"""``slipway lineage``: from what answers users down to the code and the data, each link looked at where it stands."""

import hashlib
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from slipway_ops import images
from slipway_ops.content import Provenance
from slipway_ops.objects import address, calls, code, missing
from slipway_ops.problems import ReleaseError
from slipway_ops.promote import Side
from slipway_ops.record import Release
from slipway_ops.retraining.dvc import REVISION, Remote
from slipway_ops.retraining.evaluation import Evaluation
from slipway_ops.retraining.job import read
from slipway_ops.retraining.records import Lineage, parse
from slipway_ops.retraining.tracking import TAG_RUN, Tracking
from slipway_ops.status import State as Health
from slipway_ops.status import Status


class State(StrEnum):
    """How a link came out."""

    CHECKED = "checked"
    """It was looked at, and agrees with the one before."""
    BROKEN = "broken"
    """It was looked at, and does not."""
    UNREACHABLE = "not checked"
    """It could not be looked at from here."""
    ABSENT = "absent"
    """The record names none."""


@dataclass(frozen=True)
class Link:
    """One of the chain."""

    name: str
    state: State
    value: str | None
    """What the link is, as the one before names it."""
    detail: str

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)

    def __str__(self) -> str:
        mark = "" if self.state is State.CHECKED else f" [{self.state}]"
        return f"{self.name + ':':12} {self.value or 'none'}{mark}\n{'':12}   {self.detail}"


def chain(
    side: Side, release: Release, endpoint: Callable[[], Status], tracking: Callable[[str], Tracking], folder: Path
) -> list[Link]:
    """Every link of a release; ``folder`` is in the repository in which the commit is looked for."""
    found = [
        _link("endpoint", None, lambda: _endpoint(endpoint(), release)),
        _link("release", release.id, lambda: _record(side, release)),
        _link("image", release.content.image_digest, lambda: _image(side, release)),
    ]
    provenance = release.content.provenance or Provenance.model_construct()
    found.append(
        _link("mlflow run", provenance.mlflow_run, lambda: _run(provenance, release, tracking))
        if provenance.mlflow_run
        else Link("mlflow run", State.ABSENT, None, "the record names none")
    )
    if provenance.evaluation_uri:
        found.append(_link("evaluation", provenance.evaluation_uri, lambda: _evaluation(side, provenance)))
    dataset = release.content.dataset
    found.append(_link("dataset", f"{dataset.uri} {dataset.revision}", lambda: _dataset(side, release)))
    commit = release.content.code_commit
    found.append(_link("code", commit, lambda: _commit(side, release, folder)))
    return found


def _link(name: str, value: str | None, look: Callable[[], tuple[State, str | None, str]]) -> Link:
    try:
        state, seen, detail = look()
    except ReleaseError as error:
        # What is refused about a cluster or a server is how it is asked, not what it would say.
        told = bool(error.problems) and name not in ("endpoint", "mlflow run")
        state = State.BROKEN if told else State.UNREACHABLE
        seen, detail = value, str(error)
    return Link(name, state, seen or value, detail)


def _endpoint(status: Status, release: Release) -> tuple[State, str | None, str]:
    if release.id in (status.stable, status.canary):
        share = status.canary_percent if release.id == status.canary else 100 - status.canary_percent
        return State.CHECKED, f"{status.model}: {share} % of the requests", f"{status.state}: {status.reason}"
    serving = status.stable or "no release"
    detail = f"{serving} serves, not this one ({status.state}: {status.reason})"
    if status.state is Health.WAITING or status.wanted != release.id:
        return State.ABSENT, None, detail
    return State.BROKEN, None, detail


def _record(side: Side, release: Release) -> tuple[State, str | None, str]:
    side.store.check_artifact(release)
    withdrawal = side.store.withdrawal(release.id)
    words = f"; withdrawn: {withdrawal}" if withdrawal else ""
    artifact = release.content.artifact
    text = f"its hash is right; artifact of {artifact.bytes} bytes, sha256 {artifact.sha256}{words}"
    return State.CHECKED, None, text


def _image(side: Side, release: Release) -> tuple[State, str | None, str]:
    repository, digest = release.location.repository, release.content.image_digest
    images.manifest(side.ecr, repository, digest)
    images.check_release(side.ecr, repository, digest, release.id)
    return State.CHECKED, None, f"in {repository}, kept by the tag {images.release_tag(release.id)}"


def _run(
    provenance: Provenance, release: Release, tracking: Callable[[str], Tracking]
) -> tuple[State, str | None, str]:
    if provenance.mlflow_uri is None or provenance.mlflow_run is None:
        return State.UNREACHABLE, None, "the record does not say at which server"
    server = tracking(provenance.mlflow_uri)
    run = server.run(provenance.mlflow_run)
    if run is None:
        return State.BROKEN, None, f"{server.uri} does not know it"
    tags = {tag["key"]: tag["value"] for tag in run.get("data", {}).get("tags", [])}
    if provenance.run and tags.get(TAG_RUN) != provenance.run:
        return State.BROKEN, None, f"its tag {TAG_RUN} is {tags.get(TAG_RUN) or 'missing'}, not {provenance.run}"
    versions = server.versions(release.content.model, provenance.mlflow_run)
    mine = [version.number for version in versions if version.release == release.id]
    version = f"version {mine[0]} of {release.content.model}" if mine else "no version of the registry is this release"
    status = run.get("info", {}).get("status")
    return State.CHECKED if mine or not provenance.run else State.BROKEN, None, f"{status} at {server.uri}; {version}"


def _evaluation(side: Side, provenance: Provenance) -> tuple[State, str | None, str]:
    bucket, key = address(provenance.evaluation_uri or "")
    data = read(side.s3, bucket, key)
    if data is None:
        return State.BROKEN, None, "there is no such record"
    digest = hashlib.sha256(data).hexdigest()
    if digest != provenance.evaluation_sha256:
        return State.BROKEN, None, f"its sha256 is {digest}, not {provenance.evaluation_sha256}"
    found = parse(Evaluation, data, provenance.evaluation_uri or "")
    against = found.champion.release if found.champion else "no champion"
    return State.CHECKED, None, f"{found.state} against {against}: {found.reason}"


def _dataset(side: Side, release: Release) -> tuple[State, str | None, str]:
    dataset = release.content.dataset
    if dataset.kind == "dvc" and REVISION.fullmatch(dataset.revision) and dataset.uri.startswith("s3://"):
        bucket, key = address(dataset.uri)
        prefix, _, model = key.rpartition("/")
        if prefix != "dvc":
            return State.UNREACHABLE, None, "no remote of slipway's layout: s3://<bucket>/dvc/<model>"
        remote = Remote(side.s3, bucket, model)
        entries = remote.entries(dataset.revision)
        absent = remote.absent(entries)
        if absent:
            return State.BROKEN, None, f"{len(absent)} of {len(entries)} files are gone, such as {absent[0]}"
        return State.CHECKED, None, f"all of its {len(entries)} files are there; the list's MD5 is right"
    if dataset.kind == "s3":
        bucket, key = address(dataset.uri)
        with calls(dataset.uri, "check"):
            try:
                side.s3.head_object(Bucket=bucket, Key=key, VersionId=dataset.revision)
            except ClientError as error:
                if missing(error) or code(error) == "400":  # S3 answers 400 to a version id that it never gave
                    return State.BROKEN, None, "this version of the object is gone"
                raise
        return State.CHECKED, None, "this version of the object is there"
    where = {"package": "a package of an index", "dvc": "a commit of a repository"}[dataset.kind]
    return State.UNREACHABLE, None, f"{where}, which is not looked for from here"


def _commit(side: Side, release: Release, folder: Path) -> tuple[State, str | None, str]:
    trained = _lineage(side, release)
    if trained is not None and trained.code_commit != release.content.code_commit:
        return State.BROKEN, None, f"the run was trained by {trained.code_commit}"
    command = " ".join(trained.command) if trained else "by a command that no run's record says"
    commit = release.content.code_commit
    asked = ["git", "-C", str(folder), "log", "-1", "--format=%cI", f"{commit}^{{commit}}", "--"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=30)  # noqa: S603 -- git
    except (OSError, subprocess.TimeoutExpired):
        return State.UNREACHABLE, None, f"there is no git here; trained: {command}"
    if done.returncode != 0:
        return State.UNREACHABLE, None, f"not in a repository at {folder}; trained: {command}"
    return State.CHECKED, None, f"committed {done.stdout.strip()}; trained: {command}"


def _lineage(side: Side, release: Release) -> Lineage | None:
    """What the run of the release wrote, where it can be reached."""
    provenance = release.content.provenance
    if provenance is None or provenance.run_uri is None:
        return None
    bucket, prefix = address(provenance.run_uri)
    try:
        data = read(side.s3, bucket, f"{prefix}training/lineage.json")
    except ReleaseError:
        return None
    return None if data is None else parse(Lineage, data, f"{provenance.run_uri}training/lineage.json")
