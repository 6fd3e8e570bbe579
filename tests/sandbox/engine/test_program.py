"""Whole programs, run by the stand-in engine in their own process."""

import re
from dataclasses import replace

import pytest

from sandbox.engine.outcome import Op
from sandbox.engine.project import Project, ProjectError
from sandbox.loopback import NotLoopbackError
from tests.sandbox.engine.program import World

PROGRAM = """
config = pulumi.Config()
mine = Things("mine", {"prefix": "p-"})
box = Box("box", opts=options(providers=[mine]))
a = Thing("a", {"name": "a", "size": config.require_int("size")}, options(parent=box))
b = Thing("b", {"name": "b", "made_from": a.address, "key": config.require("key")})
asked = pulumi.runtime.invoke_output("things:index:ask", {"question": b.address})
box.register_outputs({"address": a.address})
print("said by the program")
pulumi.log.warn("careful")
pulumi.export("address", a.address)
pulumi.export("asked", asked.apply(lambda result: result["answer"]))
pulumi.export("key", pulumi.Output.secret(config.require("key")))
pulumi.export("settings", config.require_object("settings"))
pulumi.export("stack", [pulumi.get_project(), pulumi.get_stack(), pulumi.get_organization()])
"""
CONFIG = """
size: 3
toys:key: hush
settings: {list: [1, two], on: true}
"""
OUTPUTS = {
    "address": "at-p-a",
    "asked": "at-b!",
    "key": "[secret]",
    "settings": {"list": [1, "two"], "on": True},
    "stack": ["toys", "dev", "organization"],
}


KIT = """
mine = Things("mine", {"prefix": "p-"})
box = Box("box", opts=options(providers=[mine]))
a = Thing("a", {"name": "a"}, options(parent=box))
kit = Kit("kit", {"label": a.address, "size": SIZE}, options(parent=box))
b = Thing("b", {"name": "b", "made_from": kit.label}, options(depends_on=[kit]))
pulumi.export("label", kit.label)
"""


def test_a_provider_makes_a_component_of_its_own(world: World) -> None:
    world.program(KIT.replace("SIZE", "1"))
    preview = world.engine().preview()
    assert preview.ok
    assert preview.counts == {Op.CREATE: 6}
    outcome = world.up()
    assert outcome.ok
    assert outcome.outputs == {"label": "at-p-a!"}
    assert outcome.recorded == {"things:index:Kit": 1}
    assert world.up().counts == {Op.SAME: 6}
    world.program(KIT.replace("SIZE", "2"))
    assert world.up().counts == {Op.SAME: 5, Op.UPDATE: 1}
    world.program(KIT.replace("SIZE", "1000"))
    assert not world.up().ok
    assert world.recorder.failures[0] == ("kit", "size: too big")
    world.program("")
    assert world.up().ok
    assert not world.things()


def test_preview_up_again_and_down(world: World) -> None:
    world.config("dev", CONFIG)
    world.program(PROGRAM)
    outcome = world.engine().preview()
    assert outcome.ok
    assert outcome.counts == {Op.CREATE: 5}
    assert outcome.outputs == {**OUTPUTS, "address": "[unknown]", "asked": "[unknown]"}
    assert not world.things()
    assert not world.state_path().exists()

    outcome = world.up()
    assert outcome.counts == {Op.CREATE: 5}
    assert outcome.outputs == OUTPUTS
    assert outcome.types == {
        "things:index:Thing": 2,
        "boxes:index:Box": 1,
        "pulumi:providers:things": 1,
        "pulumi:pulumi:Stack": 1,
    }
    assert "said by the program" in world.recorder.notes
    assert "warning: careful" in world.recorder.notes
    state = world.state()
    a = next(entry for entry in state.resources.values() if entry.name == "a")
    assert a.urn == "urn:pulumi:dev::toys::boxes:index:Box$things:index:Thing::a"
    assert a.provider.startswith("urn:pulumi:dev::toys::pulumi:providers:things::mine::")
    assert next(entry for entry in state.resources.values() if entry.name == "box").outputs == {"address": "at-p-a"}

    before = world.state_path().read_text()
    outcome = world.up()
    assert (outcome.counts, outcome.outputs) == ({Op.SAME: 5}, OUTPUTS)
    assert re.sub(r'"epoch": \d+', "", before) == re.sub(r'"epoch": \d+', "", world.state_path().read_text())

    outcome = world.engine().destroy()
    assert (+outcome.counts, outcome.ok) == ({Op.DELETE: 5}, True)
    assert world.log() == ["create p-a", "create b", "delete b", "delete p-a"]


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("raise pulumi.RunError('the settings are wrong')", r"^the settings are wrong$"),
        ("{}['missing']", r'(?s)__main__\.py", line \d+, in <module>.*KeyError: \'missing\''),
        ("import sys; sys.exit(3)", r"(?s)SystemExit: 3"),
        ("import os; os._exit(7)", r"^the program ended with code 7$"),
        ("Thing('a'); Thing('a')", r"two resources of the program are called"),
        ("Thing('a', {'size': object()})", r"unexpected input of type object"),
        (
            "pulumi.StackReference('prod')",
            r"^stack reference prod: there is no stack 'prod' in the sandbox",
        ),
        ("pulumi.StackReference('organization/x/dev')", r"accepted: stacks of project toys: received: x$"),
    ],
)
def test_a_program_that_fails_fails_the_run_and_deletes_nothing(world: World, program: str, message: str) -> None:
    (world.things_directory).mkdir()
    outcome = world.up(program)
    assert not outcome.ok
    assert any(re.search(message, text) for _, text in world.recorder.failures), world.recorder.failures
    assert "runpy" not in "".join(text for _, text in world.recorder.failures)


def test_a_failure_lets_the_rest_go_on_and_keeps_the_known_outputs(world: World) -> None:
    program = """
        a = Thing("a", {{"name": "a{number}", "size": {size}}})
        b = Thing("b", {{"name": "b", "made_from": a.address}})
        c = Thing("c", {{"name": "c", "size": {size}}} if {size} != 13 else {{"name": "c", "size": 5}})
        pulumi.export("b", b.address)
        pulumi.export("c", c.size)
    """
    assert world.up(program.format(number=1, size=1)).ok
    outcome = world.up(program.format(number=2, size=13))
    assert not outcome.ok
    assert world.recorder.failures == [("a", "13 is an unlucky size")]
    assert world.things()["c"]["size"] == 5
    stack = next(entry for entry in world.state().resources.values() if entry.name == "toys-dev")
    assert stack.outputs == {"b": "at-b", "c": 5}


def test_stack_references_bring_outputs_and_keep_secrets_secret(world: World) -> None:
    world.config("base")
    world.up('pulumi.export("open", {"a": 1}); pulumi.export("key", pulumi.Output.secret("hush"))', stack="base")
    outcome = world.up("""
        base = pulumi.StackReference("base")
        pulumi.export("open", base.get_output("open"))
        pulumi.export("key", base.get_output("key"))
        pulumi.export("none", base.get_output("none"))
    """)
    assert outcome.outputs == {"open": {"a": 1}, "key": "[secret]"}


def test_a_thing_in_use_is_read_by_get(world: World) -> None:
    outcome = world.up("""
        a = Thing("a", {"name": "a", "size": 4})
        found = Thing("found", opts=options(id=a.id))
        pulumi.export("size", found.size)
    """)
    assert outcome.outputs == {"size": 4}
    assert world.ops(Op.READ) == ["found"]


def test_aliases_of_the_program(world: World) -> None:
    world.up('Thing("inner-a", {"name": "a"}, options(parent=Box("inner")))')
    outcome = world.up("""
        box = Box("outer", opts=options(aliases=[pulumi.Alias(name="inner")]))
        Thing("outer-a", {"name": "a"}, options(parent=box))
    """)
    assert outcome.counts == {Op.SAME: 3}
    assert world.log() == ["create a"]
    assert {entry.name for entry in world.state().resources.values()} == {"outer", "outer-a", "default", "toys-dev"}


def test_options_that_this_engine_lacks_are_refused_by_the_sdk(world: World) -> None:
    outcome = world.up("pulumi.runtime.register_stack_transform(lambda args: None)")
    assert not outcome.ok
    assert "does not support transforms" in world.recorder.failures[0][1]


def test_it_never_starts_where_the_cloud_is_not_this_machine(world: World) -> None:
    world.program("")
    engine = world.engine()
    engine = replace(engine, environment={"AWS_ENDPOINT_URL": "https://sts.amazonaws.com"})
    for run in (engine.up, engine.preview, engine.destroy):
        with pytest.raises(NotLoopbackError, match=r"sts\.amazonaws\.com is not this machine"):
            run()


def test_the_environment_of_the_users_shell_does_not_reach_the_program(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "real")
    outcome = world.up('import os; pulumi.export("names", sorted(n for n in os.environ if n.startswith("AWS")))')
    assert outcome.outputs == {"names": ["AWS_ENDPOINT_URL"]}


def test_configuration_is_read_as_pulumi_reads_it(world: World) -> None:
    (world.project_directory / "Pulumi.yaml").write_text(
        "name: toys\nruntime: python\nstackConfigDir: stacks\nconfig:\n"
        "  plain: 1\n  given: {type: string, default: abc}\n  other:key: {value: [1]}\n  asked: {type: string}\n"
    )
    (world.project_directory / "stacks").mkdir()
    file = world.project_directory / "stacks" / "Pulumi.dev.yaml"
    file.write_text(
        "config:\n  on: true\n  nat: no\n  day: 2026-01-02\n  aws:region: eu-west-1\n"
        "  toys:map: {a: [1, x]}\n  given: own\n"
    )
    project = Project.at(world.project_directory)
    assert project.config("dev") == {
        "toys:plain": "1",
        "toys:given": "own",
        "other:key": "[1]",
        "toys:on": "true",
        "toys:nat": "no",
        "toys:day": "2026-01-02",
        "aws:region": "eu-west-1",
        "toys:map": '{"a":[1,"x"]}',
    }
    with pytest.raises(ProjectError, match="stack: accepted: dev: received: 'nope'"):
        project.config("nope")
    file.write_text("config:\n  key: {secure: v1:abc}\n")
    with pytest.raises(ProjectError, match=r"Pulumi\.dev\.yaml: key: encrypted values need the engine"):
        project.config("dev")
    file.write_text("- a\n")
    with pytest.raises(ProjectError, match="accepted: a mapping: received: list"):
        project.config("dev")
    file.write_text("a: [\n")
    with pytest.raises(ProjectError, match=r"Pulumi\.dev\.yaml cannot be read"):
        project.config("dev")
    (world.project_directory / "Pulumi.yaml").write_text("runtime: python\n")
    with pytest.raises(ProjectError, match="name: accepted: the project's name: received: None"):
        Project.at(world.project_directory)
