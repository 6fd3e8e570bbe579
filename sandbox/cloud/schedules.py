"""When a schedule is due: ``at()``, ``rate()`` and ``cron()`` as EventBridge has them, in any time zone."""

import calendar
import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_UNITS = {"minute": 60, "hour": 3600, "day": 86400}
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_WEEKDAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_YEARS = (1970, 2199)
_DAY = dt.timedelta(days=1)


class ExpressionError(ValueError):
    """An expression or time zone that EventBridge would refuse."""


@dataclass(frozen=True)
class Cron:
    """The fields of a cron expression, as the numbers that they allow."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: tuple[int, ...]
    years: tuple[int, ...]
    is_day: Callable[[dt.date], bool]


def check(expression: str, zone: str = "UTC") -> None:
    """Raise ``ExpressionError`` for what no schedule can have."""
    _zone(zone)
    kind, body = _parts(expression)
    if kind == "at":
        _at(body, zone)
    elif kind == "rate":
        _rate(body)
    else:
        _cron(body)


def next_moment(
    expression: str, zone: str, after: dt.datetime, anchor: dt.datetime, *, at_anchor: bool = False
) -> dt.datetime | None:
    """The first moment later than ``after`` at which the schedule is due, in UTC; None if there is none any more.

    A rate is counted from ``anchor``, which is itself a moment only with ``at_anchor``. Of a cron expression's times,
    one that a change to summer time leaves out is left out, and one that comes twice in autumn is due once.
    """
    kind, body = _parts(expression)
    if kind == "at":
        moment = _at(body, zone)
        return moment if moment > after else None
    if kind == "rate":
        every = _rate(body)
        passed = (after - anchor) // every + 1
        return anchor + max(passed, 0 if at_anchor else 1) * every
    return _next_of_cron(_cron(body), _zone(zone), after)


def _next_of_cron(cron: Cron, zone: ZoneInfo, after: dt.datetime) -> dt.datetime | None:
    day = after.astimezone(zone).date() - _DAY  # a repeated hour's first time may lie on the day before
    while day.year <= cron.years[-1]:
        if day.year not in cron.years or day.month not in cron.months:
            day = (day.replace(day=1) + 32 * _DAY).replace(day=1)
            continue
        if cron.is_day(day):
            for hour in cron.hours:
                for minute in cron.minutes:
                    wall = dt.datetime.combine(day, dt.time(hour, minute))
                    moment = wall.replace(tzinfo=zone).astimezone(dt.UTC)
                    exists = moment.astimezone(zone).replace(tzinfo=None) == wall
                    if exists and moment > after:
                        return moment
        day += _DAY
    return None


def _parts(expression: str) -> tuple[str, str]:
    found = re.fullmatch(r"(at|rate|cron)\((.*)\)", expression)
    if found is None:
        raise ExpressionError(f"Invalid Schedule Expression {expression}.")
    return found[1], found[2]


def _at(body: str, zone: str) -> dt.datetime:
    try:
        return dt.datetime.strptime(body, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=_zone(zone)).astimezone(dt.UTC)
    except ValueError as error:
        raise ExpressionError(f"Invalid Schedule Expression at({body}).") from error


def _rate(body: str) -> dt.timedelta:
    found = re.fullmatch(r"(\d+) (minute|hour|day)(s?)", body)
    if found is None or int(found[1]) < 1:
        raise ExpressionError(f"Invalid Schedule Expression rate({body}).")
    return dt.timedelta(seconds=int(found[1]) * _UNITS[found[2]])


@lru_cache(maxsize=1024)
def _cron(body: str) -> Cron:
    fields = body.upper().split()
    if len(fields) != 6 or (fields[2] == "?") == (fields[4] == "?"):
        raise ExpressionError(f"Invalid Schedule Expression cron({body}): six fields, one of the two for days is ?.")
    try:
        is_day = _month_day(fields[2]) if fields[4] == "?" else _week_day(fields[4])
        return Cron(
            minutes=_numbers(fields[0], 0, 59),
            hours=_numbers(fields[1], 0, 23),
            months=_numbers(fields[3], 1, 12, _MONTHS),
            years=_numbers(fields[5], *_YEARS),
            is_day=is_day,
        )
    except ValueError as error:
        raise ExpressionError(f"Invalid Schedule Expression cron({body}): {error}") from error


def _numbers(text: str, low: int, high: int, names: Mapping[str, int] | None = None) -> tuple[int, ...]:
    """One field's numbers, in order; raises ``ValueError`` that names the part that is wrong."""

    def number(word: str) -> int:
        value = (names or {}).get(word)
        value = int(word) if value is None else value
        if not low <= value <= high:
            raise ValueError(f"{text}: {value} is not between {low} and {high}")
        return value

    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        begin = low if first == "*" else number(first)
        end = number(last) if dash else high if first == "*" or slash else begin
        every = int(step) if slash else 1
        if every < 1:
            raise ValueError(f"{text}: a step of {every}")
        # FRI-MON goes on past the end of the week
        whole = range(begin, end + 1) if begin <= end else [*range(begin, high + 1), *range(low, end + 1)]
        found |= set(whole[::every])
    return tuple(sorted(found))


def _month_day(text: str) -> Callable[[dt.date], bool]:
    if text in ("L", "LW") or re.fullmatch(r"\d+W", text):

        def special(day: dt.date) -> bool:
            last = calendar.monthrange(day.year, day.month)[1]
            number = last if text.startswith("L") else int(text[:-1])
            if number > last:
                return False
            wanted = day.replace(day=number)
            return day == (_nearest_working_day(wanted, last) if text.endswith("W") else wanted)

        return special
    numbers = _numbers(text, 1, 31)
    return lambda day: day.day in numbers


def _nearest_working_day(day: dt.date, last: int) -> dt.date:
    """The weekday that is nearest and in the same month."""
    if day.weekday() == calendar.SATURDAY:
        return day - _DAY if day.day > 1 else day + 2 * _DAY
    if day.weekday() == calendar.SUNDAY:
        return day + _DAY if day.day < last else day - 2 * _DAY
    return day


def _week_day(text: str) -> Callable[[dt.date], bool]:
    def weekday(day: dt.date) -> int:
        return day.isoweekday() % 7 + 1

    if found := re.fullmatch(r"(\w+)#([1-5])", text):
        (number,), nth = _numbers(found[1], 1, 7, _WEEKDAYS), int(found[2])
        return lambda day: weekday(day) == number and (day.day - 1) // 7 + 1 == nth
    if text != "L" and (found := re.fullmatch(r"(\w+)L", text)):
        (number,) = _numbers(found[1], 1, 7, _WEEKDAYS)
        return lambda day: weekday(day) == number and day.month != (day + 7 * _DAY).month
    numbers = _numbers("7" if text == "L" else text, 1, 7, _WEEKDAYS)
    return lambda day: weekday(day) in numbers


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ExpressionError(f"Invalid ScheduleExpressionTimezone {name}.") from error
