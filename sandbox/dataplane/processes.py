"""Programs that run for the time of a test on this machine: free ports, logs, an end that always comes."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sandbox.loopback import require

KEPT = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR")
"""All that a program gets of this one's environment."""
_STOP_SECONDS = 10.0


class ProcessError(RuntimeError):
    """A program did not start, or ended before its time; the message has the end of its log."""


class Program:
    """One running program."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name, self.log = name, log
        kept = {key: os.environ[key] for key in KEPT if key in os.environ}
        with log.open("w") as output:
            self._process = subprocess.Popen(  # noqa: S603 -- our own programs, arguments of ours
                list(command),
                env={**kept, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def wait(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until ``ready``; raises ``ProcessError`` if the program ends first or takes longer than ``seconds``."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.alive:
                raise ProcessError(f"{self.name} ended with code {self._process.returncode}:\n{self.tail()}")
            try:
                if ready():
                    return
            except (OSError, ValueError, urllib.error.URLError):
                pass
            time.sleep(0.05)
        raise ProcessError(f"{self.name} was not ready within {seconds:.0f} s:\n{self.tail()}")

    def stop(self) -> None:
        """End it, whatever it does."""
        if self.alive:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def tail(self) -> str:
        """The last lines of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def get(url: str, seconds: float = 5.0) -> bytes:
    """What a loopback address answers, past any proxy."""
    return _open(urllib.request.Request(require(url)), seconds)  # noqa: S310 -- loopback only


def post_json(url: str, body: Any, seconds: float = 30.0) -> Any:
    """The JSON that a loopback address answers to JSON."""
    request = urllib.request.Request(require(url), json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310
    return json.loads(_open(request, seconds))


def _open(request: urllib.request.Request, seconds: float) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=seconds) as answer:
        body: bytes = answer.read()
    return body
