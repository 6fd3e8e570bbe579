"""An AnalysisRun: measurements of a template's metrics, and what they mean, as Argo Rollouts 1.9 has it.

Among its rules is a trap: a metric that reaches its ``count`` with inconclusive answers alone, within
``inconclusiveLimit``, is *successful*, unless ``consecutiveSuccessLimit`` is set. It is here as it is there
(analysis/analysis.go, ``assessMetricStatus``), so that a template that would fall into it does so in a test.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sandbox.dataplane.clock import Clock, text
from sandbox.dataplane.conditions import ConditionError, holds
from sandbox.dataplane.reading import seconds

RETRY_SECONDS = 10.0
"""Time until a measurement that could not be made is tried again, and between those of a metric without interval."""
_ERRORS_IN_A_ROW = 4
_TICK_SECONDS = 0.05


class Phase(StrEnum):
    """What an analysis, or a measurement of it, came to."""

    RUNNING = "Running"
    SUCCESSFUL = "Successful"
    INCONCLUSIVE = "Inconclusive"
    ERROR = "Error"
    FAILED = "Failed"


_WORSE = [Phase.SUCCESSFUL, Phase.INCONCLUSIVE, Phase.ERROR, Phase.FAILED]

Measure = Callable[[Mapping[str, Any]], Any]
"""Takes a metric's provider, arguments filled in; returns a number or a list; raises any exception for an error."""


@dataclass
class Metric:
    """One metric of a run."""

    spec: Mapping[str, Any]
    phase: Phase = Phase.RUNNING
    message: str = ""
    counts: dict[Phase, int] = field(default_factory=lambda: dict.fromkeys(Phase, 0))
    errors_in_a_row: int = 0
    successes_in_a_row: int = 0
    measurements: list[dict[str, Any]] = field(default_factory=list)
    due: float = 0.0
    """Declared seconds at which the next measurement is made."""

    @property
    def name(self) -> str:
        """The metric's name."""
        return str(self.spec["name"])

    @property
    def count(self) -> int | None:
        """Measurements to make; None: without end."""
        given = self.spec.get("count")
        return int(given) if given is not None else None if self.spec.get("interval") else 1

    @property
    def taken(self) -> int:
        """Measurements that count: errors do not."""
        return sum(self.counts[phase] for phase in (Phase.SUCCESSFUL, Phase.INCONCLUSIVE, Phase.FAILED))

    def limit(self, name: str, default: int = 0) -> int:
        """A limit of the metric."""
        return int(self.spec.get(name, default))

    def take(self, phase: Phase, value: Any, message: str, at: str) -> None:
        """Count a measurement, and judge the metric."""
        self.counts[phase] += 1
        self.errors_in_a_row = self.errors_in_a_row + 1 if phase is Phase.ERROR else 0
        self.successes_in_a_row = self.successes_in_a_row + 1 if phase is Phase.SUCCESSFUL else 0
        entry = {"phase": str(phase), "value": repr(value), "startedAt": at, "finishedAt": at}
        self.measurements.append(entry | ({"message": message} if message else {}))
        self.phase, self.message = self._judged()
        if self.message and message:
            self.message += f": {message}"

    def end(self) -> None:
        """The run was told to stop: what is not yet bad is good."""
        if self.phase is Phase.RUNNING:
            self.phase = Phase.SUCCESSFUL

    def _judged(self) -> tuple[Phase, str]:
        failures, unclear = self.limit("failureLimit"), self.limit("inconclusiveLimit")
        errors = self.limit("consecutiveErrorLimit", _ERRORS_IN_A_ROW)
        found = None
        if failures >= 0 and self.counts[Phase.FAILED] > failures:
            found = Phase.FAILED, f"failed ({self.counts[Phase.FAILED]}) > failureLimit ({failures})"
        if self.counts[Phase.INCONCLUSIVE] > unclear:
            text_ = f"inconclusive ({self.counts[Phase.INCONCLUSIVE]}) > inconclusiveLimit ({unclear})"
            found = Phase.INCONCLUSIVE, text_
        if self.errors_in_a_row > errors:
            found = Phase.ERROR, f"consecutiveErrors ({self.errors_in_a_row}) > consecutiveErrorLimit ({errors})"
        if found is not None:
            return found
        wanted = self.limit("consecutiveSuccessLimit")
        if 0 < wanted <= self.successes_in_a_row:
            return Phase.SUCCESSFUL, ""
        if self.count is not None and self.taken >= self.count:
            if wanted <= 0:
                return Phase.SUCCESSFUL, ""  # the trap: however many of them were inconclusive
            return (Phase.INCONCLUSIVE if failures >= 0 else Phase.FAILED), ""
        return Phase.RUNNING, ""


class Run:
    """The metrics of some templates, measured until all are decided, one is bad, or the run is told to end."""

    def __init__(
        self, templates: Sequence[Mapping[str, Any]], arguments: Mapping[str, str], measure: Measure, clock: Clock
    ) -> None:
        """``templates`` are AnalysisTemplates; raises ``ValueError`` for an argument that nobody gives."""
        self._measure, self._clock = measure, clock
        self.metrics: list[Metric] = []
        for template in templates:
            declared = {item["name"]: item.get("value") for item in template["spec"].get("args", [])}
            given = {**declared, **arguments}
            missing = sorted(name for name in declared if given[name] is None)
            if missing:
                name = template["metadata"]["name"]
                raise ValueError(f"AnalysisTemplate {name}: args: accepted: a value for each: received: no {missing}")
            for metric in template["spec"]["metrics"]:
                self.metrics.append(Metric(filled(metric, {k: str(v) for k, v in given.items()})))

    def execute(self, ended: threading.Event) -> tuple[Phase, str]:
        """Measure; returns the worst that a metric came to, with its message. ``ended`` terminates the run."""
        start = self._clock.seconds()
        for metric in self.metrics:
            metric.due = start + seconds(metric.spec.get("initialDelay", "0s"))
        while not ended.is_set():
            for metric in self.metrics:
                if metric.phase is Phase.RUNNING and self._clock.seconds() >= metric.due:
                    self._take(metric)
            phases = [metric.phase for metric in self.metrics]
            if Phase.RUNNING not in phases or any(phase in (Phase.FAILED, Phase.ERROR) for phase in phases):
                break
            ended.wait(_TICK_SECONDS)
        for metric in self.metrics:
            metric.end()
        worst = max(self.metrics, key=lambda metric: _WORSE.index(metric.phase))
        if worst.phase is Phase.SUCCESSFUL:
            return worst.phase, ""
        cause = f" due to {worst.message}" if worst.message else ""
        return worst.phase, f'Metric "{worst.name}" assessed {worst.phase}{cause}'

    def status(self) -> dict[str, Any]:
        """What the object's status says of the metrics."""
        return {
            "metricResults": [
                {
                    "name": metric.name,
                    "phase": str(metric.phase),
                    "count": metric.taken,
                    **{name: metric.counts[phase] for name, phase in _COUNTED.items() if metric.counts[phase]},
                    "measurements": metric.measurements[-10:],
                }
                for metric in self.metrics
            ]
        }

    def _take(self, metric: Metric) -> None:
        spec, at = metric.spec, text(self._clock.now())
        value: Any = None
        try:
            value = self._measure(spec["provider"])
            phase = judged(spec, value)
            message = ""
        except Exception as error:  # whatever a measurement meets is an error of it
            phase, message = Phase.ERROR, f"{type(error).__name__}: {error}"
        metric.take(phase, value, message, at)
        interval = spec.get("interval")
        pause = seconds(interval) if interval and phase is not Phase.ERROR else RETRY_SECONDS
        metric.due = self._clock.seconds() + pause


_COUNTED = {
    "successful": Phase.SUCCESSFUL,
    "failed": Phase.FAILED,
    "inconclusive": Phase.INCONCLUSIVE,
    "error": Phase.ERROR,
}


def judged(spec: Mapping[str, Any], value: Any) -> Phase:
    """What one measurement means; raises ``ConditionError``."""
    success, failure = spec.get("successCondition"), spec.get("failureCondition")
    good = holds(success, value) if success else False
    bad = holds(failure, value) if failure else False
    if not success and not failure:
        return Phase.SUCCESSFUL
    if not failure:
        bad = not good
    elif not success:
        good = not bad
    return Phase.FAILED if bad else Phase.SUCCESSFUL if good else Phase.INCONCLUSIVE


def filled(value: Any, arguments: Mapping[str, str]) -> Any:
    """A template with its arguments in place of ``{{args.name}}``: in text only, as the controller does it."""
    if isinstance(value, dict):
        return {key: filled(item, arguments) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, arguments) for item in value]
    if isinstance(value, str) and "{{" in value:
        for name, given in arguments.items():
            value = value.replace(f"{{{{args.{name}}}}}", given)
    return value


__all__ = ["ConditionError", "Metric", "Phase", "Run", "filled", "judged"]
