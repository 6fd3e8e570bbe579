"""Reads what is said about who is told of alerts."""

from collections.abc import Mapping
from typing import Any

from slipway import _check
from slipway.monitoring._routing import Quiet, Routing, Topics

A_TOPIC = (r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+", "an SNS topic's ARN")
A_TEAM = (r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", "a team's name: 1 to 40 of a-z, 0-9 and -")
AN_ENVIRONMENT = (r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", "an environment's name: 1 to 40 of a-z, 0-9 and -")
_HOURS = (r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", "hours such as 22:00-07:00")
_ZONE = (r"[A-Za-z]+(/[A-Za-z_+-]+)*", "a time zone such as Europe/Dublin")
_NEED_TOPICS = (
    "heartbeat_topic_arn",
    "team_page_topic_arns",
    "team_ticket_topic_arns",
    "quiet_hours",
    "quiet_weekends",
)


def routing_of(args: Mapping[str, Any]) -> Routing | None:
    """Who is told; nobody where no topic is given. Raises ``ValueError`` that names the argument."""
    if not _check.together(args, "page_topic_arn", "ticket_topic_arn"):
        for name in _NEED_TOPICS:
            if args.get(name) is not None:
                _check.refuse(
                    name, "only with page_topic_arn and ticket_topic_arn: without, nobody is told", args[name]
                )
        return None
    region = _check.given(args, "region", *_check.A_REGION)
    heartbeat = args.get("heartbeat_topic_arn")
    _check.plain("heartbeat_topic_arn", heartbeat, *A_TOPIC)
    return Routing(
        region,
        _topics(args, "page_topic_arn", "team_page_topic_arns"),
        _topics(args, "ticket_topic_arn", "team_ticket_topic_arns"),
        heartbeat,
        _quiet(args),
    )


def _topics(args: Mapping[str, Any], everybody: str, teams: str) -> Topics:
    found = args.get(teams) or {}
    if not isinstance(found, Mapping):
        _check.refuse(teams, "an object of team: topic", found)
    for team, topic in found.items():
        _check.matches(f"{teams} (a key)", team, *A_TEAM)
        _check.plain(f"{teams}.{team}", topic, *A_TOPIC)
    return Topics(_check.given(args, everybody, *A_TOPIC), found)


def _quiet(args: Mapping[str, Any]) -> Quiet | None:
    hours = args.get("quiet_hours")
    weekends = _check.flag("quiet_weekends", args.get("quiet_weekends", False))
    zone = _check.matches("time_zone", args.get("time_zone", "UTC"), *_ZONE)
    if hours is None and not weekends:
        return None
    start = end = None
    if hours is not None:
        start, end = _check.matches("quiet_hours", hours, *_HOURS).split("-")
        if start == end:
            _check.refuse("quiet_hours", "two hours that differ", hours)
    return Quiet(start, end, weekends, zone)
