"""Recording rules and alerts in Prometheus' own words, and what every alert of slipway says. Without Pulumi."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # at run time they would load Kubernetes' SDK, which rules of a workspace do not need
    from slipway._custom.prometheus import AlertingRule, RecordingRule, RuleGroup

PAGE, TICKET, HEARTBEAT = "page", "ticket", "heartbeat"
"""How urgent an alert is: it wakes somebody; it is read on a working day; it says that alerts arrive at all."""


@dataclass(frozen=True)
class Record:
    """A series that Prometheus computes."""

    name: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def rule(self) -> "RecordingRule":
        """As Prometheus reads it."""
        found: RecordingRule = {"record": self.name, "expr": self.expr}
        if self.labels:
            found["labels"] = dict(self.labels)
        return found


@dataclass(frozen=True)
class Alert:
    """A condition that somebody is told of when it has held for ``minutes``."""

    name: str
    expr: str
    minutes: int
    severity: str
    summary: str
    """One line, in which ``{{ $labels.x }}`` is the label and ``{{ $value }}`` the value of ``expr``."""
    action: str
    """What to do first."""
    labels: Mapping[str, str] = field(default_factory=dict)

    def rule(self) -> "AlertingRule":
        """As Prometheus reads it."""
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": f"{self.minutes}m",
            "labels": {**self.labels, "severity": self.severity},
            "annotations": {"summary": self.summary, "action": self.action},
        }


Rule = Record | Alert


@dataclass(frozen=True)
class Group:
    """Rules that are evaluated one after the other."""

    name: str
    rules: Sequence[Rule]
    seconds: int = 30
    """Between two evaluations."""

    def written(self) -> "RuleGroup":
        """As Prometheus reads it."""
        return {
            "name": self.name,
            "interval": f"{self.seconds}s",
            "rules": [rule.rule() for rule in self.rules],
        }


def written(groups: Iterable[Group]) -> "list[RuleGroup]":
    """Groups with rules, as Prometheus reads them."""
    return [group.written() for group in groups if group.rules]


def alerts(groups: Iterable[Group]) -> list[Alert]:
    """All alerts of ``groups``."""
    return [rule for group in groups for rule in group.rules if isinstance(rule, Alert)]


def labels(**values: str) -> str:
    """A selector of series with exactly these labels."""
    return matchers([f'{name}="{escaped(value)}"' for name, value in values.items()])


def matchers(parts: Iterable[str]) -> str:
    """A selector of these matchers."""
    return "{" + ",".join(parts) + "}"


def escaped(value: str) -> str:
    """Text between quotes of a query."""
    return value.replace("\\", "\\\\").replace('"', '\\"')


def number(value: float) -> str:
    """A number in a query, without the noise of binary fractions."""
    return f"{value:.12g}"
