"""The program of ``program/``, deployed once; while the tests run, roles are held to their policies."""

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.cloud import clients
from sandbox.engine.project import Project
from sandbox.session import STAND_IN
from sandbox.workspace import ROOT, Workspace
from tests.sandbox.enforced import acting_as, enforced
from tests.sandbox.world import World, shown

STACK = "whole"
TOOLS = ROOT / ".venv-loop" / "bin"
_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_KEPT = ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_EC2_METADATA_DISABLED", "NO_PROXY", "no_proxy")
"""Of a cloud's environment. DVC stops at an ``AWS_CONFIG_FILE`` that is no file, such as ``/dev/null``."""
READY = ROOT / ".venv-loop" / ".ready"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without its programs a test says so."""
    if not READY.exists():
        for item in items:
            if item.get_closest_marker("loop"):
                item.add_marker(pytest.mark.skip(reason=f"{READY} is not there: 'make tools' makes it"))


class Program(World):
    """The program in a sandbox of its own."""

    def __init__(self, root: Path) -> None:
        self.workspace, self.engine_name = Workspace(root / "sandbox"), STAND_IN
        shutil.copytree(Path(__file__).with_name("program"), root / "project")
        self.project = Project.at(root / "project")


@dataclass(frozen=True)
class Deployed:
    """What the program made, and who may take its roles."""

    outputs: Mapping[str, str]
    environment: Mapping[str, str]

    def acting_as(self, role: str) -> dict[str, str]:
        """The environment of somebody with this role of the program's; nothing else of the machine's is in it."""
        taken = acting_as(self.environment, self.outputs[role])
        return {name: taken[name] for name in (*_KEPT, *_CREDENTIALS)}

    def s3(self, role: str = "") -> Any:
        """S3 for somebody with this role of the program's, or for the administrator."""
        given = acting_as(self.environment, self.outputs[role]) if role else self.environment
        return clients.client("s3", given)


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    program = Program(tmp_path_factory.mktemp("loop"))
    try:
        up = program.up(STACK)
        assert up.outcome.ok, shown(up)
        second = program.up(STACK)
        assert (second.log.moved(), second.writes) == ([], 0), shown(second)
        with enforced(program.cloud):
            yield Deployed(up.outcome.outputs, program.environment(STACK))
        down = program.down(STACK)
        assert down.outcome.ok, shown(down)
    finally:
        program.stop()


Tool = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    """Runs a program of ``.venv-loop`` in a folder, with an environment of which only the given part is not fixed."""
    home = tmp_path / "home"
    home.mkdir()

    def run(folder: Path, environment: Mapping[str, str], name: str, *arguments: str) -> Any:
        return subprocess.run(
            [str(TOOLS / name), *arguments],
            cwd=folder,
            env={
                "PATH": f"{TOOLS}:/usr/bin:/bin",
                "HOME": str(home),
                "LANG": "C.UTF-8",
                "DVC_NO_ANALYTICS": "1",
                "MLFLOW_DISABLE_TELEMETRY": "true",
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=180,
        )

    return run
