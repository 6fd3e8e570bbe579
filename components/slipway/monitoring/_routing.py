"""Who is told of an alert: by urgency, then by team, and tickets not at night. Alertmanager's words, without Pulumi.

For Alertmanager in the cluster and for that of a metrics workspace alike. Everybody is reached by SNS, which knows
mail, chat and pagers, and keeps credentials of none of them here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

PAGES, TICKETS = "page|critical", "ticket|warning"
"""Severities of slipway's own rules, and those of the chart that mean the same."""
NOBODY = "nobody"
QUIET = "quiet"
HEARTBEAT_MINUTES = 5
"""Between two heartbeats."""

_SUBJECT = (
    "{{ .Status | toUpper }} {{ .CommonLabels.severity }} {{ .CommonLabels.alertname }} {{ .CommonLabels.model }}"
)
_MESSAGE = (
    "{{ range .Alerts }}{{ .Status }}: {{ .Labels.alertname }} ({{ .Labels.severity }})\n"
    "{{ .Annotations.summary }}{{ .Annotations.description }}\n"
    "{{ if .Annotations.action }}To do: {{ .Annotations.action }}\n{{ end }}"
    "since {{ .StartsAt }} {{ .Labels.environment }} {{ .Labels.team }}\n\n{{ end }}"
)


@dataclass(frozen=True)
class Topics:
    """SNS topics of one urgency: the one of everybody, and those of teams."""

    everybody: pulumi.Input[str]
    teams: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Quiet:
    """When nobody reads tickets."""

    start: str | None
    end: str | None
    """As ``22:00``; the end is on the next day where it is the earlier one."""
    weekends: bool
    time_zone: str


@dataclass(frozen=True)
class Routing:
    """Where alerts go."""

    region: pulumi.Input[str]
    pages: Topics
    tickets: Topics
    heartbeat: pulumi.Input[str] | None
    quiet: Quiet | None


def config(routing: Routing | None) -> dict[str, Any]:
    """The configuration of an Alertmanager; without ``routing`` alerts are shown and nobody is told."""
    if routing is None:
        return {"route": {"receiver": NOBODY}, "receivers": [{"name": NOBODY}]}
    muted = {"mute_time_intervals": [QUIET]} if routing.quiet else {}
    receivers = [{"name": NOBODY}]
    routes: list[dict[str, Any]] = []
    if routing.heartbeat is not None:
        receivers.append(_receiver("heartbeat", routing.heartbeat, routing.region, resolved=False))
        routes.append(
            {
                "receiver": "heartbeat",
                "matchers": ['severity="heartbeat"'],
                "group_wait": "0s",
                "group_interval": "1m",
                "repeat_interval": f"{HEARTBEAT_MINUTES}m",
            }
        )
    kinds: tuple[tuple[str, str, Topics, str, dict[str, Any]], ...] = (
        ("page", PAGES, routing.pages, "1h", {}),
        ("ticket", TICKETS, routing.tickets, "24h", muted),
    )
    for name, severities, topics, again, when in kinds:
        receivers.append(_receiver(name, topics.everybody, routing.region))
        teams = []
        for team, topic in sorted(topics.teams.items()):
            receivers.append(_receiver(f"{name}-{team}", topic, routing.region))
            teams.append({"receiver": f"{name}-{team}", "matchers": [f'team="{team}"'], **when})
        matchers = [f'severity=~"{severities}"']
        routes.append({"receiver": name, "matchers": matchers, "repeat_interval": again, **when, "routes": teams})
    found: dict[str, Any] = {
        "route": {
            "receiver": NOBODY,
            "group_by": ["alertname", "environment", "model"],
            "group_wait": "30s",
            "group_interval": "5m",
            "routes": routes,
        },
        "receivers": receivers,
        "inhibit_rules": inhibitions(),
    }
    if routing.quiet:
        found["time_intervals"] = [{"name": QUIET, "time_intervals": intervals(routing.quiet)}]
    return found


def inhibitions() -> list[dict[str, Any]]:
    """What says nothing new: a ticket beside the page of the same objective, models behind a gateway that is gone."""
    return [
        {
            "source_matchers": ['severity="page"', 'slo!=""'],
            "target_matchers": ['severity="ticket"', 'slo!=""'],
            "equal": ["environment", "model", "slo"],
        },
        {
            "source_matchers": ['alertname="GatewayAbsent"'],
            "target_matchers": ['alertname="ModelMetricsAbsent"'],
            "equal": ["environment"],
        },
    ]


def intervals(quiet: Quiet) -> list[dict[str, Any]]:
    """Times in Alertmanager's form, in which no time reaches over midnight."""
    where = {"location": quiet.time_zone}
    found: list[dict[str, Any]] = []
    if quiet.start is not None and quiet.end is not None:
        parts = [(quiet.start, quiet.end)]
        if quiet.end <= quiet.start:
            parts = [part for part in ((quiet.start, "24:00"), ("00:00", quiet.end)) if part[0] != part[1]]
        times = [{"start_time": start, "end_time": end} for start, end in parts]
        found.append({"times": times, **where})
    if quiet.weekends:
        found.append({"weekdays": ["saturday", "sunday"], **where})
    return found


def _receiver(
    name: str, topic: pulumi.Input[str], region: pulumi.Input[str], *, resolved: bool = True
) -> dict[str, Any]:
    sns = {
        "topic_arn": topic,
        "sigv4": {"region": region},
        "send_resolved": resolved,
        "subject": _SUBJECT,
        "message": _MESSAGE,
    }
    return {"name": name, "sns_configs": [sns]}
