"""What becomes of a resource from one run to the next."""

import pytest

from sandbox.engine.goal import seconds
from sandbox.engine.outcome import Detail, Op
from sandbox.engine.sealed import seal
from sandbox.providers.values import UNKNOWN
from tests.sandbox.engine.direct import TYPE, Direct


def names(direct: Direct) -> dict[str, str]:
    """Logical name -> id."""
    return {entry.name: entry.id for entry in direct.state().resources.values() if entry.type == TYPE}


def test_created_then_left_alone_then_updated_in_place(direct: Direct) -> None:
    with direct.run() as program:
        answer = program.thing("a", size=1)
    assert answer.outputs["address"] == f"at-{answer.id}"
    assert direct.names(Op.CREATE) == ["a"]
    with direct.run() as program:
        assert program.thing("a", size=1).id == answer.id
    assert (direct.names(Op.SAME), direct.names(Op.CREATE)) == (["a"], [])
    with direct.run() as program:
        assert program.thing("a", size=2).outputs["size"] == 2
    assert direct.recorder.named("a").details == (Detail("size", "1", "2"),)
    assert direct.log() == [f"create {answer.id}", f"update {answer.id}"]
    assert direct.things()[answer.id]["size"] == 2


def test_replacement_comes_before_the_old_one_goes_and_dependants_follow_in_between(direct: Direct) -> None:
    with direct.run() as program:
        program.thing("a", name="old")
        program.thing("b", needs=("a",), size=1)
    with direct.run() as program:
        program.thing("a", name="new")
        program.thing("b", needs=("a",), size=2)
    b = names(direct)["b"]
    assert direct.log()[2:] == ["create new", f"update {b}", "delete old"]
    assert direct.recorder.named("a").details == (Detail("name", '"old"', '"new"', replaces=True),)
    assert direct.outcome.counts == {Op.REPLACE: 1, Op.UPDATE: 1}


def test_a_generated_name_stays_but_is_a_new_one_for_a_replacement(direct: Direct) -> None:
    for source in ("x", "x", "y"):
        with direct.run() as program:
            program.thing("a", made_from=source)
    first, second = (line.split()[1] for line in direct.log()[:2])
    assert first != second
    assert direct.log() == [f"create {first}", f"create {second}", f"delete {first}"]


def test_a_fixed_name_is_deleted_first_together_with_what_is_made_from_it(direct: Direct) -> None:
    with direct.run() as program:
        program.thing("a", name="one", made_from="x", fixed=True)
        program.made_from("b", "a")
        program.made_from("c", "b")
        program.thing("d", needs=("a",))
    first = names(direct)
    with direct.run() as program:
        program.thing("a", name="one", made_from="y", fixed=True)
        program.made_from("b", "a")
        program.made_from("c", "b")
        program.thing("d", needs=("a",))
    second = names(direct)
    assert direct.log()[4:] == [
        f"delete {first['c']}",
        f"delete {first['b']}",
        "delete one",
        "create one",
        f"create {second['b']}",
        f"create {second['c']}",
    ]
    assert direct.names(Op.REPLACE) == ["a", "b", "c"]
    assert direct.names(Op.SAME) == ["d"]


def test_what_must_follow_a_replacement_but_is_protected_stops_it(direct: Direct) -> None:
    for source in ("x", "y"):
        with direct.run() as program:
            program.thing("a", name="one", made_from=source, fixed=True)
            if source == "x":
                program.made_from("b", "a", protect=True)
    assert "b is protected and cannot be replaced together with" in direct.recorder.failures[0][1]
    assert "one" in direct.things()


@pytest.mark.parametrize(
    ("option", "order"), [(True, ["delete one", "create two"]), (False, ["create two", "delete one"])]
)
def test_the_program_decides_the_order_of_a_replacement_over_the_provider(
    direct: Direct, option: bool, order: list[str]
) -> None:
    for name in ("one", "two"):
        with direct.run() as program:
            program.thing("a", name=name, fixed=not option, delete_before_replace=option)
    assert direct.log()[1:] == order


def test_what_is_no_longer_declared_is_deleted_dependants_first(direct: Direct) -> None:
    with direct.run() as program:
        for name, needs in (("a", ()), ("b", ("a",)), ("c", ("b",)), ("d", ("a",)), ("stays", ())):
            program.thing(name, needs=needs, name=name)
    with direct.run() as program:
        program.thing("stays", name="stays")
    deleted = [line.split()[1] for line in direct.log()[5:]]
    assert sorted(deleted) == ["a", "b", "c", "d"]
    assert deleted.index("c") < deleted.index("b") < deleted.index("a")
    assert deleted.index("d") < deleted.index("a")
    assert list(direct.things()) == ["stays"]


def test_a_protected_resource_is_not_deleted_and_neither_is_anything_else(direct: Direct) -> None:
    with direct.run() as program:
        program.thing("a", protect=True)
        program.thing("b")
    with direct.run():
        pass
    assert not direct.outcome.ok
    assert [name for name, _ in direct.recorder.failures] == ["a"]
    assert "a is protected and cannot be deleted: take `protect` off it" in direct.recorder.failures[0][1]
    assert len(direct.things()) == 2


def test_a_protected_resource_is_not_replaced(direct: Direct) -> None:
    for name in ("old", "new"):
        with direct.run() as program:
            program.thing("a", name=name, protect=True)
    assert "a is protected and cannot be replaced" in direct.recorder.failures[0][1]
    assert list(direct.things()) == ["old"]


def test_protection_is_taken_off_by_an_update_without_any_call(direct: Direct) -> None:
    for protect in (True, False):
        with direct.run() as program:
            program.thing("a", name="a", protect=protect)
    with direct.run():
        pass
    assert direct.log() == ["create a", "delete a"]


def test_ignored_changes_stay_as_they_were(direct: Direct) -> None:
    for size, color in ((1, "red"), (2, "blue")):
        with direct.run() as program:
            program.thing("a", size=size, look={"color": color, "age": size}, ignore=["size", "look.color"])
    (thing,) = direct.things().values()
    assert (thing["size"], thing["look"]) == (1, {"color": "red", "age": 2})
    assert [detail.path for detail in direct.recorder.named("a").details] == ["look.age"]


def test_retained_resources_are_forgotten_but_stay_and_are_listed(direct: Direct) -> None:
    with direct.run() as program:
        program.thing("a", name="kept", retain=True)
    with direct.run():
        pass
    assert direct.log() == ["create kept"]
    assert direct.outcome.retained == [f"{TYPE} kept"]
    assert direct.recorder.named("a").remark == "stays in the cloud: retain_on_delete"
    assert not names(direct)


def test_a_replaced_resource_with_retain_stays_too(direct: Direct) -> None:
    for name in ("old", "new"):
        with direct.run() as program:
            program.thing("a", name=name, retain=True)
    assert direct.log() == ["create old", "create new"]
    assert direct.outcome.retained == [f"{TYPE} old"]


def test_what_is_deleted_with_something_is_not_deleted_by_itself(direct: Direct) -> None:
    with direct.run() as program:
        program.thing("holder", name="holder")
        program.thing("part", name="part", deleted_with=program.urn_of("holder"))
    with direct.run():
        pass
    assert direct.log()[2:] == ["delete holder"]
    assert not names(direct)


@pytest.mark.parametrize("pattern", ["size", "*", "look.color", "look"])
def test_replace_on_changes(direct: Direct, pattern: str) -> None:
    for number in (1, 2):
        with direct.run() as program:
            program.thing("a", size=number, look={"color": number}, replace_on=[pattern])
    assert direct.names(Op.REPLACE) == ["a"]


def test_replace_on_changes_of_something_else(direct: Direct) -> None:
    for number in (1, 2):
        with direct.run() as program:
            program.thing("a", size=number, look={"color": 1}, replace_on=["look"])
    assert direct.names(Op.UPDATE) == ["a"]


def test_a_changed_replacement_trigger_replaces(direct: Direct) -> None:
    found = []
    for trigger in (None, "one", "one", "two"):
        with direct.run() as program:
            program.thing("a", trigger=trigger)
        found.append(direct.recorder.named("a").op)
    assert found == [Op.CREATE, Op.SAME, Op.SAME, Op.REPLACE]


def test_a_replacement_ignores_no_change(direct: Direct) -> None:
    """Otherwise what somebody else owns could never be changed on purpose: the trigger would bring the old value."""
    sizes = []
    for trigger, size in (("one", 1), ("one", 2), ("two", 2)):
        with direct.run() as program:
            program.thing("a", trigger=trigger, size=size, ignore=["size"])
        sizes.append([thing["size"] for thing in direct.things().values()])
    assert sizes == [[1], [1], [2]]


def test_an_alias_renames_without_a_call_and_children_follow_their_parent(direct: Direct) -> None:
    box = "boxes:index:Box"
    with direct.run() as program:
        parent = program.thing("box", type=box, custom=False).urn
        program.thing("box-a", parent=parent, name="a")
    with direct.run() as program:
        new = program.thing("crate", type=box, custom=False, aliases=[program.urn_of("box", box)]).urn
        aliases = program.inherited(new, TYPE, "crate-a")
        program.thing("crate-a", parent=new, name="a", aliases=aliases)
    assert direct.log() == ["create a"]
    assert names(direct) == {"crate-a": "a"}
    assert direct.outcome.counts == {Op.SAME: 2}


def test_components_are_updated_when_their_inputs_change(direct: Direct) -> None:
    for value in (1, 1, 2):
        with direct.run() as program:
            program.thing("box", type="boxes:index:Box", custom=False, a=value)
            program.outputs(program.urn_of("box", "boxes:index:Box"), {"b": value})
    assert direct.names(Op.UPDATE) == ["box"]
    assert next(iter(direct.state().resources.values())).outputs == {"b": 2}


def test_a_secret_input_makes_a_secret_output_and_a_concealed_detail(direct: Direct) -> None:
    for word in ("hush", "tell"):
        with direct.run() as program:
            answer = program.thing("a", key=seal(word), secret_outputs=["address"])
        assert answer.outputs["key"] == seal(word)
        assert answer.outputs["address"] == seal(f"at-{answer.id}")
    assert direct.recorder.named("a").details == (Detail("key", "[secret]", "[secret]"),)
    assert direct.things()[answer.id]["key"] == "tell"


def test_details_look_into_text_that_holds_json(direct: Direct) -> None:
    for action in ("read", "write"):
        with direct.run() as program:
            program.thing("a", policy=f'{{"Statement": [{{"Action": "{action}"}}]}}')
    assert direct.recorder.named("a").details == (Detail("policy.Statement[0].Action", '"read"', '"write"'),)


def test_a_resource_that_is_not_ready_fails_is_kept_and_is_tried_again(direct: Direct) -> None:
    with direct.run() as program:
        assert program.thing("a", name="a", size=14).failed
        assert program.thing("b", needs=("a",)).failed
    assert direct.recorder.failures == [("a", "14 does not get ready")]
    with direct.run() as program:
        assert not program.thing("a", name="a", size=14).failed
    assert direct.log() == ["create a", "update a"]


def test_an_unknown_input_in_an_update_is_refused(direct: Direct) -> None:
    with direct.run() as program:
        assert program.thing("a", size=UNKNOWN).failed
    assert "an input is not known" in direct.recorder.failures[0][1]
    assert not direct.state().pending


@pytest.mark.parametrize(("text", "expected"), [("", 0), ("90s", 90), ("1h30m", 5400), ("1.5m", 90), ("500ms", 0.5)])
def test_durations(text: str, expected: float) -> None:
    assert seconds(text) == expected
