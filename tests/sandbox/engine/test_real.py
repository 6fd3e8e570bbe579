"""Pulumi's own engine gives what the stand-in gives. Skipped, visibly, where there is no ``pulumi``."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine.events import Events
from sandbox.engine.outcome import Detail, Op, Outcome
from sandbox.engine.real import PulumiError, Real, installed
from sandbox.workspace import Workspace
from tests.sandbox.engine.program import COMMANDS, Recorder, World

PROGRAM = """
box = Box("box", {{"a": 1}})
a = Thing("a", {{"size": {size}, "key": pulumi.Output.secret("hush"), "name": "{name}"}}, options(parent=box))
b = Thing("b", {{"made_from": a.address, "name": "b-{name}"}})
c = Thing("c", {{"name": "c", "size": 15}}, options(retain_on_delete=True))
d = Thing("d", {{"name": "d"}}, options(protect={protect}))
e = Thing("e", {{"name": "e", "size": {size}}}, options(ignore_changes=["size"], replacement_trigger="{name}"))
kit = Kit("kit", {{"label": a.address, "secret": pulumi.Output.secret("hush")}}, options(parent=box))
pulumi.export("label", kit.label)
pulumi.export("address", b.address)
pulumi.export("key", pulumi.Output.secret("hush"))
"""


def real(world: World) -> Real:
    stand_in = world.engine()
    environment = {**stand_in.environment, "PATH": os.environ["PATH"], "HOME": str(world.directory)}
    workspace = Workspace(world.directory / "pulumi")
    return Real(workspace, stand_in.project, "dev", environment, world.recorder, COMMANDS, {"things": "1.0.0"})


def run(world: World, engine: str, what: str, **values: object) -> tuple[Outcome, dict[str, tuple[Detail, ...]]]:
    world.program(PROGRAM.format(**{"size": 1, "name": "a", "protect": True, **values}))
    outcome: Outcome = getattr(real(world) if engine == "pulumi" else world.engine(), what)()
    return outcome, {change.name: change.details for change in world.recorder.changes if change.details}


@pytest.mark.skipif(not installed(), reason="no pulumi on PATH")
def test_both_engines_do_the_same(tmp_path: Path) -> None:
    found: dict[str, list[Any]] = {}
    for engine in ("pulumi", "stand-in"):
        (tmp_path / engine).mkdir()
        world = World(tmp_path / engine)
        runtime = f"{{name: python, options: {{toolchain: pip, virtualenv: {sys.prefix}}}}}"
        (world.project_directory / "Pulumi.yaml").write_text(f"name: toys\nruntime: {runtime}\n")
        settings = (world.project_directory / "Pulumi.dev.yaml").read_bytes()
        found[engine] = [
            run(world, engine, "preview"),
            run(world, engine, "up"),
            run(world, engine, "up"),
            run(world, engine, "preview", size=2, name="z"),
            run(world, engine, "up", size=2, name="z"),
            run(world, engine, "destroy"),
            sorted(world.things()),
            run(world, engine, "up", size=2, protect=False),
            run(world, engine, "up", size=13, name="y", protect=False)[0].ok,
            run(world, engine, "destroy"),
            sorted(world.things()),
        ]
        assert (world.project_directory / "Pulumi.dev.yaml").read_bytes() == settings
    for step, (ours, theirs) in enumerate(zip(found["stand-in"], found["pulumi"], strict=True)):
        assert comparable(ours) == comparable(theirs), f"step {step}"


def comparable(result: Any) -> Any:
    if not isinstance(result, tuple):
        return result
    outcome, details = result
    return {**vars(outcome), "retained": sorted(outcome.retained), "details": details}


@pytest.mark.skipif(not installed(), reason="no pulumi on PATH")
def test_what_pulumi_refuses_is_said(world: World) -> None:
    (world.project_directory / "Pulumi.yaml").write_text("name: toys\nruntime: nothing\n")
    world.program("")
    assert not real(world).up().ok
    assert "nothing" in world.recorder.failures[0][1]
    with pytest.raises(PulumiError, match="pulumi stack export"):
        real(world)._pulumi("stack", "export", "--version", "99", private=True)


def test_events_become_reports() -> None:
    recorder = Recorder()
    events = Events(recorder)
    urn = "urn:pulumi:dev::toys::things:index:Thing::a"

    def metadata(op: str, urn: str = urn, more: dict[str, Any] | None = None) -> dict[str, Any]:
        return {"op": op, "urn": urn, "type": urn.split("::")[2], **(more or {})}

    moved = {
        "detailedDiff": {"name": {"diffKind": "update-replace"}},
        "old": {"inputs": {"name": "x"}},
        "new": {"inputs": {"name": "y"}},
    }
    default = "urn:pulumi:dev::toys::pulumi:providers:things::default_1_0_0"
    told: tuple[dict[str, Any], ...] = (
        {"preludeEvent": {}},
        {"resourcePreEvent": {"metadata": metadata("create-replacement")}},
        {"resOutputsEvent": {"metadata": metadata("create-replacement", more=moved)}},
        {"resOutputsEvent": {"metadata": metadata("replace")}},
        {"resOutputsEvent": {"metadata": metadata("delete", more={"old": {"retainOnDelete": True}})}},
        {"resOutputsEvent": {"metadata": metadata("create", default)}},
        {"diagnosticEvent": {"severity": "debug", "message": "x"}},
        {"diagnosticEvent": {"severity": "warning", "message": "careful\n"}},
        {"diagnosticEvent": {"severity": "info", "message": "said"}},
        {"diagnosticEvent": {"severity": "error", "message": "it broke", "urn": urn}},
        {"resOpFailedEvent": {"metadata": metadata("create")}},
        {"summaryEvent": {"resourceChanges": {"replace": 1, "delete": 1, "same": 4, "discard": 3}}},
    )
    for event in told:
        events.take(event)
    assert [(change.op, change.name) for change in recorder.changes] == [(Op.REPLACE, "a"), (Op.DELETE, "a")]
    assert recorder.changes[0].details == (Detail("name", '"x"', '"y"', replaces=True),)
    assert recorder.changes[1].remark == "stays in the cloud: retain_on_delete"
    assert (recorder.notes, recorder.failures) == (["warning: careful", "said"], [("a", "it broke")])
    assert events.outcome.counts == {Op.REPLACE: 1, Op.DELETE: 1, Op.SAME: 4}
    assert (events.failed, events.outcome.ok) == (True, False)
