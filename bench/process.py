"""CPU seconds of child processes, and the order in which alternatives take turns."""

import ctypes
import os
import resource
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

ROOT = Path(__file__).resolve().parent.parent
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Cost:
    """What a process and the children it waited for used."""

    cpu: float
    """Seconds, user and system."""
    wall: float


def environment(**more: str) -> dict[str, str]:
    """Environment of a measured process: byte code is kept, and nothing of a running Pulumi program leaks in."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "PYTHON", "AWS_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0", **more}


def python(*arguments: str) -> list[str]:
    """A command of this interpreter."""
    return [sys.executable, *arguments]


def measure(command: Sequence[str], env: Mapping[str, str] | None = None, timeout: float = 300) -> Cost:
    """Run ``command`` to its end; raises ``RuntimeError`` with its output if it fails or takes ``timeout`` seconds."""
    return _run(command, environment() if env is None else env, ROOT, timeout, None)


def measure_all(
    command: Sequence[str], env: Mapping[str, str], cwd: Path, timeout: float, at_most: float | None = None
) -> Cost:
    """The same with every process that ``command`` leaves behind; Linux only.

    After ``at_most`` CPU seconds of its own, ``command`` is stopped and what all have used until then is the answer.
    """
    _adopt()
    cost = _run(command, env, cwd, timeout, at_most)
    return Cost(cost.cpu + _orphans(), cost.wall)


def _run(command: Sequence[str], env: Mapping[str, str], cwd: Path, timeout: float, at_most: float | None) -> Cost:
    started = monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(  # noqa: S603 -- our own commands
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=cwd, env=dict(env)
        )
        if at_most is not None:
            seconds = int(at_most) + 1
            resource.prlimit(process.pid, resource.RLIMIT_CPU, (seconds, seconds))
        clock = threading.Timer(timeout, process.kill)
        clock.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            clock.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        cpu = usage.ru_utime + usage.ru_stime
        stopped = at_most is not None and process.returncode == -signal.SIGKILL and cpu >= at_most
        if process.returncode != 0 and not stopped:
            output.seek(0)
            tail = output.read().decode(errors="replace")[-3000:]
            raise RuntimeError(f"{shlex.join(command)} ended with {process.returncode}:\n{tail}")
    return Cost(cpu, monotonic() - started)


def _adopt() -> None:
    """Become the parent of descendants whose own parent ends, so that their CPU can be counted."""
    if ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError("prctl: this system cannot adopt the processes that a command leaves behind")


def _orphans(patience: float = 10) -> float:
    """CPU seconds of what was left behind, once it has ended; it is told to after ``patience`` seconds."""
    cpu, deadline = 0.0, monotonic() + patience
    while True:
        try:
            pid, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return cpu
        if pid:
            cpu += usage.ru_utime + usage.ru_stime
        elif monotonic() > deadline:
            for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
                os.kill(int(child), signal.SIGKILL)
            deadline = monotonic() + patience
        else:
            sleep(0.02)


def interleave(alternatives: Iterable[str], figure: Callable[[str], float], rounds: int) -> list[dict[str, float]]:
    """Figures of each round; every other round goes backwards, so that a drift of the machine hits all alike."""
    names = list(alternatives)
    found = []
    for number in range(rounds):
        figures = {name: figure(name) for name in (reversed(names) if number % 2 else names)}
        found.append({name: figures[name] for name in names})
    return found


def lowest(rounds: list[dict[str, float]]) -> dict[str, float]:
    """The least figure of each alternative: what the machine can do when little else runs."""
    return {name: min(figures[name] for figures in rounds) for name in rounds[0]}
