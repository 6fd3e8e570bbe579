"""From measured figures to a verdict: pure arithmetic."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

GRANTED = 0.10
"""Of the goal: the most that noise may excuse, so that a run on a busy machine cannot pass by being unsteady."""


class Verdict(StrEnum):
    """How a goal came out."""

    MET = "met"
    MISSED = "missed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Ratio:
    """A ratio with the noise of the rounds it comes from."""

    value: float
    """Median of the rounds' ratios."""
    noise: float
    """Twice the standard error of the rounds' ratios; 0 where there was one round."""
    rounds: int

    @classmethod
    def of(cls, rounds: list[float]) -> "Ratio":
        """The ratio of several rounds, each one a ratio of two figures that were taken side by side."""
        if not rounds:
            raise ValueError("rounds: accepted: at least one ratio: received: none")
        noise = 2 * statistics.stdev(rounds) / len(rounds) ** 0.5 if len(rounds) > 1 else 0.0
        return cls(statistics.median(rounds), noise, len(rounds))

    def within(self, goal: float) -> bool:
        """Whether the goal, an upper bound, holds: missed is what exceeds it by more than the noise."""
        return self.value - min(self.noise, GRANTED * goal) <= goal


@dataclass(frozen=True)
class Result:
    """What became of one goal."""

    goal: str
    """The goal as a sentence."""
    verdict: Verdict
    detail: str
    """The figures, or why there are none."""
    ratio: Ratio | None = None
    limit: float | None = None

    @classmethod
    def compared(cls, goal: str, ratio: Ratio, limit: float, detail: str, problems: Sequence[str] = ()) -> "Result":
        """A goal on a ratio, and on there being no problems."""
        met = ratio.within(limit) and not problems
        return cls(goal, Verdict.MET if met else Verdict.MISSED, "; ".join([detail, *problems]), ratio, limit)

    @classmethod
    def checked(cls, goal: str, problems: Sequence[str], detail: str) -> "Result":
        """A goal that holds where there are no problems."""
        return cls(goal, Verdict.MISSED if problems else Verdict.MET, "; ".join(problems) or detail)

    @classmethod
    def skipped(cls, goal: str, reason: str) -> "Result":
        """A goal that cannot be measured here."""
        return cls(goal, Verdict.SKIPPED, reason)

    def line(self) -> str:
        """For people."""
        figure = ""
        if self.ratio and self.limit is not None:
            figure = (
                f"{self.ratio.value:.2f}x (+/- {self.ratio.noise:.2f}, {self.ratio.rounds} rounds) of {self.limit}x; "
            )
        return f"{self.verdict:7}  {self.goal}\n         {figure}{self.detail}"

    def as_json(self, name: str, seconds: float) -> dict[str, object]:
        """For machines."""
        ratio = (
            {"value": self.ratio.value, "noise": self.ratio.noise, "rounds": self.ratio.rounds} if self.ratio else None
        )
        return {
            "name": name,
            "goal": self.goal,
            "verdict": str(self.verdict),
            "ratio": ratio,
            "limit": self.limit,
            "detail": self.detail,
            "seconds": round(seconds, 1),
        }


def exit_code(results: list[Result]) -> int:
    """1 if a goal was missed; a skipped one is shown but does not fail."""
    return int(any(result.verdict is Verdict.MISSED for result in results))
