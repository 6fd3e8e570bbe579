"""A program with a gateway and stores: brought up, unchanged at the second run, taken down without a trace."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.cloud.inventory import PENDING_DELETION, inventory
from sandbox.engine.project import Project
from sandbox.session import STAND_IN
from sandbox.workspace import Workspace
from tests.sandbox.world import World, shown

pytestmark = pytest.mark.sandbox
STACK = "whole"


class Program(World):
    """The program of ``front/`` in a sandbox of its own."""

    def __init__(self, root: Path) -> None:
        self.workspace, self.engine_name = Workspace(root / "sandbox"), STAND_IN
        shutil.copytree(Path(__file__).with_name("front"), root / "project")
        self.project = Project.at(root / "project")


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path)
    yield program
    program.stop()


def test_it_comes_up_is_clean_and_goes(program: Program) -> None:
    first = program.up(STACK)
    assert first.outcome.ok, shown(first)
    assert not [type_ for type_ in first.outcome.recorded if type_.startswith("aws:")]
    kinds = {item.kind for item in inventory(program.environment(STACK))}
    assert {
        *("table", "database", "database instance", "load balancer", "target group"),
        *("web acl", "certificate", "hosted zone", "user pool"),
    } <= kinds

    second = program.up(STACK)
    assert second.outcome.ok, shown(second)
    assert (second.log.moved(), second.writes) == ([], 0), shown(second)

    down = program.down(STACK)
    assert down.outcome.ok, shown(down)
    left = inventory(program.environment(STACK))
    assert {(item.kind, item.state) for item in left} == {("key", PENDING_DELETION)}
