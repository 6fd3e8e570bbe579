"""Names each property that moves, with its old and new value, for people to read."""

import json
from typing import Any

from sandbox.engine.outcome import Detail
from sandbox.engine.plugins import Difference
from sandbox.engine.sealed import has_secret, reveal, show
from sandbox.providers.changes import compare, top_level
from sandbox.providers.values import Properties


def details(old: Properties, new: Properties, difference: Difference) -> tuple[Detail, ...]:
    """The paths that differ between two sets of inputs; text that holds JSON is compared inside."""
    forced = {top_level(path) for path in difference.replaces}
    hidden = {key for key in old.keys() | new.keys() if has_secret(old.get(key)) or has_secret(new.get(key))}
    before, after = _opened(reveal(old), reveal(new))
    found = {
        path: Detail(path, *_values(path, before, after, top_level(path) in hidden), top_level(path) in forced)
        for path in compare(before, after).changes
    }
    named = {top_level(path) for path in found}
    for path in sorted(difference.paths):
        if top_level(path) not in named:  # the provider knows of a change that the inputs do not show
            found[path] = Detail(path, "...", "...", top_level(path) in forced)
    return tuple(found[path] for path in sorted(found))


def _values(path: str, before: Properties, after: Properties, hidden: bool) -> tuple[str | None, str | None]:
    values = [_at(side, path) for side in (before, after)]
    texts = [None if value is None else "[secret]" if hidden else show(value) for value in values]
    return texts[0], texts[1]


def _at(value: Any, path: str) -> Any:
    from sandbox.providers.changes import _get, _steps

    for step in _steps(path):
        value = _get(value, step)
    return value


def _opened(old: Any, new: Any) -> tuple[Any, Any]:
    """Both sides with JSON text replaced by what it says, where both sides are such text and differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        pairs = {key: _opened(old.get(key), new.get(key)) for key in old.keys() | new.keys()}
        return (
            {key: pair[0] for key, pair in pairs.items() if key in old},
            {key: pair[1] for key, pair in pairs.items() if key in new},
        )
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        items = [_opened(*pair) for pair in zip(old, new, strict=True)]
        return [item[0] for item in items], [item[1] for item in items]
    if isinstance(old, str) and isinstance(new, str) and old != new:
        first, second = _json(old), _json(new)
        if first is not None and second is not None:
            return first, second
    return old, new


def _json(text: str) -> Any:
    if not text.startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None
