"""The driver that plays the rollout controller: what it does to stored objects, and how rollouts end."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from slipway_ops import status as told

from sandbox.dataplane.clock import Clock
from sandbox.dataplane.controller import REVISION, Controller
from sandbox.dataplane.objects import KINDS, Objects
from sandbox.dataplane.pods import Node, Pod
from sandbox.dataplane.processes import ProcessError
from sandbox.dataplane.reading import DataPlaneError
from sandbox.dataplane.steps import HASH, Ending
from sandbox.dataplane.writing import IN_PROGRESS, set_weight
from sandbox.providers.kubernetes.store import Store
from tests.sandbox.dataplane import manifests
from tests.sandbox.dataplane.manifests import MODEL, NAMESPACE

EXPERIMENT = {
    "duration": "1s",
    "templates": [
        {"name": "shadow", "specRef": "canary", "replicas": 1, "metadata": {"labels": {"variant": "shadow"}}}
    ],
    "analyses": [{"name": "mirror", "templateName": f"{MODEL}-mirror", "requiredForCompletion": True}],
}
GUARD = {"analysis": {"templates": [{"templateName": f"{MODEL}-guard"}]}}


class Idle:
    """A program that only seems to run."""

    alive = True

    def stop(self) -> None:
        self.alive = False


class FakeNode(Node):
    """Starts nothing."""

    def __init__(self) -> None:
        self.pods: list[Pod] = []
        self.fails = False

    def start(self, name: str, template: Mapping[str, Any], labels: Mapping[str, str]) -> Pod:
        if self.fails:
            raise ProcessError("server ended with code 1:\nmany lines")
        program: Any = Idle()
        all_labels = {**template["metadata"]["labels"], **labels}
        pod = Pod(name, all_labels, ("127.0.0.1", 9000 + len(self.pods)), program, Path(name))
        self.pods.append(pod)
        return pod


class World:
    """A controller over a folder of objects."""

    def __init__(self, directory: Path) -> None:
        self.objects = Objects(Store(directory, "cluster"), NAMESPACE)
        self.node = FakeNode()
        self.answers: dict[str, Callable[[], Any]] = {}
        self.seen: list[dict[str, Any]] = []
        self.said: list[str] = []
        measure: Any = self.measure
        self.controller = Controller(
            self.objects, MODEL, self.node, measure, Clock(100), self.changed, self.said.append
        )
        for item in (
            manifests.route(),
            manifests.service(),
            manifests.service("-canary"),
            manifests.service("-shadow", variant="shadow"),
            manifests.rollout(),
        ):
            self.put(item)

    def put(self, item: Any) -> None:
        self.objects.store.put(KINDS[item["kind"]], NAMESPACE, item["metadata"]["name"], item)

    def analysis(self, name: str, answer: Any, **metric: Any) -> None:
        self.put(manifests.analysis(name, **metric))
        self.answers[name] = answer if callable(answer) else lambda: answer

    def measure(self, provider: Mapping[str, Any]) -> Any:
        (name,) = provider
        return self.answers[name]()

    def changed(self) -> None:
        services = [self.objects.get("Service", MODEL + suffix) for suffix in ("", "-canary", "-shadow")]
        self.seen.append({"weights": self.weights(), **self.node.endpoints(services)})

    def weights(self) -> list[int]:
        return [item["weight"] for item in self.route()["spec"]["rules"][0]["backendRefs"]]

    def route(self) -> Any:
        return self.objects.get("HTTPRoute", MODEL)

    def rollout(self) -> Any:
        return self.objects.get("Rollout", MODEL)

    def ask(self, release: str, steps: Any = None, **more: Any) -> Ending:
        """What an `up` with another release does, and then the controller."""
        spec = manifests.rollout(release, steps, **more)["spec"]
        self.objects.change("Rollout", MODEL, lambda found: found.update(spec=spec))
        return self.controller.sync()

    def status(self) -> told.Status:
        rollout = self.rollout()
        wanted = rollout["spec"]["template"]["metadata"]["labels"]["release"]
        sets = [self.objects.get("ReplicaSet", name) for name in self.objects.names("ReplicaSet")]
        return told.of_model(MODEL, wanted, rollout, None, sets)


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    assert made.controller.sync().phase == "promoted"
    return made


def test_the_first_version_takes_no_steps_and_the_controller_takes_over(world: World) -> None:
    assert world.weights() == [100, 0]
    assert IN_PROGRESS not in world.route()["metadata"].get("labels", {})
    digest = world.rollout()["status"]["stableRS"]
    assert world.objects.get("Service", MODEL)["spec"]["selector"][HASH] == digest
    assert [pod.labels["variant"] for pod in world.node.pods] == ["stable"]
    assert world.rollout()["metadata"]["annotations"][REVISION] == "1"
    assert world.status().state is told.State.HEALTHY
    assert world.controller.sync().phase == "promoted"  # nothing to do


def test_a_version_is_promoted_step_by_step(world: World) -> None:
    ending = world.ask("r-2")
    assert (ending.phase, ending.step, [weight for _, weight in ending.weights]) == ("promoted", None, [25, 100])
    steps = [item["weights"] for item in world.seen]
    assert [75, 25] in steps
    assert [0, 100] in steps
    assert world.weights() == [100, 0]
    at_25 = next(item for item in world.seen if item["weights"] == [75, 25])
    assert len(at_25[MODEL]) == len(at_25[f"{MODEL}-canary"]) == 1
    assert at_25[MODEL] != at_25[f"{MODEL}-canary"]
    assert at_25[f"{MODEL}-shadow"] == []
    assert world.controller.stable is not None
    assert (world.controller.stable.release, world.controller.stable.labels["variant"]) == ("r-2", "stable")
    assert len(world.node.pods) == 2  # the old ones stay for the bake
    assert (world.status().state, world.status().stable) == (told.State.HEALTHY, "r-2")


def test_a_shadow_exists_for_its_experiment_only_and_its_failure_ends_the_rollout(world: World) -> None:
    world.analysis("mirror", [0.9], successCondition="len(result) > 0 && result[0] <= 0.01", count=1)
    ending = world.ask("r-2", [{"experiment": EXPERIMENT}, {"setWeight": 25}])
    assert ending.phase == "aborted"
    assert ending.message.startswith('Experiment analysis phase error/failed: Metric "mirror" assessed Failed')
    assert {tuple(item["weights"]) for item in world.seen} == {(100, 0)}
    during = [item for item in world.seen if item[f"{MODEL}-shadow"]]
    assert len(during) == 1
    assert during[0][MODEL] != during[0][f"{MODEL}-shadow"]
    assert not world.seen[-1][f"{MODEL}-shadow"]
    state = world.status()
    assert (state.state, state.stable, state.canary) == (told.State.DEGRADED, "r-1", "r-2")
    assert "RolloutAborted" in state.reason
    (run,) = world.objects.names("AnalysisRun")
    assert world.objects.get("AnalysisRun", run)["status"]["phase"] == "Failed"
    assert world.objects.names("Experiment")


def test_a_failed_step_takes_the_weight_back(world: World) -> None:
    world.analysis("guard", lambda: [0.2], successCondition="result[0] <= 0.01", count=1)
    ending = world.ask("r-2", [{"setCanaryScale": {"weight": 25}}, {"setWeight": 25}, GUARD])
    assert (ending.phase, ending.step) == ("aborted", 2)
    assert [weight for _, weight in ending.weights] == [25, 0]
    assert world.weights() == [100, 0]
    assert IN_PROGRESS not in world.route()["metadata"]["labels"]
    assert [pod.release for pod in world.node.pods] == ["r-1"]
    world.answers["guard"] = lambda: [0.0]
    assert world.ask("r-3", [{"setWeight": 25}, GUARD]).phase == "promoted"  # the next one begins anew


def test_the_analysis_beside_the_steps_ends_a_pause(world: World) -> None:
    world.analysis("watch", [1.0], successCondition="result[0] < 1", interval="1m", failureLimit=0)
    background = {"templates": [{"templateName": f"{MODEL}-watch"}], "startingStep": 1}
    ending = world.ask("r-2", [{"setWeight": 25}, {"pause": {"duration": "1h"}}], analysis=background)
    assert (ending.phase, ending.step) == ("aborted", 1)
    assert ending.message.startswith("Background analysis phase error/failed")


def test_the_end_of_the_analysis_beside_the_steps_is_no_failure(world: World) -> None:
    world.analysis("watch", [0.0], successCondition="result[0] < 1", interval="1s")
    background = {"templates": [{"templateName": f"{MODEL}-watch"}], "startingStep": 0}
    steps = [{"setWeight": 25}, {"pause": {"duration": "5s"}}]
    assert world.ask("r-2", steps, analysis=background).phase == "promoted"


def test_nobody_knows_is_no_promotion(world: World) -> None:
    """The gate that says 0 until its analysis has used up its count: the rollout stands still, and status says so."""
    gate = {"successCondition": "result == 1", "failureCondition": "result == -1", "consecutiveSuccessLimit": 1}
    world.analysis("guard", 0, **gate, count=3, interval="1s", inconclusiveLimit=3)
    ending = world.ask("r-2", [{"setWeight": 25}, GUARD])
    assert ending.phase == "paused"
    assert world.weights() == [75, 25]
    state = world.status()
    assert state.state is told.State.DEGRADED
    assert state.reason.startswith("stands still until somebody promotes or aborts it: InconclusiveAnalysisRun")
    assert (state.canary_percent, state.step) == (25, f"2 of 2: analysis {MODEL}-guard")


def test_a_pause_without_an_end_and_a_step_that_is_unknown(world: World) -> None:
    assert world.ask("r-2", [{"setWeight": 25}, {"pause": {}}]).phase == "paused"
    assert world.status().state is told.State.PAUSED
    with pytest.raises(DataPlaneError, match=r"steps\[0\]: accepted: experiment, .* received: {'setMirrorRoute'"):
        world.ask("r-3", [{"setMirrorRoute": {}}])


def test_pods_that_do_not_start_end_the_rollout(world: World) -> None:
    world.node.fails = True
    ending = world.ask("r-2")
    assert ending.phase == "aborted"
    assert ending.message == "ProgressDeadlineExceeded: server ended with code 1:"
    assert world.weights() == [100, 0]


def test_going_back_within_the_window_takes_no_steps(world: World) -> None:
    world.analysis("guard", [1.0], successCondition="result[0] < 1", count=1)
    assert world.ask("r-2").phase == "promoted"
    assert world.ask("r-1", [{"setWeight": 25}, GUARD]).phase == "promoted"
    assert "a version of the rollback window: no steps" in world.said
    assert world.rollout()["metadata"]["annotations"][REVISION] == "3"
    assert world.ask("r-3", [{"setWeight": 25}, GUARD]).phase == "aborted"


def test_arguments_come_from_the_rollout(world: World) -> None:
    seen: list[Any] = []
    template = manifests.analysis("guard", successCondition="result == 1", count=1)
    template["spec"]["args"] = [{"name": "attempt"}, {"name": "candidate"}]
    template["spec"]["metrics"][0]["provider"] = {"guard": {"body": "{{args.candidate}} {{args.attempt}}"}}
    world.put(template)

    def measure(provider: Mapping[str, Any]) -> int:
        seen.append(provider["guard"]["body"])
        return 1

    measurer: Any = measure
    world.controller.measurer = measurer
    path = f"metadata.annotations['{REVISION}']"
    arguments: list[Any] = [
        {"name": "candidate", "value": "r-2"},
        {"name": "attempt", "valueFrom": {"fieldRef": {"fieldPath": path}}},
    ]
    step = {"analysis": {**GUARD["analysis"], "args": arguments}}
    assert world.ask("r-2", [{"setWeight": 25}, step]).phase == "promoted"
    assert seen == ["r-2 2"]
    arguments[1]["valueFrom"] = {"fieldRef": {"fieldPath": "metadata.annotations['other']"}}
    with pytest.raises(DataPlaneError, match="args: accepted: a value, or a label or an annotation that the Rollout"):
        world.ask("r-3", [{"setWeight": 25}, step])


def test_a_rule_whose_only_backend_is_the_canary_is_deleted_with_header_routes() -> None:
    """The trap: a rule for testing the canary directly would vanish. Our Rollouts have no header routes."""
    route, canary = manifests.route(), manifests.rollout()["spec"]["strategy"]["canary"]
    direct = {"backendRefs": [{"name": f"{MODEL}-canary", "port": 80}]}
    route["spec"]["rules"].insert(0, direct)
    set_weight(route, canary, 25)
    assert route["spec"]["rules"][0] == direct
    canary["trafficRouting"]["plugins"]["argoproj-labs/gatewayAPI"]["httpRoutes"][0]["useHeaderRoutes"] = True
    set_weight(route, canary, 25)
    assert len(route["spec"]["rules"]) == 1
    assert route["metadata"]["labels"] == {IN_PROGRESS: "in-progress"}


def test_a_route_without_both_services_is_refused() -> None:
    route, canary = manifests.route(), manifests.rollout()["spec"]["strategy"]["canary"]
    route["spec"]["rules"][0]["backendRefs"].pop()
    with pytest.raises(DataPlaneError, match=f"accepted: a rule with both {MODEL} and {MODEL}-canary: received: none"):
        set_weight(route, canary, 25)


def test_objects_are_counted_as_a_server_does(world: World) -> None:
    before = world.route()["metadata"]
    world.objects.change("HTTPRoute", MODEL, lambda found: None)
    assert world.route()["metadata"] == before
    world.objects.change("HTTPRoute", MODEL, lambda found: found["metadata"].update(labels={"a": "b"}))
    after = world.route()["metadata"]
    assert int(after["resourceVersion"]) == int(before["resourceVersion"]) + 1
    assert after["generation"] == before["generation"]
    with pytest.raises(DataPlaneError, match="Rollout models/other: accepted: a stored object: received: nothing"):
        world.objects.get("Rollout", "other")
    world.objects.delete("Service", f"{MODEL}-shadow")
    assert world.objects.find("Service", f"{MODEL}-shadow") is None


def test_a_run_of_no_template_is_refused(world: World) -> None:
    with pytest.raises(DataPlaneError, match="AnalysisTemplate models/none"):
        world.controller.run(["none"], {}, threading.Event())
