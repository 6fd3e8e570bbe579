"""What people read."""

import io
import json
from collections import Counter

import pytest

from sandbox.engine.outcome import Change, Detail, Op, Outcome
from sandbox.engine.sealed import seal, show
from sandbox.providers.values import UNKNOWN
from sandbox.report import Printer
from sandbox.summary import Summary

UPDATE = Change(
    Op.UPDATE,
    "aws:s3/bucket:Bucket",
    "models",
    1.234,
    (
        Detail("tagsAll", None, None),
        Detail("tags.owner", '"me"', '"you"'),
        Detail("key", None, "[secret]"),
        Detail("old", "1", None, replaces=True),
    ),
)


def printed(printer: Printer, *changes: Change) -> str:
    stream = io.StringIO()
    printer._stream = stream
    for change in changes:
        printer.change(change)
    return stream.getvalue()


def test_a_preview_names_each_property_with_old_and_new_value() -> None:
    assert printed(Printer(preview=True), UPDATE).splitlines() == [
        "  ~  aws:s3/bucket:Bucket                         models",
        "         tagsAll",
        '         tags.owner: "me" => "you"',
        "         key: + [secret]",
        "         old: - 1 (forces replacement)",
    ]


def test_an_update_shows_times_and_remarks_and_nothing_of_what_is_unchanged() -> None:
    deleted = Change(Op.DELETE, "t", "n", 0.5, remark="stays")
    text = printed(Printer(), UPDATE, Change(Op.SAME, "t", "same"), deleted)
    assert "updated   1.23s" in text
    assert "deleted   0.50s  (stays)" in text
    assert "same" not in text


def test_quiet_shows_failures_and_warnings_only() -> None:
    stream = io.StringIO()
    printer = Printer(quiet=True, stream=stream)
    printer.change(UPDATE)
    printer.note("something")
    printer.note("warning: careful")
    printer.failure("aws:s3/bucket:Bucket", "models", "it broke\nhere")
    assert stream.getvalue().splitlines() == [
        "     warning: careful",
        "  !  aws:s3/bucket:Bucket models: it broke",
        "     here",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": seal("hush"), "b": [1, UNKNOWN]}, '{"a": [secret], "b": [1, [unknown]]}'),
        ("x" * 200, '"' + "x" * 156 + "..."),
    ],
)
def test_values_for_people(value: object, text: str) -> None:
    assert show(value) == text


def summary() -> Summary:
    first = Outcome(counts=Counter({Op.CREATE: 5}), outputs={"a": 1})
    second = Outcome(
        counts=Counter({Op.CREATE: 2, Op.UPDATE: 1, Op.SAME: 4}),
        types=Counter({"aws:s3/bucket:Bucket": 3, "aws:x:Y": 4}),
        recorded=Counter({"aws:x:Y": 4}),
        outputs={"a": 2, "key": "[secret]", "platform": {"name": "x"}},
    )
    return Summary("local", "stand-in engine: never used for a real account", passes=[first, second], writes=9)


def test_two_passes_are_one_summary() -> None:
    found = json.loads(summary().as_json())
    assert {key: found[key] for key in ("created", "updated", "unchanged", "recorded", "writes", "ok")} == {
        "created": 7,
        "updated": 1,
        "unchanged": 0,
        "recorded": 4,
        "writes": 9,
        "ok": True,
    }
    assert found["outputs"] == {"a": 2, "key": "[secret]", "platform": {"name": "x"}}


def test_the_summary_says_what_was_only_recorded_and_which_engine_it_was() -> None:
    text = summary().as_text()
    assert "Recorded only (accepted, not emulated): 4\n       4 aws:x:Y" in text
    assert "created 7, updated 1, replaced 0, deleted 0, unchanged 0; 9 write calls reached the cloud" in text
    assert "(stand-in engine: never used for a real account)" in text
    assert "    platform:\n        name: x" in text


def test_a_failed_command_says_how_to_go_on() -> None:
    text = Summary("local", "e", passes=[Outcome(ok=False)]).as_text()
    assert text.endswith("local: failed; what was done is kept, the next `up` continues from it")
