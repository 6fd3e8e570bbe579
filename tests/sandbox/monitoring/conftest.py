"""The program of ``program/``, deployed once; its jobs are slipway's own command, in roles held to their policies."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.engine.project import Project
from sandbox.push import pack, push
from sandbox.session import STAND_IN
from sandbox.workspace import ROOT, Workspace
from tests.sandbox.enforced import enforced
from tests.sandbox.retraining.conftest import STACK, Deployed, forget, overhear
from tests.sandbox.world import World, shown

OPERATIONS = ROOT / "operations"


class Program(World):
    """The program in a sandbox of its own."""

    def __init__(self, root: Path) -> None:
        self.workspace, self.engine_name = Workspace(root / "sandbox"), STAND_IN
        shutil.copytree(Path(__file__).with_name("program"), root / "project")
        self.project = Project.at(root / "project")


@pytest.fixture(scope="module")
def looking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    program = Program(tmp_path_factory.mktemp("drift"))
    try:
        program.edit(STACK, lambda config: config.update({"drift:digest": pack(OPERATIONS).digest}))
        up = program.up(STACK)
        assert up.outcome.ok, shown(up)
        second = program.up(STACK)
        assert (second.log.moved(), second.writes) == ([], 0), shown(second)
        environment = program.environment(STACK)
        push(environment, "acme-test/slipway-ops", OPERATIONS, "v1")
        made = Deployed(up.outcome.outputs, environment, program.cloud)
        overhear(made)
        with enforced(program.cloud):
            yield made
        forget(made)
        down = program.down(STACK)
        assert down.outcome.ok, shown(down)
    finally:
        program.stop()
