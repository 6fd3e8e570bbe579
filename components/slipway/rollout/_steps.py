"""How a new release takes over: the settings of a rollout, and the steps that Argo Rollouts walks. Without Pulumi."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slipway import _check
from slipway._custom.argo import Argument, Step, TemplateRef

STABLE, CANARY, SHADOW = "stable", "canary", "shadow"
"""The arms, as the pods' label ``variant`` and the header ``x-model-arm`` name them; a shadow answers nobody."""

GATE_URL = "http://slipway-gate.rollouts.svc:8080/v1/decisions"
"""Where ``PromotionGate`` answers."""
REVISION = "metadata.annotations['rollout.argoproj.io/revision']"
"""How often the Rollout's template has changed, which its controller counts."""
WATCH_MINUTES = 5
"""How far back the watch beside the steps looks."""

_MIRROR = ("mirror_percent", "mirror_minutes")
_GATE = "a JSON object with metric {name, label, …} and deadline_minutes, as in gate.schema.json"
_URL = (r"https?://[^\s/]+(/\S*)?", "an address such as http://slipway-gate.rollouts.svc:8080/v1/decisions")


@dataclass(frozen=True)
class Plan:
    """A rollout's settings, checked and with their defaults."""

    steps_percent: tuple[int, ...]
    step_minutes: int
    bake_minutes: int
    pods_per_arm: int
    sticky: bool
    mirror_percent: int
    """0 where there is no mirror stage."""
    mirror_minutes: int
    mirror_replicas: int
    minimum_requests: int
    error_margin_percent: int
    latency_margin_percent: int
    saturation_margin_percent: int
    gate: Mapping[str, Any] | None
    gate_url: str
    gate_interval_seconds: int

    @property
    def ladder_minutes(self) -> int:
        """How long the steps take that wait."""
        return len(self.steps_percent) * self.step_minutes

    @property
    def watch_minutes(self) -> int:
        """How far back the watch beside the steps looks; not past the beginning of a step."""
        return min(self.step_minutes, WATCH_MINUTES)


def plan_of(args: Mapping[str, Any], accepted: Mapping[str, Any], minimum: int, maximum: int) -> Plan:
    """Read and check ``args``, which may have the keys of ``accepted``, for ``minimum`` to ``maximum`` replicas.

    Raises ``ValueError`` that names the argument as ``rollout.<name>``.
    """
    if not isinstance(args, Mapping):
        _check.refuse("rollout", "an object", args)
    if "set_mirror_route" in args or "setMirrorRoute" in args:
        reason = "no such argument: the Gateway API plugin mirrors nothing and reports success; use mirror_percent"
        _check.refuse("rollout.set_mirror_route", reason, args.get("set_mirror_route", args.get("setMirrorRoute")))
    _check.known({f"rollout.{key}": value for key, value in args.items()}, [f"rollout.{key}" for key in accepted])

    def number(name: str, default: int, low: int, high: int) -> int:
        return _check.between(f"rollout.{name}", args.get(name, default), low, high)

    percent, minutes, replicas = _mirror(args, minimum, maximum)
    steps = _weights(args.get("steps_percent", [5, 25, 50]))
    step_minutes = number("step_minutes", 15, 1, 10080)
    gate = _gate(args, len(steps) * step_minutes)
    pods = number("pods_per_arm", min(2, minimum), 1, 100)
    if pods > minimum:
        _check.refuse("min_replicas", f"at least rollout.pods_per_arm, {pods}: each arm has so many", minimum)
    return Plan(
        steps_percent=steps,
        step_minutes=step_minutes,
        bake_minutes=number("bake_minutes", 60, 1, 10080),
        pods_per_arm=pods,
        sticky=_check.flag("rollout.sticky", args.get("sticky", True)),
        mirror_percent=percent,
        mirror_minutes=minutes,
        mirror_replicas=replicas,
        minimum_requests=number("minimum_requests", 100, 1, 10_000_000),
        error_margin_percent=number("error_margin_percent", 1, 0, 100),
        latency_margin_percent=number("latency_margin_percent", 20, 0, 1000),
        saturation_margin_percent=number("saturation_margin_percent", 50, 0, 1000),
        gate=gate,
        gate_url=_check.matches("rollout.gate_url", args.get("gate_url", GATE_URL), *_URL),
        gate_interval_seconds=number("gate_interval_seconds", 60, 10, 3600),
    )


def steps(plan: Plan, model: str, release: str) -> tuple[list[Step], int]:
    """The steps of a rollout of ``release``, and the index of the first at which the canary has traffic.

    Capacity always comes before weight: pods are scaled, then requests are sent. The gate is asked when a weight
    begins, so that its record of the stage starts there, and when it ends. What comes after the last step is the
    promotion.
    """
    found: list[Step] = []
    if plan.mirror_percent:
        found.append(_experiment(plan, model))
    watched = len(found) + 2
    for weight in plan.steps_percent:
        asked = _gate_args(release, weight, final=False)
        stage: list[TemplateRef] = [{"templateName": f"{model}-gate-stage"}] if plan.gate else []
        guardrails: list[TemplateRef] = [{"templateName": f"{model}-guardrails"}]
        found += [{"setCanaryScale": {"weight": weight}}, {"setWeight": weight}]
        if stage:
            found.append({"analysis": {"templates": stage, "args": asked}})
        found.append({"pause": {"duration": f"{plan.step_minutes}m"}})
        if stage:
            found.append({"analysis": {"templates": guardrails + stage, "args": asked}})
        else:
            found.append({"analysis": {"templates": guardrails}})
    if plan.gate:
        last = _gate_args(release, plan.steps_percent[-1], final=True)
        found.append({"analysis": {"templates": [{"templateName": f"{model}-gate"}], "args": last}})
    found.append({"setCanaryScale": {"weight": 100}})
    return found, watched


def _experiment(plan: Plan, model: str) -> Step:
    """Shadow pods for the time of the mirror stage; the route sends copies to whatever carries their label."""
    return {
        "experiment": {
            "duration": f"{plan.mirror_minutes}m",
            "templates": [
                {
                    "name": SHADOW,
                    "specRef": "canary",
                    "replicas": plan.mirror_replicas,
                    "metadata": {"labels": {"variant": SHADOW}},
                }
            ],
            "analyses": [{"name": "mirror", "templateName": f"{model}-mirror", "requiredForCompletion": True}],
        }
    }


def _gate_args(release: str, weight: int, *, final: bool) -> list[Argument]:
    """What the gate is told. A release that comes a second time is a new revision, and is compared anew."""
    return [
        {"name": "candidate", "value": release},
        {"name": "attempt", "valueFrom": {"fieldRef": {"fieldPath": REVISION}}},
        {"name": "weight", "value": str(weight)},
        {"name": "final", "value": "true" if final else "false"},
    ]


def _weights(values: Any) -> tuple[int, ...]:
    accepted = "1 to 10 increasing whole numbers from 1 to 99; what follows the last is the promotion"
    if isinstance(values, str) or not isinstance(values, list | tuple) or not 1 <= len(values) <= 10:
        _check.refuse("rollout.steps_percent", accepted, values)
    weights = tuple(_check.whole("rollout.steps_percent", value, accepted) for value in values)
    if any(not 1 <= weight <= 99 for weight in weights) or list(weights) != sorted(set(weights)):
        _check.refuse("rollout.steps_percent", accepted, list(values))
    return weights


def _mirror(args: Mapping[str, Any], minimum: int, maximum: int) -> tuple[int, int, int]:
    """Percent, minutes and replicas of the mirror stage; zeros where there is none."""
    given = [name for name in _MIRROR if args.get(name) is not None]
    if len(given) == 1:
        (other,) = set(_MIRROR) - set(given)
        reason = "nothing would be copied" if other == "mirror_percent" else "nobody would receive the copies"
        _check.refuse(f"rollout.{other}", f"a value, because {given[0]} is given: without it {reason}", None)
    if not given:
        if args.get("mirror_replicas") is not None:
            _check.refuse("rollout.mirror_replicas", "only with mirror_percent", args["mirror_replicas"])
        return 0, 0, 0
    percent = _check.between("rollout.mirror_percent", args["mirror_percent"], 1, 100)
    needed = math.ceil(minimum * percent / 100)
    default = math.ceil(maximum * percent / 100)
    replicas = _check.whole("rollout.mirror_replicas", args.get("mirror_replicas", default))
    if not needed <= replicas <= 1000:
        reason = f"{needed} to 1000: mirror_percent of what {minimum} replicas answer needs {needed}"
        _check.refuse("rollout.mirror_replicas", reason, replicas)
    return percent, _check.between("rollout.mirror_minutes", args["mirror_minutes"], 1, 10080), replicas


def _gate(args: Mapping[str, Any], ladder_minutes: int) -> Mapping[str, Any] | None:
    text = args.get("gate")
    if text is None:
        for name in ("gate_url", "gate_interval_seconds"):
            if args.get(name) is not None:
                _check.refuse(f"rollout.{name}", "only with gate", args[name])
        return None
    try:
        config = json.loads(text)
    except (TypeError, ValueError):
        _check.refuse("rollout.gate", _GATE, text)
    metric = config.get("metric") if isinstance(config, dict) else None
    if not isinstance(metric, dict):
        _check.refuse("rollout.gate", _GATE, text)
    for name in ("name", "label"):
        if not isinstance(metric.get(name), str) or not metric[name]:
            _check.refuse(f"rollout.gate.metric.{name}", "text: without it nothing can be compared", metric.get(name))
    deadline = config.get("deadline_minutes")
    if isinstance(deadline, bool) or not isinstance(deadline, int | float) or deadline <= ladder_minutes:
        reason = f"more than the {ladder_minutes} minutes of all steps: later the gate rejects"
        _check.refuse("rollout.gate.deadline_minutes", reason, deadline)
    return dict(config)
