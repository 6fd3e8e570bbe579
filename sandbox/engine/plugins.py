"""Provider plugins: child processes that speak Pulumi's own protocol."""

import select
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import grpc
from pulumi.runtime.proto import provider_pb2_grpc as rpc

from sandbox.engine.provider import Provider, ProviderError

COMMANDS: Mapping[str, Sequence[str]] = {
    package: (sys.executable, "-u", "-m", f"sandbox.providers.{package}") for package in ("aws", "kubernetes")
}
"""Package -> command that starts its provider."""

_START_SECONDS = 60
_LIMITS = [("grpc.max_receive_message_length", 400 << 20), ("grpc.max_send_message_length", 400 << 20)]


class Plugins:
    """The plugin processes of one run."""

    def __init__(
        self,
        environment: Mapping[str, str],
        directory: Path,
        log: Path,
        commands: Mapping[str, Sequence[str]] = COMMANDS,
    ) -> None:
        self._environment, self._directory, self._log, self._commands = environment, directory, log, commands
        self._lock = threading.Lock()
        self._ready: dict[str, subprocess.Popen[str]] = {}
        self._processes: list[subprocess.Popen[str]] = []

    def prepare(self, package: str) -> None:
        """Begin to start a provider that will be needed."""
        if package in self._commands:
            process = self._spawn(package)
            with self._lock:
                self._ready[package] = process

    def start(self, package: str) -> Provider:
        """A provider process of its own, not configured yet; raises ``ProviderError``."""
        if package not in self._commands:
            known = ", ".join(sorted(self._commands))
            raise ProviderError(f"the sandbox has no provider for package {package!r}; it has {known}")
        with self._lock:
            process = self._ready.pop(package, None)
        process = process or self._spawn(package)
        stub = rpc.ResourceProviderStub(grpc.insecure_channel(f"127.0.0.1:{self._port(package, process)}", _LIMITS))
        provider = Provider(stub)
        provider.greet()
        return provider

    def stop(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()

    def _spawn(self, package: str) -> subprocess.Popen[str]:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("a") as log:
            process = subprocess.Popen(  # noqa: S603 -- our own providers
                [*self._commands[package], "127.0.0.1:0"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=dict(self._environment),
                cwd=self._directory,
                start_new_session=True,  # an interrupt of ours must not end it in the middle of an operation
            )
        with self._lock:
            self._processes.append(process)
        return process

    def _port(self, package: str, process: subprocess.Popen[str]) -> int:
        assert process.stdout is not None
        readable, _, _ = select.select([process.stdout], [], [], _START_SECONDS)
        line = process.stdout.readline() if readable else ""
        if not line.strip().isdigit():
            raise ProviderError(f"the provider of {package} did not start (see {self._log}): {line.strip()!r}")
        return int(line)
