"""`make ab`: four challengers meet the champion, and each has the ending that it deserves.

What is real: Envoy, the model servers and their models, the declared objects, tokens, the gate with its statistics, and
all of the data. What is played: the controllers, Prometheus and the log agent, because there is no cluster. The clock
is fast: a declared minute takes some seconds.
"""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from slipway_ops import status
from slipway_ops.release import Release

from sandbox.cloud.process import CloudError
from sandbox.dataplane import shares
from sandbox.dataplane.challengers import BETTER, BROKEN, CHAMPION, EQUAL, WORSE, Build, Workshop
from sandbox.dataplane.clock import Clock
from sandbox.dataplane.cluster import Cluster
from sandbox.dataplane.judging import Result, evidence, panel, problems, tell
from sandbox.dataplane.measuring import MeasureError
from sandbox.dataplane.plot import draw, look
from sandbox.dataplane.processes import ProcessError
from sandbox.dataplane.reading import DataPlaneError
from sandbox.dataplane.stack import AUDIENCE, HOST, ISSUER, MODEL, NAMESPACE, Stack, StackError
from sandbox.dataplane.steps import Ending
from sandbox.dataplane.traffic import Caller, Row, Traffic
from sandbox.loopback import NotLoopbackError
from sandbox.report import Printer
from sandbox.workspace import ROOT

SPEED = 12.0
"""Declared seconds in one second."""
GATE: dict[str, Any] = {
    "metric": {"name": "brier", "kind": "mean", "direction": "decrease", "label": "brier", "minimum_effect": 0.01},
    "minimum_sample": 400,
    "deadline_minutes": 4,
    "label_window_minutes": 0.3,
    "guardrails": [{"name": "errors", "margin": 0.05}],
}
ROLLOUT: dict[str, Any] = {
    "mirror_percent": 10,
    "mirror_minutes": 1,
    "steps_percent": [50],
    "step_minutes": 1,
    "bake_minutes": 1,
    "minimum_requests": 50,
    "error_margin_percent": 15,
    # All servers share this machine's processors with everything else here, so times say little.
    "latency_margin_percent": 900,
    "saturation_margin_percent": 200,
    "gate_interval_seconds": 10,
}
_USERS_AT_ONCE = 16
_FLUSH_SECONDS = 0.5
"""Until the proxy's log is written."""


class AbError(Exception):
    """A challenger had another ending than it deserves; the message says which and what happened."""


def main(root: Path, *, quiet: bool = False) -> int:
    """Run it and print what happens; 0: every challenger had its ending, 1: one had not, or something broke.

    130: it was interrupted.
    """

    def say(text: str) -> None:
        if not quiet:
            print(text, flush=True)

    try:
        results = run(root, say)
    except (AbError, CloudError, DataPlaneError, MeasureError, NotLoopbackError, ProcessError, StackError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; everything that it started has ended", file=sys.stderr)
        return 130
    if quiet:
        print("\n".join(f"{result.build.name:7} {result.verdict}" for result in results))
    return 0


def run(root: Path, say: Callable[[str], None]) -> list[Result]:
    """All of it; raises ``AbError`` after the last ending if one was not the right one."""
    started = time.monotonic()
    say("training the champion and its challengers, while a cloud for their releases starts")
    with ThreadPoolExecutor(1) as pool, TemporaryDirectory(prefix="slipway-ab-") as models:
        training = pool.submit(_train, Path(models))
        stack = Stack.make(root, Printer(quiet=True))
        try:
            results = _play(stack, *training.result(), say)
        finally:
            stack.end()
    picture = root / "ab.png"
    draw([panel(result, GATE) for result in results], picture)
    tell(results, picture, time.monotonic() - started, say)
    found = [f"{result.build.name}: {problem}" for result in results for problem in result.problems]
    if found:
        raise AbError("; ".join(found))
    return results


def _train(directory: Path) -> tuple[Workshop, dict[str, Build]]:
    workshop = Workshop(ROOT / "examples" / MODEL, directory)
    return workshop, workshop.builds()


def _play(stack: Stack, workshop: Workshop, builds: dict[str, Build], say: Callable[[str], None]) -> list[Result]:
    """Release all, deploy the champion, and let the challengers come."""
    days = {name: f"2026-01-{day:02}T00:00:00Z" for day, name in enumerate(builds, 1)}
    releases = {name: stack.release(build, days[name]) for name, build in builds.items()}
    for name, build in builds.items():
        say(f"  {name:9}{releases[name].id}  Brier score {workshop.brier(build):.3f}  {build.note}")
    stack.write(releases[CHAMPION], ROLLOUT, GATE)
    stack.up()
    say(f"declared; Envoy and the champion start. A declared minute takes {60 / SPEED:.0f} s")
    cluster = Cluster(
        stack.objects,
        MODEL,
        ROOT / "examples" / MODEL,
        stack.root / "cluster",
        stack.environment,
        Clock(SPEED),
        lambda text: say(f"  {text}"),
    )
    try:
        for path in cluster.left_out:
            say(f"  declared, and not done by this proxy: {path}")
        match = _Match(stack, cluster, workshop.rows(), say)
        return [match.play(builds[name], releases[name]) for name in (BROKEN, WORSE, EQUAL, BETTER)]
    finally:
        cluster.close()


@dataclass
class _Match:
    """Challengers, one after the other."""

    stack: Stack
    cluster: Cluster
    rows: list[Row]
    say: Callable[[str], None]
    played: int = 0

    def play(self, build: Build, release: Release) -> Result:
        """Name the challenger's release in the stack's settings, and let the rollout do the rest."""
        started = time.monotonic()
        self.say(f"\n{build.name}: {build.note}")
        self.stack.write(release, ROLLOUT, GATE)
        self.stack.up()
        cluster, asked = self.cluster, len(self.cluster.measurer.answers)
        cluster.scraper.samples.clear()
        self.played += 1
        traffic = cluster.traffic(_caller, self.rows, self.played, connections=_USERS_AT_ONCE)
        ending = self._walked(traffic)
        looks = [look(answer) for answer in cluster.measurer.answers[asked:] if answer.get("record")]
        result = Result(
            build,
            release,
            ending,
            looks,
            self._measured(ending),
            self._status(release),
            evidence(ending, looks, self.stack.objects),
            traffic.tally.sent,
            time.monotonic() - started,
        )
        result.problems = problems(result)
        for share in result.measured:
            self.say(f"  {share}")
        self.say(f"  slipway status: {result.status.state}: {result.status.reason}")
        return result

    def _walked(self, traffic: Traffic) -> Ending:
        self.cluster.node.quiet = traffic.waiting
        traffic.start()
        try:
            return self.cluster.controller.sync()
        finally:
            traffic.stop()

    def _measured(self, ending: Ending) -> list[shares.Share]:
        cluster = self.cluster
        time.sleep(_FLUSH_SECONDS)
        log = shares.entries(Path(cluster.place.access_log))
        copied = shares.mirrored(cluster.scraper.samples, NAMESPACE, MODEL, ROLLOUT["mirror_percent"])
        stayed = shares.sticky(log, ending.weights, cluster.clock)
        found = [*shares.weights(log, ending.weights, cluster.clock), stayed, copied]
        return [share for share in found if share is not None]

    def _status(self, release: Release) -> status.Status:
        objects = self.stack.objects
        sets = [objects.get("ReplicaSet", name) for name in objects.names("ReplicaSet")]
        return status.of_model(MODEL, release.id, objects.get("Rollout", MODEL), None, sets)


def _caller(address: str) -> Caller:
    return Caller(address, HOST, "/predict", {"iss": ISSUER, "aud": AUDIENCE, "team": "travel"})
