"""Which schedules are accepted: those that EventBridge Scheduler takes and that repeat."""

import pytest
from slipway.retraining._schedule import schedule


@pytest.mark.parametrize(
    "text",
    [
        "cron(0 3 ? * MON *)",
        "cron(0/15 8-17 ? * MON-FRI *)",
        "cron(15 10 1,15 * ? 2026-2030)",
        "cron(0 0 L * ? *)",
        "cron(0 0 15W * ? *)",
        "cron(0 0 ? JAN,JUL 6L *)",
        "cron(0 0 ? 1/3 MON#2 *)",
        "cron(*/5 * * * ? *)",
        "rate(1 hour)",
        "rate(12 hours)",
        "rate(7 days)",
    ],
)
def test_accepted(text: str) -> None:
    assert schedule("schedule", text) == text


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "0 3 * * MON",
        "cron(0 3 * * MON)",
        "cron(0 3 * * MON *)",
        "cron(0 3 ? * ? *)",
        "cron(60 3 ? * MON *)",
        "cron(0 24 ? * MON *)",
        "cron(0 3 ? 13 MON *)",
        "cron(0 3 ? * 8 *)",
        "cron(0 3 ? * MONDAY *)",
        "cron(0 3 32 * ? *)",
        "cron(0 3 ? * MON 1969)",
        "cron(? 3 ? * MON *)",
        "cron(0 3 ? * MON#6 *)",
        "cron(0/0 3 ? * MON *)",
        "cron(0 1-2-3 ? * MON *)",
        "cron(0 L ? * MON *)",
        "rate(1 hours)",
        "rate(0 hours)",
        "rate(2 weeks)",
        "at(2026-11-20T03:00:00)",
    ],
)
def test_refused(text: str | None) -> None:
    with pytest.raises(ValueError, match=r"^schedule: accepted: cron\(.* such as cron\(0 3 \? \* MON \*\), or rate"):
        schedule("schedule", text)
