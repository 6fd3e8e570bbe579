"""Failures, providers, reads, functions, previews and taking down."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox.engine.goal import Goal
from sandbox.engine.outcome import Op
from sandbox.engine.provider import ProviderError
from sandbox.engine.run import StepError
from sandbox.providers.values import UNKNOWN, Properties
from tests.sandbox.engine.direct import TYPE, Direct, Program

PROVIDER = "pulumi:providers:things"


def provider(program: Program, name: str = "mine", **inputs: object) -> str:
    """Declare a provider; returns its reference."""
    answer = program.thing(name, type=PROVIDER, inputs=inputs)
    return f"{answer.urn}::{answer.id or UNKNOWN}"


def test_a_failure_skips_what_needs_it_and_nothing_is_deleted(direct: Direct) -> None:
    with direct.run() as program:
        program.thing("old", name="old")
    with direct.run() as program:
        assert program.thing("bad", size=13).failed
        assert program.thing("needs-bad", needs=("bad",)).failed
        assert program.thing("needs-that", needs=("needs-bad",)).failed
        assert not program.thing("good", name="good").failed
    assert direct.recorder.failures == [("bad", "13 is an unlucky size")]
    assert not direct.outcome.ok
    assert sorted(direct.things()) == ["good", "old"]
    assert not direct.state().pending


@pytest.mark.parametrize(
    ("goal", "message"),
    [
        ({"size": 1000}, "size: too big"),
        ({"type": "clouds:index:Cloud"}, "the sandbox has no provider for package 'clouds'; it has things"),
        ({"provider": "urn:pulumi:dev::toys::pulumi:providers:things::none::1"}, "unknown provider"),
        ({"import_id": "x"}, "the stand-in engine cannot import"),
        ({"remote": True}, "things:index:Thing is not supported by the sandbox"),
    ],
)
def test_refusals_name_what_is_wrong(direct: Direct, goal: Properties, message: str) -> None:
    with direct.run() as program:
        assert program.thing("a", **goal).failed
    assert message in direct.recorder.failures[0][1]
    assert not direct.things()


def test_two_resources_of_one_name_are_refused(direct: Direct) -> None:
    with direct.run() as program:
        program.thing("a")
        with pytest.raises(StepError, match=r"two resources of the program are called .*::a: give one"):
            program.thing("a")


def test_default_providers_take_the_stacks_configuration_and_are_not_counted(direct: Direct) -> None:
    with direct.run(config={"things:prefix": "p-", "toys:other": "x"}) as program:
        assert program.thing("a", name="a").id == "p-a"
    assert direct.outcome.counts == {Op.CREATE: 1}
    assert [entry.inputs for entry in direct.state().resources.values() if entry.is_default_provider] == [
        {"prefix": "p-"}
    ]


def test_a_replaced_provider_replaces_what_it_made(direct: Direct) -> None:
    for prefix in ("p-", "q-"):
        with direct.run() as program:
            program.thing("a", name="a", provider=provider(program, prefix=prefix))
    assert direct.log() == ["create p-a", "create q-a", "delete p-a"]
    assert direct.names(Op.REPLACE) == ["a", "mine"]
    with direct.run() as program:
        program.thing("a", name="a", provider=provider(program, prefix="q-"))
    assert direct.names(Op.SAME) == ["a", "mine"]


def test_another_provider_with_the_same_arguments_replaces_nothing(direct: Direct) -> None:
    for name in ("one", "two"):
        with direct.run() as program:
            program.thing("a", name="a", provider=provider(program, name, prefix="p-"))
    assert direct.log() == ["create p-a"]


def test_a_provider_that_is_gone_still_deletes_what_it_made(direct: Direct) -> None:
    with direct.run() as program:
        program.thing("a", name="a", provider=provider(program, prefix="p-"))
    with direct.run():
        pass
    assert direct.log() == ["create p-a", "delete p-a"]
    assert not direct.state().resources


def test_what_cannot_be_deleted_keeps_what_it_needs(direct: Direct) -> None:
    with direct.run() as program:
        program.thing("a", name="a")
        program.thing("b", name="b", needs=("a",), sticky=True)
        program.thing("c", name="c", needs=("b",))
    with direct.run():
        pass
    assert direct.recorder.failures == [("b", "delete: it sticks")]
    assert sorted(direct.things()) == ["a", "b"]
    assert {entry.name for entry in direct.state().resources.values() if entry.type == TYPE} == {"a", "b"}


def test_reads_are_kept_as_such_and_never_deleted(direct: Direct) -> None:
    with direct.run() as program:
        program.thing("a", name="a", size=3)
    with direct.run() as program:
        program.thing("a", name="a", size=3)
        answer = program.read(Goal(urn=program.urn_of("look"), type=TYPE, name="look"), "a")
        assert answer.outputs["size"] == 3
    with direct.run() as program:
        program.thing("a", name="a", size=3)
    assert direct.log() == ["create a"]
    assert direct.names(Op.DELETE) == []
    with direct.run() as program:
        assert program.read(Goal(urn=program.urn_of("look"), type=TYPE, name="look"), "none").failed
    assert direct.recorder.failures == [("look", f"there is no {TYPE} with id none")]


def test_functions(direct: Direct) -> None:
    with direct.run() as program:
        result, failures = program.invoke("things:index:ask", {"question": "why"}, "", "")
        assert (result["answer"], failures) == ("why!", [])
        entry = program.thing("a")
        found, _ = program.invoke("pulumi:pulumi:getResource", {"urn": entry.urn}, "", "")
        assert found["id"] == entry.id
        with pytest.raises(StepError, match="unknown resource nobody"):
            program.invoke("pulumi:pulumi:getResource", {"urn": "nobody"}, "", "")
        with pytest.raises(ProviderError, match="question"):
            program.invoke("things:index:ask", {}, "", "")


def test_a_preview_changes_nothing_and_knows_what_it_cannot_know(direct: Direct) -> None:
    with direct.run(preview=True) as program:
        answer = program.thing("a", size=1)
        assert answer.id == ""
        assert "address" not in answer.outputs
        reference = provider(program, prefix=UNKNOWN)
        assert program.thing("b", provider=reference).outputs == {}
        assert program.read(Goal(urn=program.urn_of("c"), type=TYPE, name="c"), UNKNOWN).outputs == {}
        assert program.read(Goal(urn=program.urn_of("d"), type=TYPE, name="d", provider=reference), "x").id == ""
        with pytest.raises(StepError, match="only known after `up`"):
            program.invoke("things:index:ask", {"question": "?"}, reference, "")
    assert direct.names(Op.CREATE) == ["a", "b", "mine"]
    assert not direct.things()
    assert not direct.path.exists()


def test_a_preview_says_what_an_update_would_do(direct: Direct) -> None:
    with direct.run() as program:
        program.thing("a", name="old", size=1)
        program.made_from("b", "a")
        program.thing("c", name="c", size=1)
        program.thing("gone", name="gone")
    before = direct.path.read_text(), direct.log()
    with direct.run(preview=True) as program:
        program.thing("a", name="new", size=1)
        program.made_from("b", "a", UNKNOWN)
        program.thing("c", name="c", size=2)
    assert (direct.names(Op.REPLACE), direct.names(Op.UPDATE), direct.names(Op.DELETE)) == (["a", "b"], ["c"], ["gone"])
    detail = direct.recorder.named("b").details[0]
    assert (detail.path, detail.new, detail.replaces) == ("made_from", "[unknown]", True)
    assert (direct.path.read_text(), direct.log()) == before


def test_down_leaves_what_is_protected_and_what_that_stands_on(direct: Direct) -> None:
    with direct.run() as program:
        box = program.thing("box", type="boxes:index:Box", custom=False).urn
        program.thing("a", name="a")
        program.thing("b", name="b", needs=("a",), protect=True, parent=box)
        program.thing("c", name="c", needs=("a",))
        program.thing("d", name="d", retain=True)
    outcome = direct.destroy()
    assert outcome.ok
    assert outcome.protected == [f"{TYPE} b"]
    assert outcome.retained == [f"{TYPE} d"]
    assert sorted(direct.things()) == ["a", "b", "d"]
    assert sorted(direct.state().resources[urn].name for urn in direct.state().resources) == [
        "a",
        "b",
        "box",
        "default",
    ]


def test_registrations_from_many_threads_at_little_cost_each(direct: Direct) -> None:
    number = 300
    with direct.run() as program, ThreadPoolExecutor(16) as pool:
        started = time.process_time()
        answers = list(
            pool.map(lambda index: program.thing(f"t{index}", name=f"t{index}", text="x" * 2000), range(number))
        )
        spent = time.process_time() - started
    assert not any(answer.failed for answer in answers)
    assert len(direct.things()) == number
    assert len(direct.state().resources) == number + 1
    assert spent < number * 0.02  # and not more the more there are: the state is a journal
