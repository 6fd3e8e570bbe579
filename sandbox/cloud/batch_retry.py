"""Whether a job that failed is started again: Batch's retry strategies, as rules over how an attempt has ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ending:
    """How an attempt has ended."""

    exit_code: int | None = None
    """None where nothing ran to an end of its own."""
    reason: str = ""
    """Of the container: why it did not start."""
    status_reason: str = ""
    """Of the attempt."""
    final: bool = False
    """No strategy starts it again: it was terminated, or took longer than it may."""

    @property
    def succeeded(self) -> bool:
        """Whether the job is done."""
        return self.exit_code == 0 and not self.final


def again(strategy: Mapping[str, Any], attempt: int, ending: Ending) -> bool:
    """Whether another attempt follows number ``attempt`` (from 1): the first rule that matches says so.

    Where none matches, and also where there is none, the job is retried, as AWS has it.
    """
    if ending.succeeded or ending.final or attempt >= int(strategy.get("attempts") or 1):
        return False
    for rule in strategy.get("evaluateOnExit") or []:
        if _matches(rule, ending):
            return str(rule["action"]).upper() == "RETRY"
    return True


def _matches(rule: Mapping[str, Any], ending: Ending) -> bool:
    """Whether every condition of the rule does."""
    found = {
        "onStatusReason": ending.status_reason,
        "onReason": ending.reason,
        "onExitCode": "" if ending.exit_code is None else str(ending.exit_code),
    }
    return all(_fits(rule[name], text) for name, text in found.items() if rule.get(name) is not None)


def _fits(pattern: str, text: str) -> bool:
    """Only an asterisk at the pattern's end stands for anything."""
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern
