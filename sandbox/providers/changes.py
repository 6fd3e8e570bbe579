"""What differs between two sets of inputs, property by property, in the paths that Pulumi uses."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sandbox.providers.values import Properties

_STEP = re.compile(r"""\.?([^.\[\]"]+)|\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]""")

Same = Callable[[str, Any, Any], bool]
"""Whether two values that are spelt differently mean the same at a path."""


class Kind(StrEnum):
    """How a property changes."""

    ADD = "ADD"
    DELETE = "DELETE"
    UPDATE = "UPDATE"


@dataclass(frozen=True)
class Difference:
    """The result of comparing a resource with what the program asks for."""

    changes: dict[str, Kind] = field(default_factory=dict)
    """Path (``tags.Name``, ``ingress[0].fromPort``) -> what happens to it."""
    replaces: frozenset[str] = frozenset()
    """The paths among them that only a new resource can take."""
    delete_before_replace: bool = False
    """The old resource must go first, because both would carry the same physical name."""


def compare(
    old: Properties,
    new: Properties,
    replace_on: Iterable[str] = (),
    same: Same = lambda _path, old, new: bool(old == new),
) -> Difference:
    """Compare inputs; a change at or under a path of ``replace_on`` (list indexes left out) asks for replacement."""
    changes: dict[str, Kind] = {}
    values: dict[str, Any] = {}

    def visit(path: str, before: Any, after: Any) -> None:
        if isinstance(before, dict) and isinstance(after, dict):
            for key in sorted(before.keys() | after.keys()):
                if path or not key.startswith("__"):
                    child(_under(path, key), before, after, key)
        elif same(path, before, after):
            return
        elif isinstance(before, list) and isinstance(after, list):
            for index in range(max(len(before), len(after))):
                child(f"{path}[{index}]", dict(enumerate(before)), dict(enumerate(after)), index)
        else:
            note(path, Kind.UPDATE, after)

    def child(path: str, before: dict[Any, Any], after: dict[Any, Any], key: Any) -> None:
        if before.get(key) is None:
            if after.get(key) is not None and not same(path, None, after[key]):
                note(path, Kind.ADD, after[key])
        elif after.get(key) is None:
            if not same(path, before[key], None):
                note(path, Kind.DELETE, before[key])
        else:
            visit(path, before[key], after[key])

    def note(path: str, kind: Kind, value: Any) -> None:
        changes[path], values[path] = kind, value

    visit("", old, new)
    forced = [tuple(_steps(path)) for path in replace_on]
    replaces = frozenset(path for path in changes if any(_reaches(path, values[path], steps) for steps in forced))
    return Difference(changes, replaces)


def ignoring(old: Properties, new: Properties, paths: Iterable[str]) -> Properties:
    """``new`` with the values of ``old`` at ``paths``: Pulumi's ``ignoreChanges``, wildcards included."""
    result: Properties = new
    for path in paths:
        result = _keep(old, result, _steps(path))
    return result


def top_level(path: str) -> str:
    """The property that a path lies in."""
    return str(_steps(path)[0])


def _keep(old: Any, new: Any, steps: list[str | int]) -> Any:
    step, rest = steps[0], steps[1:]
    if step == "*":
        keys = _keys(old) | _keys(new)
        for key in sorted(keys, key=str):
            new = _keep(old, new, [key, *rest])
        return new
    if not isinstance(new, dict | list) or (isinstance(new, list) != isinstance(step, int)):
        return new
    before, after = _get(old, step), _get(new, step)
    value = _keep(before, after, rest) if rest else before
    if isinstance(new, list):
        index = int(step)
        if index < len(new) and value is not None:
            return [*new[:index], value, *new[index + 1 :]]
        return new
    if value is None:
        return {key: item for key, item in new.items() if key != step}
    return {**new, step: value}


def _keys(value: Any) -> set[str | int]:
    return set(range(len(value))) if isinstance(value, list) else set(value) if isinstance(value, dict) else set()


def _get(value: Any, step: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def _steps(path: str) -> list[str | int]:
    steps: list[str | int] = []
    for name, quoted, index in _STEP.findall(path):
        if index:
            steps.append(index if index == "*" else int(index))
        else:
            steps.append(name or quoted.replace('\\"', '"'))
    return steps


def _under(path: str, key: str) -> str:
    if re.fullmatch(r"[A-Za-z_][\w-]*", key):
        return f"{path}.{key}" if path else key
    return f"{path}[{_quoted(key)}]"


def _quoted(key: str) -> str:
    return '"' + key.replace('"', '\\"') + '"'


def _reaches(path: str, value: Any, forced: tuple[str | int, ...]) -> bool:
    """Whether the change at ``path`` touches ``forced``: it lies under it, or brings or takes it whole."""
    here = tuple(step for step in _steps(path) if not isinstance(step, int))
    if here[: len(forced)] == forced:
        return True
    if forced[: len(here)] != here:
        return False
    values = [value]
    for step in forced[len(here) :]:
        values = [item for outer in values for item in (outer if isinstance(outer, list) else [outer])]
        values = [item[step] for item in values if isinstance(item, dict) and item.get(step) is not None]
    return bool(values)
