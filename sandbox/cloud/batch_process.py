"""A job's process: a clean environment, a folder of its own, its output line by line, an end that always comes."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from sandbox.cloud import clock, keeper
from sandbox.cloud.batch_images import Image

VARIABLE = "SLIPWAY_SANDBOX_JOB_ENV"
OVERRIDES: dict[str, str] = json.loads(os.environ.get(VARIABLE) or "{}")
"""Variables that every job gets whatever its definition says, such as the address of a server on this machine."""

_PROGRAMS = ("/usr/local/bin", "/usr/bin", "/bin")
_KEEPER = Path(keeper.__file__)
_LAST_LINES_SECONDS = 2.0


class CannotStartError(Exception):
    """The command names no program; the message is Batch's reason."""


class JobProcess:
    """One attempt's process."""

    def __init__(self, image: Image, command: Sequence[str], environment: Mapping[str, str]) -> None:
        words = [*image.entrypoint, *(command or image.command)]
        self._folder = Path(tempfile.mkdtemp(prefix="slipway-job-"))
        work, home = self._folder / "work", self._folder / "home"
        for path in (work, home):
            path.mkdir()
        path_of = os.pathsep.join([str(Path(sys.executable).parent), *_PROGRAMS])
        variables = {"PATH": path_of, "HOME": str(home), "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"}
        variables |= {**image.environment, **environment}
        try:
            image.unpack(work)
            _check(words, work, variables["PATH"])
            self._process = subprocess.Popen(  # noqa: S603 -- a job's command, which is what it is for
                [sys.executable, "-I", "-S", str(_KEEPER), str(self._folder), *words],
                env=variables,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self._lines: deque[tuple[float, str]] = deque()
        self._pump = threading.Thread(target=self._read, daemon=True)
        self._pump.start()

    def lines(self) -> list[tuple[float, str]]:
        """What it wrote since the last time, each line with the second at which it came."""
        return [self._lines.popleft() for _ in range(len(self._lines))]

    def poll(self) -> int | None:
        """Its exit code, None while it runs."""
        code = self._process.poll()
        if code is not None:
            self._pump.join(_LAST_LINES_SECONDS)
        return code

    def terminate(self) -> None:
        """Ask it to end."""
        with suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.write(keeper.TERMINATE)
            self._process.stdin.flush()

    def kill(self) -> None:
        """End it, with everything that it started."""
        with suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append((clock.now().timestamp(), line.decode(errors="replace").rstrip("\r\n")))


def _check(words: list[str], work: Path, path: str) -> None:
    """A program is looked for as a container's runtime does: on the path, or from the working directory."""
    program = words[0] if words else ""
    found = (work / program).is_file() if "/" in program else bool(program and shutil.which(program, path=path))
    if not found:
        what = f'exec: "{program}": executable file not found in $PATH' if program else "no command specified"
        raise CannotStartError(f"CannotStartContainerError: failed to create task: {what}")
