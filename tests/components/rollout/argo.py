"""What Argo Rollouts makes of an AnalysisTemplate's metric: its own rules, for measurements that a test invents.

After ``assessMetricStatus`` and ``assessMetricFailureInconclusiveOrError`` of its ``analysis/analysis.go`` (1.9 and
1.10), and ``EvaluateResult`` of ``utils/evaluate``. Conditions are read as Python, which spells the few operators in
use differently.
"""

import math
import re
from collections.abc import Sequence
from typing import Any

SUCCESSFUL, FAILED, INCONCLUSIVE, ERROR, RUNNING = "Successful", "Failed", "Inconclusive", "Error", "Running"
NO_ANSWER = object()
"""A measurement that could not be made."""


def measured(metric: dict[str, Any], result: Any) -> str:
    """Phase of one measurement."""
    if result is NO_ANSWER:
        return ERROR
    good = _holds(metric["successCondition"], result)
    bad = _holds(metric["failureCondition"], result) if "failureCondition" in metric else not good
    return FAILED if bad else SUCCESSFUL if good else INCONCLUSIVE


def assessed(metric: dict[str, Any], results: Sequence[Any]) -> str:
    """Phase of the metric after these results; ``Running`` where another measurement follows."""
    failed = inconclusive = errors = successes = count = 0
    for result in results:
        phase = measured(metric, result)
        count += phase != ERROR
        failed += phase == FAILED
        inconclusive += phase == INCONCLUSIVE
        errors = errors + 1 if phase == ERROR else 0
        successes = successes + 1 if phase == SUCCESSFUL else 0
        if errors > metric.get("consecutiveErrorLimit", 4):
            return ERROR
        if inconclusive > metric.get("inconclusiveLimit", 0):
            return INCONCLUSIVE
        if failed > metric.get("failureLimit", 0):
            return FAILED
        wanted = metric.get("consecutiveSuccessLimit", 0)
        if wanted and successes >= wanted:
            return SUCCESSFUL
        most = metric.get("count", None if "interval" in metric else 1)
        if most is not None and count >= most:
            return INCONCLUSIVE if wanted else SUCCESSFUL  # without a limit of successes, whatever came counts as one
    return RUNNING


def valid(metric: dict[str, Any]) -> bool:
    """Whether the controller accepts the limits, as its ``ValidateMetric`` does."""
    count, failures = metric.get("count", 0), metric.get("failureLimit", 0)
    successes = metric.get("consecutiveSuccessLimit", 0)
    return (
        len(metric["provider"]) == 1
        and not (count and count < failures + successes)
        and not (count and count < metric.get("inconclusiveLimit", 0))
        and not (count > 1 and "interval" not in metric)
    )


def _holds(condition: str, result: Any) -> bool:
    python = condition.replace("&&", " and ").replace("||", " or ")
    python = re.sub(r"!(?!=)", " not ", python)
    return bool(eval(python, {"__builtins__": {}}, {"result": result, "len": len, "isNaN": math.isnan}))
