"""What an inventory is made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Call = Callable[[str], Any]
"""From a service's name to its client."""


@dataclass(frozen=True)
class Item:
    """One thing that exists."""

    kind: str
    identifier: str
    """Name where AWS gives it one, else id."""
    tags: Mapping[str, str] = field(default_factory=dict)
    state: str = ""
    """Of a key: that AWS only deletes it after its window, or that its policy lets nobody look; else nothing."""


def tags_of(pairs: list[dict[str, str]]) -> dict[str, str]:
    """Tags from a list of pairs."""
    return {pair["Key"]: pair["Value"] for pair in pairs}
