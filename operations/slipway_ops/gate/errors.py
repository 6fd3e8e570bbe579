"""What the gate refuses."""

from typing import Any

from slipway_ops.problems import Problem, short


class GateError(ValueError):
    """A configuration, an event or a record is not what it should be; ``problems`` holds each finding."""

    def __init__(self, subject: str, *problems: Problem) -> None:
        self.subject, self.problems = subject, problems
        findings = "; ".join(map(str, problems))
        super().__init__(": ".join(part for part in (subject, findings) if part))


def refused(subject: str, field: str, accepted: str, received: Any) -> GateError:
    """The error for one field of ``subject``."""
    return GateError(subject, Problem(field, accepted, short(received)))
