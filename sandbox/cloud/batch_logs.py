"""Where a job's output goes: the log group that its definition names, else the one that Batch makes for all jobs."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from moto.logs.models import logs_backends

from sandbox.cloud.turn import TURN

GROUP = "/aws/batch/job"
_LONGEST = 256 * 1024 - 26
"""Of one event, in bytes; the rest of a longer line is cut off."""


class NoLogsError(Exception):
    """The log group does not exist; the message is Batch's reason."""


@dataclass(frozen=True)
class Log:
    """A stream for one attempt."""

    backend: Any
    group: str
    stream: str

    def write(self, lines: Sequence[tuple[float, str]]) -> None:
        """Append lines, each with its second; what the group's deletion leaves without a place is lost."""
        if not lines:
            return
        events = [{"timestamp": int(second * 1000), "message": line[:_LONGEST] or " "} for second, line in lines]
        with TURN:
            if self.group in self.backend.groups:
                self.backend.put_log_events(self.group, self.stream, events)


def open_stream(job: Any) -> Log:
    """The stream of the job's next attempt; raises ``NoLogsError``."""
    configuration = job.sandbox_container.get("logConfiguration") or {}
    options = (configuration.get("options") or {}) if configuration.get("logDriver") == "awslogs" else {}
    group = options.get("awslogs-group", GROUP)
    region = options.get("awslogs-region", job.backend.region_name)
    backend = logs_backends[job.backend.account_id][region]
    if group not in backend.groups:
        if group != GROUP and options.get("awslogs-create-group") != "true":
            raise NoLogsError(
                "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times:"
                f" ResourceNotFoundException: The specified log group does not exist: {group}"
            )
        backend.create_log_group(group, {})
    stream = f"{options.get('awslogs-stream-prefix', job.job_definition.name)}/default/{uuid.uuid4().hex}"
    backend.create_log_stream(group, stream)
    return Log(backend, group, stream)
