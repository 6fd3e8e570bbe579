"""The first release of an example: trained, pushed, uploaded and recorded, so that its model can be deployed."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sandbox.engine.outcome import Reporter
from sandbox.engine.project import Project

SCRIPT = "release.py"
NEWEST = "newest"
TAG = "dev-first"


class FirstReleaseError(Exception):
    """The example could not be released; the message is for the user."""


def wanted(project: Project, stack: str, example: Path, environment: Mapping[str, str]) -> bool:
    """Whether the stack serves the newest release of the example's model and there is none yet."""
    models = json.loads(project.config(stack).get("slipway:models", "{}"))
    if (models.get(example.name) or {}).get("release") != NEWEST:
        return False
    from slipway_ops.environments import Environment
    from slipway_ops.release import ReleaseStore

    from sandbox.cloud.clients import client  # not needed where nothing serves its newest release

    place = Environment.of_stack(stack, project.stack_directory)
    return ReleaseStore(client("s3", environment), place.models_bucket).newest(example.name) is None


def make(project: Project, stack: str, example: Path, environment: Mapping[str, str], reporter: Reporter) -> str:
    """Push the images, train the model if need be, create the release; returns its id.

    Raises ``FirstReleaseError``.
    """
    from slipway_ops.environments import OPERATIONS, Environment

    from sandbox.push import push

    place = Environment.of_stack(stack, project.stack_directory)
    for name, folder in ((example.name, example), (OPERATIONS, project.root / "operations")):
        repository = place.repository(name)
        reporter.note(f"pushed {repository}@{push(environment, repository, folder, TAG)}")
    reporter.note(f"releasing {example.name}; the first time, its model is trained (about a minute)")
    process = subprocess.Popen(  # noqa: S603 -- the example's own script
        [sys.executable, "-u", str(example / SCRIPT), "--stack", stack],
        cwd=project.root,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    last = ""
    for line in process.stdout:
        last = line.strip() or last
        reporter.note(line.rstrip())
    if process.wait() != 0:
        raise FirstReleaseError(f"{example.name}: {SCRIPT} ended with code {process.returncode}: {last}")
    return last
