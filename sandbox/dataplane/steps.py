"""The steps of a canary, walked one by one: experiment, scale, weight, pause, analysis."""

import hashlib
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.dataplane.analysis import Phase
from sandbox.dataplane.clock import text
from sandbox.dataplane.pods import Pod
from sandbox.dataplane.reading import DataPlaneError, Manifest, seconds
from sandbox.dataplane.writing import Status

if TYPE_CHECKING:
    from sandbox.dataplane.controller import Controller

HASH = "rollouts-pod-template-hash"
_FIELD = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")
PROMOTED, ABORTED, PAUSED = "promoted", "aborted", "paused"


@dataclass
class Ending:
    """What became of a new version."""

    phase: str
    """``promoted``, ``aborted`` or ``paused``."""
    message: str = ""
    step: int | None = None
    """Index of the step that decided; None after the last."""
    runs: list[str] = field(default_factory=list)
    """Names of the AnalysisRuns, in order."""
    weights: list[tuple[float, int]] = field(default_factory=list)
    """Declared second and weight of the canary, each time it was set."""


class Abort(Exception):
    """The new version is given up."""


class Ladder:
    """One attempt of a new version."""

    def __init__(self, controller: "Controller", rollout: Manifest, labels: Mapping[str, str], status: Status) -> None:
        """``labels`` are those of the canary's pods, beside the template's."""
        self._controller, self._status, self._labels = controller, status, dict(labels)
        self._name: str = rollout["metadata"]["name"]
        self._metadata: Mapping[str, Any] = rollout["metadata"]
        self._template: Mapping[str, Any] = rollout["spec"]["template"]
        self._canary: Mapping[str, Any] = rollout["spec"]["strategy"]["canary"]
        self.pod: Pod | None = None
        self.ending = Ending(PROMOTED)
        self._weight = 0
        self._ended = threading.Event()
        """The background analysis is no longer wanted."""
        self._trouble = threading.Event()
        """The background analysis has found something."""
        self._found = ""

    def begin(self) -> None:
        """Start the pods of the new version, which its Service selects from now on."""
        if self.pod is None:
            self.pod = self._controller.pod("canary", self._template, self._labels)
            self._controller.select(self._canary["canaryService"], self._labels[HASH])

    def walk(self) -> None:
        """Walk all steps, or until one of them is not decided; raises ``Abort``."""
        background = self._canary.get("analysis")
        thread: threading.Thread | None = None
        try:
            for index, step in enumerate(self._canary.get("steps", [])):
                self.ending.step = index
                self._status.progressing(index, self._weight)
                if background and thread is None and index >= background.get("startingStep", 0):
                    thread = threading.Thread(target=self._watch, args=(background,), daemon=True)
                    thread.start()
                self._controller.say(f"step {index + 1}: {_described(step)}")
                if not self._take(index, step):
                    return
                if self._trouble.is_set():
                    raise Abort(self._found)
            self.ending.step = None
        finally:
            self._ended.set()
            if thread is not None:
                thread.join()

    def give_up(self, abort: Abort) -> None:
        """Back to the old version at once; the pods of the new one stay a while, without requests."""
        self._set_weight(0)
        self.ending.phase, self.ending.message = ABORTED, str(abort)
        self._status.aborted(self.ending.step or 0, str(abort))
        self._controller.say(f"aborted: {abort}")

    def _take(self, index: int, step: Mapping[str, Any]) -> bool:
        """Take a step; whether the next one follows."""
        match dict(step):
            case {"experiment": experiment}:
                return self._experiment(index, experiment)
            case {"setCanaryScale": _}:
                self.begin()
            case {"setWeight": weight}:
                self.begin()
                self._set_weight(weight)
                self._status.progressing(index, weight)
            case {"pause": pause}:
                return self._pause(index, pause or {})
            case {"analysis": analysis}:
                templates = [item["templateName"] for item in analysis["templates"]]
                return self._judge(index, "Step-based", self._run(templates, self._given(analysis), self._trouble))
            case _:
                accepted = "experiment, setCanaryScale, setWeight, pause or analysis"
                raise DataPlaneError(f"Rollout {self._name}: steps[{index}]: accepted: {accepted}: received: {step}")
        return True

    def _set_weight(self, weight: int) -> None:
        self._controller.weigh(weight)
        self._weight = weight
        self.ending.weights.append((self._controller.clock.seconds(), weight))

    def _pause(self, index: int, pause: Mapping[str, Any]) -> bool:
        self._status.paused(index, self._weight, "CanaryPauseStep")
        if "duration" not in pause:
            self.ending.phase, self.ending.message = PAUSED, "a pause without an end"
            return False
        length = pause["duration"]
        self._controller.clock.wait(float(length) if isinstance(length, int) else seconds(length), self._trouble)
        return True

    def _experiment(self, index: int, experiment: Mapping[str, Any]) -> bool:
        """Pods that exist for the time of the step only; its analyses decide."""
        controller = self._controller
        templates = {"canary": self._template}
        pods = []
        name = f"{self._name}-{self._labels[HASH]}-{index}"
        started = text(controller.clock.now())
        try:
            for item in experiment["templates"]:
                labels = item.get("metadata", {}).get("labels", {})
                own = {HASH: hashlib.sha256(f"{name}{item['name']}".encode()).hexdigest()[:10]}
                pods.append(controller.pod(item["name"], templates[item["specRef"]], {**own, **labels}))
            controller.changed()
            begun = controller.clock.seconds()
            worst = (Phase.SUCCESSFUL, "", "")
            for item in experiment.get("analyses", []):
                found = self._run([item["templateName"]], self._given(item), threading.Event())
                worst = found if found[0] is not Phase.SUCCESSFUL or not worst[2] else worst
            if worst[0] is Phase.SUCCESSFUL:
                left = begun + seconds(experiment["duration"]) - controller.clock.seconds()
                controller.clock.wait(left, threading.Event())
        finally:
            for pod in pods:
                controller.node.stop(pod)
            controller.changed()
        status = {"phase": str(worst[0]), "message": worst[1], "startedAt": started}
        controller.objects.make("Experiment", name, {}, spec=dict(experiment), status=status)
        return self._judge(index, "Experiment", worst)

    def _run(self, templates: list[str], given: Mapping[str, str], ended: threading.Event) -> tuple[Phase, str, str]:
        found = self._controller.run(templates, given, ended)
        self.ending.runs.append(found[2])
        return found

    def _given(self, analysis: Mapping[str, Any]) -> dict[str, str]:
        """Arguments of an analysis: text, or a label or an annotation of the Rollout; raises ``DataPlaneError``."""
        found: dict[str, str] = {}
        for item in analysis.get("args", []):
            match = _FIELD.fullmatch(item.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath", ""))
            value = self._metadata.get(match[1], {}).get(match[2]) if match else item.get("value")
            if value is None:
                accepted = "a value, or a label or an annotation that the Rollout has"
                raise DataPlaneError(f"Rollout {self._name}: args: accepted: {accepted}: received: {item}")
            found[item["name"]] = value
        return found

    def _judge(self, index: int, what: str, found: tuple[Phase, str, str]) -> bool:
        phase, message, name = found
        self._controller.say(f"analysis {name}: {phase}" + (f": {message}" if message else ""))
        if phase in (Phase.FAILED, Phase.ERROR):
            raise Abort(f"{what} analysis phase error/failed: {message}")
        if phase is Phase.INCONCLUSIVE:
            self._status.paused(index, self._weight, "InconclusiveAnalysisRun")
            self.ending.phase, self.ending.message = PAUSED, message or "inconclusive"
            return False
        return True

    def _watch(self, background: Mapping[str, Any]) -> None:
        """The analysis beside the steps. That it is ended is no success and no failure of the rollout."""
        templates = [item["templateName"] for item in background["templates"]]
        phase, message, name = self._run(templates, self._given(background), self._ended)
        if phase in (Phase.FAILED, Phase.ERROR):
            self._found = f"Background analysis phase error/failed: {message}"
            self._controller.say(f"analysis {name}: {phase}: {message}")
            self._trouble.set()


def _described(step: Mapping[str, Any]) -> str:
    match dict(step):
        case {"experiment": experiment}:
            return f"shadow pods for {experiment['duration']}"
        case {"setCanaryScale": scale}:
            return f"pods for {scale.get('weight')} %"
        case {"setWeight": weight}:
            return f"{weight} % of the requests"
        case {"pause": pause}:
            return f"pause {(pause or {}).get('duration', 'without an end')}"
        case {"analysis": analysis}:
            return "analysis " + ", ".join(item["templateName"] for item in analysis["templates"])
    return str(step)
