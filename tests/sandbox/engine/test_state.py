"""The state on disk."""

import json
from pathlib import Path

import pytest

from sandbox.engine.state import Entry, State, StateError


def entry(name: str, identifier: str = "1") -> Entry:
    return Entry(urn=f"urn:pulumi:dev::toys::things:index:Thing::{name}", type="things:index:Thing", id=identifier)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "stack" / "state.json"


def reload(path: Path) -> State:
    return State.load(path, writable=False)


def test_every_operation_is_on_disk_before_the_next(path: Path) -> None:
    state = State.load(path)
    state.save()
    a = entry("a")
    state.begin("create", a)
    assert [pending.kind for pending in reload(path).pending.values()] == ["create"]
    state.put(a)
    assert (list(reload(path).resources), reload(path).pending) == ([a.urn], {})
    state.begin("delete", a)
    state.abandon(a.urn)
    assert (list(reload(path).resources), reload(path).pending) == ([a.urn], {})
    state.put(entry("a", "2"), replaces=True)
    assert [old.id for old in reload(path).condemned] == ["1"]
    state.remove(a)
    assert (reload(path).condemned, reload(path).resources[a.urn].id) == ([], "2")
    state.remove(entry("a", "2"))
    assert reload(path).resources == {}


def test_a_line_cut_off_by_a_kill_is_as_if_it_had_not_been(path: Path) -> None:
    state = State.load(path)
    state.save()
    state.put(entry("a"))
    (journal,) = path.parent.glob("*.journal")
    with journal.open("a") as file:
        file.write('{"put": {"urn": "ur')
    assert [found.name for found in reload(path).resources.values()] == ["a"]


def test_a_journal_that_the_snapshot_contains_already_is_not_read_again(path: Path) -> None:
    state = State.load(path)
    state.save()
    state.put(entry("a"))
    state.put(entry("a", "2"), replaces=True)
    (journal,) = path.parent.glob("*.journal")
    content = journal.read_text()
    state.save()
    journal.write_text(content)  # killed between writing the snapshot and removing the journal
    assert len(reload(path).condemned) == 1


def test_only_the_owner_can_read_it(path: Path) -> None:
    state = State.load(path)
    state.save()
    state.put(entry("a"))
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}


def test_a_file_that_is_no_state_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("{")
    with pytest.raises(StateError, match="not a state file"):
        State.load(path)
    path.write_text(json.dumps({"format": 99}))
    with pytest.raises(StateError, match="format: accepted: 1: received: 99"):
        State.load(path)
