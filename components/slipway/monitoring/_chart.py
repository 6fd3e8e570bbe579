"""Values of kube-prometheus-stack, without Pulumi's resources. It has no schema: a misspelt one would be ignored.

Names are short and fixed (``kps-prometheus:9090``), so that rollouts and autoscalers can be told where to ask.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

PREFIX = "kps"
PROMETHEUS, ALERTMANAGER, GRAFANA = (f"{PREFIX}-{name}" for name in ("prometheus", "alertmanager", "grafana"))
PROMETHEUS_PORT = 9090
ACCOUNTS = {"prometheus": PROMETHEUS, "alertmanager": ALERTMANAGER, "grafana": GRAFANA}
"""Service accounts, for the identities that write to the workspace, publish to topics and ask the workspace."""

LABELS_KEPT = "pods=[model,release,variant,app.kubernetes.io/name]"
"""Labels of pods that kube-state-metrics hands on: what joins a pod's use with its model."""
COLLECTORS = (
    "daemonsets", "deployments", "horizontalpodautoscalers", "jobs", "namespaces", "nodes", "persistentvolumeclaims",
    "persistentvolumes", "poddisruptionbudgets", "pods", "replicasets", "resourcequotas", "services", "statefulsets",
)  # fmt: skip
"""What kube-state-metrics lists. No Secrets and no ConfigMaps: listing them is reading them."""
NOT_ON_AUTO_MODE = ("coreDns", "kubeProxy")
"""Parts of the node itself on EKS Auto Mode: there are no pods to read."""
NEVER = ("kubeControllerManager", "kubeEtcd", "kubeScheduler")
"""Parts of the control plane, which EKS does not let anybody read."""
_RULES = {
    "kubeControllerManager": ("kubeControllerManager",),
    "kubeEtcd": ("etcd",),
    "kubeScheduler": ("kubeSchedulerAlerting", "kubeSchedulerRecording"),
    "kubeProxy": ("kubeProxy",),
}


@dataclass(frozen=True)
class Login:
    """How people log in to Grafana."""

    url: pulumi.Input[str]
    client_id: pulumi.Input[str]
    auth_url: pulumi.Input[str]
    token_url: pulumi.Input[str]
    api_url: pulumi.Input[str]
    editor_groups: list[str]
    """Groups of the identity provider that may edit; everybody else looks."""


@dataclass(frozen=True)
class Stack:
    """What decides the chart's values."""

    environment: str
    namespace: str
    agents_namespace: str
    region: pulumi.Input[str] | None
    auto_mode: bool
    replicas: int
    retention_days: int
    storage_gib: int
    storage_class: str | None
    cpu: str
    memory: str
    remote_write_url: pulumi.Input[str] | None
    grafana: bool
    grafana_secret: str | None
    login: Login | None
    alertmanager: Mapping[str, Any]


def values(stack: Stack) -> dict[str, Any]:
    """All of them."""
    off = [*NEVER, *(NOT_ON_AUTO_MODE if stack.auto_mode else ())]
    return {
        "fullnameOverride": PREFIX,
        "cleanPrometheusOperatorObjectNames": True,
        "crds": {"enabled": False},  # of their own release, before: a chart's own are never upgraded
        **{name: {"enabled": False} for name in off},
        "defaultRules": {"rules": {rule: False for name in off for rule in _RULES.get(name, ())}},
        "prometheusOperator": {
            "resources": _resources("100m", "256Mi"),
            "prometheusConfigReloader": {"resources": _resources("10m", "64Mi")},
            "admissionWebhooks": {"patch": {"resources": _resources("50m", "64Mi")}},
            "networkPolicy": {"enabled": False},
        },
        "prometheus": _prometheus(stack),
        "alertmanager": _alertmanager(stack),
        "grafana": _grafana(stack),
        "kube-state-metrics": {
            "resources": _resources("50m", "256Mi"),
            "collectors": [*COLLECTORS],
            "metricLabelsAllowlist": [LABELS_KEPT],
        },
        "prometheus-node-exporter": {
            "namespaceOverride": stack.agents_namespace,
            "resources": _resources("50m", "64Mi"),
            # Every node, those with a GPU too.
            "tolerations": [{"operator": "Exists"}],
        },
    }


def _prometheus(stack: Stack) -> dict[str, Any]:
    selectors = ("rule", "serviceMonitor", "podMonitor", "probe", "scrapeConfig")
    spec: dict[str, Any] = {
        # Objects of all namespaces, whoever made them; the default is those of this release.
        **{f"{name}SelectorNilUsesHelmValues": False for name in selectors},
        "replicas": stack.replicas,
        "scrapeInterval": "30s",
        "evaluationInterval": "30s",
        "retention": f"{stack.retention_days}d",
        # Before the disk is full: the newest block and the log of what is not yet in one need room as well.
        "retentionSize": f"{stack.storage_gib * 85 // 100}GiB",
        "externalLabels": {"environment": stack.environment},
        "enforcedSampleLimit": 200_000,
        "resources": _resources(stack.cpu, stack.memory),
        "storageSpec": {"volumeClaimTemplate": {"spec": _volume(stack, stack.storage_gib)}},
        "topologySpreadConstraints": [_spread("prometheus")],
    }
    if stack.remote_write_url is not None:
        spec["remoteWrite"] = [
            {
                "url": stack.remote_write_url,
                "sigv4": {"region": stack.region},
                "queueConfig": {"maxSamplesPerSend": 1000, "maxShards": 50, "capacity": 2500},
                # Buckets of everything are most of the samples; those of the cluster's own parts stay here.
                "writeRelabelConfigs": [
                    {
                        "sourceLabels": ["__name__"],
                        "regex": "(apiserver|etcd|kubelet|storage_operation|workqueue|rest_client)_.+_bucket",
                        "action": "drop",
                    }
                ],
            }
        ]
    return {
        "serviceAccount": {"create": True, "name": ACCOUNTS["prometheus"]},
        "podDisruptionBudget": {"enabled": stack.replicas > 1, "minAvailable": 1},
        "prometheusSpec": spec,
    }


def _alertmanager(stack: Stack) -> dict[str, Any]:
    return {
        "serviceAccount": {"create": True, "name": ACCOUNTS["alertmanager"]},
        "podDisruptionBudget": {"enabled": stack.replicas > 1, "minAvailable": 1},
        "config": stack.alertmanager,
        "alertmanagerSpec": {
            "replicas": stack.replicas,
            "resources": _resources("20m", "128Mi"),
            "storage": {"volumeClaimTemplate": {"spec": _volume(stack, 2)}},
            "topologySpreadConstraints": [_spread("alertmanager")],
        },
    }


def _grafana(stack: Stack) -> dict[str, Any]:
    if not stack.grafana:
        return {"enabled": False}
    found: dict[str, Any] = {
        # Else a ClusterRole lets Grafana read every Secret of the cluster. So dashboards live in this namespace.
        "rbac": {"namespaced": True},
        "serviceAccount": {"create": True, "name": ACCOUNTS["grafana"]},
        "testFramework": {"enabled": False},
        "resources": _resources("100m", "512Mi"),
        "sidecar": {
            "resources": _resources("10m", "128Mi"),
            "dashboards": {
                "label": "grafana_dashboard",
                "labelValue": "1",
                "searchNamespace": stack.namespace,
                "resource": "configmap",
                "folderAnnotation": "grafana_folder",
                "provider": {"foldersFromFilesStructure": True},
            },
            "datasources": {"searchNamespace": stack.namespace, "resource": "configmap"},
        },
        "grafana.ini": _ini(stack.login),
    }
    if stack.grafana_secret is not None:
        found["admin"] = {"existingSecret": stack.grafana_secret}
        found["envFromSecret"] = stack.grafana_secret
    return found


def _ini(login: Login | None) -> dict[str, Any]:
    common: dict[str, Any] = {
        "analytics": {"check_for_updates": False, "reporting_enabled": False},
        "auth.anonymous": {"enabled": False},
        "security": {"cookie_secure": True, "disable_gravatar": True},
        "users": {"allow_sign_up": False},
    }
    if login is None:
        return common
    groups = " || ".join(f"contains(groups[*], '{group}') && 'Editor'" for group in login.editor_groups)
    return {
        **common,
        "server": {"root_url": login.url},
        "auth": {"disable_login_form": True},
        "auth.generic_oauth": {
            "enabled": True,
            "name": "Single sign-on",
            "auto_login": True,
            "allow_sign_up": True,
            "scopes": "openid profile email",
            "use_pkce": True,
            "client_id": login.client_id,  # its secret is GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET of the Secret
            "auth_url": login.auth_url,
            "token_url": login.token_url,
            "api_url": login.api_url,
            "role_attribute_path": f"{groups} || 'Viewer'" if groups else "'Viewer'",
        },
    }


def _resources(cpu: str, memory: str) -> dict[str, Any]:
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}}


def _volume(stack: Stack, gib: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": f"{gib}Gi"}},
    }
    if stack.storage_class is not None:
        found["storageClassName"] = stack.storage_class
    return found


def _spread(name: str) -> dict[str, Any]:
    return {
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app.kubernetes.io/name": name}},
    }
