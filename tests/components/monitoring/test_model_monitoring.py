import json
from typing import Any

import pytest
from slipway.monitoring import ModelMonitoring
from slipway.monitoring._engines import ServingEngine

from tests.components.graph import Graph, declare
from tests.components.serving.manifests import against_definitions, check, manifest, manifests

EVERYTHING: dict[str, Any] = {
    "team": "risk",
    "availability_percent": 99.9,
    "latency_p99_ms": 200,
    "progressive": True,
    "mirrored": True,
    "gpus": 1,
    "retraining_state_machine": "acme-prod-fraud",
    "retrained_within_hours": 192,
    "drift_within_hours": 36,
    "quality_metric": "accuracy",
    "champion_quality": 0.9,
    "monthly_budget_usd": 500,
}
ALERTS = {
    "DriftNotWatched",
    "ModelDrifted",
    "ModelErrorBudgetFast",
    "ModelErrorBudgetSlow",
    "ModelHasNoPods",
    "ModelLatencyBudgetFast",
    "ModelLatencyBudgetSlow",
    "ModelMetricsAbsent",
    "ModelOverBudget",
    "ModelQualityBelowChampion",
    "RetrainingFailed",
    "RetrainingLate",
    "RolloutAborted",
    "RolloutPaused",
}


def build(preview: bool = False, **args: Any) -> Graph[ModelMonitoring]:
    given: Any = {"model": "fraud", "namespace": "models", **args}
    return declare(lambda: ModelMonitoring("fraud", given), preview=preview)


def rules(**args: Any) -> list[dict[str, Any]]:
    spec = manifest(build(**args), "PrometheusRule", "fraud-monitoring")["spec"]
    return [rule for group in spec["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("args", [{}, EVERYTHING], ids=["shortest", "everything"])
def test_every_object_is_valid(args: dict[str, Any], preview: bool) -> None:
    assert check(manifests(build(preview, **args))) == 2


def test_custom_objects_match_their_definitions() -> None:
    assert against_definitions(manifests(build(**EVERYTHING))) == 2


def test_a_model_has_exactly_these_objects() -> None:
    found = sorted((one["kind"], one["metadata"]["namespace"]) for one in manifests(build(**EVERYTHING)))

    assert found == [
        ("ConfigMap", "monitoring"),
        ("NetworkPolicy", "models"),
        ("PodMonitor", "models"),
        ("PrometheusRule", "models"),
    ]


def test_another_model_changes_nothing_of_the_first() -> None:
    def program(*models: str) -> dict[str, dict[str, Any]]:
        def build() -> None:
            for model in models:
                ModelMonitoring(model, {"model": model, "namespace": "models"})

        return {one.urn: one.inputs for one in declare(build).resources}

    one, two = program("fraud"), program("fraud", "churn")

    assert {urn: inputs for urn, inputs in two.items() if urn in one} == one
    assert len(two) == 2 * len(one)


def test_alerts_are_those_of_what_is_declared(preview: bool) -> None:
    found = build(preview, **EVERYTHING).outputs("fraud")

    assert set(found["alerts"]) == ALERTS
    assert found["dashboardUid"] == "model-fraud"
    assert build(preview).outputs("fraud")["alerts"] == ["ModelHasNoPods", "ModelMetricsAbsent"]


def test_every_alert_says_whose_it_is() -> None:
    alerts = [rule for rule in rules(**EVERYTHING) if "alert" in rule]

    assert {rule["alert"] for rule in alerts} == ALERTS
    for rule in alerts:
        assert rule["labels"]["model"] == "fraud"
        assert rule["labels"]["team"] == "risk"
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"].keys() == {"summary", "action"}


def test_only_prometheus_may_read_the_pods_beside_whom_the_service_names() -> None:
    policy = manifest(build(port=9000, monitoring_namespace="metrics"), "NetworkPolicy", "fraud-monitoring")["spec"]

    assert policy["policyTypes"] == ["Ingress"]
    assert policy["podSelector"]["matchLabels"]["app.kubernetes.io/name"] == "fraud"
    (rule,) = policy["ingress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": 9000}]
    assert rule["from"][0]["namespaceSelector"]["matchExpressions"][0]["values"] == ["metrics"]


def test_pods_of_every_arm_are_read_with_the_model_s_name() -> None:
    spec = manifest(build(metrics_path="/stats"), "PodMonitor", "fraud-monitoring")["spec"]

    assert "variant" not in spec["selector"]["matchLabels"]
    assert spec["podTargetLabels"] == ["app.kubernetes.io/name"]
    assert spec["podMetricsEndpoints"] == [{"portNumber": 8080, "path": "/stats", "interval": "15s"}]


def test_arms_are_recorded_that_releases_can_be_in() -> None:
    def arms(**args: Any) -> set[str]:
        return {rule["labels"]["variant"] for rule in rules(**args) if "variant" in rule.get("labels", {})}

    assert arms() == {"stable"}
    assert arms(progressive=True) == {"stable", "canary"}
    assert arms(**EVERYTHING) == {"stable", "canary", "shadow"}


def test_objectives_are_measured_at_the_gateway_or_by_the_server() -> None:
    assert "envoy_cluster" in str(rules(availability_percent=99))
    inside = str(rules(availability_percent=99, routed=False))
    assert "envoy_cluster" not in inside
    assert "slipway_requests_total" in inside


def test_the_dashboard_speaks_the_words_of_the_engine() -> None:
    def text(**args: Any) -> str:
        found = manifest(build(**args), "ConfigMap", "dashboard-model-fraud")["data"]["model-fraud.json"]
        assert json.loads(found)["title"] == "Model fraud"
        return str(found)

    assert "vllm:num_requests_waiting" in text(engine=ServingEngine.VLLM)
    assert "vllm" not in text()
    assert "DCGM" in text(gpus=1)
    assert "DCGM" not in text()


def test_without_grafana_there_is_no_dashboard() -> None:
    assert "ConfigMap" not in {one["kind"] for one in manifests(build(dashboard=False))}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"model": "Fraud"}, "model: accepted: 1 to 40"),
        ({"namespace": None}, "namespace: accepted: 1 to 63"),
        ({"team": "A b"}, "team: accepted: a team's name"),
        ({"availability_percent": 90}, "availability_percent: accepted: a number from 95 to 99.999: received: 90"),
        ({"availability_percent": 100.0}, "availability_percent: accepted: a number from 95 to 99.999"),
        ({"availability_percent": True}, "availability_percent: accepted: a number from 95 to 99.999"),
        ({"latency_p99_ms": 0}, "latency_p99_ms: accepted: a whole number from 1 to 60000"),
        ({"minimum_requests": 0}, "minimum_requests: accepted: a whole number from 1"),
        ({"mirrored": True}, "mirrored: accepted: only with progressive"),
        ({"longest_pause_minutes": 5}, "longest_pause_minutes: accepted: only with progressive"),
        ({"engine": "onnx"}, "engine: accepted: one of slipway, vllm, kserve, triton, mlserver, bentoml"),
        ({"engine": "vllm", "routed": False}, "routed: accepted: true, because vllm has no metrics"),
        ({"retraining_state_machine": "a:b"}, "retraining_state_machine: accepted: a state machine's name"),
        ({"retrained_within_hours": 9}, "retrained_within_hours: accepted: only with retraining_state_machine"),
        (
            {**EVERYTHING, "retrained_within_hours": 400},
            "retrained_within_hours: accepted: a whole number from 1 to 312",
        ),
        ({"drift_within_hours": 0}, "drift_within_hours: accepted: a whole number from 1 to 2160"),
        ({"quality_metric": "accuracy"}, "quality_metric and champion_quality: accepted: all of them or none"),
        ({"quality_metric": "luck", "champion_quality": 1}, "quality_metric: accepted: one of accuracy, roc_auc"),
        ({"champion_quality": "x", "quality_metric": "accuracy"}, "champion_quality: accepted: a number"),
        ({"monthly_budget_usd": 0}, "monthly_budget_usd: accepted: a whole number from 1"),
        ({"cpu_hour_usd": -1}, "cpu_hour_usd: accepted: a number from 0 to 1000"),
        ({"port": 80}, "port: accepted: a whole number from 1024"),
        ({"metrics_path": "metrics"}, "metrics_path: accepted: a path such as /metrics"),
        ({"gpus": 17}, "gpus: accepted: a whole number from 0 to 16"),
        ({"dashboard": 1}, "dashboard: accepted: true or false"),
    ],
)
def test_refused(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        build(**args)

    assert message in str(refused.value)


def test_a_measure_whose_smaller_value_is_better_is_compared_the_other_way() -> None:
    (rule,) = [
        rule
        for rule in rules(quality_metric="brier", champion_quality=0.12)
        if rule.get("alert") == "ModelQualityBelowChampion"
    ]

    assert rule["expr"] == 'min(slipway_model_quality{model="fraud",metric="brier_lower"}) > 0.12'
