"""A stack's settings file, edited in exactly one line: the release of one model.

The file belongs to people: its comments, order, quoting, indentation and line ends stay as they are. The value is
found by the marks of a real YAML parser, and an edit after which anything else would be read differently is refused.
"""

import contextlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from slipway_ops.problems import refused

NEWEST = "newest"
MODELS = "slipway:models"
_PATH = ("config", MODELS)
_STR = "tag:yaml.org,2002:str"


class _Loader(yaml.SafeLoader):
    """Composes nodes and remembers which of them an anchor shares: to edit one would edit others too."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.shared: set[int] = set()

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        anchor = getattr(self.peek_event(), "anchor", None)  # type: ignore[no-untyped-call]  # in the stubs
        node = super().compose_node(parent, index)
        if anchor is not None:
            self.shared.add(id(node))
        return node


@dataclass(frozen=True)
class StackFile:
    """``Pulumi.<stack>.yaml`` as it was read."""

    path: Path
    text: str

    @classmethod
    def read(cls, stack: str, directory: Path) -> Self:
        """The file of ``stack``, byte for byte; raises ``ReleaseError``."""
        path = directory / f"Pulumi.{stack}.yaml"
        try:
            return cls(path, path.read_bytes().decode())
        except (OSError, UnicodeDecodeError) as error:
            raise refused(str(path), "file", "a readable file in UTF-8", str(error)) from None

    def models(self) -> list[str]:
        """Names of the models in it."""
        return sorted(key.value for key, _ in self._models()[0].value if isinstance(key, ScalarNode))

    def setting(self, key: str) -> Any:
        """The value of ``slipway:<key>``; None where the file does not say."""
        config = (yaml.safe_load(self.text) or {}).get("config") or {}
        return config.get(f"slipway:{key}")

    def release(self, model: str) -> str | None:
        """What the file says as the model's release; raises ``ReleaseError`` for a model that it does not have."""
        found = self._release(model)[1]
        return found.value if found else None

    def line(self, model: str) -> int | None:
        """Number of the line that says the model's release."""
        found = self._release(model)[1]
        return found.start_mark.line + 1 if found else None

    def edited(self, model: str, release: str) -> Self:
        """The file with ``release`` as the model's release: one line changed, or added where there was none.

        Raises ``ReleaseError`` where that would change anything else.
        """
        entry, found = self._release(model)
        text = self._replaced(found, release) if found else self._added(model, entry, release)
        after = type(self)(self.path, text)
        expected = _with(_plain(_compose(self)[0]), (*_PATH, model, "release"), release)
        if _plain(_compose(after)[0]) != expected:
            raise self._refused(model, "a file in which one line says it", "one that would read differently elsewhere")
        return after

    def write(self, before: "StackFile") -> None:
        """Put this text in the place of ``before``, in one step; raises ``ReleaseError`` if somebody else wrote it."""
        target = self.path.resolve()  # a link stays one
        if target.read_bytes() != before.text.encode():
            raise refused(str(self.path), "file", "the file as it was read", "one that changed meanwhile")
        handle, partial = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(self.text.encode())
                file.flush()
                os.fsync(file.fileno())
            Path(partial).chmod(target.stat().st_mode & 0o7777)
            Path(partial).replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(partial).unlink()
            raise

    def _models(self) -> tuple[MappingNode, set[int]]:
        node, shared = _compose(self)
        for key in _PATH:
            node = _entry(self, node, key, ".".join(_PATH))
            if id(node) in shared or not isinstance(node, MappingNode):
                raise refused(str(self.path), key, "a map without an anchor", _kind(node, shared))
        assert isinstance(node, MappingNode), "checked in the loop"
        return node, shared

    def _release(self, model: str) -> tuple[Node, ScalarNode | None]:
        """The model's section and, if it has one, the value of its release."""
        models, shared = self._models()
        if model not in self._names(models):
            known = ", ".join(sorted(self._names(models))) or "none; the file has no model"
            raise refused(str(self.path), MODELS, known, model)
        section = _entry(self, models, model, MODELS)
        if id(section) in shared:
            raise self._refused(model, "a section of its own, without an anchor", _kind(section, shared), "")
        if not isinstance(section, MappingNode):
            if section.tag.endswith(":null"):
                return section, None
            raise self._refused(model, "a section", _kind(section, shared), "")
        names = self._names(section)
        if "<<" in names:
            raise self._refused(model, "a section of its own, without a merge", "<<", "")
        if "release" not in names:
            return section, None
        value = _entry(self, section, "release", f"{MODELS}.{model}")
        written = self.text[value.start_mark.index : value.end_mark.index]
        if id(value) in shared or not isinstance(value, ScalarNode):
            raise self._refused(model, "a release's id, without an anchor", _kind(value, shared))
        if written not in (value.value, f"'{value.value}'", f'"{value.value}"'):
            raise self._refused(model, "a release's id on one line", written)
        return section, value

    def _replaced(self, value: ScalarNode, release: str) -> str:
        quote = len(value.style or "")
        start, end = value.start_mark.index + quote, value.end_mark.index - quote
        return self.text[:start] + release + self.text[end:]

    def _added(self, model: str, section: Node, release: str) -> str:
        start, end = section.start_mark.index, section.end_mark.index
        if not isinstance(section, MappingNode):
            written = self.text[start:end]  # nothing, ~ or null
            space = " " if self.text[start - 1] == ":" else ""
            return f"{self.text[:start]}{space}{{release: {release}}}{self.text[start + len(written) :]}"
        if section.flow_style:
            more = ", " if section.value else ""
            return f"{self.text[: start + 1]}release: {release}{more}{self.text[start + 1 :].lstrip(' ')}"
        begin = self.text.rfind("\n", 0, start) + 1
        if self.text[begin:start].strip():
            raise self._refused(model, "a section that begins on a line of its own", self.text[begin:start])
        ending = "\r\n" if self.text[:begin].endswith("\r\n") else "\n"
        return f"{self.text[:begin]}{self.text[begin:start]}release: {release}{ending}{self.text[begin:]}"

    @staticmethod
    def _names(node: MappingNode) -> list[str]:
        return [str(key.value) for key, _ in node.value]

    def _refused(self, model: str, accepted: str, received: str, field: str = ".release") -> Exception:
        return refused(str(self.path), f"{MODELS}.{model}{field}", accepted, received)


def _compose(file: StackFile) -> tuple[Node, set[int]]:
    loader = _Loader(file.text)
    try:
        node = loader.get_single_node()
    except yaml.YAMLError as error:
        raise refused(str(file.path), "file", "YAML", re.sub(r"\s+", " ", str(error))) from None
    if not isinstance(node, MappingNode):
        raise refused(str(file.path), "file", "a map", _kind(node, set()))
    return node, loader.shared


def _entry(file: StackFile, node: Node, key: str, path: str) -> Node:
    found = [value for name, value in node.value if isinstance(name, ScalarNode) and name.value == key]
    if len(found) != 1:
        raise refused(str(file.path), path, f"{key}, once", f"{len(found)} times")
    entry: Node = found[0]
    return entry


def _kind(node: Node | None, shared: set[int]) -> str:
    if node is None:
        return "nothing"
    if id(node) in shared:
        return "an anchor or alias"
    return {ScalarNode: "a single value", MappingNode: "a map"}.get(type(node), "a list")


def _plain(node: Node) -> Any:
    """A node as it is read, with the kind of each value: ``1`` and ``"1"`` differ."""
    if isinstance(node, MappingNode):
        return [(_plain(key), _plain(value)) for key, value in node.value]
    if isinstance(node, ScalarNode):
        return node.tag, node.value
    return [_plain(item) for item in node.value]


def _with(entries: Any, path: tuple[str, ...], release: str) -> Any:
    """``entries`` with ``release`` at ``path``; a new entry is the first of its section."""
    if not path:
        return _STR, release
    entries = entries if isinstance(entries, list) else []  # of a model that says nothing
    wanted = (_STR, path[0])
    if wanted not in [key for key, _ in entries]:
        return [(wanted, (_STR, release)), *entries]
    return [(key, _with(value, path[1:], release) if key == wanted else value) for key, value in entries]
