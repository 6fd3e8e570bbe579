"""Batch's retry strategies, rule by rule."""

from typing import Any

import pytest

from sandbox.cloud.batch_retry import Ending, again

RULES = [
    {"onStatusReason": "Host EC2*", "action": "RETRY"},
    {"onReason": "CannotPullContainerError*", "action": "retry"},
    {"onExitCode": "75", "action": "RETRY"},
    {"onReason": "*", "action": "EXIT"},
]
ENDED = "Essential container in task exited"


@pytest.mark.parametrize(
    ("rules", "ending", "retried"),
    [
        (RULES, Ending(75, status_reason=ENDED), True),
        (RULES, Ending(1, status_reason=ENDED), False),
        (RULES, Ending(750, status_reason=ENDED), False),
        (RULES, Ending(None, status_reason="Host EC2 (instance i-0) terminated."), True),
        (RULES, Ending(None, "CannotPullContainerError: not found", "Task failed to start"), True),
        (RULES, Ending(None, "CannotStartContainerError: no such file", "Task failed to start"), False),
        (RULES, Ending(0, status_reason=ENDED), False),
        (RULES, Ending(75, status_reason="Job attempt duration exceeded timeout", final=True), False),
        (None, Ending(1, status_reason=ENDED), True),
        (RULES[:3], Ending(1, status_reason=ENDED), True),
        ([{"onExitCode": "7*", "action": "EXIT"}], Ending(75), False),
        ([{"onExitCode": "7*", "action": "EXIT"}], Ending(57), True),
        ([{"onExitCode": "1", "onStatusReason": "Other*", "action": "EXIT"}], Ending(1, status_reason=ENDED), True),
        ([{"onExitCode": "1", "onStatusReason": "Ess*", "action": "EXIT"}], Ending(1, status_reason=ENDED), False),
    ],
)
def test_the_first_rule_that_matches_decides(rules: Any, ending: Ending, retried: bool) -> None:
    assert again({"attempts": 2, "evaluateOnExit": rules}, 1, ending) is retried


def test_attempts_are_counted() -> None:
    assert again({"attempts": 3}, 2, Ending(1))
    assert not again({"attempts": 3}, 3, Ending(1))
    assert not again({}, 1, Ending(1))
