"""Every check accepts what it says and refuses the rest with the argument, what is accepted and what came."""

from typing import Any

import pytest
from slipway import _check


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (0, "n: accepted: a whole number from 1 to 9: received: 0"),
        (10, "n: accepted: a whole number from 1 to 9: received: 10"),
        (2.5, "n: accepted: a whole number from 1 to 9: received: 2.5"),
        ("2", "n: accepted: a whole number from 1 to 9: received: '2'"),
        (True, "n: accepted: a whole number from 1 to 9: received: True"),
        (None, "n: accepted: a whole number from 1 to 9: received: None"),
        (float("nan"), "n: accepted: a whole number from 1 to 9: received: nan"),
        (float("inf"), "n: accepted: a whole number from 1 to 9: received: inf"),
    ],
)
def test_between_refuses(value: Any, message: str) -> None:
    with pytest.raises(ValueError) as error:
        _check.between("n", value, 1, 9)
    assert str(error.value) == message


def test_whole_numbers_of_a_plugin_host_become_int() -> None:
    assert _check.between("n", 9.0, 1, 9) == 9
    assert isinstance(_check.days("d", 90.0), int)
    assert _check.log_days("l", 365.0) == 365


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: _check.days("d", 0), "d: accepted: 1 to 3653 days: received: 0"),
        (lambda: _check.days("d", 31, 7, 30), "d: accepted: 7 to 30 days: received: 31"),
        (lambda: _check.log_days("l", 31), "l: accepted: one of 1, 3, 5, 7, 14, 30, 60,"),
        (lambda: _check.flag("f", "true"), "f: accepted: true or false: received: 'true'"),
        (lambda: _check.matches("m", "A", "[a-z]", "a letter"), "m: accepted: a letter: received: 'A'"),
        (lambda: _check.matches("m", "a\n", "[a-z]", "a letter"), r"m: accepted: a letter: received: 'a\n'"),
        (lambda: _check.matches("m", 1, "[a-z]", "a letter"), "m: accepted: a letter: received: 1"),
        (lambda: _check.one_of("o", "c", ["a", "b"]), "o: accepted: one of a, b: received: 'c'"),
        (lambda: _check.one_of("o", None, ["a", "b"]), "o: accepted: one of a, b: received: None"),
        (lambda: _check.unique("u", "ab"), "u: accepted: a list of text: received: 'ab'"),
        (lambda: _check.unique("u", [1]), "u: accepted: a list of text: received: [1]"),
        (lambda: _check.unique("u", None), "u: accepted: a list of text: received: None"),
        (lambda: _check.unique("u", [], at_least=1), "u: accepted: at least 1 entry: received: []"),
        (lambda: _check.unique("u", ["a"], at_least=2), "u: accepted: at least 2 entries: received: ['a']"),
        (lambda: _check.unique("u", ["a", "a"]), "u: accepted: entries that differ from each other: received:"),
        (lambda: _check.each("e", ["a", "B"], "[a-z]", "a letter"), "e[1]: accepted: a letter: received: 'B'"),
        (lambda: _check.together({"a": "x"}, "a", "b"), "a and b: accepted: all of them or none: received: ['a']"),
        (lambda: _check.known({"tag": 1}, ["tags", "days"]), "tag: accepted: no such argument; there are days, tags"),
    ],
)
def test_refuses(call: Any, message: str) -> None:
    with pytest.raises(ValueError) as error:
        call()
    assert str(error.value).startswith(message)


def test_accepts() -> None:
    assert _check.flag("f", False) is False
    assert _check.matches("m", "a", "[a-z]", "a letter") == "a"
    assert _check.one_of("o", "a", ["a"]) == "a"
    assert _check.each("e", ("a", "b"), "[a-z]", "a letter", at_least=2) == ["a", "b"]
    assert _check.together({"a": 1, "b": 2}, "a", "b") is True
    assert _check.together({"a": None}, "a", "b") is False
    _check.known({"tags": {}}, ["tags"])
