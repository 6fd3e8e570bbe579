"""Declares the objects of a rollout and of a model's way in, as children of whichever component asks.

``ModelService`` has the objects of its way in under the same names with a rollout and without, so that turning rollouts
on or off replaces no Service and no autoscaler.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from slipway._custom import Metadata, argo, envoy, envoy_backends, gateway_api, keda
from slipway._custom.argo import RolloutSpec
from slipway.rollout import _analysis as analysis
from slipway.rollout import _routes as routes
from slipway.rollout import _scale as scaling
from slipway.rollout._routes import Front
from slipway.rollout._scale import Scale
from slipway.rollout._steps import CANARY, SHADOW, STABLE, Plan, steps
from slipway.serving import _guards, _workload

PLUGIN = "argoproj-labs/gatewayAPI"
KEPT_REVISIONS = 5
ROLLBACK_REVISIONS = 3
ABORTED_SECONDS = 300
"""How long the pods of an aborted canary stay, without requests, to be looked at."""


@dataclass(frozen=True)
class Place:
    """Where objects go and what they are called."""

    name: str
    """Prefix of logical names."""
    model: str
    namespace: pulumi.Input[str]
    parent: pulumi.Resource

    def metadata(self, role: str = "", annotations: dict[str, str] | None = None) -> Metadata:
        """Metadata of an object of the model: ``model`` or ``model-role``."""
        found: Metadata = {
            "name": f"{self.model}-{role}" if role else self.model,
            "namespace": self.namespace,
            "labels": _workload.object_labels(self.model),
        }
        return {**found, "annotations": annotations} if annotations else found

    def opts(self, *needs: pulumi.Resource, ignore: list[str] | None = None) -> pulumi.ResourceOptions:
        """Options of a child that comes after ``needs``."""
        return pulumi.ResourceOptions(parent=self.parent, depends_on=[*needs], ignore_changes=ignore)


def service(place: Place, plan: Plan | None) -> k8s.core.v1.Service:
    """The model's address. With a rollout its controller narrows the selector to the pods of the stable arm."""
    return k8s.core.v1.Service(
        f"{place.name}-service",
        metadata=place.metadata(),
        spec=_guards.service_spec(place.model),
        opts=place.opts(ignore=["spec.selector"] if plan else None),
    )


def front(place: Place, way: Front, plan: Plan | None) -> list[pulumi.Resource]:
    """Route and policies; the route comes last, so that nobody gets in before the policies are there."""
    policies: list[pulumi.Resource] = [
        envoy_backends.backend_traffic_policy(
            f"{place.name}-traffic", place.metadata(), routes.backend_policy(place.model, way, plan), place.opts()
        ),
        envoy.security_policy(
            f"{place.name}-callers", place.metadata(), routes.security_policy(place.model, way.tokens), place.opts()
        ),
    ]
    rules = routes.rules(place.model, plan)
    spec: gateway_api.HTTPRouteSpec = {
        "parentRefs": [{"name": way.gateway_name, "namespace": way.gateway_namespace}],
        "hostnames": [way.hostname],
        "rules": rules,
    }
    # The controller of a rollout owns all rules, because Kubernetes has one owner for the whole list. So they are
    # ignored here, and rules that are declared anew need a new route.
    opts = pulumi.ResourceOptions(
        parent=place.parent,
        depends_on=policies,
        ignore_changes=["spec.rules"] if plan else None,
        replacement_trigger=routes.fingerprint(rules),
        delete_before_replace=True,
    )
    return [*policies, gateway_api.http_route(f"{place.name}-route", place.metadata(), spec, opts)]


def autoscaler(place: Place, scale: Scale, kind: str, needs: pulumi.Resource) -> None:
    """Owner of the number of replicas of the ``Deployment`` or ``Rollout`` of the model."""
    api_version = argo.API_VERSION if kind == argo.ROLLOUT else "apps/v1"
    if scale.by_traffic:
        target: keda.TargetRef = {"apiVersion": api_version, "kind": kind, "name": place.model}
        spec = scaling.scaled_object_spec(target, scale, place.namespace, place.model)
        keda.scaled_object(f"{place.name}-scale-traffic", place.metadata(), spec, place.opts(needs))
        return
    k8s.autoscaling.v2.HorizontalPodAutoscaler(
        f"{place.name}-scale",
        # Lets KEDA take over: it is told before this one is deleted, and refuses a workload that has an autoscaler.
        metadata=place.metadata(annotations={"validations.keda.sh/hpa-ownership": "false"}),
        spec=_guards.autoscaler_spec(
            {"apiVersion": api_version, "kind": kind, "name": place.model},
            scale.minimum,
            scale.maximum,
            scale.cpu_percent,
        ),
        opts=place.opts(needs),
    )


def disruption(place: Place) -> None:
    """How many pods may be taken away at once."""
    k8s.policy.v1.PodDisruptionBudget(
        f"{place.name}-disruption",
        metadata=place.metadata(),
        spec=_guards.disruption_spec(place.model),
        opts=place.opts(),
    )


def rollout(
    place: Place,
    plan: Plan,
    release: str,
    template: Mapping[str, Any],
    startup_seconds: int,
    prometheus: pulumi.Input[str],
    needs: list[pulumi.Resource],
) -> k8s.apiextensions.CustomResource:
    """The Rollout, after the Services of its arms and its analyses."""
    arms = [CANARY, SHADOW] if plan.mirror_percent else [CANARY]
    needs = [*needs, *(_arm(place, arm) for arm in arms), *_templates(place, plan, prometheus)]
    # An update waits until the pods that should be there are. A Deployment that this replaces is deleted after that,
    # not while the first pods still start. A canary on its way changes nothing about it, however long it takes.
    seconds = startup_seconds + 600
    annotations = {"pulumi.com/waitFor": "condition=Available", "pulumi.com/timeoutSeconds": str(seconds)}
    return argo.rollout(
        f"{place.name}-rollout",
        place.metadata(annotations=annotations),
        rollout_spec(place.model, place.namespace, plan, release, template, seconds),
        place.opts(*needs),
    )


def rollout_spec(
    model: str,
    namespace: pulumi.Input[str],
    plan: Plan,
    release: str,
    template: Mapping[str, Any],
    deadline_seconds: int,
) -> RolloutSpec:
    """The Rollout of a model. It has no ``replicas``: they belong to the autoscaler."""
    walked, watched = steps(plan, model, release)
    return {
        "selector": {"matchLabels": _workload.selector(model)},
        "template": template,
        "revisionHistoryLimit": KEPT_REVISIONS,
        "progressDeadlineSeconds": deadline_seconds,
        "progressDeadlineAbort": True,
        "rollbackWindow": {"revisions": ROLLBACK_REVISIONS},
        "strategy": {
            "canary": {
                "stableService": routes.service(model, STABLE),
                "canaryService": routes.service(model, CANARY),
                "stableMetadata": {"labels": {"variant": STABLE}},
                "canaryMetadata": {"labels": {"variant": CANARY}},
                "trafficRouting": {"plugins": {PLUGIN: {"namespace": namespace, "httpRoutes": [{"name": model}]}}},
                "maxSurge": "25%",
                "maxUnavailable": 0,
                "minPodsPerReplicaSet": plan.pods_per_arm,
                # The old release keeps its capacity until the new one has stood the bake: going back is at once.
                "dynamicStableScale": False,
                "abortScaleDownDelaySeconds": ABORTED_SECONDS,
                "scaleDownDelaySeconds": plan.bake_minutes * 60,
                "scaleDownDelayRevisionLimit": 1,
                "analysis": {"templates": [{"templateName": f"{model}-watch"}], "startingStep": watched},
                "steps": walked,
            }
        },
    }


def _arm(place: Place, arm: str) -> k8s.core.v1.Service:
    """Service of the canary, whose pods the controller selects, or of the shadow, which its label finds."""
    spec = _guards.service_spec(place.model)
    if arm == SHADOW:
        spec["selector"] = {**spec["selector"], "variant": SHADOW}
    return k8s.core.v1.Service(
        f"{place.name}-{arm}",
        metadata=place.metadata(arm),
        spec=spec,
        opts=place.opts(ignore=["spec.selector"] if arm == CANARY else None),
    )


def _templates(place: Place, plan: Plan, prometheus: pulumi.Input[str]) -> list[pulumi.Resource]:
    where = analysis.Where(place.namespace, place.model, prometheus)
    found = {"guardrails": analysis.guardrails(plan, where), "watch": analysis.watch(plan, where)}
    if plan.mirror_percent:
        found["mirror"] = analysis.mirror(plan, where)
    if plan.gate:
        found |= {"gate-stage": analysis.gate_stage(plan, place.model), "gate": analysis.gate(plan, place.model)}
    return [
        argo.analysis_template(f"{place.name}-{role}", place.metadata(role), spec, place.opts())
        for role, spec in found.items()
    ]
