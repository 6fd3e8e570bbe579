"""What the stand-in engine knows of a stack, on disk after every operation.

A snapshot (JSON, replaced atomically) and a journal of what happened since, one line each. An operation is announced in
the journal before a provider is asked for it and answered by a second line, so a killed run loses nothing that was done
and its successor sees what may have been. Writing costs one line per operation however large the stack is.
"""

import json
import os
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sandbox.engine.urns import PROVIDER_PREFIX, name_of, package_of
from sandbox.providers.values import Properties

FORMAT = 1


class StateError(ValueError):
    """A state file cannot be used."""


@dataclass
class Entry:
    """One resource."""

    urn: str
    type: str
    custom: bool = True
    id: str = ""
    parent: str = ""
    provider: str = ""
    """Reference of its provider: URN and id."""
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    dependencies: list[str] = field(default_factory=list)
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    protect: bool = False
    retain: bool = False
    deleted_with: str = ""
    trigger: Any = None
    """What made it be replaced when it changed (``replacement_trigger``)."""
    external: bool = False
    """Read, not managed."""
    generation: int = 0
    """How often it was replaced: part of the seed of generated names."""
    failures: list[str] = field(default_factory=list)
    """Why it exists but is not ready."""

    @property
    def name(self) -> str:
        """Logical name."""
        return name_of(self.urn)

    @property
    def package(self) -> str:
        """Package whose provider manages it."""
        return package_of(self.type)

    @property
    def is_provider(self) -> bool:
        """Whether it is a provider itself."""
        return self.type.startswith(PROVIDER_PREFIX)

    @property
    def is_default_provider(self) -> bool:
        """Whether it is a provider that the program did not declare; not counted as a resource."""
        return self.is_provider and self.name.startswith("default")

    @property
    def reference(self) -> str:
        """How resources name it as their provider."""
        return f"{self.urn}::{self.id}"

    @property
    def recorded(self) -> bool:
        """Whether the provider accepted it without emulating it."""
        return bool(self.outputs.get("__recorded"))

    def needs(self) -> set[str]:
        """URNs that must exist as long as this one does."""
        found = {self.parent, self.provider.rsplit("::", 1)[0], self.deleted_with, *self.dependencies}
        for urns in self.property_dependencies.values():
            found.update(urns)
        return found - {""}


@dataclass(frozen=True)
class Pending:
    """An operation that was begun and not answered."""

    kind: str
    urn: str
    id: str = ""


class State:
    """The resources of a stack. Methods may be called from many threads."""

    def __init__(self, path: Path | None, stack: str = "", cloud: str = "") -> None:
        self.path, self.stack, self.cloud = path, stack, cloud
        self.resources: dict[str, Entry] = {}
        self.condemned: list[Entry] = []
        """Replaced resources that are still to be deleted."""
        self.pending: dict[str, Pending] = {}
        self._lock = threading.Lock()
        self._epoch = 0
        self._journal: int | None = None

    @classmethod
    def load(cls, path: Path, *, writable: bool = True) -> "State":
        """The state at ``path``, with the journal of an interrupted run applied; empty if there is none.

        Raises ``StateError``. Only a ``writable`` state may be changed.
        """
        state = cls(path if writable else None)
        if path.exists():
            try:
                content = json.loads(path.read_text())
            except ValueError as error:
                raise StateError(f"{path}: not a state file: {error}") from None
            if content.get("format") != FORMAT:
                raise StateError(f"{path}: format: accepted: {FORMAT}: received: {content.get('format')!r}")
            state._restore(content)
        journal = _journal(path, state._epoch)
        if journal.exists():
            for line in journal.read_text().splitlines():
                try:
                    state._apply(json.loads(line))
                except ValueError:
                    break  # the last line of a killed run
        return state

    def begin(self, kind: str, entry: Entry) -> None:
        """Announce that ``entry`` is about to be created, updated or deleted."""
        self._note({"begin": kind, "urn": entry.urn, "id": entry.id})

    def abandon(self, urn: str) -> None:
        """The announced operation was refused: nothing changed."""
        self._note({"abandon": urn})

    def put(self, entry: Entry, *, replaces: bool = False) -> None:
        """``entry`` is as given; the announced operation, if any, is done.

        If it ``replaces`` its old form, that one is to be deleted at the end.
        """
        self._note({"put": asdict(entry), "replaces": replaces})

    def remove(self, entry: Entry) -> None:
        """``entry`` is gone."""
        self._note({"remove": entry.urn, "id": entry.id})

    def save(self) -> None:
        """Write the snapshot and start an empty journal."""
        if self.path is None:
            return
        with self._lock:
            content = {
                "format": FORMAT,
                "epoch": self._epoch + 1,
                "stack": self.stack,
                "cloud": self.cloud,
                "resources": [asdict(entry) for entry in self.resources.values()],
                "condemned": [asdict(entry) for entry in self.condemned],
                "pending": [asdict(entry) for entry in self.pending.values()],
            }
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_private(self.path, json.dumps(content, indent=1))
            if self._journal is not None:
                os.close(self._journal)
                self._journal = None
            _journal(self.path, self._epoch).unlink(missing_ok=True)
            self._epoch += 1

    def _note(self, change: dict[str, Any]) -> None:
        line = (json.dumps(change) + "\n").encode()
        with self._lock:
            if self.path is not None:
                if self._journal is None:
                    self.path.parent.mkdir(parents=True, exist_ok=True)
                    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
                    self._journal = os.open(_journal(self.path, self._epoch), flags, 0o600)
                os.write(self._journal, line)
            self._apply(change)

    def _apply(self, change: dict[str, Any]) -> None:
        match change:
            case {"begin": kind, "urn": urn, "id": identifier}:
                self.pending[urn] = Pending(kind, urn, identifier)
            case {"abandon": urn}:
                self.pending.pop(urn, None)
            case {"put": fields, "replaces": replaces}:
                entry = Entry(**fields)
                self.pending.pop(entry.urn, None)
                old = self.resources.pop(entry.urn, None)
                if replaces and old is not None:
                    self.condemned.append(old)
                self.resources[entry.urn] = entry
            case {"remove": urn, "id": identifier}:
                self.pending.pop(urn, None)
                found = next((old for old in self.condemned if (old.urn, old.id) == (urn, identifier)), None)
                if found is not None:
                    self.condemned.remove(found)
                else:
                    self.resources.pop(urn, None)

    def _restore(self, content: dict[str, Any]) -> None:
        self.stack, self.cloud, self._epoch = content["stack"], content["cloud"], content["epoch"]
        self.resources = {fields["urn"]: Entry(**fields) for fields in content["resources"]}
        self.condemned = [Entry(**fields) for fields in content["condemned"]]
        self.pending = {fields["urn"]: Pending(**fields) for fields in content["pending"]}


def write_private(path: Path, text: str) -> None:
    """Replace ``path`` atomically by a file that only its owner can read."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.touch(0o600)
    temporary.write_text(text)
    temporary.replace(path)


def _journal(path: Path, epoch: int) -> Path:
    """The journal that continues the snapshot of ``epoch``; one of another epoch is already part of it."""
    return path.with_suffix(f".{epoch}.journal")
