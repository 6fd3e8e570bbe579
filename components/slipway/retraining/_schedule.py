"""Schedules of EventBridge Scheduler, checked before AWS sees them."""

import re
from collections.abc import Sequence
from typing import Any

from slipway import _check

ACCEPTED = (
    "cron(<minutes> <hours> <day of month> <month> <day of week> <year>) with ? for one of the days, "
    "such as cron(0 3 ? * MON *), or rate(<number> minutes, hours or days)"
)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FIELDS: tuple[tuple[int, int, Sequence[str]], ...] = (  # lowest, highest, names of the lowest and the following
    (0, 59, ()),
    (0, 23, ()),
    (1, 31, ()),
    (1, 12, _MONTHS),
    (1, 7, _DAYS),
    (1970, 2199, ()),
)


def schedule(arg: str, value: Any) -> str:
    """A schedule that repeats; raises ``ValueError`` that says what is accepted."""
    text = _check.matches(arg, value, r"(cron|rate)\(.+\)", ACCEPTED)
    inside = text[5:-1]
    if text.startswith("rate("):
        _check.matches(arg, text, r"rate\((1 (minute|hour|day)|([2-9]|[1-9]\d+) (minute|hour|day)s)\)", ACCEPTED)
        return text
    fields = inside.split()
    if len(fields) != len(_FIELDS) or (fields[2] == "?") == (fields[4] == "?"):
        _check.refuse(arg, ACCEPTED, text)
    for position, (field, (low, high, names)) in enumerate(zip(fields, _FIELDS, strict=True)):
        if not all(_part(part, position, low, high, names) for part in field.split(",")):
            _check.refuse(arg, ACCEPTED, text)
    return text


def _part(part: str, position: int, low: int, high: int, names: Sequence[str]) -> bool:
    """Whether it is an alternative of a field: ``*``, ``?``, a value, a range, a step, or a day in AWS's own words."""
    if part == "?":
        return position in (2, 4)
    if position == 2 and re.fullmatch(r"L|([1-9]|[12]\d|3[01])W", part):
        return True
    if position == 4 and re.fullmatch(r"L|([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(L|#[1-5])", part):
        return True
    span, _, step = part.partition("/")
    if "/" in part and not re.fullmatch(r"[1-9]\d*", step):
        return False
    if span == "*":
        return True
    ends = [_value(end, low, names) for end in span.split("-")]
    return len(ends) in (1, 2) and all(end is not None and low <= end <= high for end in ends)


def _value(text: str, low: int, names: Sequence[str]) -> int | None:
    if text in names:
        return low + tuple(names).index(text)
    return int(text) if re.fullmatch(r"\d{1,4}", text) else None
