"""Monitoring as settings declare it: what an environment has, what each model adds, what is refused."""

import copy
import json
from functools import cache
from typing import Any

import pytest
from slipway.monitoring import _chart
from slipway.monitoring._stack_settings import address

from stacks import monitoring_settings, watching
from stacks.environment import build
from stacks.lateness import late_after_hours
from stacks.releases import Found
from stacks.settings import Settings, SettingsError, parse
from stacks.watched import args_of
from tests.components.graph import UNKNOWN, Graph, declare
from tests.stacks.config import serving
from tests.stacks.made import found

RULE = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"
MONITOR = "kubernetes:monitoring.coreos.com/v1:PodMonitor"
RELEASE = "kubernetes:helm.sh/v3:Release"
PLATFORM = "organization/slipway/test"
DROPPED = ("network", "cluster", "keys", "gateway", "rollouts", "gate", "request_autoscaler", "stores")
SECOND = {"release": "churn-20260102-0123abcd", "auth": {}, "slo": {"availability_percent": 99.5}, "team": "growth"}
ON: dict[str, Any] = {
    "monitoring": {
        "teams": ["fraud-team"],
        "page_emails": ["pager@example.com"],
        "quiet_hours": "20:00-07:00",
        "time_zone": "Europe/Dublin",
        "workspace": {"retention_days": 400},
    },
    "prometheus_address": ...,
    "models.fraud.team": "fraud-team",
    "datasets": {"data_class": "models"},
    "retraining": {},
    "models.fraud.retrain": {"schedule": "cron(0 3 ? * MON *)"},
}


def settings(**changes: Any) -> Settings:
    return parse(serving(**copy.deepcopy(ON | changes)), "Pulumi.test.yaml")


def graph_of(known: Settings, releases: Found | None = None, **options: Any) -> Graph[None]:
    return declare(lambda: build(known, releases or found(known)), **options)


@cache
def everything() -> Graph[None]:
    return graph_of(settings())


def values(graph: Graph[None], chart: str) -> dict[str, Any]:
    (release,) = [item for item in graph.all(RELEASE) if item.inputs["chart"] == chart]
    return dict(release.inputs["values"])


def alerts(graph: Graph[None], model: str) -> dict[str, list[dict[str, Any]]]:
    """Name -> rules, of a model."""
    groups = graph.named(f"{model}-monitoring-rules").inputs["spec"]["groups"]
    rules = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    return {name: [rule for rule in rules if rule["alert"] == name] for name in {rule["alert"] for rule in rules}}


def test_a_first_preview_declares_the_same() -> None:
    assert graph_of(settings(), preview=True).types() == everything().types()


def test_a_model_adds_exactly_what_watches_it_and_takes_it_away() -> None:
    before, after = everything(), graph_of(settings(**{"models.churn": SECOND}))
    was = {item.urn: item for item in before.resources}
    added = [item for item in after.resources if item.urn not in was]
    assert not was.keys() - {item.urn for item in after.resources}
    watched = [item for item in added if "ModelMonitoring" in item.urn]
    assert sorted((item.type, item.name) for item in watched) == [
        ("kubernetes:core/v1:ConfigMap", "churn-monitoring-dashboard"),
        (MONITOR, "churn-monitoring-pods"),
        (RULE, "churn-monitoring-rules"),
        ("kubernetes:networking.k8s.io/v1:NetworkPolicy", "churn-monitoring-readable"),
        ("slipway:index:ModelMonitoring", "churn-monitoring"),
    ]
    assert all("churn" in item.name for item in added)
    others = [item for item in after.resources if item.urn in was and "onitoring" in item.urn]
    assert others
    assert all(item.inputs == was[item.urn].inputs for item in others), "another model's monitoring moved"


def test_a_model_without_a_release_is_not_watched() -> None:
    known = settings()
    releases = found(known)
    graph = graph_of(known, Found({"fraud": releases.releases["fraud"]}, releases.operations_digest))
    assert not [item for item in graph.resources if item.name.startswith("waiting-monitoring")]
    assert graph.named("fraud-monitoring-rules")


def test_objectives_and_teams_reach_the_rules() -> None:
    rules = alerts(everything(), "fraud")
    every = [rule for named in rules.values() for rule in named]
    assert {rule["labels"]["team"] for rule in every} == {"fraud-team"}
    text = json.dumps(every)
    assert "200" in text and "RolloutPaused" in rules and "RetrainingLate" in rules
    assert "acme-test-retrain-fraud" in text
    assert f"[{8 * 24}h]" in rules["RetrainingLate"][0]["expr"]
    (paused,) = rules["RolloutPaused"]
    assert paused["for"] in ("1h", "60m")  # 30 minutes of mirror and the margin
    other = alerts(graph_of(settings(**{"models.fraud.slo": {"availability_percent": 99.0}})), "fraud")
    assert other.keys() < rules.keys()
    assert json.dumps(other) != text


def test_what_settings_say_is_what_a_models_monitoring_gets() -> None:
    assert args_of("fraud", settings(), 1) == {
        "model": "fraud",
        "namespace": "models",
        "monitoring_namespace": "monitoring",
        "routed": True,
        "gpus": 1,
        "dashboard": True,
        "team": "fraud-team",
        "availability_percent": 99.9,
        "latency_p99_ms": 200,
        "progressive": True,
        "mirrored": True,
        "longest_pause_minutes": 30,
        "retraining_state_machine": "acme-test-retrain-fraud",
        "retrained_within_hours": 192,
    }
    plain = settings(**{f"models.fraud.{key}": ... for key in ("auth", "rollout", "retrain", "slo", "team")})
    assert args_of("fraud", plain) == {
        "model": "fraud",
        "namespace": "models",
        "monitoring_namespace": "monitoring",
        "routed": False,
        "gpus": 0,
        "dashboard": True,
    }


def test_alerts_go_to_topics_by_urgency_and_team() -> None:
    graph = everything()
    names = {item.inputs["name"] for item in graph.all("aws:sns/topic:Topic")}
    urgencies = ("page", "ticket", "heartbeat", "page-fraud-team", "ticket-fraud-team")
    assert {f"acme-test-{urgency}" for urgency in urgencies} <= names
    config = json.dumps(values(graph, "kube-prometheus-stack")["alertmanager"]["config"])
    assert all(f":acme-test-{urgency}" in config for urgency in urgencies)
    assert "Europe/Dublin" in config
    assert graph.one("aws:sns/topicSubscription:TopicSubscription").inputs["endpoint"] == "pager@example.com"


@pytest.mark.parametrize(
    "identity, account, action",
    [
        ("alertmanager-identity", "kps-alertmanager", "sns:Publish"),
        ("prometheus-identity", "kps-prometheus", "aps:RemoteWrite"),
    ],
)
def test_pods_may_do_what_they_do_before_they_start(identity: str, account: str, action: str) -> None:
    graph = everything()
    association = graph.named(f"{identity}-association")
    assert association.inputs["serviceAccount"] == account
    assert association.inputs["namespace"] == "monitoring"
    policy = json.loads(graph.named(f"{identity}-access").inputs["policy"])
    resources = [entry["Resource"] for entry in policy["Statement"] if action in entry["Action"]]
    assert resources
    assert "*" not in json.dumps(resources)
    (stack,) = [item for item in graph.all(RELEASE) if item.inputs["chart"] == "kube-prometheus-stack"]
    assert graph.waits_for(stack, association) or graph.waits_for(graph.at(stack.parent or ""), association)


def test_accounts_and_address_are_those_of_the_component() -> None:
    assert address(monitoring_settings.NAMESPACE) == monitoring_settings.PROMETHEUS_ADDRESS
    assert {watching.PROMETHEUS, watching.ALERTMANAGER} <= set(_chart.ACCOUNTS.values())


def test_who_asks_prometheus_asks_this_one_unless_another_is_given() -> None:
    assert settings().prometheus == "http://kps-prometheus.monitoring.svc:9090"
    assert settings(prometheus_address="http://other:9090").prometheus == "http://other:9090"
    templates = everything().all("kubernetes:argoproj.io/v1alpha1:AnalysisTemplate")
    assert "http://kps-prometheus.monitoring.svc:9090" in json.dumps([item.inputs for item in templates])


def test_workspace_cloud_metrics_and_gpus_come_where_they_are_asked_for() -> None:
    graph = everything()
    assert graph.one("aws:amp/workspaceConfiguration:WorkspaceConfiguration").inputs["retentionPeriodInDays"] == 400
    assert values(graph, "kube-prometheus-stack")["prometheus"]["prometheusSpec"]["remoteWrite"]
    charts = {item.inputs["chart"] for item in graph.all(RELEASE)}
    assert {"prometheus-yet-another-cloudwatch-exporter", "dcgm-exporter"} <= charts
    without = {"retraining": ..., "datasets": ..., "models.fraud.retrain": ..., "cluster.gpu": ...}
    small = graph_of(settings(monitoring={}, **without, **{"models.fraud.team": ...}))
    assert not small.all("aws:amp/workspace:Workspace")
    left = {item.inputs["chart"] for item in small.all(RELEASE)}
    assert "kube-prometheus-stack" in left
    assert not {"prometheus-yet-another-cloudwatch-exporter", "dcgm-exporter"} & left


def test_without_grafana_there_is_no_dashboard() -> None:
    graph = graph_of(settings(**{"monitoring.grafana": {"enabled": False}}))
    assert not [item for item in graph.all("kubernetes:core/v1:ConfigMap") if item.name.endswith("-dashboard")]
    assert "dashboard" not in graph.exports["model.fraud"]
    assert everything().exports["model.fraud"]["dashboard"] == "/d/model-fraud"


def test_a_login_reaches_grafana() -> None:
    urls = {key: f"https://login.example.com/{key}" for key in ("url", "auth_url", "token_url", "api_url")}
    login = {**urls, "client_id": "grafana", "editor_groups": ["ml"]}
    graph = graph_of(settings(**{"monitoring.grafana": {"secret": "grafana", "login": login}}))
    ini = values(graph, "kube-prometheus-stack")["grafana"]["grafana.ini"]
    assert ini["auth.generic_oauth"]["client_id"] == "grafana"


def test_models_are_watched_after_the_kinds_that_this_needs() -> None:
    graph = everything()
    (stack,) = [item for item in graph.all(RELEASE) if item.inputs["chart"] == "kube-prometheus-stack"]
    component = graph.named("fraud-monitoring")
    assert graph.waits_for(component, stack)


def shard(**changes: Any) -> Settings:
    dropped: dict[str, Any] = dict.fromkeys((*DROPPED, "datasets", "retraining"), ...)
    apart = {"part": "models", "platform_stack": PLATFORM, "gateway_domain": "ml.example.com", "monitoring": {}}
    return settings(**{**dropped, **apart, "models.fraud.stores": ..., **changes})


def test_a_shards_models_are_watched_by_its_platform() -> None:
    contract = everything().exports["platform"]
    assert contract["monitoring_namespace"] == "monitoring"
    graph = graph_of(shard(), references={PLATFORM: {"platform": contract}})
    assert [item.name for item in graph.all(RULE)] == ["fraud-monitoring-rules", "waiting-monitoring-rules"]
    assert not graph.all(RELEASE)
    assert not graph.all("aws:sns/topic:Topic")
    lacking = {key: value for key, value in contract.items() if key != "monitoring_namespace"}
    with pytest.raises(Exception, match=r"missing: \['monitoring_namespace'\] \(has its platform the gateway, gate"):
        graph_of(shard(), references={PLATFORM: {"platform": lacking}})


def test_nothing_of_it_is_there_without_the_section() -> None:
    given = {"prometheus_address": "http://other:9090", "models.fraud.team": ...}
    graph = graph_of(settings(monitoring=..., **given))
    kinds = graph.types()
    assert not {RULE, MONITOR, "aws:cloudwatch/metricAlarm:MetricAlarm"} & kinds.keys()
    assert "monitoring_namespace" not in graph.exports["platform"]


def test_a_preview_knows_where_dashboards_are() -> None:
    graph = graph_of(settings(), preview=True)
    assert graph.named("fraud-monitoring-rules").inputs["spec"] != UNKNOWN
    assert alerts(graph, "fraud").keys() == alerts(everything(), "fraud").keys()


@pytest.mark.parametrize(
    "schedule, hours",
    [
        ("rate(1 day)", 48),
        ("rate(90 minutes)", 25),
        ("rate(12 days)", 312),
        ("rate(13 days)", None),
        ("cron(0 3 ? * MON *)", 192),
        ("cron(0 3 ? * MON,THU *)", 120),
        ("cron(0 3 ? * MON-FRI *)", 96),
        ("cron(0 3 ? * 2-6 *)", 96),
        ("cron(0/15 * * * ? *)", 48),
        ("cron(0 3 */7 * ? *)", 192),
        ("cron(0 3 1/5 * ? *)", 144),
        ("cron(0 3 1 * ? *)", None),
        ("cron(0 3 L * ? *)", None),
        ("cron(0 3 ? * FRI#2 *)", None),
        ("cron(0 3 ? * 6L *)", None),
        ("cron(0 3 * JAN ? *)", None),
        ("cron(0 3 * * ? 2027)", None),
    ],
)
def test_a_retraining_is_late_after_its_longest_pause_and_a_day(schedule: str, hours: int | None) -> None:
    assert late_after_hours(schedule) == hours


@pytest.mark.parametrize(
    "changes, message",
    [
        (
            {"monitoring": ..., "prometheus_address": "http://other:9090"},
            "slipway:models.fraud.team: accepted: nothing, because there is no section monitoring",
        ),
        ({"monitoring": ..., "models.fraud.team": ...}, "slipway:prometheus_address: accepted: an address"),
        ({"monitoring.quiet_hours": "20:00-20:00"}, "quiet_hours: accepted: two hours that differ, such as"),
        ({"monitoring.quiet_hours": "8pm-7am"}, "quiet_hours: accepted: two hours that differ, such as"),
        ({"monitoring.quiet_hours": ...}, "slipway:monitoring: accepted: time_zone with quiet_hours or"),
        ({"monitoring.time_zone": "Dublin time"}, "monitoring.time_zone: accepted: a time zone such as"),
        ({"monitoring.teams": ["one", "one"]}, "monitoring.teams: accepted: entries that differ"),
        ({"monitoring.page_emails": ["somebody"]}, "monitoring.page_emails.0: accepted: an e-mail address"),
        ({"monitoring.heartbeat": False}, "monitoring.heartbeat: accepted: no such key; here: "),
        ({"monitoring.workspace.retention_days": 2000}, "workspace.retention_days: accepted: less than or equal to"),
        ({"monitoring.grafana": {"enabled": False, "secret": "grafana"}}, "grafana: accepted: nothing but enabled"),
        ({"models.fraud.slo.availability_percent": 90.0}, "availability_percent: accepted: 95 to 99.999, because"),
        ({"models.fraud.slo.latency_p99_ms": 90_000}, "slo.latency_p99_ms: accepted: at most 60000, the longest"),
        ({"workload_namespace": "monitoring"}, "slipway:workload_namespace: accepted: another one, because"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings(**changes)
    assert message in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_a_shard_leaves_the_rest_to_its_platform() -> None:
    with pytest.raises(SettingsError, match=r"slipway:monitoring: accepted: \{\} or grafana: .* received: .\"teams\""):
        shard(monitoring={"teams": ["one"]})
    quiet = shard(monitoring={"grafana": {"enabled": False}})
    assert args_of("fraud", quiet).get("dashboard") is False
