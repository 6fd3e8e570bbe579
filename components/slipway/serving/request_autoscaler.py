"""Scaling by requests and latency, for services that ask for it."""

from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from slipway import _check, versions
from slipway.serving import _names, _systems
from slipway.serving._workload import Spec

NAMESPACE = "keda"
PARTS = ("operator", "metricsServer", "webhooks")
METRICS_PORT = 8080
LABEL = (_names.LABEL, _names.LABEL_ACCEPTED)


class RequestAutoscalerArgs(TypedDict):
    """Inputs of ``RequestAutoscaler``."""

    namespace: NotRequired[str]
    """Namespace, made here. Default: ``keda``."""
    prometheus_port: NotRequired[int]
    """Port of Prometheus' pods, which are asked for the load. Default: 9090."""
    metrics_namespaces: NotRequired[list[str]]
    """Namespaces that may read metrics. Default: ``monitoring``."""
    install_crds: NotRequired[bool]
    """Whether the kinds are installed here. Default: yes."""
    kubernetes_version: NotRequired[str]
    """Kubernetes version of the cluster, whose Pod Security rules hold. Default: the one slipway pins."""


class RequestAutoscaler(pulumi.ComponentResource):
    """KEDA, in a namespace of its own; stateless.

    A cluster has one server of external metrics, so it has one of these. Needs a Kubernetes provider in ``opts``; what
    scales by requests or latency waits for this.
    """

    namespace: pulumi.Output[str]
    """Namespace of KEDA."""

    def __init__(self, name: str, args: RequestAutoscalerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:RequestAutoscaler", name, dict(args), opts)
        _check.known(args, RequestAutoscalerArgs.__annotations__)
        namespace = _check.matches("namespace", args.get("namespace", NAMESPACE), *LABEL)
        port = _check.between("prometheus_port", args.get("prometheus_port", 9090), 1, 65535)
        readers = _check.each("metrics_namespaces", args.get("metrics_namespaces", ["monitoring"]), *LABEL)
        version = _check.one_of(
            "kubernetes_version", args.get("kubernetes_version", versions.KUBERNETES), versions.KUBERNETES_SUPPORT_ENDS
        )
        crds = _check.flag("install_crds", args.get("install_crds", True))

        space = _systems.closed_namespace(name, namespace, version, policies(port, readers), self)
        release = k8s.helm.v3.Release(
            f"{name}-keda",
            name="keda",
            chart="keda",
            version=versions.KEDA_CHART,
            repository_opts={"repo": "https://kedacore.github.io/charts"},
            namespace=namespace,
            atomic=True,
            timeout=600,
            max_history=3,
            values=chart_values(install_crds=crds),
            opts=pulumi.ResourceOptions(parent=self, depends_on=space),
        )

        # Known before a first deployment, and yet nothing that uses it comes before KEDA.
        self.namespace = release.urn.apply(lambda _: namespace)
        self.register_outputs({"namespace": self.namespace})


def policies(prometheus_port: int, metrics_namespaces: list[str]) -> dict[str, Spec]:
    """KEDA asks the Kubernetes API and Prometheus; the API asks it for metrics and whether objects are right."""
    own = {"from": [{"podSelector": {}}], "ports": [{"protocol": "TCP", "port": 9666}]}
    talk = {"to": [{"podSelector": {}}], "ports": [{"protocol": "TCP", "port": 9666}]}
    asked = [_systems.from_api_server(6443, 9443), own]
    if metrics_namespaces:
        asked.append(_systems.from_namespaces(metrics_namespaces, METRICS_PORT))
    asks = [_systems.to_api_server(), _systems.inside(prometheus_port), talk]
    return {"keda": _systems.policy({}, ingress=asked, egress=asks)}


def chart_values(*, install_crds: bool) -> dict[str, Any]:
    """Values of KEDA's chart. It has no schema of them: a misspelt one would be ignored."""
    resources = {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}}
    spread = {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway"}
    names = {
        "operator": "keda-operator",
        "metricsServer": "keda-operator-metrics-apiserver",
        "webhooks": "keda-admission-webhooks",
    }
    security = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    return {
        "crds": {"install": install_crds},
        **{part: {"replicaCount": 2} for part in PARTS},
        "resources": {"operator": resources, "metricServer": resources, "webhooks": resources},
        "podDisruptionBudget": {part: {"maxUnavailable": 1} for part in ("operator", "metricServer", "webhooks")},
        "topologySpreadConstraints": {
            part: [{**spread, "labelSelector": {"matchLabels": {"app": names[part]}}}] for part in PARTS
        },
        "podSecurityContext": dict.fromkeys(("operator", "metricServer", "webhooks"), security),
        # Only what slipway scales. The chart's own default is any kind, and every Secret of the cluster.
        "rbac": {"scaledRefKinds": [{"apiGroup": "argoproj.io", "kind": "rollouts"}]},
        "permissions": {"operator": {"restrict": {"secret": True}}, "metricServer": {"restrict": {"secret": True}}},
        "prometheus": {
            part: {"enabled": True, "port": METRICS_PORT} for part in ("operator", "metricServer", "webhooks")
        },
    }
