import json
import re
from typing import Any

import pulumi
import pytest
import yaml
from slipway import versions
from slipway.monitoring import MonitoringStack, _chart, _exported, _exporters, _platform_rules, _rule
from slipway.monitoring._exported import EXPORTED, Exporter

from tests.components.graph import UNKNOWN, Graph, declare
from tests.components.monitoring import charts
from tests.components.serving.manifests import against_definitions, check, manifest, manifests

RELEASE = "kubernetes:helm.sh/v3:Release"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:acme-"
OIDC = {
    "grafana_url": "https://grafana.ml.example.com",
    "grafana_client_id": "grafana",
    "grafana_auth_url": "https://idp.example.com/authorize",
    "grafana_token_url": "https://idp.example.com/token",
    "grafana_api_url": "https://idp.example.com/userinfo",
}
EVERYTHING: dict[str, Any] = {
    "region": "eu-west-1",
    "page_topic_arn": f"{TOPIC}page",
    "ticket_topic_arn": f"{TOPIC}ticket",
    "heartbeat_topic_arn": f"{TOPIC}heartbeat",
    "remote_write_url": "https://aps.example.com/workspaces/ws-1/api/v1/remote_write",
    "gateway_namespace": "gateway",
    "rollouts_namespace": "rollouts",
    "autoscaler_namespace": "keda",
    "cloud_metrics": True,
    "gpu_metrics": True,
    "storage_class": "gp3",
    "grafana_secret": "grafana",
    "grafana_editor_groups": ["ml-platform"],
    **OIDC,
}


def build(preview: bool = False, **args: Any) -> Graph[MonitoringStack]:
    given: Any = {"environment": "prod", **args}
    return declare(lambda: MonitoringStack("watch", given), preview=preview)


def values(**args: Any) -> dict[str, Any]:
    return dict(build(**args).named("watch-stack").inputs["values"])


@pytest.mark.parametrize("args", [{}, EVERYTHING], ids=["shortest", "everything"])
def test_every_object_is_valid(args: dict[str, Any], preview: bool) -> None:
    objects = manifests(build(preview, **args))

    assert check(objects) >= 10
    labels = manifest(build(**args), "Namespace", "monitoring")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    labels = manifest(build(**args), "Namespace", "node-agents")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "privileged"


def test_custom_objects_match_their_definitions() -> None:
    assert against_definitions(manifests(build(**EVERYTHING))) == 6


def test_charts_are_pinned_and_kinds_come_first() -> None:
    graph = build(**EVERYTHING)
    pinned = {one.inputs["chart"]: one.inputs["version"] for one in graph.all(RELEASE)}
    kinds, stack = graph.named("watch-kinds"), graph.named("watch-stack")

    assert pinned == {
        "kube-prometheus-stack": versions.KUBE_PROMETHEUS_STACK_CHART,
        "prometheus-operator-crds": versions.PROMETHEUS_OPERATOR_CRDS_CHART,
        "prometheus-yet-another-cloudwatch-exporter": versions.CLOUDWATCH_EXPORTER_CHART,
        "dcgm-exporter": versions.DCGM_EXPORTER_CHART,
    }
    assert graph.waits_for(stack, kinds)
    assert stack.inputs["values"]["crds"] == {"enabled": False}
    assert kinds.inputs["values"]["crds"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    for one in graph.resources:
        if one.type.endswith((":PodMonitor", ":PrometheusRule")):
            assert graph.waits_for(one, stack)
    assert not [one for one in build(install_crds=False).all(RELEASE) if one.name == "watch-kinds"]


def test_the_charts_have_these_values() -> None:
    graph = build(**EVERYTHING)
    for one in graph.all(RELEASE):
        assert charts.version(one.inputs["chart"]) == one.inputs["version"]
        assert list(charts.unknown(one.inputs["values"], charts.defaults(one.inputs["chart"]))) == []


def test_a_misspelt_value_is_one_that_the_chart_does_not_have() -> None:
    known = {"prometheus": {"prometheusSpec": {"retention": "10d", "resources": {}}}}
    given = {"prometheus": {"prometheusSpec": {"retentoin": "30d", "resources": {"requests": {}}}}, "grafna": {}}

    assert list(charts.unknown(given, known)) == ["prometheus.prometheusSpec.retentoin", "grafna"]


def test_what_cannot_exist_on_auto_mode_is_neither_read_nor_missed() -> None:
    found = values()

    for name in ("kubeEtcd", "kubeScheduler", "kubeControllerManager", "kubeProxy", "coreDns"):
        assert found[name] == {"enabled": False}
    assert found["defaultRules"]["rules"] == {
        "etcd": False,
        "kubeControllerManager": False,
        "kubeProxy": False,
        "kubeSchedulerAlerting": False,
        "kubeSchedulerRecording": False,
    }
    elsewhere = values(auto_mode=False)
    assert "coreDns" not in elsewhere
    assert "kubeProxy" not in elsewhere["defaultRules"]["rules"]


def test_prometheus_takes_objects_of_everybody_and_keeps_what_it_saw() -> None:
    found = values(storage_gib=100, retention_days=30, storage_class="gp3")["prometheus"]["prometheusSpec"]

    selectors = [key for key in found if key.endswith("SelectorNilUsesHelmValues")]
    assert len(selectors) == 5
    assert not any(found[key] for key in selectors)
    assert (found["retention"], found["retentionSize"]) == ("30d", "85GiB")
    assert found["storageSpec"]["volumeClaimTemplate"]["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "100Gi"}},
        "storageClassName": "gp3",
    }
    assert found["externalLabels"] == {"environment": "prod"}


def test_everything_has_resources() -> None:
    found = values()

    for part in (
        found["prometheus"]["prometheusSpec"],
        found["alertmanager"]["alertmanagerSpec"],
        found["grafana"],
        found["grafana"]["sidecar"],
        found["kube-state-metrics"],
        found["prometheus-node-exporter"],
        found["prometheusOperator"],
        found["prometheusOperator"]["prometheusConfigReloader"],
        found["prometheusOperator"]["admissionWebhooks"]["patch"],
    ):
        assert part["resources"]["requests"]["memory"] == part["resources"]["limits"]["memory"]
        assert "cpu" not in part["resources"]["limits"]


def test_nobody_reads_secrets_of_the_cluster_who_need_not() -> None:
    found = values()

    assert found["grafana"]["rbac"] == {"namespaced": True}
    for part in ("dashboards", "datasources"):
        assert found["grafana"]["sidecar"][part]["searchNamespace"] == "monitoring"
        assert found["grafana"]["sidecar"][part]["resource"] == "configmap"
    assert not {"secrets", "configmaps"} & {*found["kube-state-metrics"]["collectors"]}


def test_writing_to_a_workspace() -> None:
    (write,) = values(**EVERYTHING)["prometheus"]["prometheusSpec"]["remoteWrite"]

    assert write["url"] == EVERYTHING["remote_write_url"]
    assert write["sigv4"] == {"region": "eu-west-1"}
    (dropped,) = write["writeRelabelConfigs"]
    assert not [name for name in _exported.known() if re.fullmatch(dropped["regex"], name)]
    assert "remoteWrite" not in values()["prometheus"]["prometheusSpec"]


def test_logging_in_to_grafana() -> None:
    grafana = values(**EVERYTHING)["grafana"]
    login = grafana["grafana.ini"]["auth.generic_oauth"]

    assert grafana["envFromSecret"] == "grafana"  # with the client's secret, which is nowhere here
    assert grafana["admin"] == {"existingSecret": "grafana"}
    assert "secret" not in str(login)
    assert login["use_pkce"] is True
    assert login["role_attribute_path"] == "contains(groups[*], 'ml-platform') && 'Editor' || 'Viewer'"
    assert grafana["grafana.ini"]["auth"] == {"disable_login_form": True}
    assert "auth.generic_oauth" not in values()["grafana"]["grafana.ini"]
    assert values(grafana=False)["grafana"] == {"enabled": False}


def test_alerts_are_routed_as_declared() -> None:
    config = values(**EVERYTHING)["alertmanager"]["config"]

    assert {one["name"] for one in config["receivers"]} == {"nobody", "heartbeat", "page", "ticket"}
    assert values()["alertmanager"]["config"]["route"] == {"receiver": "nobody"}


def test_what_is_read_and_what_is_kept_of_it() -> None:
    graph = build(**EVERYTHING)
    found = {one["metadata"]["name"]: one["spec"] for one in manifests(graph) if one["kind"] == "PodMonitor"}
    exporters = {
        "slipway-gateway": ("gateway", Exporter.GATEWAY),
        "slipway-rollouts": ("rollouts", Exporter.ROLLOUTS),
        "slipway-gate": ("rollouts", Exporter.GATE),
        "slipway-cloud": ("monitoring", Exporter.CLOUD),
        "slipway-gpus": ("node-agents", Exporter.GPUS),
    }

    assert found.keys() == exporters.keys()
    for name, (namespace, exporter) in exporters.items():
        assert found[name]["namespaceSelector"] == {"matchNames": [namespace]}
        (endpoint,) = found[name]["podMetricsEndpoints"]
        (relabelling,) = endpoint["metricRelabelings"]
        for metric in EXPORTED[exporter]:
            assert re.fullmatch(relabelling["regex"], metric)
        assert not re.fullmatch(relabelling["regex"], "anything_else")
        # series that are about objects elsewhere keep their namespace
        assert endpoint.get("honorLabels", False) is (name in ("slipway-rollouts", "slipway-gpus"))
    assert "PodMonitor" not in {one["kind"] for one in manifests(build())}


def test_rules_are_for_what_there_is() -> None:
    def names(**args: Any) -> set[str]:
        spec = manifest(build(**args), "PrometheusRule", "slipway-platform")["spec"]
        return {rule["alert"] for group in spec["groups"] for rule in group["rules"]}

    everything = _platform_rules.groups("platform", cloud=True, gateway=True, rollouts=True)
    assert names(**EVERYTHING) == {alert.name for alert in _rule.alerts(everything)}
    assert names() == {"SlipwayHeartbeat"}


def test_dashboards_are_where_grafana_looks() -> None:
    for uid in ("slipway-environment", "slipway-platform"):
        found = manifest(build(**EVERYTHING), "ConfigMap", f"dashboard-{uid}")
        assert found["metadata"]["namespace"] == "monitoring"
        assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert json.loads(found["data"][f"{uid}.json"])["uid"] == uid
    assert "ConfigMap" not in {one["kind"] for one in manifests(build(grafana=False))}


def test_who_may_ask_and_who_is_read() -> None:
    graph = build(**EVERYTHING)
    asking = manifest(graph, "NetworkPolicy", "asking")["spec"]
    (namespaces,) = asking["ingress"][0]["from"][0]["namespaceSelector"]["matchExpressions"]
    gate = manifest(graph, "NetworkPolicy", "gate-metrics")

    assert namespaces["values"] == ["keda", "rollouts"]
    assert asking["ingress"][0]["ports"] == [{"protocol": "TCP", "port": 9090}]
    assert gate["metadata"]["namespace"] == "rollouts"
    assert gate["spec"]["policyTypes"] == ["Ingress"]
    assert {one["metadata"]["name"] for one in manifests(build()) if one["kind"] == "NetworkPolicy"} == {
        "allow-dns",
        "default-deny",
        "gpus",
        "inside",
        "operator",
        "outside",
        "reading",
    }


def test_cloudwatch_is_asked_for_what_is_exported() -> None:
    release = build(**EVERYTHING).named("watch-cloud")
    config = yaml.safe_load(release.inputs["values"]["config"])
    asked = set()
    for job in config["discovery"]["jobs"]:
        assert job["regions"] == ["eu-west-1"]
        assert job["searchTags"] == [
            {"key": "environment", "value": "^prod$"},
            {"key": "managed-by", "value": "^slipway$"},
        ]
        for metric in job["metrics"]:
            words = re.sub(r"(?<!^)(?=[A-Z])", "_", metric["name"]).lower()
            (statistic,) = metric["statistics"]
            asked.add(f"{job['type'].lower().replace('/', '_')}_{words}_{statistic.lower()}")
            assert metric["length"] >= metric["period"]
    assert asked == set(EXPORTED[Exporter.CLOUD])
    assert release.inputs["values"]["serviceAccount"]["name"] == _exporters.CLOUD_ACCOUNT
    assert release.inputs["values"]["extraArgs"]["scraping-interval"] * 2 <= _exporters.PERIOD_SECONDS


def test_inputs_may_be_known_later() -> None:
    def program() -> None:
        later = pulumi.Output.from_input
        MonitoringStack(
            "watch",
            {
                "environment": "prod",
                "region": later("eu-west-1"),
                "page_topic_arn": later(f"{TOPIC}page"),
                "ticket_topic_arn": later(f"{TOPIC}ticket"),
                "remote_write_url": later("https://x/api/v1/remote_write"),
                "cloud_metrics": True,
            },
        )

    found = declare(program).named("watch-stack").inputs["values"]
    assert found["alertmanager"]["config"]["receivers"][1]["sns_configs"][0]["topic_arn"] == f"{TOPIC}page"
    assert found["prometheus"]["prometheusSpec"]["remoteWrite"][0]["sigv4"] == {"region": "eu-west-1"}


def test_outputs(preview: bool) -> None:
    found = build(preview, namespace="metrics").outputs("watch")

    assert found["serviceAccounts"] == {**_chart.ACCOUNTS, "cloud_metrics": "cloudwatch-exporter"}
    if preview:
        assert found["namespace"] in ("metrics", UNKNOWN)
    else:
        assert found["prometheusAddress"] == "http://kps-prometheus.metrics.svc:9090"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"environment": "Prod"}, "environment: accepted: an environment's name"),
        ({"namespace": "A"}, "namespace: accepted: 1 to 63"),
        ({"agents_namespace": "monitoring"}, "agents_namespace: accepted: another namespace than namespace"),
        ({"remote_write_url": "https://x/api/v1/remote_write"}, "region: accepted: a region, because"),
        ({"cloud_metrics": True}, "region: accepted: a region, because"),
        ({"region": "x"}, "region: accepted: a region such as"),
        ({"remote_write_url": "http://x", "region": "eu-west-1"}, "remote_write_url: accepted: an address https://"),
        ({"cloud_tags": {"a": "b"}}, "cloud_tags: accepted: only with cloud_metrics"),
        ({**EVERYTHING, "cloud_tags": {}}, "cloud_tags: accepted: an object of tag: value"),
        ({**EVERYTHING, "cloud_tags": {"a": "("}}, "cloud_tags.a: accepted: a tag's value"),
        ({"replicas": 4}, "replicas: accepted: a whole number from 1 to 3: received: 4"),
        ({"retention_days": 0}, "retention_days: accepted: 1 to 400 days"),
        ({"storage_gib": 1}, "storage_gib: accepted: a whole number from 10 to 2000"),
        ({"memory": "much"}, "memory: accepted: memory such as"),
        ({"team": "A"}, "team: accepted: a team's name"),
        ({"gateway_namespace": "A"}, "gateway_namespace: accepted: 1 to 63"),
        ({"grafana_url": "https://g"}, "grafana_api_url: accepted: all of them or none"),
        (OIDC, "grafana_secret: accepted: a Secret with the client's secret"),
        ({**OIDC, "grafana": False}, "grafana: accepted: true, because a login for it is given"),
        ({**OIDC, "grafana_secret": "g", "grafana_auth_url": "idp"}, "grafana_auth_url: accepted: an address that"),
        ({"grafana_editor_groups": ["a"]}, "grafana_editor_groups: accepted: only with grafana_url"),
        ({**EVERYTHING, "grafana_editor_groups": ["a'"]}, "grafana_editor_groups[0]: accepted: a group's name"),
        ({"kubernetes_version": "1.20"}, "kubernetes_version: accepted: one of 1.35, 1.36, 1.37"),
    ],
)
def test_refused(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        build(**args)

    assert message in str(refused.value)
