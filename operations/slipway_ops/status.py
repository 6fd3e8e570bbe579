"""What a model's objects in the cluster mean, compared with what its stack's file says. Without any call."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

Object = Mapping[str, Any]

HASH = "rollouts-pod-template-hash"
"""Label of a ReplicaSet of a Rollout."""
_NOBODY_RESUMES = ("InconclusiveAnalysisRun", "InconclusiveExperiment")


class State(StrEnum):
    """How a model is."""

    HEALTHY = "healthy"
    """What the file says runs, and only that."""
    PROGRESSING = "progressing"
    """On its way there by itself."""
    PAUSED = "paused"
    """At a step that waits, and goes on by itself."""
    WAITING = "waiting"
    """For its first release: neither file nor cluster name one."""
    DEGRADED = "degraded"
    """Something else runs than what the file says, or not all of it, and it stays so until somebody acts."""


@dataclass(frozen=True)
class Status:
    """How one model is."""

    model: str
    state: State
    reason: str
    wanted: str | None
    """Release that the file names."""
    stable: str | None = None
    """Release that serves, or its pods' hash where no ReplicaSet tells the release."""
    canary: str | None = None
    """Release that is to take over, while one is."""
    canary_percent: int = 0
    """Its share of the requests."""
    step: str | None = None
    """The rollout's step: ``3 of 9: pause 15m``."""
    decision: Mapping[str, Any] | None = None
    """The gate's last decision."""

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)

    def __str__(self) -> str:
        lines = [f"{self.model}: {self.state}: {self.reason}"]
        if self.stable:
            share = f" ({100 - self.canary_percent} %)" if self.canary else ""
            lines.append(f"  stable: {self.stable}{share}")
        if self.canary:
            lines.append(f"  canary: {self.canary} ({self.canary_percent} %)")
        if self.step:
            lines.append(f"  step: {self.step}")
        if self.decision:
            said = self.decision
            lines.append(f"  gate: {said.get('answer')}: {said.get('reason')} ({said.get('at')})")
        return "\n".join(lines)


def of_model(
    model: str, wanted: str | None, rollout: Object | None, deployment: Object | None, sets: Iterable[Object] = ()
) -> Status:
    """The status of ``model``, whose file names the release ``wanted``, from its objects in the cluster.

    ``sets`` are its ReplicaSets, which tell the releases of the pods' hashes.
    """
    running = rollout or deployment
    if running is None:
        if wanted is None:
            return Status(model, State.WAITING, "no release yet", None)
        return Status(model, State.DEGRADED, f"nothing runs, where the file names {wanted}", wanted)
    declared = _release(running)
    found = _of_rollout(model, wanted, running, sets) if rollout else _of_deployment(model, wanted, running)
    if declared == wanted:
        return found
    told = f"names {wanted}" if wanted else "names none"
    reason = f"the cluster was given {declared}, the file {told}: no `up` since, or somebody changed the cluster"
    return replace(found, state=State.DEGRADED, reason=f"{reason} ({found.state}: {found.reason})")


def _of_rollout(model: str, wanted: str | None, rollout: Object, sets: Iterable[Object]) -> Status:
    status, spec = _map(rollout, "status"), _map(rollout, "spec")
    declared, stable_hash, new_hash = _release(rollout), status.get("stableRS"), status.get("currentPodHash")
    releases = {_map(one, "metadata", "labels").get(HASH): _release(one) for one in sets}
    moving = bool(stable_hash) and stable_hash != new_hash
    stable = (releases.get(stable_hash) or f"pods {stable_hash}") if moving else declared if stable_hash else None
    percent = int(_map(status, "canary", "weights", "canary").get("weight") or 0) if moving else 0
    step = _step(_map(spec, "strategy", "canary").get("steps") or [], status, moving)

    def answer(state: State, reason: str) -> Status:
        return Status(model, state, reason, wanted, stable, declared if moving else None, percent, step)

    message = status.get("message") or ""
    if not status:
        return answer(State.PROGRESSING, "no controller has said anything about it yet")
    if str(status.get("observedGeneration", "")) not in ("", str(_map(rollout, "metadata").get("generation", ""))):
        return answer(State.PROGRESSING, "the controller has not seen the last change yet")
    if status.get("abort"):
        return answer(
            State.DEGRADED, f"{declared} was aborted, {stable} goes on serving: {message or 'no reason given'}"
        )
    invalid = _condition(status, "InvalidSpec")
    if invalid and invalid.get("status") == "True":
        return answer(State.DEGRADED, f"the controller refuses it: {invalid.get('message')}")
    stuck = [str(pause.get("reason")) for pause in status.get("pauseConditions") or []]
    inconclusive = [reason for reason in stuck if reason in _NOBODY_RESUMES]
    if inconclusive:
        return answer(State.DEGRADED, f"stands still until somebody promotes or aborts it: {inconclusive[0]}")
    if spec.get("paused"):
        return answer(State.DEGRADED, "stands still: spec.paused is set, which nobody takes back by itself")
    phase = status.get("phase")
    if phase == "Degraded":
        return answer(State.DEGRADED, message or "the controller calls it degraded")
    if phase == "Paused":
        return answer(State.PAUSED, message or ", ".join(stuck) or "at a pause")
    if phase == "Healthy" and not moving:
        return answer(State.HEALTHY, f"{declared} serves all requests")
    return answer(State.PROGRESSING, message or "on its way")


def _of_deployment(model: str, wanted: str | None, deployment: Object) -> Status:
    status, spec = _map(deployment, "status"), _map(deployment, "spec")
    declared = _release(deployment)

    def answer(state: State, reason: str, serving: str | None = None) -> Status:
        return Status(model, state, reason, wanted, serving)

    if not status:
        return answer(State.PROGRESSING, "no controller has said anything about it yet")
    if int(status.get("observedGeneration") or 0) < int(_map(deployment, "metadata").get("generation") or 0):
        return answer(State.PROGRESSING, "the controller has not seen the last change yet")
    progress = _condition(status, "Progressing")
    if progress and progress.get("reason") == "ProgressDeadlineExceeded":
        return answer(State.DEGRADED, f"pods of {declared} do not become ready: {progress.get('message')}")
    failure = _condition(status, "ReplicaFailure")
    if failure and failure.get("status") == "True":
        return answer(State.DEGRADED, f"pods are refused: {failure.get('message')}")
    wanted_pods = int(status.get("replicas") or 0) if spec.get("replicas") is None else int(spec["replicas"])
    updated, ready = int(status.get("updatedReplicas") or 0), int(status.get("availableReplicas") or 0)
    if updated >= wanted_pods and ready >= wanted_pods > 0 and int(status.get("replicas") or 0) == updated:
        return answer(State.HEALTHY, f"{ready} pods of {declared} are ready", declared)
    return answer(State.PROGRESSING, f"{updated} of {wanted_pods} pods are of {declared}, {ready} are ready")


def _step(steps: list[Any], status: Object, moving: bool) -> str | None:
    index = status.get("currentStepIndex")
    if not moving or index is None or not steps:
        return None
    if int(index) >= len(steps):
        return f"all {len(steps)} done"
    return f"{int(index) + 1} of {len(steps)}: {_described(steps[int(index)])}"


_STEPS: Mapping[str, Callable[[Any], str]] = {
    "setWeight": lambda weight: f"{weight} % of the requests",
    "pause": lambda pause: f"pause {pause['duration']}" if (pause or {}).get("duration") else "pause without an end",
    "setCanaryScale": lambda scale: f"pods for {scale.get('weight')} %",
    "analysis": lambda run: "analysis " + ", ".join(one.get("templateName", "") for one in run.get("templates") or []),
    "experiment": lambda _: "mirror",
}


def _described(step: Mapping[str, Any]) -> str:
    (name, value), *_ = [*step.items(), ("", None)]
    return _STEPS[name](value) if name in _STEPS else str(name)


def _release(workload: Object) -> str | None:
    release = _map(workload, "spec", "template", "metadata", "labels").get("release")
    return None if release is None else str(release)


def _condition(status: Object, kind: str) -> Object | None:
    return next((one for one in status.get("conditions") or [] if one.get("type") == kind), None)


def _map(value: Object, *path: str) -> Object:
    for key in path:
        value = value.get(key) or {}
    return value
