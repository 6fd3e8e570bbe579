"""What each ``slipway`` command does with its checked arguments."""

import argparse
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pydantic
from botocore.config import Config
from botocore.exceptions import ProfileNotFound

from slipway_ops import artifact, images
from slipway_ops.content import Content, Training
from slipway_ops.diff import differences, flat
from slipway_ops.environments import Environment
from slipway_ops.objects import Source
from slipway_ops.problems import Problem, of_validation, refused
from slipway_ops.promote import Side, promote
from slipway_ops.record import Release, identifier, record_key
from slipway_ops.record import schema as record_schema

RETRIES = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=10, read_timeout=60)
_FLAGS = {
    "model": "--model",
    "image_digest": "--image",
    "artifact": "--artifact",
    "code_commit": "--code-commit",
    "created_at": "--created-at",
    "created_by": "--created-by",
    "previous": "--previous",
}


class UsageError(Exception):
    """A flag's value is wrong; the message names the flag, what is accepted and what came."""


@dataclass(frozen=True)
class Answer:
    """What a command found: for a machine and for a person."""

    value: Any
    text: str
    code: int = 0
    """Exit code."""


def create(arguments: argparse.Namespace) -> Answer:
    """``slipway release create``."""
    training = _training(arguments.training)
    side = reach("--stack", arguments.stack, "--profile", arguments.profile, arguments.stacks_dir)
    model, repository = arguments.model, side.environment.repository(arguments.model)
    digest = arguments.image
    if digest == "newest":
        digest = images.newest_image(side.ecr, repository)
        if digest is None:
            raise refused(f"repository {repository}", "image", "an image, because --image is newest", None)
    local = artifact.describe(arguments.artifact)
    created_at = arguments.created_at or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    newest = side.store.newest(model, arguments.created_at)
    known: dict[str, Any] = {
        **training.model_dump(),
        "model": model,
        "image_digest": digest,
        "artifact": local.content(arguments.media_type).model_dump(),
        "code_commit": arguments.code_commit,
        "created_at": created_at,
        "created_by": arguments.created_by,
        "previous": {None: newest, "none": None}.get(arguments.previous, arguments.previous),
    }
    known["settings"] |= dict(arguments.set)
    content = _content(known, arguments.training)
    if arguments.created_at is None and newest is not None:
        same = side.store.get(newest)
        if _same(same.content, content):  # a pipeline that runs again makes no second name for the same thing
            side.store.check_artifact(same)
            images.tag_release(side.ecr, repository, digest, same.id)
            return _created(same, False)
    before = side.store.find(identifier(content))
    if before is not None:
        side.store.refuse_withdrawn(before.id)
    release = side.store.create(content, local, side.ecr, repository, arguments.retain_days)
    return _created(release, before is None)


def list_releases(arguments: argparse.Namespace) -> Answer:
    """``slipway release list``."""
    side = reach("--stack", arguments.stack, "--profile", arguments.profile, arguments.stacks_dir)
    releases, withdrawn = side.store.list(arguments.model), side.store.withdrawn(arguments.model)
    value: list[dict[str, Any]] = []
    lines = []
    for release in releases:
        content = release.content
        metrics = {name: metric.value for name, metric in sorted(content.metrics.items())}
        value.append(
            {
                "id": release.id,
                "created_at": content.created_at,
                "created_by": content.created_by,
                "metrics": metrics,
            }
        )
        numbers = " ".join(f"{name}={number:g}" for name, number in metrics.items())
        line = f"{release.id}  {content.created_at}  {content.created_by}  {numbers}"
        if release.id in withdrawn:
            value[-1]["withdrawn"] = withdrawn[release.id].model_dump(mode="json")
            line += f"  withdrawn: {withdrawn[release.id]}"
        lines.append(line)
    return Answer(value, "\n".join(lines) or f"no release of {arguments.model} in {side.environment.models_bucket}")


def show(arguments: argparse.Namespace) -> Answer:
    """``slipway release show``."""
    side = reach("--stack", arguments.stack, "--profile", arguments.profile, arguments.stacks_dir)
    if arguments.of_run is None:
        if arguments.model is not None:
            raise UsageError(f"--model: accepted: nothing, without --run: received: {arguments.model}")
        release = side.store.get(arguments.id, withdrawn=True)
    else:
        release = side.store.of_run(arguments.of_run, arguments.model)
    withdrawal = side.store.withdrawal(release.id)
    value, lines = _record(release), [f"{field}: {_shown(value)}" for field, value in sorted(flat(release).items())]
    if withdrawal:  # beside the record's fields: the record itself never changes
        value["withdrawn"] = withdrawal.model_dump(mode="json")
        lines.insert(0, f"withdrawn: {withdrawal}")
    return Answer(value, "\n".join(lines))


def verify(arguments: argparse.Namespace) -> Answer:
    """``slipway release verify``."""
    side = reach("--stack", arguments.stack, "--profile", arguments.profile, arguments.stacks_dir)
    release = side.store.get(arguments.id)
    side.store.verify(release)
    content, location = release.content, release.location
    images.manifest(side.ecr, location.repository, content.image_digest)
    images.check_release(side.ecr, location.repository, content.image_digest, release.id)
    value = {
        "id": release.id,
        "verified": True,
        "sha256": content.artifact.sha256,
        "bytes": content.artifact.bytes,
        "image_digest": content.image_digest,
    }
    artifact_text = f"{content.artifact.bytes} bytes of sha256 {content.artifact.sha256}"
    return Answer(value, f"{release.id}: verified: {artifact_text}, image {content.image_digest}")


def diff(arguments: argparse.Namespace) -> Answer:
    """``slipway release diff``."""
    side = reach("--stack", arguments.stack, "--profile", arguments.profile, arguments.stacks_dir)
    before, after = (side.store.get(one, withdrawn=True) for one in (arguments.before, arguments.after))
    found = differences(before, after)
    value = {"from": arguments.before, "to": arguments.after, "differences": [entry.as_dict() for entry in found]}
    return Answer(value, "\n".join(map(str, found)) or "no difference")


def promote_release(arguments: argparse.Namespace) -> Answer:
    """``slipway release promote``."""
    source = reach("--from", arguments.source, "--from-profile", arguments.from_profile, arguments.stacks_dir)
    target = reach("--to", arguments.target, "--to-profile", arguments.to_profile, arguments.stacks_dir)
    if source.environment.models_bucket == target.environment.models_bucket:
        raise UsageError(f"--to: accepted: an environment other than --from's: received: {arguments.target}")
    release, new = promote(arguments.id, source, target, arguments.retain_days)
    return _created(release, new)


def schema(arguments: argparse.Namespace) -> Answer:  # noqa: ARG001 -- every command takes its arguments
    """``slipway release schema``."""
    return Answer(record_schema(), json.dumps(record_schema(), indent=2, sort_keys=True))


def fetch(arguments: argparse.Namespace) -> Answer:
    """``slipway artifact fetch``: what a model's init container runs."""
    s3 = boto3.client("s3", config=RETRIES)
    bucket, key = arguments.uri
    fetched = artifact.fetch(s3, Source(bucket, key, arguments.version), arguments.sha256, arguments.to)
    value = {"path": str(arguments.to), "sha256": arguments.sha256, "fetched": fetched}
    return Answer(value, f"{arguments.to}: {'fetched' if fetched else 'already there'}: sha256 {arguments.sha256}")


def reach(flag: str, stack: str, profile_flag: str, profile: str | None, directory: Path) -> Side:
    """The environment of ``stack`` and its clients; raises ``UsageError`` that names the flag."""
    try:
        environment = Environment.of_stack(stack, directory)
    except ValueError as error:
        raise UsageError(f"{flag}: {error}") from None
    try:
        session = boto3.Session(profile_name=profile, region_name=environment.region)
        return Side(environment, session.client("s3", config=RETRIES), session.client("ecr", config=RETRIES))
    except ProfileNotFound:
        known = ", ".join(boto3.Session().available_profiles) or "a profile of the AWS configuration"
        raise UsageError(f"{profile_flag}: accepted: {known}: received: {profile}") from None


def _training(path: Path) -> Training:
    try:
        return Training.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"--training: accepted: a readable file: received: {path} ({error.strerror})") from None
    except pydantic.ValidationError as error:
        findings = "; ".join(str(problem) for problem in of_validation(error))
        raise UsageError(f"--training: {path}: {findings}") from None


def _content(known: dict[str, Any], training: Path) -> Content:
    try:
        return Content.model_validate(known)
    except pydantic.ValidationError as error:
        findings = [_flagged(problem, training) for problem in of_validation(error)]
        raise UsageError("; ".join(map(str, findings))) from None


def _flagged(problem: Problem, training: Path) -> Problem:
    """A finding about the content, with the flag that the value came from."""
    flag = _FLAGS.get(problem.field.partition(".")[0])
    return Problem(flag or f"--training or --set: {training}: {problem.field}", problem.accepted, problem.received)


def _same(one: Content, other: Content) -> bool:
    apart = {"created_at", "created_by", "previous"}
    return one.model_dump(exclude=apart) == other.model_dump(exclude=apart)


def _created(release: Release, new: bool) -> Answer:
    uri = f"s3://{release.location.bucket}/{record_key(release.id)}"
    value = {"id": release.id, "created": new, "record": uri, "release": _record(release)}
    return Answer(value, f"{release.id}: {'created' if new else 'already there'}: {uri}")


def _record(release: Release) -> dict[str, Any]:
    return release.model_dump(mode="json", exclude_none=True)


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
