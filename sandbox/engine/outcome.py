"""What an update or preview did, the same for both engines."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class Op(StrEnum):
    """What happened, or would happen, to a resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    SAME = "same"
    READ = "read"


@dataclass(frozen=True)
class Detail:
    """One property that moves; values are concealed where they are secret, and both None where only the provider
    knows them."""

    path: str
    old: str | None
    """None: it was not there."""
    new: str | None
    """None: it goes."""
    replaces: bool = False
    """Only a new resource can take it."""


@dataclass(frozen=True)
class Change:
    """One resource and what happened to it."""

    op: Op
    type: str
    name: str
    seconds: float = 0.0
    details: tuple[Detail, ...] = ()
    remark: str = ""
    """What a reader should know besides, such as that it stays in the cloud."""


class Reporter(Protocol):
    """Is told what happens while it happens, from many threads."""

    def change(self, change: Change) -> None:
        """A resource is done."""

    def failure(self, type_: str, name: str, message: str) -> None:
        """A resource, or the program itself, failed."""

    def note(self, text: str) -> None:
        """Something worth reading."""


@dataclass
class Outcome:
    """The result of one run of an engine."""

    ok: bool = True
    counts: Counter[Op] = field(default_factory=Counter)
    """Resources by what happened to them."""
    types: Counter[str] = field(default_factory=Counter)
    """Resources that there are now, by type."""
    recorded: Counter[str] = field(default_factory=Counter)
    """Those of them that were accepted without being emulated, by type."""
    retained: list[str] = field(default_factory=list)
    """Resources that are no longer managed but stay in the cloud."""
    protected: list[str] = field(default_factory=list)
    """Resources that a ``down`` left because they are protected, and what they stand on."""
    outputs: dict[str, Any] = field(default_factory=dict)
    """The stack's outputs; secrets are concealed."""
