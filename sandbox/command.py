"""The commands of ``python -m sandbox``."""

import argparse
import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sandbox.cloud import process
from sandbox.cloud.process import Cloud, CloudError
from sandbox.engine.outcome import Outcome
from sandbox.engine.project import Project, ProjectError
from sandbox.engine.real import PulumiError
from sandbox.engine.state import StateError
from sandbox.first_release import FirstReleaseError, make, wanted
from sandbox.loopback import NotLoopbackError
from sandbox.report import Printer
from sandbox.session import AUTO, PULUMI, STAND_IN, Session, SessionError
from sandbox.summary import Summary
from sandbox.workspace import ROOT, Workspace

_ERRORS = (
    CloudError,
    FirstReleaseError,
    NotLoopbackError,
    ProjectError,
    PulumiError,
    SessionError,
    StateError,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0: it did what it should, 1: it failed, 2: it was not understood, 130: it was interrupted."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # also where a shell has SIGINT ignored
    try:
        return int(options.run(options))
    except _ERRORS as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the next `up` continues", file=sys.stderr)
        return 130


def up(options: argparse.Namespace) -> int:
    """Bring a stack up; with ``--first-release``, in two passes if its model has no release yet."""
    started = time.monotonic()
    session, printer = _session(options), _printer(options)
    with session.locked():
        cloud = process.ensure(session.workspace.cloud)
        session.settle(cloud, printer)
        begun = cloud.writes()
        engine = session.engine(options.engine, cloud, printer)
        summary = Summary(options.stack, engine.title)
        summary.passes.append(engine.up())
        example = options.first_release
        if summary.ok and example:
            environment = session.environment(cloud)
            if wanted(session.project, options.stack, example, environment):
                release = make(session.project, options.stack, example, environment, printer)
                printer.note(f"released {release}; now its service")
                summary.passes.append(engine.up())
        _conclude(summary, session, cloud, begun, started)
    return _finish(summary, options)


def preview(options: argparse.Namespace) -> int:
    """Say what ``up`` would do."""
    started = time.monotonic()
    session, printer = _session(options), _printer(options, preview=True)
    with session.locked():
        cloud = process.ensure(session.workspace.cloud)
        session.settle(cloud, printer)
        begun = cloud.writes()
        known = bool(session.record)
        engine = session.engine(options.engine, cloud, printer)
        summary = Summary(options.stack, engine.title, preview=True, passes=[engine.preview()])
        summary.writes, summary.seconds = cloud.writes() - begun, time.monotonic() - started
        if not known:
            engine.discard()
            session.forget()
    return _finish(summary, options)


def down(options: argparse.Namespace) -> int:
    """Take a stack down, or with ``--all`` every stack and the cloud itself."""
    workspace, printer = Workspace.default(), _printer(options)
    stacks = sorted(workspace.stacks(), reverse=True) if options.all else [options.stack]
    code = 0
    for stack in stacks:
        options.stack = stack
        try:
            code |= _down(options, printer)
        except _ERRORS as error:
            if not options.all:
                raise
            print(f"error: {error}", file=sys.stderr)
            code = 1
    if options.all:
        ended = process.stop(workspace.cloud)
        print("the cloud process has ended, with everything in it" if ended else "there is no cloud process")
    return code


def _down(options: argparse.Namespace, printer: Printer) -> int:
    started = time.monotonic()
    session = _session(options)
    with session.locked():
        cloud = process.find(session.workspace.cloud)
        session.settle(cloud, printer)
        if cloud is None or not session.record:
            print(f"{options.stack}: nothing is up")
            return 0
        begun = cloud.writes()
        engine = session.engine(AUTO, cloud, printer)
        outcome = engine.destroy()
        summary = Summary(options.stack, engine.title, passes=[outcome])
        summary.kept = _kept(outcome, session, cloud)
        _conclude(summary, session, cloud, begun, started)
        if outcome.ok and not outcome.types:
            session.forget()
    return _finish(summary, options)


def status(options: argparse.Namespace) -> int:
    """Say what is up."""
    workspace = Workspace.default()
    cloud = process.find(workspace.cloud)
    stacks: list[dict[str, Any]] = []
    for name in workspace.stacks():
        record = Session(workspace, _project(), name).record
        alive = bool(cloud and record.get("cloud") == cloud.instance)
        stacks.append({"stack": name, "alive": alive, **record})
    if options.json:
        print(json.dumps({"cloud": cloud.url if cloud else None, "stacks": stacks}, sort_keys=True))
        return 0
    print(f"cloud: {cloud.url} (process {cloud.pid}, {cloud.writes()} write calls so far)" if cloud else "cloud: none")
    for stack in stacks:
        last = stack.get("last", {})
        state = "up" if stack["alive"] else "its cloud has ended"
        print(
            f"{stack['stack']}: {state}, engine {stack.get('engine')}, {sum(last.get('types', {}).values())} resources"
        )
        for type_, number in sorted(last.get("types", {}).items()):
            print(f"    {number:>4} {type_}")
    return 0


def shell(options: argparse.Namespace) -> int:
    """Print what a shell needs so that the AWS CLI and boto3 speak to the sandbox."""
    session = _session(options)
    cloud = process.find(session.workspace.cloud)
    if cloud is None:
        raise SessionError("no sandbox is running: python -m sandbox up")
    wanted_names = cloud.environment(session.region)
    for name in sorted(os.environ):
        if name.startswith("AWS_") and name not in wanted_names:
            print(f"unset {name}")
    for name, value in sorted(wanted_names.items()):
        print(f"export {name}={shlex.quote(value)}")
    print(f"export SLIPWAY_MANIFESTS={shlex.quote(str(session.workspace.manifests(cloud.instance)))}")
    return 0


def ab(options: argparse.Namespace) -> int:
    """Let four challengers meet a champion, in front of the real Envoy; see how each rollout ends."""
    from sandbox.dataplane import ab  # the data plane is large, and only this command needs it

    return ab.main(Workspace.default().root / "ab", quiet=options.quiet)


def loop(options: argparse.Namespace) -> int:
    """Let the later months of the example's year come; see its model retrained, judged and replaced."""
    from sandbox.loop import loop  # only this command needs it

    return loop.main(Workspace.default().root / "loop", quiet=options.quiet)


def _kept(outcome: Outcome, session: Session, cloud: Cloud) -> list[str]:
    """What a ``down`` leaves: by the engine's account, and by a walk through what exists."""
    from sandbox.cloud.inventory import inventory  # the AWS SDK: only a `down` pays for it

    kept = [f"{item} (protected)" for item in outcome.protected]
    kept += [f"{item} (retained)" for item in outcome.retained]
    alone = not session.others(cloud)
    environment = session.project.config(session.stack).get("slipway:environment")
    for item in inventory(session.environment(cloud)):
        if alone or (environment and item.tags.get("environment") == environment):
            kept.append(f"{item.kind} {item.identifier}" + (f" ({item.state})" if item.state else ""))
    return kept


def _conclude(summary: Summary, session: Session, cloud: Cloud, begun: int, started: float) -> None:
    summary.writes, summary.seconds = cloud.writes() - begun, time.monotonic() - started
    last = summary.passes[-1]
    session.note(last={"ok": summary.ok, "types": last.types, "recorded": last.recorded, "outputs": last.outputs})


def _finish(summary: Summary, options: argparse.Namespace) -> int:
    print(summary.as_json() if options.json else summary.as_text(), flush=True)
    return 0 if summary.ok else 1


def _project() -> Project:
    return Project.at(ROOT)


def _session(options: argparse.Namespace) -> Session:
    project = _project()
    project.config(options.stack)  # refuses a stack that has no settings
    return Session(Workspace.default(), project, options.stack)


def _printer(options: argparse.Namespace, *, preview: bool = False) -> Printer:
    return Printer(preview=preview, quiet=options.quiet)


def _example(text: str) -> Path:
    path = Path(text).resolve()
    if not (path / "release.py").is_file():
        raise argparse.ArgumentTypeError(f"accepted: a folder with a release.py: received: {text!r}")
    return path


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="up|preview|down|status|shell|ab|loop")
    for run in (up, preview, down, status, shell, ab, loop):
        command = commands.add_parser(run.__name__, help=run.__doc__, description=run.__doc__)
        command.set_defaults(run=run)
        if run not in (shell, ab, loop):
            command.add_argument("--json", action="store_true", help="the last line is one JSON object")
        if run not in (status, ab, loop):
            command.add_argument("--stack", default="local", help="stack: stacks/Pulumi.<stack>.yaml (local)")
        if run in (up, preview, down):
            command.add_argument("--engine", choices=[AUTO, PULUMI, STAND_IN], default=AUTO)
        if run in (up, preview, down, ab, loop):
            command.add_argument("--quiet", action="store_true", help="only failures and the summary")
        if run is up:
            command.add_argument("--first-release", type=_example, help="example to release if its model has none")
        if run is down:
            command.add_argument("--all", action="store_true", help="every stack and the cloud process")
    return parser
