import json
from typing import Any

import pytest
from slipway.rollout._steps import REVISION, Plan, plan_of, steps
from slipway.rollout.rollout_args import RolloutArgs

METRIC = {"name": "accuracy", "label": "correct", "kind": "binary", "direction": "increase", "minimum_effect": 0.01}
CONFIG = {"metric": METRIC, "deadline_minutes": 600, "label_window_minutes": 60}
GATE = json.dumps(CONFIG)
MIRROR = {"mirror_percent": 10, "mirror_minutes": 30}


def plan(minimum: int = 3, maximum: int = 40, **args: Any) -> Plan:
    return plan_of(args, RolloutArgs.__annotations__, minimum, maximum)


def walked(**args: Any) -> list[Any]:
    return list(steps(plan(**args), "m", "m-1")[0])


def kinds(found: list[Any]) -> list[str]:
    return [kind for step in found for kind in step]


def test_the_ladder() -> None:
    assert walked(steps_percent=[5, 50], step_minutes=10) == [
        {"setCanaryScale": {"weight": 5}},
        {"setWeight": 5},
        {"pause": {"duration": "10m"}},
        {"analysis": {"templates": [{"templateName": "m-guardrails"}]}},
        {"setCanaryScale": {"weight": 50}},
        {"setWeight": 50},
        {"pause": {"duration": "10m"}},
        {"analysis": {"templates": [{"templateName": "m-guardrails"}]}},
        {"setCanaryScale": {"weight": 100}},
    ]


def test_capacity_comes_before_each_weight_and_before_the_promotion() -> None:
    found = walked(gate=GATE, **MIRROR)

    scaled = 0
    for step in found:
        scaled = step.get("setCanaryScale", {}).get("weight", scaled)
        assert step.get("setWeight", 0) <= scaled
    assert found[-1] == {"setCanaryScale": {"weight": 100}}


def test_each_step_is_of_one_kind_that_the_plugin_carries_out() -> None:
    found = walked(gate=GATE, **MIRROR)

    assert all(len(step) == 1 for step in found)
    assert set(kinds(found)) == {"setWeight", "setCanaryScale", "pause", "analysis", "experiment"}


def test_the_mirror_stage_is_an_experiment_without_weight_before_everything_else() -> None:
    found = walked(**MIRROR)

    assert kinds(found)[0] == "experiment"
    assert kinds(found).count("experiment") == 1
    assert found[0]["experiment"] == {
        "duration": "30m",
        "templates": [
            {"name": "shadow", "specRef": "canary", "replicas": 4, "metadata": {"labels": {"variant": "shadow"}}}
        ],
        "analyses": [{"name": "mirror", "templateName": "m-mirror", "requiredForCompletion": True}],
    }


def test_the_gate_is_asked_at_both_ends_of_each_weight_and_at_the_end() -> None:
    found = walked(steps_percent=[5, 50], gate=GATE)

    asked = []
    weight = 0
    for step in found:
        weight = step.get("setWeight", weight)
        analysis = step.get("analysis", {"templates": []})
        names = [one["templateName"] for one in analysis["templates"]]
        args = {one["name"]: one.get("value") for one in analysis.get("args", [])}
        if args:
            assert {"name": "attempt", "valueFrom": {"fieldRef": {"fieldPath": REVISION}}} in analysis["args"]
            assert args["candidate"] == "m-1"
            assert args["weight"] == str(weight)
            asked.append((weight, names, args["final"]))
    assert asked == [
        (5, ["m-gate-stage"], "false"),
        (5, ["m-guardrails", "m-gate-stage"], "false"),
        (50, ["m-gate-stage"], "false"),
        (50, ["m-guardrails", "m-gate-stage"], "false"),
        (50, ["m-gate"], "true"),
    ]


@pytest.mark.parametrize("args", [{}, {"gate": GATE}, MIRROR, {"gate": GATE, **MIRROR}])
def test_the_watch_begins_with_the_first_weight(args: dict[str, Any]) -> None:
    found, watched = steps(plan(**args), "m", "m-1")

    assert found[watched - 1] == {"setWeight": 5}
    assert not any("setWeight" in step for step in found[: watched - 1])


def test_defaults() -> None:
    found = plan()

    assert found.steps_percent == (5, 25, 50)
    assert (found.step_minutes, found.bake_minutes, found.pods_per_arm) == (15, 60, 2)
    assert (found.sticky, found.gate, found.mirror_percent, found.mirror_replicas) == (True, None, 0, 0)
    assert found.ladder_minutes == 45
    assert (found.watch_minutes, plan(step_minutes=2).watch_minutes) == (5, 2)
    assert plan(minimum=1).pods_per_arm == 1


def test_numbers_may_be_floats_as_a_plugin_host_sends_them() -> None:
    found = plan(steps_percent=[5.0, 50.0], step_minutes=10.0, mirror_percent=10.0, mirror_minutes=30.0)

    assert found.steps_percent == (5, 50)
    assert all(type(value) is int for value in (*found.steps_percent, found.step_minutes, found.mirror_replicas))


def test_the_shadow_has_room_for_its_share_of_the_most_traffic() -> None:
    assert plan(3, 40, **MIRROR).mirror_replicas == 4
    assert plan(3, 3, mirror_percent=100, mirror_minutes=1).mirror_replicas == 3
    assert plan(3, 40, **MIRROR, mirror_replicas=1).mirror_replicas == 1


WEIGHTS = (
    "rollout.steps_percent: accepted: 1 to 10 increasing whole numbers from 1 to 99; what follows the last is the "
)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"steps_percent": []}, WEIGHTS),
        ({"steps_percent": list(range(1, 12))}, WEIGHTS),
        ({"steps_percent": [25, 5]}, WEIGHTS),
        ({"steps_percent": [5, 5]}, WEIGHTS),
        ({"steps_percent": [0, 5]}, WEIGHTS),
        ({"steps_percent": [5, 100]}, WEIGHTS),
        ({"steps_percent": [5, 500]}, WEIGHTS),
        ({"steps_percent": [2.5]}, WEIGHTS),
        ({"steps_percent": "5"}, WEIGHTS),
        ({"steps_percent": 5}, WEIGHTS),
        (
            {"mirror_percent": 10},
            "rollout.mirror_minutes: accepted: a value, because mirror_percent is given: without it nobody would "
            "receive the copies: received: None",
        ),
        (
            {"mirror_minutes": 10},
            "rollout.mirror_percent: accepted: a value, because mirror_minutes is given: without it nothing would be "
            "copied: received: None",
        ),
        ({"mirror_replicas": 2}, "rollout.mirror_replicas: accepted: only with mirror_percent: received: 2"),
        (
            {**MIRROR, "mirror_replicas": 0},
            "rollout.mirror_replicas: accepted: 1 to 1000: mirror_percent of what 3 replicas answer needs 1: "
            "received: 0",
        ),
        (
            {"mirror_percent": 100, "mirror_minutes": 5, "mirror_replicas": 2},
            "rollout.mirror_replicas: accepted: 3 to 1000: mirror_percent of what 3 replicas answer needs 3: "
            "received: 2",
        ),
        ({**MIRROR, "mirror_percent": 101}, "rollout.mirror_percent: accepted: a whole number from 1 to 100"),
        ({**MIRROR, "mirror_minutes": 0}, "rollout.mirror_minutes: accepted: a whole number from 1 to 10080"),
        (
            {"pods_per_arm": 4},
            "min_replicas: accepted: at least rollout.pods_per_arm, 4: each arm has so many: received: 3",
        ),
        ({"step_minutes": 0}, "rollout.step_minutes: accepted: a whole number from 1 to 10080: received: 0"),
        ({"sticky": "yes"}, "rollout.sticky: accepted: true or false: received: 'yes'"),
        (
            {"set_mirror_route": True},
            "rollout.set_mirror_route: accepted: no such argument: the Gateway API plugin mirrors nothing and reports "
            "success; use mirror_percent: received: True",
        ),
        ({"setMirrorRoute": {}}, "the Gateway API plugin mirrors nothing and reports success"),
        ({"colour": "red"}, "rollout.colour: accepted: no such argument; there are rollout.bake_minutes, "),
        ({"gate_url": "http://x"}, "rollout.gate_url: accepted: only with gate: received: 'http://x'"),
        ({"gate_interval_seconds": 5}, "rollout.gate_interval_seconds: accepted: only with gate"),
        ({"gate": GATE, "gate_url": "x"}, "rollout.gate_url: accepted: an address such as http://slipway-gate"),
        ({"gate": "{"}, "rollout.gate: accepted: a JSON object with metric "),
        ({"gate": "[]"}, "rollout.gate: accepted: a JSON object with metric "),
        ({"gate": CONFIG}, "rollout.gate: accepted: a JSON object with metric "),
        ({"gate": "{}"}, "rollout.gate: accepted: a JSON object with metric "),
        (
            {"gate": json.dumps({**CONFIG, "metric": {**METRIC, "label": ""}})},
            "rollout.gate.metric.label: accepted: text: without it nothing can be compared: received: ''",
        ),
        (
            {"gate": json.dumps({**CONFIG, "metric": {"label": "correct"}})},
            "rollout.gate.metric.name: accepted: text: without it nothing can be compared: received: None",
        ),
        (
            {"gate": json.dumps({**CONFIG, "deadline_minutes": 45})},
            "rollout.gate.deadline_minutes: accepted: more than the 45 minutes of all steps: later the gate rejects: "
            "received: 45",
        ),
        (
            {"gate": json.dumps({"metric": METRIC})},
            "rollout.gate.deadline_minutes: accepted: more than the 45 minutes of all steps",
        ),
    ],
)
def test_refused(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        plan(**args)

    assert message in str(refused.value)


def test_what_is_no_object_is_refused() -> None:
    nothing: Any = None
    with pytest.raises(ValueError, match="rollout: accepted: an object: received: None"):
        plan_of(nothing, RolloutArgs.__annotations__, 2, 4)
