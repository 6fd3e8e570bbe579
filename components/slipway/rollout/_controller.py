"""How Argo Rollouts is installed: values of its chart and its network. Without Pulumi's resources."""

from collections.abc import Sequence
from typing import Any

import pulumi

from slipway import versions
from slipway.rollout._later import after
from slipway.rollout._parts import PLUGIN
from slipway.serving import _systems
from slipway.serving._workload import Spec

NAME = "argo-rollouts"
PODS = {"app.kubernetes.io/name": "argo-rollouts", "app.kubernetes.io/component": "rollouts-controller"}
METRICS_PORT = 8090
BINARY = "rollouts-plugin-trafficrouter-gatewayapi"
PROVIDERS = (
    "istio",
    "smi",
    "ambassador",
    "awsLoadBalancerController",
    "awsAppMesh",
    "traefik",
    "apisix",
    "contour",
    "glooPlatform",
)
"""Kinds of routers that the chart gives rights for by itself, although none is used here."""

_CONFINED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def policies(analysis_ports: Sequence[int], metrics_namespaces: Sequence[str]) -> dict[str, Spec]:
    """The controller calls the Kubernetes API and what analyses ask; it is asked for metrics only."""
    asked = [_systems.to_api_server(), _systems.inside(*analysis_ports)]
    readers = [_systems.from_namespaces(metrics_namespaces, METRICS_PORT)] if metrics_namespaces else []
    return {"controller": _systems.policy(PODS, ingress=readers, egress=asked)}


def chart_values(
    plugin_image: pulumi.Input[str], image: pulumi.Input[str] | None, replicas: int, *, install_crds: bool
) -> dict[str, Any]:
    """Values of the chart. It has no schema of them: a misspelt one would be ignored."""
    resources = {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}}
    copied = [{"name": "gateway-plugin", "mountPath": "/plugins"}]
    return {
        "installCRDs": install_crds,
        "keepCRDs": True,  # without its kind every Rollout would be gone, and its pods with it
        "controller": {
            "replicas": replicas,
            "image": {"tag": versions.ARGO_ROLLOUTS} if image is None else _image(image),
            "resources": resources,
            "pdb": {"enabled": True, "maxUnavailable": 1},
            "metrics": {"enabled": True},
            "logging": {"format": "json"},
            "topologySpreadConstraints": [
                {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway"}
            ],
            "initContainers": [
                {
                    "name": "gateway-plugin",
                    "image": plugin_image,
                    "command": ["cp", f"/bin/{BINARY}", "/plugins/"],
                    "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}},
                    "securityContext": _CONFINED,
                    "volumeMounts": copied,
                }
            ],
            "trafficRouterPlugins": [{"name": PLUGIN, "location": f"file:///plugins/{BINARY}"}],
            "volumes": [{"name": "gateway-plugin", "emptyDir": {"sizeLimit": "256Mi"}}],
            "volumeMounts": copied,
        },
        "podSecurityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "providerRBAC": {"enabled": True, "providers": {**dict.fromkeys(PROVIDERS, False), "gatewayAPI": True}},
        "dashboard": {"enabled": False},
    }


def _image(image: pulumi.Input[str]) -> Any:
    """An image by digest in the chart's words, which put ``:`` between ``repository`` and ``tag``."""

    def parts(reference: str) -> dict[str, str]:
        repository, _, digest = reference.rpartition(":")
        registry, _, path = repository.partition("/")
        return {"registry": registry, "repository": path, "tag": digest}

    return after(image, parts)
