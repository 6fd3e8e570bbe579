"""Declares what stands around the chart: its kinds, exporters, monitors, rules and dashboards."""

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as k8s

from slipway import versions
from slipway._custom import Metadata, prometheus
from slipway._custom.prometheus import PodMonitorSpec
from slipway.monitoring import (
    _dashboard_environment,
    _dashboard_platform,
    _exporters,
    _network,
    _platform_rules,
    _scraping,
)
from slipway.monitoring._board import Board
from slipway.monitoring._chart import Stack
from slipway.monitoring._exporters import CLOUD_ACCOUNT as CLOUD_ACCOUNT
from slipway.monitoring._rule import written
from slipway.monitoring._stack_settings import Settings
from slipway.rollout import _gate_service
from slipway.serving import _namespaces
from slipway.serving._workload import Spec

CHARTS = "https://prometheus-community.github.io/helm-charts"
GPU_CHARTS = "https://nvidia.github.io/dcgm-exporter/helm-charts"
FOLDER = "slipway"


def policies(settings: Settings) -> dict[str, Spec]:
    """Network policies of the namespace."""
    asking = [space for space in (settings.rollouts_namespace, settings.autoscaler_namespace) if space]
    visiting = [settings.gateway_namespace] if settings.gateway_namespace and settings.stack.login else []
    return _network.policies(asking, visiting)


def agents(name: str, stack: Stack, parent: pulumi.Resource) -> list[pulumi.Resource]:
    """The namespace of what runs on every node."""
    space = k8s.core.v1.Namespace(
        f"{name}-agents",
        metadata={"name": stack.agents_namespace, "labels": _network.agents_labels()},
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return [
        space,
        *(
            k8s.networking.v1.NetworkPolicy(
                f"{name}-agents-{role}",
                metadata={"name": role, "namespace": stack.agents_namespace, "labels": _namespaces.MANAGED},
                spec=spec,
                opts=pulumi.ResourceOptions(parent=parent, depends_on=[space]),
            )
            for role, spec in _network.agents(stack.namespace).items()
        ),
    ]


def storage_class(name: str, settings: Settings, parent: pulumi.Resource) -> k8s.storage.v1.StorageClass:
    """Encrypted volumes of EKS Auto Mode, each made in the zone of the pod that mounts it."""
    return k8s.storage.v1.StorageClass(
        f"{name}-disks",
        metadata={"name": str(settings.stack.storage_class), "labels": _namespaces.MANAGED},
        provisioner="ebs.csi.eks.amazonaws.com",
        parameters={"type": "gp3", "encrypted": "true"},
        volume_binding_mode="WaitForFirstConsumer",
        allow_volume_expansion=True,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def kinds(name: str, namespace: str, parent: pulumi.Resource, needs: Sequence[pulumi.Resource]) -> k8s.helm.v3.Release:
    """The operator's kinds as templates of a chart of their own: one that has them beside never upgrades them.

    They stay when this is deleted: without its kind every rule and monitor of the cluster would be gone.
    """
    return k8s.helm.v3.Release(
        f"{name}-kinds",
        name="prometheus-operator-crds",
        chart="prometheus-operator-crds",
        version=versions.PROMETHEUS_OPERATOR_CRDS_CHART,
        repository_opts={"repo": CHARTS},
        namespace=namespace,
        atomic=True,
        timeout=300,
        max_history=3,
        values={"crds": {"annotations": {"helm.sh/resource-policy": "keep"}}},
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[*needs]),
    )


def exporters(
    name: str, settings: Settings, parent: pulumi.Resource, needs: Sequence[pulumi.Resource]
) -> list[pulumi.Resource]:
    """What exports metrics that nothing else has."""
    opts = pulumi.ResourceOptions(parent=parent, depends_on=[*needs])
    stack = settings.stack
    found: list[pulumi.Resource] = []
    if settings.cloud_tags is not None and stack.region is not None:
        found.append(
            k8s.helm.v3.Release(
                f"{name}-cloud",
                name=CLOUD_ACCOUNT,
                chart="prometheus-yet-another-cloudwatch-exporter",
                version=versions.CLOUDWATCH_EXPORTER_CHART,
                repository_opts={"repo": CHARTS},
                namespace=stack.namespace,
                atomic=True,
                timeout=300,
                max_history=3,
                values=_exporters.cloud_values(stack.region, settings.cloud_tags),
                opts=opts,
            )
        )
    if settings.gpus:
        found.append(
            k8s.helm.v3.Release(
                f"{name}-gpus",
                name="dcgm-exporter",
                chart="dcgm-exporter",
                version=versions.DCGM_EXPORTER_CHART,
                repository_opts={"repo": GPU_CHARTS},
                namespace=stack.agents_namespace,
                timeout=300,
                max_history=3,
                values=_exporters.gpu_values(),
                # Where no node has a GPU yet, there is nothing to wait for.
                skip_await=True,
                opts=opts,
            )
        )
    return found


def watch(name: str, settings: Settings, parent: pulumi.Resource, needs: Sequence[pulumi.Resource]) -> None:
    """Monitors of the platform's parts, and the platform's own rules."""
    opts = pulumi.ResourceOptions(parent=parent, depends_on=[*needs])
    namespace = settings.stack.namespace
    for role, spec in monitors(settings).items():
        prometheus.pod_monitor(f"{name}-{role}-monitor", _metadata(f"slipway-{role}", namespace), spec, opts)
    if settings.rollouts_namespace:
        # Its own policy lets nobody but the controller in.
        k8s.networking.v1.NetworkPolicy(
            f"{name}-gate-readable",
            metadata=_metadata("gate-metrics", settings.rollouts_namespace),
            spec=_network.readable(_gate_service.LABELS, namespace, _gate_service.PORT),
            opts=pulumi.ResourceOptions(parent=parent),
        )
    groups = _platform_rules.groups(
        settings.team,
        cloud=settings.cloud_tags is not None,
        gateway=settings.gateway_namespace is not None,
        rollouts=settings.rollouts_namespace is not None,
    )
    prometheus.prometheus_rule(
        f"{name}-rules", _metadata("slipway-platform", namespace), {"groups": written(groups)}, opts
    )


def monitors(settings: Settings) -> dict[str, PodMonitorSpec]:
    """Role -> what is read."""
    stack = settings.stack
    found = {}
    if settings.gateway_namespace:
        found["gateway"] = _scraping.gateway(settings.gateway_namespace)
    if settings.rollouts_namespace:
        found["rollouts"] = _scraping.rollouts(settings.rollouts_namespace)
        found["gate"] = _scraping.gate(settings.rollouts_namespace)
    if settings.cloud_tags is not None:
        found["cloud"] = _scraping.cloud(stack.namespace)
    if settings.gpus:
        found["gpus"] = _scraping.gpus(stack.agents_namespace)
    return found


def dashboards(name: str, settings: Settings, parent: pulumi.Resource, needs: Sequence[pulumi.Resource]) -> None:
    """Dashboards of the environment and of the platform."""
    stack = settings.stack
    boards = {
        "environment": _dashboard_environment.board(stack.environment),
        "platform": _dashboard_platform.board(
            gateway=settings.gateway_namespace is not None,
            rollouts=settings.rollouts_namespace is not None,
            cloud=settings.cloud_tags is not None,
            gpus=settings.gpus,
        ),
    }
    for role, board in boards.items():
        dashboard(f"{name}-{role}-dashboard", board, stack.namespace, parent, needs)


def dashboard(
    name: str, board: Board, namespace: str, parent: pulumi.Resource, needs: Sequence[pulumi.Resource] = ()
) -> k8s.core.v1.ConfigMap:
    """A dashboard where Grafana looks for them."""
    from slipway.monitoring import _grafana  # the library is an extra, and only who has dashboards needs it

    metadata: Metadata = {
        "name": f"dashboard-{board.uid}",
        "namespace": namespace,
        "labels": {**_namespaces.MANAGED, "grafana_dashboard": "1"},
        "annotations": {"grafana_folder": FOLDER},
    }
    return k8s.core.v1.ConfigMap(
        name,
        metadata=metadata,
        data={f"{board.uid}.json": _grafana.text(board)},
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[*needs]),
    )


def _metadata(name: str, namespace: str) -> Metadata:
    return {"name": name, "namespace": namespace, "labels": _namespaces.MANAGED}
