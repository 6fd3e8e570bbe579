"""Providers that answer at once, for Pulumi's own CLI.

They live in the benchmark's process and the CLI attaches to them, so what is measured is the CLI, the program and the
state: neither a cloud's time nor a provider's.
"""
# ruff: noqa: ARG002 -- the methods' arguments are the interface's

import json
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from sandbox.providers.backend import Backend, Existing, Failure
from sandbox.providers.changes import Difference, compare
from sandbox.providers.protocol import sdk_version, start
from tests.components import computed

Properties = dict[str, Any]


class Echo(Backend):
    """Outputs are the inputs and plausible computed values."""

    def __init__(self, package: str) -> None:
        self.package = package

    def configure(self, config: Properties, environment: Mapping[str, str]) -> None:
        """Takes anything: it speaks to nobody."""

    def check(
        self, type_: str, urn: str, name: str, olds: Properties, news: Properties, seed: bytes
    ) -> tuple[Properties, list[Failure]]:
        """Accept."""
        return news, []

    def diff(self, type_: str, identifier: str, olds: Properties, outputs: Properties, news: Properties) -> Difference:
        """Compare."""
        return compare(olds, news)

    def create(self, type_: str, inputs: Properties, timeout: float) -> tuple[str, Properties]:
        """Answer. The name stands for the logical one, which the protocol does not send."""
        identity, extra = computed.outputs(type_, json.dumps(inputs, sort_keys=True, default=str)[:200], inputs)
        return identity[:64], {**inputs, **extra}

    def read(self, type_: str, identifier: str, inputs: Properties, outputs: Properties) -> Existing | None:
        """It is as it was."""
        return Existing(identifier, outputs)

    def update(
        self, type_: str, identifier: str, olds: Properties, outputs: Properties, news: Properties, timeout: float
    ) -> Properties:
        """Answer."""
        return {**outputs, **news}

    def delete(self, type_: str, identifier: str, inputs: Properties, outputs: Properties, timeout: float) -> None:
        """Nothing to do."""

    def invoke(self, token: str, arguments: Properties) -> Properties:
        """An account's plain answers."""
        return computed.INVOKES[token]


@contextmanager
def serving() -> Generator[str]:
    """Both providers, as ``PULUMI_DEBUG_PROVIDERS`` names them."""
    with ExitStack() as running:
        addresses = []
        for package in ("aws", "kubernetes"):
            server, port = start(Echo(package), sdk_version(f"pulumi_{package}"))
            running.callback(server.stop, None)
            addresses.append(f"{package}:{port}")
        yield ",".join(addresses)
