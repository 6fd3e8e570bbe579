"""Remembers what was made for whom, for types that AWS itself names.

A run that is killed between a creation and the engine's note of it would leave a VPC or an address that nobody knows,
and the next run would make another. So the provider notes the id itself, at once, in a file beside the engine's state;
a creation for the same resource with the same inputs finds it there.
"""

import hashlib
import json
from pathlib import Path

from sandbox.providers.values import Properties

VARIABLE = "SLIPWAY_CLAIMS"
"""Environment variable with the file's path; without it nothing is remembered."""

OWNER = "__owner"
"""Input that says which resource of the stack it is: the provider's own note."""


def owner(urn: str) -> str:
    """A resource's short name for ever."""
    return hashlib.sha256(urn.encode()).hexdigest()[:16]


class Claims:
    """The file: one JSON list of key and id per line, only ever added to."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def find(self, type_: str, inputs: Properties) -> str | None:
        """Id of what was last made for these inputs."""
        if self._path is None or not self._path.exists():
            return None
        wanted, found = _key(type_, inputs), None
        for line in self._path.read_text().splitlines():
            try:
                key, identifier = json.loads(line)
            except ValueError:  # the line that a kill cut short
                continue
            if key == wanted:
                found = str(identifier)
        return found

    def note(self, type_: str, inputs: Properties, identifier: str) -> None:
        """Remember it."""
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as file:
            file.write("\n" + json.dumps([_key(type_, inputs), identifier]) + "\n")


def _key(type_: str, inputs: Properties) -> str:
    return hashlib.sha256(json.dumps([type_, inputs], sort_keys=True).encode()).hexdigest()
