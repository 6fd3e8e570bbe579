"""When schedules are due, by tables of expressions and moments."""

import datetime as dt
from itertools import pairwise

import pytest

from sandbox.cloud.schedules import ExpressionError, check, next_moment

START = dt.datetime(2026, 11, 24, 10, 30, 15, tzinfo=dt.UTC)  # a Tuesday


def moments(expression: str, count: int, zone: str = "UTC", after: dt.datetime = START) -> list[str]:
    found: list[str] = []
    for _ in range(count):
        moment = next_moment(expression, zone, after, START)
        if moment is None:
            break
        found.append(moment.strftime("%Y-%m-%d %H:%M:%S"))
        after = moment
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(1 minute)", ["2026-11-24 10:31:15", "2026-11-24 10:32:15"]),
        ("rate(12 hours)", ["2026-11-24 22:30:15", "2026-11-25 10:30:15"]),
        ("rate(7 days)", ["2026-12-01 10:30:15", "2026-12-08 10:30:15"]),
        ("at(2026-12-24T18:00:00)", ["2026-12-24 18:00:00"]),
        ("at(2026-11-24T10:30:15)", []),
        ("cron(0 3 ? * MON *)", ["2026-11-30 03:00:00", "2026-12-07 03:00:00"]),
        ("cron(*/20 10 * * ? *)", ["2026-11-24 10:40:00", "2026-11-25 10:00:00"]),
        ("cron(0/30 9-10 ? * MON-FRI *)", ["2026-11-25 09:00:00", "2026-11-25 09:30:00"]),
        ("cron(0 0 1 1,7 ? *)", ["2027-01-01 00:00:00", "2027-07-01 00:00:00"]),
        ("cron(0 0 L * ? *)", ["2026-11-30 00:00:00", "2026-12-31 00:00:00"]),
        ("cron(0 0 29 2 ? *)", ["2028-02-29 00:00:00", "2032-02-29 00:00:00"]),
        ("cron(0 0 1W * ? *)", ["2026-12-01 00:00:00", "2027-01-01 00:00:00", "2027-02-01 00:00:00"]),
        ("cron(0 0 LW * ? 2027)", ["2027-01-29 00:00:00", "2027-02-26 00:00:00"]),
        ("cron(0 0 ? * 6#2 *)", ["2026-12-11 00:00:00", "2027-01-08 00:00:00"]),
        ("cron(0 0 ? * 6L *)", ["2026-11-27 00:00:00", "2026-12-25 00:00:00"]),
        ("cron(0 0 ? * FRI-MON *)", ["2026-11-27 00:00:00", "2026-11-28 00:00:00", "2026-11-29 00:00:00"]),
        ("cron(0 0 1 1 ? 2027-2028)", ["2027-01-01 00:00:00", "2028-01-01 00:00:00"]),
        ("cron(0 0 1 1 ? 2020)", []),
    ],
)
def test_next_moments(expression: str, expected: list[str]) -> None:
    check(expression)
    assert moments(expression, max(len(expected), 1)) == expected


def test_time_zones() -> None:
    assert moments("cron(0 3 * * ? *)", 1, "Europe/Berlin") == ["2026-11-25 02:00:00"]
    assert moments("cron(0 3 * * ? *)", 1, "Asia/Kolkata") == ["2026-11-24 21:30:00"]
    assert moments("at(2026-12-24T18:00:00)", 1, "America/New_York") == ["2026-12-24 23:00:00"]


def test_a_time_that_summer_time_leaves_out_is_left_out() -> None:
    before = dt.datetime(2027, 3, 27, 12, tzinfo=dt.UTC)  # Berlin goes from 2 to 3 o'clock on the 28th
    assert moments("cron(30 2 * * ? *)", 2, "Europe/Berlin", before) == ["2027-03-29 00:30:00", "2027-03-30 00:30:00"]


def test_a_time_that_comes_twice_is_due_once() -> None:
    before = dt.datetime(2026, 10, 24, 12, tzinfo=dt.UTC)  # Berlin goes from 3 to 2 o'clock on the 25th
    assert moments("cron(30 2 * * ? *)", 2, "Europe/Berlin", before) == ["2026-10-25 00:30:00", "2026-10-26 01:30:00"]


def test_a_rate_may_begin_at_its_anchor() -> None:
    just_before = START - dt.timedelta(microseconds=1)
    assert next_moment("rate(1 hour)", "UTC", just_before, START, at_anchor=True) == START
    assert next_moment("rate(1 hour)", "UTC", just_before, START) == START + dt.timedelta(hours=1)


def test_every_minute_of_a_day() -> None:
    found = [dt.datetime.fromisoformat(text) for text in moments("cron(* * * * ? *)", 1440)]
    assert {later - earlier for earlier, later in pairwise(found)} == {dt.timedelta(minutes=1)}


@pytest.mark.parametrize(
    "expression",
    [
        *(
            "",
            "every day",
            "rate(0 days)",
            "rate(1 week)",
            "rate(1.5 hours)",
            "at(2026-12-24)",
            "at(2026-02-30T00:00:00)",
        ),
        *("cron(0 3 * * *)", "cron(0 3 * * * *)", "cron(0 3 ? * ? *)", "cron(60 3 * * ? *)", "cron(0 24 * * ? *)"),
        *("cron(0 0 32 * ? *)", "cron(0 0 ? * 8 *)", "cron(0 0 ? * MO *)", "cron(0 0 * 13 ? *)", "cron(0/0 0 * * ? *)"),
        *("cron(a 0 * * ? *)", "cron(0 0 * * ? 1969)", " rate(1 day)"),
    ],
)
def test_what_is_refused(expression: str) -> None:
    with pytest.raises(ExpressionError, match="Invalid Schedule Expression"):
        check(expression)


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(ExpressionError, match="Europe/Atlantis"):
        check("rate(1 day)", "Europe/Atlantis")
