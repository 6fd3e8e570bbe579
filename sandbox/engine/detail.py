"""Names each property that moves, with its old and new value, for people to read."""

import json
import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from sandbox.engine.outcome import Detail
from sandbox.engine.provider import Difference
from sandbox.engine.sealed import has_secret, reveal, show
from sandbox.providers.changes import top_level
from sandbox.providers.values import Properties


def details(old: Properties, new: Properties, difference: Difference) -> tuple[Detail, ...]:
    """The paths that differ between two sets of inputs; text that holds JSON is compared inside."""
    forced = {top_level(path) for path in difference.replaces}
    hidden = {key for key in old.keys() | new.keys() if has_secret(old.get(key)) or has_secret(new.get(key))}
    found: list[Detail] = []
    for path, *values in _moves("", *_opened(reveal(old), reveal(new))):
        property_ = top_level(path)
        texts = [None if value is None else "[secret]" if property_ in hidden else show(value) for value in values]
        found.append(Detail(path, texts[0], texts[1], property_ in forced))
    named = {top_level(detail.path) for detail in found}
    # the provider may know of changes that the inputs do not show
    rest = [path for path in difference.paths if top_level(path) not in named]
    found += [Detail(path, None, None, top_level(path) in forced) for path in rest]
    return tuple(sorted(found, key=lambda detail: detail.path))


def _moves(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """Path, old and new value of all that differs; None: not there."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            if path or not key.startswith("__"):
                yield from _moves(_under(path, key), old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list):
        for index, pair in enumerate(zip_longest(old, new)):
            yield from _moves(f"{path}[{index}]", *pair)
    elif old != new:
        yield path, old, new


def _under(path: str, key: str) -> str:
    if re.fullmatch(r"[A-Za-z_][\w-]*", key):
        return f"{path}.{key}" if path else key
    return f"{path}[{json.dumps(key)}]"


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
