"""A second ``up`` while a canary is on its way, with the stand-in engine and the sandbox's cluster."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.engine.outcome import Op
from sandbox.engine.project import Project
from sandbox.engine.standin import StandIn
from tests.components.serving.test_model_service import ARGS, build
from tests.components.serving.test_model_service_rollout import FULL
from tests.sandbox.engine.program import Recorder
from tests.sandbox.kubernetes.conftest import KUBECONFIG

MODEL = "flight-delay"
PROGRAM = """
import json, pathlib
import pulumi, pulumi_kubernetes as k8s
from slipway import ModelService

args = json.loads(pathlib.Path(__file__).with_name("args.json").read_text())
kubeconfig = pathlib.Path(__file__).with_name("kubeconfig").read_text()
cluster = k8s.Provider("cluster", kubeconfig=kubeconfig, cluster_identifier="acme", enable_server_side_apply=True)
ModelService("flight-delay", args, pulumi.ResourceOptions(providers=[cluster]))
"""


class Stack:
    """A model's service in a cluster of files."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._project = directory / "project"
        self._project.mkdir()
        (self._project / "Pulumi.yaml").write_text("name: models\nruntime: python\n")
        (self._project / "Pulumi.dev.yaml").write_text("config: {}\n")
        (self._project / "__main__.py").write_text(PROGRAM)
        (self._project / "kubeconfig").write_text(KUBECONFIG)

    def up(self, **args: Any) -> dict[str, Op]:
        """What an update did to objects, by logical name; what stayed as it was is left out."""
        (self._project / "args.json").write_text(json.dumps({**ARGS, **FULL, **args}))
        recorder = Recorder()
        engine = StandIn(
            project=Project.at(self._project),
            stack="dev",
            state=self._directory / "state.json",
            environment={
                "PATH": "/usr/bin:/bin",
                "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
                "SLIPWAY_MANIFESTS": str(self._directory / "manifests"),
            },
            reporter=recorder,
            cloud="one",
        )
        outcome = engine.up()
        assert outcome.ok, recorder.failures
        return {
            change.name: change.op for change in recorder.changes if change.op is not Op.SAME and change.name != MODEL
        }

    def change(self, kind: str, name: str, edit: Callable[[dict[str, Any]], None]) -> None:
        """Change a stored object, as something in the cluster would."""
        path, document = self._stored(kind, name)
        edit(document)
        path.write_text(yaml.safe_dump(document))

    def stored(self, kind: str, name: str) -> dict[str, Any]:
        return self._stored(kind, name)[1]

    def _stored(self, kind: str, name: str) -> tuple[Path, dict[str, Any]]:
        found = [(path, yaml.safe_load(path.read_text())) for path in self._directory.glob("manifests/*/*.yaml")]
        (one,) = [(p, d) for p, d in found if d["kind"] == kind and d["metadata"]["name"] == name]
        return one


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    return Stack(tmp_path)


def weighted(canary: int) -> Callable[[dict[str, Any]], None]:
    """What the plugin does to the route for a weight (its ``setHTTPRouteWeight``)."""

    def edit(route: dict[str, Any]) -> None:
        stable, other = route["spec"]["rules"][0]["backendRefs"]
        stable["weight"], other["weight"] = 100 - canary, canary
        route["metadata"]["labels"]["rollouts.argoproj.io/gatewayapi-canary"] = "in-progress"

    return edit


def selects(revision: str) -> Callable[[dict[str, Any]], None]:
    """What the controller does to a Service of an arm."""

    def edit(service: dict[str, Any]) -> None:
        service["spec"]["selector"]["rollouts-pod-template-hash"] = revision
        service["metadata"].setdefault("annotations", {})["argo-rollouts.argoproj.io/managed-by-rollouts"] = "it"

    return edit


def scaled(rollout: dict[str, Any]) -> None:
    """What the autoscaler and the controller do to the Rollout."""
    rollout["spec"]["replicas"] = 7
    rollout["metadata"].setdefault("annotations", {})["rollout.argoproj.io/revision"] = "2"
    rollout["status"] = {"phase": "Progressing", "currentStepIndex": 3}


def canary(stack: Stack) -> None:
    stack.change("HTTPRoute", "flight-delay", weighted(25))
    stack.change("Service", "flight-delay", selects("aaa"))
    stack.change("Service", "flight-delay-canary", selects("bbb"))
    stack.change("Rollout", "flight-delay", scaled)


def test_it_changes_nothing_on_what_the_controller_owns(stack: Stack) -> None:
    stack.up()
    canary(stack)

    assert stack.up() == {}
    weights = [one["weight"] for one in stack.stored("HTTPRoute", "flight-delay")["spec"]["rules"][0]["backendRefs"]]
    assert weights == [75, 25]
    assert stack.stored("Service", "flight-delay")["spec"]["selector"]["rollouts-pod-template-hash"] == "aaa"
    assert stack.stored("Service", "flight-delay-canary")["spec"]["selector"]["rollouts-pod-template-hash"] == "bbb"
    assert stack.stored("Rollout", "flight-delay")["spec"]["replicas"] == 7


ATOMIC = ("spec.selector",)
"""Of a Service: one owner for all of it, as for any list."""


def fought_over(applied: dict[str, Any], stored: dict[str, Any], ignored: list[str], path: str = "") -> list[str]:
    """Fields that an apply would set to something else than what another owner has set."""
    found: list[str] = []
    for key, value in applied.items():
        where = f"{path}.{key}" if path else key
        if where in ignored:
            continue
        other = stored.get(key)
        if isinstance(value, dict) and isinstance(other, dict) and where not in ATOMIC:
            found += fought_over(value, other, ignored, where)
        elif value != other:
            found.append(where)
    return found


def test_an_apply_of_everything_would_fight_over_nothing(stack: Stack) -> None:
    stack.up()
    canary(stack)

    def fights(ignoring: bool) -> dict[str, list[str]]:
        found = {}
        for item in build(**FULL).resources:
            if item.custom and item.type.startswith("kubernetes:"):
                stored = stack.stored(item.inputs["kind"], item.inputs["metadata"]["name"])
                fields = fought_over(item.inputs, stored, item.ignore_changes if ignoring else [])
                if fields:
                    found[f"{item.inputs['kind']} {item.inputs['metadata']['name']}"] = fields
        return found

    assert fights(ignoring=True) == {}
    assert fights(ignoring=False) == {
        "HTTPRoute flight-delay": ["spec.rules"],
        "Service flight-delay": ["spec.selector"],
        "Service flight-delay-canary": ["spec.selector"],
    }


def test_a_change_beside_it_leaves_weights_and_selectors_alone(stack: Stack) -> None:
    stack.up()
    canary(stack)

    assert set(stack.up(release="flight-delay-20261121-11aa22bb", hostname="delay.ml.example.com")) == {
        "flight-delay-rollout",
        "flight-delay-route",
    }
    weights = [one["weight"] for one in stack.stored("HTTPRoute", "flight-delay")["spec"]["rules"][0]["backendRefs"]]
    assert weights == [75, 25]
    assert stack.stored("HTTPRoute", "flight-delay")["spec"]["hostnames"] == ["delay.ml.example.com"]
    assert stack.stored("Rollout", "flight-delay")["spec"]["replicas"] == 7


def test_other_rules_arrive_by_a_new_route(stack: Stack) -> None:
    stack.up()

    changes = stack.up(rollout={**FULL["rollout"], "mirror_percent": 20})
    assert changes["flight-delay-route"] is Op.REPLACE
    mirror = stack.stored("HTTPRoute", "flight-delay")["spec"]["rules"][0]["filters"][1]["requestMirror"]
    assert mirror["percent"] == 20


def test_turning_rollouts_off_keeps_the_address(stack: Stack) -> None:
    stack.up()
    uid = stack.stored("Service", "flight-delay")["metadata"]["uid"]
    changes = stack.up(rollout=None)

    assert changes["flight-delay-server"] is Op.CREATE
    assert changes["flight-delay-rollout"] is Op.DELETE
    assert "flight-delay-service" not in changes
    assert stack.stored("Service", "flight-delay")["metadata"]["uid"] == uid
