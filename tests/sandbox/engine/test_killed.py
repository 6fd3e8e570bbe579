"""An update that is killed, at the beginning and the end of every operation, and continued by the next one."""

import signal
import subprocess
import sys

import pytest

from sandbox.workspace import ROOT
from tests.sandbox.engine.program import World

FIRST = """
a = Thing("a", {"made_from": "x"})
b = Thing("b", {"name": "b", "size": 1, "a": a.address})
pulumi.export("b", b.address)
"""
SECOND = """
a = Thing("a", {"made_from": "y"})
b = Thing("b", {"name": "b", "size": 1, "a": a.address})
pulumi.export("b", b.address)
"""


def run(world: World) -> int:
    """One ``up`` in a process of its own; a provider kills it."""
    script = (
        "import sys; from pathlib import Path; from tests.sandbox.engine.program import World\n"
        "world = World.__new__(World); world.open(Path(sys.argv[1]))\n"
        "sys.exit(0 if world.engine(kill=True).up().ok else 1)"
    )
    command = [sys.executable, "-c", script, str(world.directory)]
    return subprocess.run(command, cwd=ROOT, timeout=60, check=False, capture_output=True).returncode


@pytest.mark.timeout(120)
def test_every_operation_can_be_interrupted(world: World) -> None:
    world.program(FIRST)
    codes = [run(world) for _ in range(5)]
    assert codes == [-signal.SIGKILL] * 4 + [0]  # before and after each of two creations
    created = sorted(world.things())
    assert len(created) == 2  # names generated again were the same: nothing is there twice
    assert world.recorder.failures == []

    world.program(SECOND)
    codes = [run(world) for _ in range(7)]
    assert codes == [-signal.SIGKILL] * 6 + [0]  # create the new a, update b, delete the old a
    assert len(world.things()) == 2
    (name,) = set(world.things()) - {"b"}
    assert name not in created
    assert world.things()["b"]["a"] == f"at-{name}"
    state = world.state()
    assert (state.pending, state.condemned) == ({}, [])
    assert sorted(entry.name for entry in state.resources.values()) == ["a", "b", "default", "toys-dev"]
    assert world.up().ok
    assert not [change for change in world.recorder.changes if change.op != "same"]


def test_the_next_run_says_what_was_interrupted(world: World) -> None:
    world.program(FIRST)
    assert run(world) == -signal.SIGKILL
    world.engine().preview()
    assert world.recorder.notes[0].startswith(
        "an earlier run was interrupted while it did this: create urn:pulumi:dev::"
    )
