"""The analyses of a rollout: guardrails, mirror, watch and gate, as AnalysisTemplates. Without Pulumi.

An analysis must not succeed because nothing is known. So each says when a result is good, every other result fails (no
answer and NaN too), and where a third answer exists, reaching its count with that answer alone is no success.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import pulumi

from slipway._custom.argo import AnalysisTemplateSpec, Argument, Metric, PrometheusProvider
from slipway.rollout import _queries as queries
from slipway.rollout._later import after
from slipway.rollout._steps import Plan

ERRORS_IN_A_ROW = 4
"""Measurements in a row that may fail to be made; one more ends the analysis with an error, and the rollout with it."""
GATE_SECONDS = 60
"""How long the gate may take for an answer."""
_GATE_ARGS: list[Argument] = [{"name": name} for name in ("candidate", "attempt", "weight", "final")]


@dataclass(frozen=True)
class _Asked:
    """A question to Prometheus, in a namespace that may be known only later, and what a good answer is."""

    name: str
    query: Callable[[str], str]
    condition: str


@dataclass(frozen=True)
class Where:
    """Which route is looked at, and whom to ask about it."""

    namespace: pulumi.Input[str]
    route: str
    prometheus: pulumi.Input[str]

    def arms(self, namespace: str) -> tuple[str, str]:
        """Envoy clusters of the canary and the stable arm."""
        return queries.arm(namespace, self.route, queries.CANARY), queries.arm(namespace, self.route, queries.STABLE)

    def ask(self, asked: _Asked) -> Metric:
        """One measurement."""
        provider: PrometheusProvider = {
            "address": self.prometheus,
            "query": after(self.namespace, asked.query),
            "timeout": 30,
        }
        return {
            "name": asked.name,
            "provider": {"prometheus": provider},
            "successCondition": f"len(result) > 0 && !isNaN(result[0]) && result[0] {asked.condition}",
            "failureLimit": 0,
            "inconclusiveLimit": 0,
            "consecutiveErrorLimit": ERRORS_IN_A_ROW,
        }


def guardrails(plan: Plan, where: Where) -> AnalysisTemplateSpec:
    """At the end of each step: the canary has had enough requests and is not worse than the stable arm."""
    minutes, margin = plan.step_minutes, plan.saturation_margin_percent

    def seen(namespace: str) -> str:
        return queries.requests(where.arms(namespace)[0], minutes)

    def load(namespace: str) -> str:
        arms = where.arms(namespace)
        return queries.enough(queries.excess_load(*arms, minutes, margin), arms, minutes, plan.minimum_requests)

    asked = [
        _Asked("requests", seen, f">= {plan.minimum_requests}"),
        *_not_worse(plan, where.arms, minutes),
        _Asked("saturation", load, "<= 1"),  # one request: where hardly any are under way, a multiple says nothing
    ]
    return {"metrics": [{**where.ask(one), "count": 1} for one in asked]}


def watch(plan: Plan, where: Where) -> AnalysisTemplateSpec:
    """Beside the steps, while they wait: ends a canary that is clearly worse. Little traffic is no reason yet."""

    def calm(asked: _Asked) -> _Asked:
        return replace(asked, query=lambda namespace: queries.or_zero(asked.query(namespace)))

    return {
        "metrics": [
            {**where.ask(calm(one)), "interval": "1m", "initialDelay": "1m", "failureLimit": 2}
            for one in _not_worse(plan, where.arms, plan.watch_minutes)
        ]
    }


def mirror(plan: Plan, where: Where) -> AnalysisTemplateSpec:
    """At the end of the mirror stage: the shadow has had enough copies and answered them as well as the stable arm."""
    minutes = plan.mirror_minutes

    def arms(namespace: str) -> tuple[str, str]:
        return queries.shadow(namespace, where.route), where.arms(namespace)[1]

    def seen(namespace: str) -> str:
        return queries.requests(arms(namespace)[0], minutes)

    asked = [
        _Asked("mirrored-requests", seen, f">= {plan.minimum_requests}"),
        *_not_worse(plan, arms, minutes),
    ]
    return {"metrics": [{**where.ask(one), "count": 1, "initialDelay": f"{minutes}m"} for one in asked]}


def gate_stage(plan: Plan, model: str) -> AnalysisTemplateSpec:
    """At a weight before the decision: a rejection ends the rollout, anything else of the gate's answers goes on."""
    metric: Metric = {**_gate(plan, model), "successCondition": "result == 1 || result == 0", "count": 1}
    return {"args": _GATE_ARGS, "metrics": [metric]}


def gate(plan: Plan, model: str) -> AnalysisTemplateSpec:
    """The decision: 1 promotes, -1 ends, 0 waits until the gate's own deadline, which is -1.

    The count only matters if the gate goes on saying 0 after its deadline: with ``consecutiveSuccessLimit`` that is
    inconclusive and the rollout stands still. Without, the analysis would succeed and promote.
    """
    assert plan.gate is not None, "callers ask first"
    looks = math.ceil(float(plan.gate["deadline_minutes"]) * 60 / plan.gate_interval_seconds) + 10
    metric: Metric = {
        **_gate(plan, model),
        "successCondition": "result == 1",
        "interval": f"{plan.gate_interval_seconds}s",
        "count": looks,
        "inconclusiveLimit": looks,
        "consecutiveSuccessLimit": 1,
    }
    return {"args": _GATE_ARGS, "metrics": [metric]}


def _gate(plan: Plan, model: str) -> Metric:
    return {
        "name": "gate",
        "provider": {
            "web": {
                "method": "POST",
                "url": plan.gate_url,
                "timeoutSeconds": GATE_SECONDS,
                "jsonPath": "{$.verdict}",
                # The controller puts arguments into text only: a number in its place would be no JSON.
                "jsonBody": {
                    "gate": plan.gate,
                    "model": model,
                    "candidate": "{{args.candidate}}",
                    "attempt": "{{args.attempt}}",
                    "weight": "{{args.weight}}",
                    "final": "{{args.final}}",
                },
            }
        },
        "successCondition": "result == 1",
        "failureCondition": "result == -1",
        "failureLimit": 0,
        "inconclusiveLimit": 0,
        "consecutiveErrorLimit": ERRORS_IN_A_ROW,
    }


def _not_worse(plan: Plan, arms: Callable[[str], tuple[str, str]], minutes: int) -> list[_Asked]:
    """Errors and latency of the first arm against the second, where both had enough requests."""

    def errors(namespace: str) -> str:
        found = arms(namespace)
        return queries.enough(queries.excess_errors(*found, minutes), found, minutes, plan.minimum_requests)

    def latency(namespace: str) -> str:
        found = arms(namespace)
        return queries.enough(queries.latency_ratio(*found, minutes), found, minutes, plan.minimum_requests)

    return [
        _Asked("errors", errors, f"<= {plan.error_margin_percent / 100:g}"),
        _Asked("latency-p99", latency, f"<= {1 + plan.latency_margin_percent / 100:g}"),
    ]
