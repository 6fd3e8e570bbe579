"""Runs one command, and ends it with everything it started: when told to, and when whoever asked for it is gone.

``python -I -S keeper.py FOLDER COMMAND...`` works in ``FOLDER/work`` and removes ``FOLDER`` at the end. ``TERMINATE``
on its standard input asks the command to end; the input's end, which also comes when the asking process dies, kills it.
Its exit code is the command's, 128 + n for one that signal n has ended.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress

TERMINATE = b"T"


def main(folder: str, command: list[str]) -> int:
    """Run ``command`` to its end and clear up behind it."""
    child = subprocess.Popen(  # noqa: S603 -- a job's command, which is what it is for
        command,
        cwd=f"{folder}/work",
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    threading.Thread(target=_listen, args=(child.pid,), daemon=True).start()
    code = child.wait()
    _signal(child.pid, signal.SIGKILL)  # what it has left running
    shutil.rmtree(folder, ignore_errors=True)
    return 128 - code if code < 0 else code


def _listen(group: int) -> None:
    while os.read(0, 1) == TERMINATE:
        _signal(group, signal.SIGTERM)
    _signal(group, signal.SIGKILL)


def _signal(group: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
