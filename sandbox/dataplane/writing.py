"""What a rollout controller and its plugin write into stored objects, so that whoever reads them sees a rollout."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.dataplane.clock import Clock
from sandbox.dataplane.objects import Objects
from sandbox.dataplane.reading import DataPlaneError, Manifest

IN_PROGRESS = "rollouts.argoproj.io/gatewayapi-canary"
"""Label of a route while its canary has weight."""
_PLUGIN = "argoproj-labs/gatewayAPI"


def set_weight(route: Manifest, canary: Mapping[str, Any], weight: int) -> None:
    """The plugin's SetWeight on a route: both arms' weights in each rule that has both, and a label.

    With ``useHeaderRoutes``, a rule whose only backend is the canary counts as the plugin's own and is deleted. Raises
    ``DataPlaneError`` for a route that has no rule with both.
    """
    shares = {canary["stableService"]: 100 - weight, canary["canaryService"]: weight}
    rules, found = [], False
    for rule in route["spec"]["rules"]:
        names = [backend["name"] for backend in rule["backendRefs"]]
        if names == [canary["canaryService"]] and _owns_header_routes(canary):
            continue
        if set(shares) <= set(names):
            found = True
            for backend in rule["backendRefs"]:
                if backend["name"] in shares:
                    backend["weight"] = shares[backend["name"]]
        rules.append(rule)
    if not found:
        name = route["metadata"]["name"]
        raise DataPlaneError(f"HTTPRoute {name}: accepted: a rule with both {' and '.join(shares)}: received: none")
    route["spec"]["rules"] = rules
    labels = route["metadata"].setdefault("labels", {})
    if weight:
        labels[IN_PROGRESS] = "in-progress"
    else:
        labels.pop(IN_PROGRESS, None)


def _owns_header_routes(canary: Mapping[str, Any]) -> bool:
    plugin = canary.get("trafficRouting", {}).get("plugins", {}).get(_PLUGIN, {})
    return any(route.get("useHeaderRoutes") for route in plugin.get("httpRoutes", []))


@dataclass(frozen=True)
class Status:
    """The status of a Rollout on the way from one version to another."""

    objects: Objects
    model: str
    clock: Clock
    stable: str
    """Hash of the version that serves."""
    new: str
    """Hash of the version that is asked for."""

    def progressing(self, index: int | None, weight: int) -> None:
        """At a step; None before the first."""
        self._write("Progressing", "more replicas need to be updated", index, weight, stable=self.stable)

    def paused(self, index: int, weight: int, reason: str) -> None:
        """Waiting, by a step's own wish (``CanaryPauseStep``) or because nobody knows (``InconclusiveAnalysisRun``)."""
        pause = {"reason": reason, "startTime": self._now()}
        self._write("Paused", reason, index, weight, stable=self.stable, pauseConditions=[pause])

    def aborted(self, index: int, message: str) -> None:
        """Given up: the old version has all requests, and the Rollout still asks for the new one."""
        text = f"RolloutAborted: Rollout aborted update: {message}"
        self._write("Degraded", text, index, 0, stable=self.stable, abort=True, abortedAt=self._now())

    def healthy(self, steps: int) -> None:
        """The version that is asked for serves."""
        self._write("Healthy", "", steps, 0, stable=self.new)

    def _write(self, phase: str, message: str, index: int | None, weight: int, *, stable: str, **more: Any) -> None:
        def change(rollout: Manifest) -> None:
            canary = rollout["spec"]["strategy"]["canary"]
            arms = {
                "stable": {"podTemplateHash": stable, "serviceName": canary["stableService"], "weight": 100 - weight},
                "canary": {"podTemplateHash": self.new, "serviceName": canary["canaryService"], "weight": weight},
            }
            rollout["status"] = {
                "observedGeneration": str(rollout["metadata"].get("generation", 1)),
                "currentPodHash": self.new,
                "stableRS": stable,
                "phase": phase,
                "canary": {"weights": arms},
                "conditions": [{"type": "Available", "status": "True"}],
                **({"message": message} if message else {}),
                **({} if index is None else {"currentStepIndex": index}),
                **more,
            }

        self.objects.change("Rollout", self.model, change)

    def _now(self) -> str:
        return self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
