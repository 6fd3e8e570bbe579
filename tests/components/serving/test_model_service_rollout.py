"""A model's service whose releases take over step by step."""

from typing import Any

import pulumi
import pytest
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.experimental.util import camel_case
from slipway.rollout import _routes as routes
from slipway.serving import ModelService

from tests.components.graph import Graph, Resource, declare
from tests.components.rollout.test_steps import GATE
from tests.components.serving.manifests import against_definitions, check, manifest, manifests
from tests.components.serving.test_model_service import ARGS, RELEASE, build, service

ROLLOUT: dict[str, Any] = {"mirror_percent": 10, "mirror_minutes": 30, "gate": GATE}
WAY: dict[str, Any] = {
    "hostname": "flight-delay.ml.example.com",
    "jwt_issuer": "https://idp.example.com",
    "jwt_jwks_uri": "https://idp.example.com/jwks.json",
    "jwt_audiences": ["models"],
}
FULL: dict[str, Any] = {**WAY, "prometheus_address": "http://prometheus.monitoring.svc:9090", "rollout": ROLLOUT}


def full(**more: Any) -> dict[str, Any]:
    """The arguments of a rollout, with some of them other."""
    return {**FULL, **more}


def one(graph: Graph[Any], kind: str, name: str = "flight-delay") -> Resource:
    (found,) = [
        item for item in graph.resources if item.inputs.get("kind") == kind and item.inputs["metadata"]["name"] == name
    ]
    return found


def rollout(graph: Graph[Any]) -> dict[str, Any]:
    return dict(manifest(graph, "Rollout", "flight-delay")["spec"])


CALLS = {
    "gate and mirror": FULL,
    "least": {**FULL, "rollout": {}},
    "scaled by traffic": {
        **FULL,
        "target_requests_per_second": 20,
        "target_latency_ms": 200,
        "requests_per_second_limit": 50,
    },
    "claims": {**FULL, "jwt_claims": {"team": ["flights"]}, "jwt_scopes": ["ml/invoke"]},
    "anybody": {
        **{key: value for key, value in FULL.items() if not key.startswith("jwt_")},
        "allow_unauthenticated": True,
        "rollout": {"sticky": False},
    },
    "without a rollout": {**WAY, "priority_class": "models", "gpus": 1},
}
every_call = pytest.mark.parametrize("args", CALLS.values(), ids=CALLS.keys())


@every_call
def test_every_object_is_valid(args: dict[str, Any], preview: bool) -> None:
    graph = build(preview, **args)

    assert check(manifests(graph)) >= 5
    assert {item["metadata"]["namespace"] for item in manifests(graph)} == {"models"}


@every_call
def test_custom_objects_are_what_their_definitions_say(args: dict[str, Any]) -> None:
    assert against_definitions(manifests(build(**args))) >= 3


def test_what_there_is_with_a_rollout(preview: bool) -> None:
    found = sorted((item["kind"], item["metadata"]["name"]) for item in manifests(build(preview, **FULL)))

    assert found == [
        ("AnalysisTemplate", "flight-delay-gate"),
        ("AnalysisTemplate", "flight-delay-gate-stage"),
        ("AnalysisTemplate", "flight-delay-guardrails"),
        ("AnalysisTemplate", "flight-delay-mirror"),
        ("AnalysisTemplate", "flight-delay-watch"),
        ("BackendTrafficPolicy", "flight-delay"),
        ("HTTPRoute", "flight-delay"),
        ("HorizontalPodAutoscaler", "flight-delay"),
        ("NetworkPolicy", "flight-delay"),
        ("PodDisruptionBudget", "flight-delay"),
        ("Rollout", "flight-delay"),
        ("SecurityPolicy", "flight-delay"),
        ("Service", "flight-delay"),
        ("Service", "flight-delay-canary"),
        ("Service", "flight-delay-shadow"),
        ("ServiceAccount", "flight-delay"),
    ]


def test_every_analysis_that_is_named_exists() -> None:
    for settings in (ROLLOUT, {}, {"gate": GATE}):
        graph = build(**full(rollout=settings))
        text = str(rollout(graph)["strategy"])
        there = {item["metadata"]["name"] for item in manifests(graph) if item["kind"] == "AnalysisTemplate"}
        assert all(f"'{name}'" in text for name in there)
        assert text.count("'templateName'") == sum(text.count(f"'{name}'") for name in there)


def test_replicas_belong_to_the_autoscaler_of_the_rollout() -> None:
    graph = build(**FULL, min_replicas=3, max_replicas=40)

    assert "replicas" not in rollout(graph)
    scale = manifest(graph, "HorizontalPodAutoscaler", "flight-delay")["spec"]
    target = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "flight-delay"}
    assert (scale["scaleTargetRef"], scale["minReplicas"], scale["maxReplicas"]) == (target, 3, 40)

    traffic = build(**FULL, target_requests_per_second=20)
    assert manifest(traffic, "ScaledObject", "flight-delay")["spec"]["scaleTargetRef"] == target
    assert not [item for item in manifests(traffic) if item["kind"] == "HorizontalPodAutoscaler"]


def test_exactly_what_the_controller_owns_is_ignored() -> None:
    graph = build(**FULL)

    ignored = {
        f"{item.inputs['kind']} {item.inputs['metadata']['name']}": item.ignore_changes
        for item in graph.resources
        if item.ignore_changes
    }
    assert ignored == {
        # The list of rules has one owner; a path into it is not understood.
        "HTTPRoute flight-delay": ["spec.rules"],
        "Service flight-delay": ["spec.selector"],
        "Service flight-delay-canary": ["spec.selector"],
    }
    assert not [item for item in build(**WAY).resources if item.ignore_changes]


def test_rules_that_are_declared_anew_make_a_new_route() -> None:
    """An ignored change would never arrive; forcing it would put a canary's weights back."""
    with_rollout, without = one(build(**FULL), "HTTPRoute"), one(build(**WAY), "HTTPRoute")

    assert with_rollout.replacement_trigger == routes.fingerprint(with_rollout.inputs["spec"]["rules"])
    assert without.replacement_trigger == routes.fingerprint(without.inputs["spec"]["rules"])
    assert with_rollout.replacement_trigger != without.replacement_trigger
    assert with_rollout.delete_before_replace
    other = build(**full(release="flight-delay-20261121-11aa22bb"))
    assert one(other, "HTTPRoute").replacement_trigger == with_rollout.replacement_trigger


def test_turning_rollouts_on_or_off_moves_no_address_and_no_guard() -> None:
    """The same logical names: another one would delete the object of the same name that it has just made."""
    on, off = ({item.urn for item in build(**args).resources} for args in (FULL, WAY))

    assert {urn.rpartition("::")[2] for urn in off - on} == {"flight-delay-server"}
    stays = {urn.rpartition("::")[2] for urn in on & off}
    assert stays >= {f"flight-delay-{role}" for role in ("service", "route", "callers", "traffic", "scale", "network")}
    assert build(**FULL).outputs("flight-delay") == build(**WAY).outputs("flight-delay")


def test_a_deployment_goes_only_when_the_rollout_s_pods_are_there() -> None:
    annotations = manifest(build(**FULL, startup_seconds=120), "Rollout", "flight-delay")["metadata"]["annotations"]

    assert annotations == {"pulumi.com/waitFor": "condition=Available", "pulumi.com/timeoutSeconds": "720"}


def test_a_new_release_changes_the_template_and_the_candidate_only() -> None:
    graphs = build(**FULL), build(**full(release="flight-delay-20261121-11aa22bb"))
    before, after = ({item.urn: item.inputs for item in graph.resources if item.custom} for graph in graphs)

    changed = [urn.rpartition("::")[2] for urn in before if before[urn] != after[urn]]
    assert changed == ["flight-delay-rollout"]
    old, new = (str(rollout(graph)) for graph in graphs)
    assert old.replace(RELEASE, "flight-delay-20261121-11aa22bb") == new


def test_the_pods_are_those_of_a_deployment_but_for_what_tells_the_arm() -> None:
    template = rollout(build(**FULL))["template"]
    plain = manifest(build(**WAY), "Deployment", "flight-delay")["spec"]["template"]

    assert template["metadata"] == plain["metadata"]
    spread = template["spec"].pop("topologySpreadConstraints")
    assert {key for item in spread for key in item["matchLabelKeys"]} == {"rollouts-pod-template-hash"}
    assert plain["spec"].pop("topologySpreadConstraints") != spread
    (arm,) = [item for item in template["spec"]["containers"][0]["env"] if item["name"] == "SLIPWAY_VARIANT"]
    assert arm["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.labels['variant']"
    template["spec"]["containers"][0]["env"].remove(arm)
    assert template["spec"] == plain["spec"]


def test_arms_are_told_apart_by_a_label_that_the_controller_sets() -> None:
    graph = build(**FULL)
    canary = rollout(graph)["strategy"]["canary"]

    assert rollout(graph)["selector"]["matchLabels"].items() <= rollout(graph)["template"]["metadata"]["labels"].items()
    assert "variant" not in rollout(graph)["selector"]["matchLabels"]
    assert canary["stableMetadata"]["labels"] == {"variant": "stable"}
    assert canary["canaryMetadata"]["labels"] == {"variant": "canary"}
    assert (canary["stableService"], canary["canaryService"]) == ("flight-delay", "flight-delay-canary")


def test_the_shadow_s_service_finds_nothing_but_shadows() -> None:
    graph = build(**FULL)
    selector = manifest(graph, "Service", "flight-delay-shadow")["spec"]["selector"]
    (template,) = rollout(graph)["strategy"]["canary"]["steps"][0]["experiment"]["templates"]
    labels = rollout(graph)["template"]["metadata"]["labels"]

    assert not selector.items() <= labels.items()
    assert selector.items() <= {**labels, **template["metadata"]["labels"]}.items()


def test_capacity_stays_until_the_bake_ends() -> None:
    canary = rollout(build(**full(rollout={"bake_minutes": 90})))["strategy"]["canary"]

    assert canary["dynamicStableScale"] is False
    assert canary["scaleDownDelaySeconds"] == 90 * 60
    assert canary["maxUnavailable"] == 0
    assert canary["abortScaleDownDelaySeconds"] > 0


def test_going_back_to_a_recent_release_skips_the_ladder() -> None:
    spec = rollout(build(**FULL))

    assert spec["rollbackWindow"] == {"revisions": 3}
    assert spec["revisionHistoryLimit"] >= 3
    assert spec["progressDeadlineAbort"] is True


def test_the_plugin_is_named_as_the_controller_knows_it() -> None:
    """A misspelt key is accepted by the API server and sends all traffic to the stable arm for ever."""
    assert rollout(build(**FULL))["strategy"]["canary"]["trafficRouting"] == {
        "plugins": {"argoproj-labs/gatewayAPI": {"namespace": "models", "httpRoutes": [{"name": "flight-delay"}]}}
    }


def test_nobody_gets_in_before_the_policies_are_there() -> None:
    graph = build(**FULL)
    route = one(graph, "HTTPRoute")

    assert graph.waits_for(route, one(graph, "SecurityPolicy"))
    assert graph.waits_for(route, one(graph, "BackendTrafficPolicy"))
    for kind, name in (
        ("HTTPRoute", "flight-delay"),
        ("Service", "flight-delay-canary"),
        ("Service", "flight-delay-shadow"),
        ("AnalysisTemplate", "flight-delay-gate"),
        ("NetworkPolicy", "flight-delay"),
        ("ServiceAccount", "flight-delay"),
    ):
        assert graph.waits_for(one(graph, "Rollout"), one(graph, kind, name)), (kind, name)
    assert graph.waits_for(one(graph, "HorizontalPodAutoscaler"), one(graph, "Rollout"))


def test_the_gateway_s_pods_may_call() -> None:
    def callers(**args: Any) -> list[str]:
        (rule,) = manifest(build(**args), "NetworkPolicy", "flight-delay")["spec"]["ingress"]
        return list(rule["from"][0]["namespaceSelector"]["matchExpressions"][0]["values"])

    assert callers(**WAY, ingress_namespaces=["monitoring"]) == ["gateway", "monitoring"]
    assert callers(**WAY, ingress_namespaces=["gateway"]) == ["gateway"]
    assert callers(**WAY, gateway_namespace="edge") == ["edge"]


def test_the_route_attaches_to_the_gateway() -> None:
    spec = manifest(build(**WAY, gateway_name="public", gateway_namespace="edge"), "HTTPRoute", "flight-delay")["spec"]

    assert spec["parentRefs"] == [{"name": "public", "namespace": "edge"}]
    assert spec["hostnames"] == ["flight-delay.ml.example.com"]


def test_values_may_be_known_later() -> None:
    later = ("jwt_issuer", "jwt_jwks_uri", "jwt_audiences", "prometheus_address")
    args = full(namespace="models", gateway_name="models", target_latency_ms=200)

    def program() -> Any:
        outputs = {key: pulumi.Output.from_input(args[key]) for key in (*later, "namespace", "gateway_name")}
        return service(**{**args, **outputs})

    known, found = build(**args), declare(program)
    assert {item.urn: item.inputs for item in found.resources if item.custom} == {
        item.urn: item.inputs for item in known.resources if item.custom
    }


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            {"rollout": {}, "prometheus_address": "http://p:9090"},
            "hostname: accepted: a host name, because rollout is given: weights are those of a route: received: None",
        ),
        (
            {**WAY, "rollout": {}},
            "prometheus_address: accepted: an address, because rollout is given: guardrails ask there: received: None",
        ),
        (
            {
                "hostname": "f.example.com",
                "allow_unauthenticated": True,
                "prometheus_address": "http://p:9090",
                "rollout": {},
            },
            "rollout.sticky: accepted: false with allow_unauthenticated: without tokens nothing says which requests "
            "are one user's: received: True",
        ),
        (
            {**FULL, "rollout": {"pods_per_arm": 3}},
            "min_replicas: accepted: at least rollout.pods_per_arm, 3: each arm has so many: received: 2",
        ),
        ({**FULL, "rollout": "canary"}, "rollout: accepted: an object: received: 'canary'"),
        ({"hostname": "f.example.com"}, "jwt_issuer: accepted: a value, because hostname is given, or "),
    ],
)
def test_refused(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        build(**args)

    assert message in str(refused.value)


def test_a_plugin_host_can_build_it() -> None:
    """It hands over nested objects under the schema's names too, in which every number is a float."""
    inputs = {
        **{camel_case(key): value for key, value in {**ARGS, **FULL}.items()},
        "rollout": {"stepsPercent": [5.0, 50.0], "stepMinutes": 10.0, "mirrorPercent": 10.0, "mirrorMinutes": 5.0},
        "egress": [{"cidrBlock": "10.0.0.0/20", "port": 5432.0}],
        "jwtClaims": {"team": ["flights"]},
    }
    provider = ComponentProvider([ModelService], "slipway")
    hosted = declare(lambda: provider.construct("flight-delay", "slipway:index:ModelService", inputs))
    plan = {"steps_percent": [5, 50], "step_minutes": 10, "mirror_percent": 10, "mirror_minutes": 5}
    egress = [{"cidr_block": "10.0.0.0/20", "port": 5432}]
    known = build(**full(rollout=plan, egress=egress, jwt_claims={"team": ["flights"]}))

    assert [item.inputs for item in hosted.resources if item.custom] == [
        item.inputs for item in known.resources if item.custom
    ]
