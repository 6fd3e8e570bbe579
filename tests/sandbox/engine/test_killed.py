"""An update that is killed, at the beginning and the end of every operation, and continued by the next one."""

import signal
import subprocess
import sys
import time

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


def start(world: World, kill: bool = True) -> "subprocess.Popen[bytes]":
    """One ``up`` in a process of its own; a provider kills it if asked to."""
    script = (
        "import signal, sys; from pathlib import Path; from tests.sandbox.engine.program import World\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored\n"
        "world = World.__new__(World); world.open(Path(sys.argv[1]))\n"
        "sys.exit(0 if world.engine(kill=len(sys.argv) > 2).up().ok else 1)"
    )
    command = [sys.executable, "-c", script, str(world.directory), *(["kill"] if kill else [])]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def run(world: World) -> int:
    return start(world).wait(60)


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


def test_an_interrupt_lets_the_operation_under_way_end_and_notes_it(world: World) -> None:
    world.program('a = Thing("a", {"name": "a", "size": 16}); Thing("b", {"name": "b", "a": a.address})')
    process = start(world, kill=False)
    while "begin a" not in world.log():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) != 0
    state = world.state()
    assert (list(world.things()), state.pending) == (["a"], {})
    assert "a" in {entry.name for entry in state.resources.values()}


def test_an_operation_whose_provider_dies_stays_announced(world: World) -> None:
    assert not world.up('Thing("a", {"name": "a", "size": 12})').ok
    assert world.recorder.failures[0][1].startswith("the provider did not answer")
    assert [pending.kind for pending in world.state().pending.values()] == ["create"]
    assert world.up('Thing("a", {"name": "a", "size": 1})').ok
    assert world.recorder.notes[0].startswith("an earlier run was interrupted")
    assert not world.state().pending
