"""Plays Argo Rollouts with its Gateway API plugin on the stored objects of one model.

What it does to them is what the real ones were seen to do: it owns ``spec.rules`` of the route and the selectors of the
Services, labels the route while a canary has weight, walks the steps, and writes status. What it leaves out: numbers of
replicas (one process is an arm), retries of its own, and every strategy that our Rollouts do not use.
"""

import hashlib
import itertools
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.dataplane.analysis import Phase, Run
from sandbox.dataplane.clock import Clock, text
from sandbox.dataplane.measuring import Measurer
from sandbox.dataplane.objects import Objects
from sandbox.dataplane.pods import Node, Pod
from sandbox.dataplane.processes import ProcessError
from sandbox.dataplane.reading import Manifest
from sandbox.dataplane.steps import HASH, PAUSED, PROMOTED, Abort, Ending, Ladder
from sandbox.dataplane.writing import Status, set_weight

REVISION = "rollout.argoproj.io/revision"


class Controller:
    """The rollout controller of one model."""

    def __init__(
        self,
        objects: Objects,
        model: str,
        node: Node,
        measurer: Measurer,
        clock: Clock,
        changed: Callable[[], None],
        say: Callable[[str], None] = lambda _text: None,
    ) -> None:
        """``changed`` is called when routes, Services or pods have changed: the gateway's controller would see it."""
        self.objects, self.model, self.node, self.measurer, self.clock = objects, model, node, measurer, clock
        self.changed, self.say = changed, say
        self.stable: Pod | None = None
        self._revisions: dict[str, int] = {}
        self._numbers = itertools.count(1)

    def sync(self) -> Ending:
        """Bring the cluster to what the stored Rollout asks for; returns once that is done, refused or stuck."""
        rollout = self.objects.get("Rollout", self.model)
        digest = template_hash(rollout["spec"]["template"])
        if self.stable is None:
            return self._first(rollout, digest)
        if self.stable.labels[HASH] == digest:
            self._status(digest).healthy(_steps(rollout))
            return Ending(PROMOTED)
        return self._replace(rollout, digest)

    def run(self, templates: list[str], arguments: Mapping[str, str], ended: threading.Event) -> tuple[Phase, str, str]:
        """Execute an analysis; returns its phase, message and name. Its AnalysisRun is stored."""
        found = [self.objects.get("AnalysisTemplate", name) for name in templates]
        name = self._name(max(self._revisions.values(), default=1))
        run = Run(found, arguments, self.measurer, self.clock)
        started = text(self.clock.now())
        phase, message = run.execute(ended)
        status = {"phase": str(phase), "message": message, "startedAt": started, **run.status()}
        self.objects.make(
            "AnalysisRun", name, {}, spec={"metrics": [dict(metric.spec) for metric in run.metrics]}, status=status
        )
        return phase, message, name

    def pod(self, role: str, template: Mapping[str, Any], labels: Mapping[str, str]) -> Pod:
        """Start a pod of the model."""
        return self.node.start(self._name(role), template, labels)

    def weigh(self, weight: int) -> None:
        """The plugin's SetWeight: the whole of ``spec.rules`` is read and written."""
        canary = self.objects.get("Rollout", self.model)["spec"]["strategy"]["canary"]
        self.objects.change("HTTPRoute", self.model, lambda route: set_weight(route, canary, weight))
        self.changed()

    def select(self, service: str, digest: str) -> None:
        """Narrow a Service to the pods of one version."""

        def narrow(found: Manifest) -> None:
            found["spec"]["selector"] = {**found["spec"].get("selector", {}), HASH: digest}

        self.objects.change("Service", service, narrow)
        self.changed()

    def _first(self, rollout: Manifest, digest: str) -> Ending:
        """The first version takes no steps: there is nothing to compare it with."""
        canary = rollout["spec"]["strategy"]["canary"]
        self._revision(rollout, digest)
        self.stable = self.pod("stable", rollout["spec"]["template"], _labels(canary, "stable", digest))
        for service in (canary["stableService"], canary["canaryService"]):
            self.select(service, digest)
        self.weigh(0)
        self._status(digest).healthy(_steps(rollout))
        return Ending(PROMOTED)

    def _replace(self, rollout: Manifest, digest: str) -> Ending:
        old = self.stable
        assert old is not None, "sync asks first"
        canary = rollout["spec"]["strategy"]["canary"]
        recent = self._within_window(rollout, digest)
        self._revision(rollout, digest)
        ladder = Ladder(self, rollout, _labels(canary, "canary", digest), self._status(digest))
        try:
            if recent:
                self.say("a version of the rollback window: no steps")
                ladder.begin()
            else:
                ladder.walk()
        except Abort as abort:
            ladder.give_up(abort)
        except ProcessError as error:
            ladder.give_up(Abort(f"ProgressDeadlineExceeded: {str(error).splitlines()[0]}"))
        if ladder.ending.phase == PROMOTED and ladder.pod is not None:
            self._promote(rollout, ladder.pod, digest, ladder.ending)
            self.say(f"stable is {ladder.pod.release}; {old.release} keeps its pods for the bake")
        elif ladder.ending.phase != PAUSED and ladder.pod is not None:
            self.node.stop(ladder.pod)
            self.changed()
        return ladder.ending

    def _promote(self, rollout: Manifest, pod: Pod, digest: str, ending: Ending) -> None:
        """All requests to the canary, then its version becomes the stable one, under the stable Service."""
        canary = rollout["spec"]["strategy"]["canary"]
        ending.weights.append((self.clock.seconds(), 100))
        self.weigh(100)
        pod.labels.update(canary.get("stableMetadata", {}).get("labels", {}))
        self.select(canary["stableService"], digest)
        self.weigh(0)
        self.stable = pod
        self._status(digest).healthy(_steps(rollout))

    def _within_window(self, rollout: Manifest, digest: str) -> bool:
        """Whether a version is so recent that going back to it needs no proof."""
        assert self.stable is not None, "sync asks first"
        window = rollout["spec"].get("rollbackWindow", {}).get("revisions", 0)
        behind = self._revisions[self.stable.labels[HASH]] - self._revisions.get(digest, 0)
        return digest in self._revisions and bool(0 < behind <= window)

    def _revision(self, rollout: Manifest, digest: str) -> None:
        """Number the version, and make its ReplicaSet, which tells release and template of a hash."""
        number = self._revisions[digest] = max(self._revisions.values(), default=0) + 1

        def annotate(found: Manifest) -> None:
            found["metadata"].setdefault("annotations", {})[REVISION] = str(number)

        self.objects.change("Rollout", self.model, annotate)
        annotate(rollout)
        template = rollout["spec"]["template"]
        labels = {**template["metadata"]["labels"], HASH: digest}
        spec = {"selector": {"matchLabels": labels}, "template": template}
        self.objects.make("ReplicaSet", f"{self.model}-{digest}", labels, spec=spec)

    def _status(self, digest: str) -> Status:
        stable = self.stable.labels[HASH] if self.stable else digest
        return Status(self.objects, self.model, self.clock, stable, digest)

    def _name(self, part: object) -> str:
        return f"{self.model}-{part}-{next(self._numbers)}"


def template_hash(template: Mapping[str, Any]) -> str:
    """What tells versions apart: the pod template alone."""
    return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:10]


def _labels(canary: Mapping[str, Any], arm: str, digest: str) -> dict[str, str]:
    return {HASH: digest, **canary.get(f"{arm}Metadata", {}).get("labels", {})}


def _steps(rollout: Manifest) -> int:
    return len(rollout["spec"]["strategy"]["canary"].get("steps", []))
