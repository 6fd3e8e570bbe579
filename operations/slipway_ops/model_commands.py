"""What the commands ``rollback``, ``promote``, ``status``, ``lineage`` and ``release withdraw`` do."""

import argparse
import os
from dataclasses import replace
from pathlib import Path

import boto3

from slipway_ops import rollback as moving
from slipway_ops.cluster import MANIFESTS, Cluster, Folder, Kubectl
from slipway_ops.commands import RETRIES, Answer, UsageError, reach
from slipway_ops.content import role
from slipway_ops.decisions import DECISIONS, last
from slipway_ops.environments import decisions_uri
from slipway_ops.problems import refused
from slipway_ops.promote import Side, promote
from slipway_ops.rollback import Move
from slipway_ops.settings_file import NEWEST, StackFile
from slipway_ops.status import State, Status, of_model

DEGRADED, PROGRESSING = 3, 4
"""Exit codes of ``slipway status``."""
BROKEN, UNREACHABLE = 3, 4
"""Exit codes of ``slipway lineage``."""
_SELECTOR = {"app.kubernetes.io/component": "model-service"}


def rollback(arguments: argparse.Namespace) -> Answer:
    """``slipway rollback``."""
    side = reach("--stack", arguments.stack, "--profile", arguments.profile, arguments.stacks_dir)
    file = moving.stack_file(arguments.stack, arguments.stacks_dir, arguments.model, pin=arguments.pin)
    to = moving.target(side, file, arguments.model, arguments.to)
    move = moving.move(side, file, arguments.model, to, read_bytes=arguments.verify)
    return _moved(move, arguments.stack, dry_run=arguments.dry_run)


def promote_model(arguments: argparse.Namespace) -> Answer:
    """``slipway promote``: the copy of ``release promote``, then the line; without ``--from`` the line alone."""
    model, directory = arguments.model, arguments.stacks_dir
    if arguments.source is None:
        return _named(arguments)
    source = reach("--from", arguments.source, "--from-profile", arguments.from_profile, directory)
    target = reach("--to", arguments.target, "--to-profile", arguments.to_profile, directory)
    if source.environment.models_bucket == target.environment.models_bucket:
        raise UsageError(f"--to: accepted: an environment other than --from's: received: {arguments.target}")
    file = moving.stack_file(arguments.target, directory, model, pin=arguments.pin)
    wanted = arguments.release or _served(source, arguments.source, arguments)
    if wanted[:-18] != model:
        raise UsageError(f"--release: accepted: a release of {model}: received: {wanted}")
    file.edited(model, wanted)  # refuses before gigabytes are copied
    if arguments.dry_run:
        move = _rehearsed(source, target, file, model, wanted)
    else:
        promote(wanted, source, target, arguments.retain_days)
        move = moving.move(target, file, model, wanted)
    return _moved(move, arguments.target, dry_run=arguments.dry_run)


def _named(arguments: argparse.Namespace) -> Answer:
    """A release that the environment already has, such as a candidate of its own retraining."""
    model, wanted = arguments.model, arguments.release
    if wanted is None:
        raise UsageError("--release: accepted: a release, because no --from is there to ask: received: nothing")
    if arguments.from_profile is not None:
        raise UsageError("--from-profile: accepted: nothing, because there is no --from: received: a profile")
    if wanted[:-18] != model:
        raise UsageError(f"--release: accepted: a release of {model}: received: {wanted}")
    side = reach("--to", arguments.target, "--to-profile", arguments.to_profile, arguments.stacks_dir)
    file = moving.stack_file(arguments.target, arguments.stacks_dir, model, pin=arguments.pin)
    return _moved(moving.move(side, file, model, wanted), arguments.target, dry_run=arguments.dry_run)


def status(arguments: argparse.Namespace) -> Answer:
    """``slipway status``."""
    side = reach("--stack", arguments.stack, "--profile", arguments.profile, arguments.stacks_dir)
    file = StackFile.read(arguments.stack, arguments.stacks_dir)
    names = [arguments.model] if arguments.model else file.models()
    cluster = _cluster(f"{side.environment.namespace}-{side.environment.name}", arguments)
    namespace = str(file.setting("workload_namespace") or "models")
    found = [_status(side, file, cluster, namespace, name) for name in names]
    states = {one.state for one in found}
    code = DEGRADED if State.DEGRADED in states else PROGRESSING if states & {State.PROGRESSING, State.PAUSED} else 0
    value = {"stack": arguments.stack, "models": [one.as_dict() for one in found]}
    return Answer(value, "\n".join(map(str, found)) or f"{file.path}: no model", code)


def lineage(arguments: argparse.Namespace) -> Answer:
    """``slipway lineage``."""
    from slipway_ops.retraining import lineage as links  # what only this command needs
    from slipway_ops.retraining.tracking import Tracking

    side = reach("--stack", arguments.stack, "--profile", arguments.profile, arguments.stacks_dir)
    release = side.store.get(arguments.id, withdrawn=True)
    session = boto3.Session(profile_name=arguments.profile, region_name=side.environment.region)

    def endpoint() -> Status:
        file = StackFile.read(arguments.stack, arguments.stacks_dir)
        cluster = _cluster(f"{side.environment.namespace}-{side.environment.name}", arguments)
        namespace = str(file.setting("workload_namespace") or "models")
        return _status(side, file, cluster, namespace, release.content.model)

    def tracking(uri: str) -> Tracking:
        return Tracking(arguments.tracking_uri or uri, session)

    found = links.chain(side, release, endpoint, tracking, arguments.repository)
    states = {link.state for link in found}
    code = BROKEN if links.State.BROKEN in states else UNREACHABLE if links.State.UNREACHABLE in states else 0
    value = {"release": release.id, "links": [link.as_dict() for link in found]}
    return Answer(value, "\n".join(map(str, found)), code)


def withdraw(arguments: argparse.Namespace) -> Answer:
    """``slipway release withdraw``."""
    side = reach("--stack", arguments.stack, "--profile", arguments.profile, arguments.stacks_dir)
    by = arguments.by or _caller(side, arguments.profile)
    withdrawal, new = side.store.withdraw(arguments.id, arguments.reason, by, arguments.retain_days)
    value = {"withdrawn": new, **withdrawal.model_dump(mode="json")}
    state = "withdrawn" if new else "was withdrawn before"
    hint = f"in {side.environment.name} only; a stack that names it: slipway rollback"
    return Answer(value, f"{arguments.id}: {state}: {withdrawal} ({hint})")


def _cluster(name: str, arguments: argparse.Namespace) -> Cluster:
    """A folder of manifests where one is named, else what kubectl reaches."""
    folder = arguments.manifests or (None if arguments.context else os.environ.get(MANIFESTS))
    return Folder(Path(folder), name) if folder else Kubectl(name, arguments.context)


def _status(side: Side, file: StackFile, cluster: Cluster, namespace: str, model: str) -> Status:
    said = file.release(model)
    wanted = side.store.newest(model) if said == NEWEST else said
    rollout = cluster.get("rollout.argoproj.io", namespace, model)
    deployment = None if rollout else cluster.get("deployment.apps", namespace, model)
    labels = {"app.kubernetes.io/name": model, **_SELECTOR}
    sets = cluster.list("replicaset.apps", namespace, labels) if rollout else []
    found = of_model(model, wanted, rollout, deployment, sets)
    asked = found.canary or wanted
    if asked and rollout:
        where = os.environ.get(DECISIONS) or decisions_uri(side.environment.namespace, side.environment.name)
        found = replace(found, decision=last(side.s3, where, model, asked))
    withdrawal = side.store.withdrawal(wanted) if wanted else None
    if withdrawal is None:
        return found
    reason = f"{wanted} was withdrawn: {withdrawal} ({found.state}: {found.reason})"
    return replace(found, state=State.DEGRADED, reason=reason)


def _served(source: Side, stack: str, arguments: argparse.Namespace) -> str:
    """The release that the first stack's file names."""
    file = StackFile.read(stack, arguments.stacks_dir)
    said = file.release(arguments.model)
    wanted = source.store.newest(arguments.model) if said == NEWEST else said
    if wanted is None:
        raise refused(f"{file.path}: {arguments.model}", "release", "--release, because no release is there", None)
    return wanted


def _rehearsed(source: Side, target: Side, file: StackFile, model: str, wanted: str) -> Move:
    """What a promotion would move, without the copy: of the source all is checked, of the target what it has."""
    existing = target.store.find(wanted)
    if existing is not None:
        return moving.move(target, file, model, wanted)
    release = source.store.get(wanted)
    source.store.check_artifact(release)
    where = f"{moving.image(source, release)}; it and the artifact would be copied to {target.environment.name}"
    move = moving.planned(target, file, model, release, where)
    return replace(move, words=[word for word in move.words if not word.startswith("artifact version:")])


def _moved(move: Move, stack: str, *, dry_run: bool) -> Answer:
    if not dry_run:
        move.write()
    changed = move.changes and not dry_run
    value = {**move.as_dict(), "changed": changed}
    if not move.changes:
        return Answer(value, f"{move.file.path}:{move.file.line(move.model)}: {move.model}: already {move.after.id}")
    ending = "nothing written: --dry-run" if dry_run else f"written; next: pulumi preview --stack {stack}"
    return Answer(value, f"{move}\n{ending}")


def _caller(side: Side, profile: str | None) -> str:
    """The role of the caller's credentials, without its session, which may name a person."""
    session = boto3.Session(profile_name=profile, region_name=side.environment.region)
    arn: str = session.client("sts", config=RETRIES).get_caller_identity()["Arn"]
    kind, _, rest = arn.rpartition(":")[2].partition("/")
    if kind != "assumed-role":
        accepted = "a role or CI identity such as ci/flight-delay, because the credentials are no role's"
        raise UsageError(f"--by: accepted: {accepted}: received: nothing")
    return role(f"role/{rest.split('/')[0]}")
