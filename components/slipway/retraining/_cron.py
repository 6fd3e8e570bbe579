"""Schedules of EventBridge Scheduler, as other schedulers write them."""

import re

from slipway import _check

_UNITS = {"minute": "minutes", "hour": "hours", "day": "days"}
_DAY_NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_SPECIAL = re.compile(r"[LW#]")
ACCEPTED = "cron(…) without a year, L, W, # or a step of weekdays, or rate(…): EventBridge alone knows the others"


def interval(schedule: str) -> tuple[str, int] | None:
    """``("hours", 6)`` of ``rate(6 hours)``; None of anything else."""
    found = re.fullmatch(r"rate\(([1-9]\d*) (minute|hour|day)s?\)", schedule)
    return (_UNITS[found[2]], int(found[1])) if found else None


def cron(schedule: str) -> str:
    """The five fields of cron that fire when ``cron(…)`` of EventBridge does; raises ``ValueError`` if none do."""
    found = re.fullmatch(r"cron\((.+)\)", schedule)
    fields = found[1].split() if found else []
    if len(fields) != 6:
        _check.refuse("schedule", ACCEPTED, schedule)
    minute, hour, day, month, weekday, year = fields
    if year != "*" or _SPECIAL.search(day.upper()) or re.search(r"[L#/]", weekday.upper()):
        _check.refuse("schedule", ACCEPTED, schedule)
    return " ".join([minute, hour, _any(day), month.upper(), _weekdays(_any(weekday.upper()))])


def _any(field: str) -> str:
    return "*" if field == "?" else field


def _weekdays(field: str) -> str:
    """By name: EventBridge counts from Sunday as 1, cron from Sunday as 0."""
    return re.sub(r"[1-7]", lambda day: _DAY_NAMES[int(day[0]) - 1], field)
