"""Starts, finds and stops the cloud's process. Its directory holds who it is, its log and the lock of its starters."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sandbox.loopback import require

RECORD = "cloud.json"
"""File of the directory that says which process is the cloud."""
LOG = "cloud.log"
LOCK = "cloud.lock"

_ROOT = Path(__file__).parents[2]
_ANSWER_SECONDS = 5.0
_SILENT_SECONDS = 30.0
_WORK_SECONDS = 60.0
_START_SECONDS = 60.0
_STOP_SECONDS = 5.0
_KEPT = ("HOME", "LANG", "LC_ALL", "PATH", "PYTHONPATH", "TMPDIR", "VIRTUAL_ENV", "SLIPWAY_SANDBOX_JOB_ENV")


class CloudError(RuntimeError):
    """The cloud does not run or does not answer as it should."""


@dataclass(frozen=True)
class Cloud:
    """A running cloud."""

    url: str
    instance: str
    port: int
    pid: int

    def environment(self, region: str) -> dict[str, str]:
        """Variables that make boto3, the AWS CLI and the plugin use this cloud, in ``region``.

        They do not undo an ``AWS_PROFILE`` or an ``AWS_ENDPOINT_URL_<SERVICE>``: ``merged`` does.
        """
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",  # api.127.0.0.1 is no address
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }

    def merged(self, base: Mapping[str, str], region: str) -> dict[str, str]:
        """``base`` without anything that concerns AWS, plus ``environment(region)``."""
        return {k: v for k, v in base.items() if not k.startswith("AWS_")} | self.environment(region)

    def writes(self) -> int:
        """How many write calls have reached the cloud since it started."""
        return int(self._ask(f"journal?since={2**53}")["writes"])

    def journal(self, since: int = 0) -> list[dict[str, Any]]:
        """The write calls after number ``since``: ``{n, service, operation}`` each."""
        entries: list[dict[str, Any]] = self._ask(f"journal?since={since}")["entries"]
        return entries

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """What the account sent to the world outside after number ``since``: see ``sandbox.cloud.outgoing``."""
        requests: list[dict[str, Any]] = self._ask(f"requests?since={since}")["requests"]
        return requests

    def advance(self, seconds: float) -> str:
        """Move the account's clock forward; returns its new present."""
        return str(self._ask(f"advance?seconds={seconds}", "POST")["now"])

    def set_job_environment(self, variables: Mapping[str, str]) -> None:
        """Have every job from now on see ``variables``, whatever its definition says; an empty value takes one back."""
        self._ask(f"job-environment?{urlencode(variables)}", "POST")

    def reclaim(self, job_id: str) -> None:
        """Take a running Batch job's machine away, as EC2 does with Spot. Raises ``CloudError`` if it runs none."""
        self._ask(f"reclaim?{urlencode({'job': job_id})}", "POST")

    def _ask(self, question: str, method: str = "GET") -> dict[str, Any]:
        try:
            return _get(f"{self.url}/sandbox/{question}", method, _WORK_SECONDS)
        except (OSError, HTTPException, ValueError) as error:
            raise CloudError(f"the cloud at {self.url} does not answer: {error}") from error


def find(directory: Path) -> Cloud | None:
    """The cloud of ``directory`` if the process that it records is the one that answers.

    Raises ``CloudError`` where that process lives and does not answer: starting another one would lose what it holds.
    """
    try:
        record = json.loads((directory / RECORD).read_text())
        port, instance, pid = int(record["port"]), str(record["instance"]), int(record["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # never started
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + _SILENT_SECONDS
    while True:
        try:
            health = _get(f"{url}/sandbox/health")
            if health["instance"] == instance:
                return Cloud(url, instance, port, int(health["pid"]))
            return None  # another sandbox's
        except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
            silent = isinstance(error, TimeoutError) or isinstance(getattr(error, "reason", None), TimeoutError)
            if not silent or not _alive(pid):
                return None  # ended, or something else listens there now
        if time.monotonic() > deadline:
            raise CloudError(f"the cloud (process {pid}, port {port}) lives and does not answer: end it first")


def ensure(directory: Path) -> Cloud:
    """The cloud of ``directory``, started if it does not run. Raises ``CloudError`` with the log's end."""
    directory.mkdir(parents=True, exist_ok=True)
    return find(directory) or _start_once(directory)


def stop(directory: Path) -> bool:
    """End the cloud of ``directory``; whether there was one. A process that is not ours is left alone."""
    if not directory.is_dir():
        return False
    with _locked(directory):
        cloud = find(directory)
        (directory / RECORD).unlink(missing_ok=True)
        if cloud is None:
            return False
        for number in (signal.SIGTERM, signal.SIGKILL):
            os.kill(cloud.pid, number)
            if _gone(cloud.pid, _STOP_SECONDS):
                return True
    raise CloudError(f"the cloud (process {cloud.pid}) does not end")


def _start_once(directory: Path) -> Cloud:
    with _locked(directory):
        if cloud := find(directory):  # another caller was faster
            return cloud
        (directory / RECORD).unlink(missing_ok=True)
        with (directory / LOG).open("w") as output:
            process = subprocess.Popen(  # noqa: S603 -- our own module, arguments of ours
                [sys.executable, "-m", "sandbox.cloud", "--directory", str(directory.absolute())],
                cwd=_ROOT,
                env={name: os.environ[name] for name in _KEPT if name in os.environ} | {"PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # an interrupt of the command that started it is not meant for it
            )
        try:
            return _wait(directory, process)
        except BaseException:  # also an interrupt: a half-started cloud would appear behind the next one's back
            process.kill()
            process.wait()
            raise


def _wait(directory: Path, process: "subprocess.Popen[bytes]") -> Cloud:
    """The cloud that ``process`` becomes."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if cloud := find(directory):
            return cloud
        if (code := process.poll()) is not None:
            raise CloudError(f"the cloud ended with code {code} while starting:\n{_tail(directory / LOG)}")
        time.sleep(0.05)
    raise CloudError(f"the cloud did not answer within {_START_SECONDS:.0f} seconds:\n{_tail(directory / LOG)}")


@contextmanager
def _locked(directory: Path) -> Generator[None]:
    """One caller at a time starts or stops; the lock ends with the process that holds it."""
    with (directory / LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _gone(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)  # a child of ours is gone only when it was waited for
        if not _alive(pid):
            return True
        time.sleep(0.02)
    return False


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it lives, as somebody else's
        return True
    return True


def _get(url: str, method: str = "GET", seconds: float | None = None) -> dict[str, Any]:
    """JSON from the cloud itself, never through a proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(require(url), method=method)  # noqa: S310 -- loopback only
    with opener.open(request, timeout=seconds or _ANSWER_SECONDS) as answer:
        body: dict[str, Any] = json.load(answer)
    return body


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])
