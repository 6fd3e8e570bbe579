"""Runs of the deployed state machine: which began since, how they ended, and what they left."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from sandbox.loop.stack import MODEL, Stack

_BEGIN_SECONDS, _END_SECONDS = 30.0, 180.0
_LOOK_SECONDS = 0.2
RECORDS = ("input", "validation", "training/lineage", "evaluation", "registration", "outcome")


class RunError(RuntimeError):
    """A run did not begin, did not end, or failed; the message has the end of its jobs' logs."""


@dataclass(frozen=True)
class Run:
    """One execution that has ended."""

    name: str
    status: str
    """Step Functions': SUCCEEDED or another."""
    trigger: str
    output: Any
    records: dict[str, Any] = field(default_factory=dict)
    """What its steps wrote, by name; those that are there."""
    seconds: float = 0.0

    @property
    def outcome(self) -> str:
        """candidate, refused, failed, or skipped where no step ran."""
        record = self.records.get("outcome")
        return str(record["outcome"]) if record else str((self.output or {}).get("outcome", self.status.lower()))

    @property
    def own_seconds(self) -> float:
        """How much of it was the training's own command."""
        return float(self.records.get("training/lineage", {}).get("seconds") or 0)

    @property
    def step(self) -> str:
        """The step that it ended at."""
        return str(self.records.get("outcome", {}).get("step", ""))

    @property
    def reason(self) -> str:
        """Why it ended so."""
        return str(self.records.get("outcome", {}).get("reason") or (self.output or {}).get("reason", ""))

    @property
    def release(self) -> str | None:
        """The candidate's release."""
        found: str | None = self.records.get("registration", {}).get("release")
        return found


class Machine:
    """The state machine."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._arn = stack.outputs["machine"]
        self._sfn = stack.client("stepfunctions")
        self._known: set[str] = set()

    def start(self, name: str, reason: str = "manual") -> Run:
        """Start a run by hand, and follow it to its end."""
        given = {"model": MODEL, "reason": reason, "dedupe_key": name}
        self._sfn.start_execution(stateMachineArn=self._arn, name=name, input=json.dumps(given))
        return self.next()

    def next(self) -> Run:
        """Follow the run that an event starts; raises ``RunError`` where none begins or it does not end."""
        deadline = time.monotonic() + _BEGIN_SECONDS
        while not (new := self._new()):
            if time.monotonic() > deadline:
                raise RunError(f"no run began within {_BEGIN_SECONDS:.0f} s")
            time.sleep(_LOOK_SECONDS)
        return self._followed(new[0])

    def quiet(self) -> bool:
        """Whether nothing began that nobody has followed."""
        return not self._new()

    def _new(self) -> list[Any]:
        found = self._sfn.list_executions(stateMachineArn=self._arn)["executions"]
        return [one for one in found if one["executionArn"] not in self._known]

    def _followed(self, execution: Any) -> Run:
        started = time.monotonic()
        self._known.add(execution["executionArn"])
        while True:
            found = self._sfn.describe_execution(executionArn=execution["executionArn"])
            if found["status"] != "RUNNING":
                break
            if time.monotonic() - started > _END_SECONDS:
                raise RunError(f"{execution['name']} did not end within {_END_SECONDS:.0f} s\n{self._logs()}")
            time.sleep(_LOOK_SECONDS)
        run = self._read(execution["name"], found, time.monotonic() - started)
        if run.outcome not in ("candidate", "refused", "skipped"):
            why = found.get("cause") or run.reason
            raise RunError(f"{run.name}: {run.outcome}: {found.get('error', '')}: {why[:500]}\n{self._logs()}")
        return run

    def _read(self, name: str, found: Any, seconds: float) -> Run:
        prefix = f"runs/{MODEL}/{name}/"
        records = {one: self._stack.document(self._stack.models, f"{prefix}{one}.json") for one in RECORDS}
        given = json.loads(found["input"])
        return Run(
            name=name,
            status=found["status"],
            trigger=str(given.get("reason")),
            output=json.loads(found.get("output") or "null"),
            records={one: record for one, record in records.items() if record is not None},
            seconds=seconds,
        )

    def _logs(self) -> str:
        """The last lines that jobs wrote."""
        logs, group = self._stack.client("logs"), self._stack.outputs["jobs"]
        lines: list[str] = []
        for stream in logs.describe_log_streams(logGroupName=group)["logStreams"][-2:]:
            name = stream["logStreamName"]
            events = logs.get_log_events(logGroupName=group, logStreamName=name)["events"]
            lines += [f"  {name}: {event['message']}" for event in events[-8:]]
        return "\n".join(lines)
