"""Pulumi's event log, followed while it is written."""

import json
import threading
import time
from pathlib import Path
from typing import Any

from sandbox.engine.detail import details
from sandbox.engine.outcome import Change, Detail, Op, Outcome, Reporter
from sandbox.engine.provider import Difference
from sandbox.engine.sealed import conceal
from sandbox.engine.urns import PROVIDER_PREFIX, STACK_TYPE, name_of

_OPS = {op.value: op for op in Op} | {"create-replacement": Op.REPLACE, "import": Op.CREATE}
_COUNTED = {op.value for op in Op}
_PAUSE_SECONDS = 0.1


class Events:
    """Turns events into reports and counts."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._started: dict[str, float] = {}
        self._told: set[tuple[str, Op]] = set()
        self.outcome = Outcome()
        self.failed = False
        """Whether any failure was reported."""

    def follow(self, log: Path, ended: threading.Event) -> None:
        """Read ``log`` until its writer has ended and all of it is read."""
        with log.open() as lines:
            partial = ""
            while True:
                last = ended.is_set()
                for piece in lines:
                    partial += piece
                    if partial.endswith("\n"):
                        self.take(json.loads(partial))
                        partial = ""
                if last:
                    return
                ended.wait(_PAUSE_SECONDS)

    def take(self, event: dict[str, Any]) -> None:
        """One event."""
        match event:
            case {"resourcePreEvent": {"metadata": metadata}}:
                self._started[metadata["urn"]] = time.monotonic()
            case {"resOutputsEvent": {"metadata": metadata}}:
                self._done(metadata)
            case {"resOpFailedEvent": {"metadata": metadata}}:
                self.failed = True
            case {"diagnosticEvent": diagnostic}:
                self._diagnostic(diagnostic)
            case {"summaryEvent": summary}:
                for name, number in summary["resourceChanges"].items():
                    if name in _COUNTED:
                        self.outcome.counts[Op(name)] += number

    def _done(self, metadata: dict[str, Any]) -> None:
        op, urn, type_ = _OPS.get(metadata["op"]), metadata["urn"], metadata["type"]
        if op is None or (type_.startswith(PROVIDER_PREFIX) and name_of(urn).startswith("default")):
            return
        if op is Op.REPLACE and metadata["op"] == "replace":
            return  # the step that makes the new resource was told already
        if type_ == STACK_TYPE:
            outputs = (metadata.get("new") or {}).get("outputs") or {}
            self.outcome.outputs = {key: conceal(value) for key, value in outputs.items()}
        if (urn, op) in self._told:
            return  # the stack's own event comes again with its outputs
        self._told.add((urn, op))
        started = self._started.get(urn, time.monotonic())
        moved: tuple[Detail, ...] = ()
        if op in (Op.UPDATE, Op.REPLACE):
            found = metadata.get("detailedDiff") or {}
            paths = {path: str(detail.get("diffKind", "update")) for path, detail in found.items()}
            replaces = tuple(path for path, kind in paths.items() if kind.endswith("replace"))
            old, new = ((metadata.get(side) or {}).get("inputs") or {} for side in ("old", "new"))
            moved = details(old, new, Difference(True, paths, replaces))
        remark = ""
        if op is Op.DELETE and (metadata.get("old") or {}).get("retainOnDelete"):
            remark = "stays in the cloud: retain_on_delete"
        self._reporter.change(Change(op, type_, name_of(urn), time.monotonic() - started, moved, remark))

    def _diagnostic(self, diagnostic: dict[str, Any]) -> None:
        message = diagnostic["message"].strip()
        severity, urn = diagnostic["severity"], diagnostic.get("urn", "")
        if severity == "error":
            self.failed = True
            self.outcome.ok = False
            self._reporter.failure("", name_of(urn) if urn else "program", message)
        elif severity == "warning":
            self._reporter.note(f"warning: {message}")
        elif severity in ("info", "info#err") and message:
            self._reporter.note(message)
