"""What a provider has to be: the interface that the protocol's servicer talks to."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.providers.changes import Difference, compare
from sandbox.providers.values import Properties

Failure = tuple[str, str]
"""Property and what is wrong with it."""


@dataclass(frozen=True)
class Existing:
    """A resource as it is now."""

    id: str
    outputs: Properties
    inputs: Properties | None = None
    """What a program would have to say to get it; None: what it said last."""


class NotReady(Exception):
    """The resource was made or changed but did not become ready; the engine records it and tries again."""

    def __init__(self, identifier: str, outputs: Properties, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.id, self.outputs, self.reasons = identifier, outputs, reasons


class Backend(ABC):
    """One provider instance. Calls come from many threads. Any exception is shown to the user as its message."""

    package: str = ""
    """First part of the types that it knows, such as ``aws``."""
    constructs: bool = False
    """Whether it has components of its own."""

    def check_config(self, inputs: Properties) -> tuple[Properties, list[Failure]]:
        """Provider arguments, completed, and what is wrong with them. Compound ones are JSON text."""
        return inputs, []

    def diff_config(self, old: Properties, new: Properties) -> Difference:
        """What a change of provider arguments means; a replaced provider replaces everything made with it."""
        return compare(old, new)

    @abstractmethod
    def configure(self, config: Properties, environment: Mapping[str, str]) -> None:
        """Take the provider arguments; raise where they may not be used."""

    @abstractmethod
    def check(
        self, type_: str, urn: str, name: str, olds: Properties, news: Properties, seed: bytes
    ) -> tuple[Properties, list[Failure]]:
        """Inputs with defaults and physical name filled in, and what is wrong with them. ``olds``: the last inputs."""

    @abstractmethod
    def diff(self, type_: str, identifier: str, olds: Properties, outputs: Properties, news: Properties) -> Difference:
        """What changes from inputs ``olds`` (and the recorded ``outputs``) to ``news``."""

    @abstractmethod
    def create(self, type_: str, inputs: Properties, timeout: float) -> tuple[str, Properties]:
        """Make it and return id and outputs; ``timeout`` in seconds, 0 for the provider's own."""

    @abstractmethod
    def read(self, type_: str, identifier: str, inputs: Properties, outputs: Properties) -> Existing | None:
        """The resource as it is, or None if it is gone. ``inputs`` are empty for an import."""

    @abstractmethod
    def update(
        self, type_: str, identifier: str, olds: Properties, outputs: Properties, news: Properties, timeout: float
    ) -> Properties:
        """Change it in place and return all outputs."""

    @abstractmethod
    def delete(self, type_: str, identifier: str, inputs: Properties, outputs: Properties, timeout: float) -> None:
        """Delete it; done if it is already gone."""

    @abstractmethod
    def invoke(self, token: str, arguments: Properties) -> Properties:
        """Answer a function."""

    def construct(self, type_: str, name: str, inputs: Properties) -> Properties:  # noqa: ARG002
        """Outputs of a component of the provider's own; raises ``ValueError`` for one that it does not have."""
        raise ValueError(f"{type_} is not supported by the sandbox")

    def preview(self, type_: str, inputs: Properties, outputs: Properties | None) -> Properties:  # noqa: ARG002
        """Outputs to show for a create (``outputs`` is None) or update that is only previewed.

        What is absent is unknown to the program. An update keeps what the last one brought.
        """
        return {**(outputs or {}), **inputs}

    def cancel(self) -> None:  # noqa: B027 -- most have nothing to stop
        """The user interrupted the update."""
