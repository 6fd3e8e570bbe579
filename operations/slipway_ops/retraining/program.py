"""A team's own program, run by a step: told where things are by its environment, and ended when the step is."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

from slipway_ops.problems import ReleaseError, refused

AGAIN = 75
"""Exit code of a program that saved where it was and wants to be started again."""
_STDERR = 2


class AgainError(ReleaseError):
    """The program wants to be started again."""


def run(command: Sequence[str], variables: Mapping[str, str], what: str) -> None:
    """Run ``command`` with ``variables`` added to the environment; what it prints goes to stderr.

    Raises ``AgainError`` for the exit code 75, and ``ReleaseError`` for any other that is not 0.
    """
    if not command:
        raise refused(what, "command", "a command after --", None)
    environment = {**os.environ, **variables}
    try:
        process = subprocess.Popen(  # noqa: S603 -- the command that the pipeline declares
            list(command), env=environment, stdin=subprocess.DEVNULL, stdout=_STDERR, start_new_session=True
        )
    except OSError as error:
        raise refused(what, "command", "a program that can be started", f"{command[0]}: {error.strerror}") from None

    def end(number: int, _: FrameType | None) -> None:
        _signal(process, number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        code = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _signal(process, signal.SIGKILL)  # what it left behind
    if code == AGAIN:
        raise AgainError(f"{what}: {command[0]} ended with {AGAIN}: it saved its state and wants to be started again")
    if code != 0:
        how = f"signal {signal.Signals(-code).name}" if code < 0 else str(code)
        raise refused(what, "exit code", f"0, or {AGAIN} to be started again", f"{how} of {command[0]}")


def only_file(folder: Path, what: str) -> Path:
    """The one file in a folder; raises ``ReleaseError``."""
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    if len(files) != 1 or files[0].parent != folder:
        received = ", ".join(str(path.relative_to(folder)) for path in files[:5]) or None
        raise refused(what, f"{folder.name}/", "exactly one file", received)
    return files[0]


def _signal(process: "subprocess.Popen[bytes]", number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
