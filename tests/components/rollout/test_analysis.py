import json
import math
from typing import Any

import pytest
from slipway.rollout import _analysis as analysis

from tests.components.rollout import argo
from tests.components.rollout.argo import ERROR, FAILED, INCONCLUSIVE, NO_ANSWER, RUNNING, SUCCESSFUL, assessed
from tests.components.rollout.test_steps import CONFIG, GATE, plan

WHERE = analysis.Where("models", "fraud", "http://prometheus:9090")
PLAN = plan(gate=GATE, mirror_percent=10, mirror_minutes=30)


def metrics(spec: Any) -> dict[str, dict[str, Any]]:
    return {metric["name"]: metric for metric in spec["metrics"]}


def every() -> dict[str, dict[str, Any]]:
    specs: dict[str, Any] = {
        "guardrails": analysis.guardrails(PLAN, WHERE),
        "watch": analysis.watch(PLAN, WHERE),
        "mirror": analysis.mirror(PLAN, WHERE),
        "gate-stage": analysis.gate_stage(PLAN, "fraud"),
        "gate": analysis.gate(PLAN, "fraud"),
    }
    return {f"{role}/{name}": metric for role, spec in specs.items() for name, metric in metrics(spec).items()}


EVERY = every()
ASKED = [name for name, metric in EVERY.items() if "prometheus" in metric["provider"]]


@pytest.mark.parametrize("name", EVERY)
def test_the_controller_accepts_it(name: str) -> None:
    assert argo.valid(EVERY[name])


@pytest.mark.parametrize("name", EVERY)
def test_nothing_succeeds_because_nothing_can_be_measured(name: str) -> None:
    assert assessed(EVERY[name], [NO_ANSWER] * 5) == ERROR


@pytest.mark.parametrize("name", [name for name in ASKED if not name.startswith("watch/")])
@pytest.mark.parametrize("result", [[], [math.nan]], ids=["nothing", "nan"])
def test_no_answer_and_nan_end_a_rollout(name: str, result: list[float]) -> None:
    assert assessed(EVERY[name], [result]) == FAILED


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("guardrails/requests", 100, 99),
        ("guardrails/errors", 0.01, 0.0101),
        ("guardrails/latency-p99", 1.2, 1.21),
        ("guardrails/saturation", 1, 1.01),
        ("mirror/mirrored-requests", 100, 99),
        ("mirror/errors", 0.01, 0.0101),
        ("mirror/latency-p99", 1.2, 1.21),
    ],
)
def test_one_measurement_decides(name: str, good: float, bad: float) -> None:
    assert assessed(EVERY[name], [[good]]) == SUCCESSFUL
    assert assessed(EVERY[name], [[bad]]) == FAILED


def test_the_watch_goes_on_until_three_measurements_were_bad() -> None:
    errors = EVERY["watch/errors"]

    assert assessed(errors, [[0]] * 500) == RUNNING
    assert assessed(errors, [[0.5], [0], [0.5]]) == RUNNING
    assert assessed(errors, [[0.5], [0], [0.5], [math.nan]]) == FAILED
    assert all(metric["provider"]["prometheus"]["query"].endswith(" or vector(0)") for metric in watched())


def watched() -> list[dict[str, Any]]:
    return [metric for name, metric in EVERY.items() if name.startswith("watch/")]


def test_the_watch_looks_no_further_back_than_a_step() -> None:
    short = analysis.watch(plan(step_minutes=2), WHERE)
    assert all("[2m]" in json.dumps(metric) and "[5m]" not in json.dumps(metric) for metric in short["metrics"])


def test_the_decision() -> None:
    gate = EVERY["gate/gate"]

    assert assessed(gate, [0, 0, 1]) == SUCCESSFUL
    assert assessed(gate, [0, 0, -1]) == FAILED
    assert assessed(gate, [0] * 600) == RUNNING
    assert assessed(gate, [NO_ANSWER, 0, NO_ANSWER, 1]) == SUCCESSFUL
    assert assessed(gate, [2]) == RUNNING  # no verdict is not a promotion


def test_a_gate_that_only_ever_waits_does_not_promote() -> None:
    """The fail-open trap: an analysis that reaches its count with inconclusive results alone is a success."""
    gate = EVERY["gate/gate"]
    assert assessed(gate, [0] * gate["count"]) == INCONCLUSIVE

    trap = {key: value for key, value in gate.items() if key != "consecutiveSuccessLimit"}
    assert assessed(trap, [0] * trap["count"]) == SUCCESSFUL


def test_the_count_outlasts_the_gate_s_own_deadline() -> None:
    gate = EVERY["gate/gate"]
    minutes = gate["count"] * int(gate["interval"].removesuffix("s")) / 60

    assert minutes > CONFIG["deadline_minutes"]
    assert gate["inconclusiveLimit"] == gate["count"]


def test_before_the_end_only_a_rejection_matters() -> None:
    stage = EVERY["gate-stage/gate"]

    assert [assessed(stage, [verdict]) for verdict in (1, 0, -1, 2)] == [SUCCESSFUL, SUCCESSFUL, FAILED, INCONCLUSIVE]


@pytest.mark.parametrize("name", ["gate/gate", "gate-stage/gate"])
def test_what_the_gate_is_asked(name: str) -> None:
    web = EVERY[name]["provider"]["web"]

    assert (web["method"], web["jsonPath"]) == ("POST", "{$.verdict}")
    assert web["url"] == "http://slipway-gate.rollouts.svc:8080/v1/decisions"
    assert web["jsonBody"] == {
        "gate": CONFIG,
        "model": "fraud",
        "candidate": "{{args.candidate}}",
        "attempt": "{{args.attempt}}",
        "weight": "{{args.weight}}",
        "final": "{{args.final}}",
    }


def test_every_argument_in_a_body_is_declared() -> None:
    for spec in (analysis.gate(PLAN, "fraud"), analysis.gate_stage(PLAN, "fraud")):
        declared = {f"{{{{args.{one['name']}}}}}" for one in spec["args"]}
        body: Any = spec["metrics"][0]["provider"]["web"]["jsonBody"]
        assert {value for value in body.values() if "{{" in str(value)} == declared
