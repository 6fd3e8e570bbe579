"""Property-level comparison and ``ignoreChanges`` as tables."""

from typing import Any

import pytest

from sandbox.providers.changes import Kind, compare, ignoring, top_level


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ({"a": 1}, {"a": 1}, {}),
        ({"a": 1}, {}, {"a": "DELETE"}),
        ({"a": None}, {}, {}),
        ({}, {"a": {"b": 1}}, {"a": "ADD"}),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, {"a.b": "UPDATE"}),
        ({"a": {"b.c/d": 1}}, {"a": {"b.c/d": 2}}, {'a["b.c/d"]': "UPDATE"}),
        ({"a": [1, 2]}, {"a": [1, 3, 4]}, {"a[1]": "UPDATE", "a[2]": "ADD"}),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, {"a[0].b": "UPDATE"}),
        ({"a": [1]}, {"a": {"b": 1}}, {"a": "UPDATE"}),
        ({"__defaults": []}, {"__defaults": ["a"]}, {}),
    ],
)
def test_compare(old: dict[str, Any], new: dict[str, Any], changes: dict[str, str]) -> None:
    assert compare(old, new).changes == {path: Kind(kind) for path, kind in changes.items()}


@pytest.mark.parametrize(
    ("old", "new", "forced", "replaces"),
    [
        ({"a": 1}, {"a": 2}, ["a"], {"a"}),
        ({"a": {"b": 1, "c": 1}}, {"a": {"b": 2, "c": 2}}, ["a.b"], {"a.b"}),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, ["a.b"], {"a[0].b"}),
        ({}, {"a": {"b": 1}}, ["a.b"], {"a"}),
        ({}, {"a": {"c": 1}}, ["a.b"], set()),
        ({"ab": 1}, {"ab": 2}, ["a"], set()),
    ],
)
def test_replacement(old: dict[str, Any], new: dict[str, Any], forced: list[str], replaces: set[str]) -> None:
    assert compare(old, new, forced).replaces == replaces


def test_another_spelling_is_no_change() -> None:
    def ignoring_case(_path: str, old: Any, new: Any) -> bool:
        return str(old).lower() == str(new).lower()

    assert compare({"a": "X", "b": ["Y"]}, {"a": "x", "b": ["y"]}, same=ignoring_case).changes == {}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a", {"a": 1, "n": {"x": 9, "y.z": 9}, "l": [{"k": 9}, {"k": 9}, {"k": 9}]}),
        ("n.x", {"a": 9, "n": {"x": 1, "y.z": 9}, "l": [{"k": 9}, {"k": 9}, {"k": 9}]}),
        ('n["y.z"]', {"a": 9, "n": {"x": 9, "y.z": 2}, "l": [{"k": 9}, {"k": 9}, {"k": 9}]}),
        ("l[1].k", {"a": 9, "n": {"x": 9, "y.z": 9}, "l": [{"k": 9}, {"k": 2}, {"k": 9}]}),
        ("l[*].k", {"a": 9, "n": {"x": 9, "y.z": 9}, "l": [{"k": 1}, {"k": 2}, {}]}),
        ("n.*", {"a": 9, "n": {"x": 1, "y.z": 2}, "l": [{"k": 9}, {"k": 9}, {"k": 9}]}),
        ("absent.deep", {"a": 9, "n": {"x": 9, "y.z": 9}, "l": [{"k": 9}, {"k": 9}, {"k": 9}]}),
    ],
)
def test_ignore_changes(path: str, expected: dict[str, Any]) -> None:
    old = {"a": 1, "n": {"x": 1, "y.z": 2}, "l": [{"k": 1}, {"k": 2}]}
    new = {"a": 9, "n": {"x": 9, "y.z": 9}, "l": [{"k": 9}, {"k": 9}, {"k": 9}]}
    assert ignoring(old, new, [path]) == expected


def test_the_top_level_property_of_a_path() -> None:
    assert [top_level(path) for path in ("a", "a.b", "a[0].b", 'a["b.c"]')] == ["a"] * 4
