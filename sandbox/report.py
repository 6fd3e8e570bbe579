"""Prints what an engine does while it does it."""

import sys
import threading
from typing import TextIO

from sandbox.engine.outcome import Change, Detail, Op

_SIGNS = {Op.CREATE: "+", Op.UPDATE: "~", Op.REPLACE: "+-", Op.DELETE: "-", Op.READ: "<", Op.SAME: " "}
_DONE = {
    Op.CREATE: "created",
    Op.UPDATE: "updated",
    Op.REPLACE: "replaced",
    Op.DELETE: "deleted",
    Op.READ: "read",
}


class Printer:
    """A line a resource; what is unchanged is not shown. ``quiet`` shows failures and warnings only."""

    def __init__(self, *, preview: bool = False, quiet: bool = False, stream: TextIO | None = None) -> None:
        self._preview, self._quiet, self._stream = preview, quiet, stream or sys.stdout
        self._lock = threading.Lock()

    def change(self, change: Change) -> None:
        """A resource is done."""
        if self._quiet or change.op is Op.SAME or (change.op is Op.READ and self._preview):
            return
        line = f"  {_SIGNS[change.op]:<2} {change.type:<44} {change.name}"
        if not self._preview:
            line = f"{line:<96} {_DONE[change.op]:>8} {change.seconds:6.2f}s"
        if change.remark:
            line += f"  ({change.remark})"
        lines = [line]
        if change.op in (Op.UPDATE, Op.REPLACE):
            for detail in change.details:
                lines.append(f"         {_move(detail)}" + (" (forces replacement)" if detail.replaces else ""))
        self._print(*lines)

    def failure(self, type_: str, name: str, message: str) -> None:
        """A resource, or the program itself, failed."""
        head, *rest = message.strip().splitlines() or [""]
        self._print(f"  !  {f'{type_} {name}'.strip()}: {head}", *(f"     {line}" for line in rest))

    def note(self, text: str) -> None:
        """Something worth reading."""
        if not self._quiet or text.startswith("warning"):
            self._print(*(f"     {line}" for line in text.splitlines()))

    def _print(self, *lines: str) -> None:
        with self._lock:
            print(*lines, sep="\n", file=self._stream, flush=True)


def _move(detail: Detail) -> str:
    if detail.old is None:
        return detail.path if detail.new is None else f"{detail.path}: + {detail.new}"
    return f"{detail.path}: - {detail.old}" if detail.new is None else f"{detail.path}: {detail.old} => {detail.new}"
