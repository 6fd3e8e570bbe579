"""How long a schedule leaves between two runs: after it, and a margin, a retraining is late."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

MARGIN_HOURS = 24
"""For the run itself, and for whoever has to see why it failed."""
MOST_HOURS = 13 * 24
"""Prometheus looks back itself, and remembers little more: what comes more rarely is not watched for being late."""
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_HOURS = {"minute": 1 / 60, "hour": 1, "day": 24}


def late_after_hours(schedule: str) -> int | None:
    """Age in hours from which the newest run is late; None where runs are too rare for that, or end some day.

    ``schedule`` is one that ``slipway.retraining`` accepts. Of ``cron`` the longest stretch of whole days between two
    runs counts: what it says of hours and minutes is in the margin.
    """
    if schedule.startswith("rate("):
        number, unit = schedule[5:-1].split()
        period = int(number) * _HOURS[unit.removesuffix("s")]
    else:
        days = _longest_stretch_days(schedule[5:-1].split())
        if days is None:
            return None
        period = 24 * days
    hours = int(period) + MARGIN_HOURS
    return hours if hours <= MOST_HOURS else None


def _longest_stretch_days(fields: Sequence[str]) -> int | None:
    _, _, of_month, months, of_week, years = fields
    if years != "*" or re.search(r"[LW#]", of_month) or re.search(r"L$|#", of_week):
        return None
    in_month, in_year = _values(of_month, 1, 31), _values(months, 1, 12, _MONTHS)
    in_week = _values(of_week, 1, 7, _DAYS)
    first = date(2023, 1, 1)  # four years have each day of February
    every = (first + timedelta(days=number) for number in range(4 * 366))
    found = [
        day for day in every if day.day in in_month and day.month in in_year and day.isoweekday() % 7 + 1 in in_week
    ]
    stretches = [(after - before).days for before, after in pairwise(found)]
    return max(stretches, default=None)


def _values(field: str, low: int, high: int, names: Sequence[str] = ()) -> set[int]:
    """What a field stands for; ``?`` leaves it to the other kind of day."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        if span in ("*", "?"):
            start, end = low, high
        else:
            ends = [low + names.index(text) if text in names else int(text) for text in span.split("-")]
            start, end = ends[0], ends[-1] if len(ends) > 1 or not step else high
        found |= set(range(start, end + 1, int(step or 1)))
    return found
