"""What watches an environment: where alerts arrive, the stack in the cluster, and what its pods may do on AWS."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from slipway.monitoring import AlertTopics, CloudMetrics, MetricsWorkspace, MonitoringStack
from slipway.monitoring.alert_topics import AlertTopicsArgs
from slipway.monitoring.cloud_metrics import CloudMetricsArgs
from slipway.monitoring.metrics_workspace import MetricsWorkspaceArgs
from slipway.monitoring.monitoring_stack import MonitoringStackArgs
from slipway.security import DataKeys, Principal, WorkloadIdentity
from slipway.security.workload_identity import WorkloadIdentityArgs
from slipway.serving import ServingCluster
from slipway.serving._edge import NAMESPACE as GATEWAY
from slipway.serving.request_autoscaler import NAMESPACE as AUTOSCALER

from stacks.front import GATE_NAMESPACE
from stacks.monitoring_settings import AGENTS_NAMESPACE, NAMESPACE, GrafanaSettings, MonitoringSettings
from stacks.settings import Settings

PROMETHEUS, ALERTMANAGER = "kps-prometheus", "kps-alertmanager"
"""Service accounts of ``MonitoringStack``."""


@dataclass(frozen=True)
class Ground:
    """What it is built on."""

    keys: DataKeys
    cluster: ServingCluster
    controllers: Sequence[pulumi.Resource]
    """What makes the namespaces in which something is read."""


def declare(settings: Settings, ground: Ground) -> MonitoringStack:
    """Declare it; its stack, for what needs the kinds that come with it."""
    monitoring = settings.monitoring
    assert monitoring, "callers ask first"
    topics = AlertTopics("alerts", _topics_args(settings, monitoring, ground))
    team_topics = _team_topics(topics, monitoring)
    key = ground.keys.key_arns["logs"]
    told = [topics.page_topic_arn, topics.ticket_topic_arn, topics.heartbeat_topic_arn]
    told += [arn for by_team in team_topics for arn in by_team.values()]
    before: list[pulumi.Resource] = [
        *ground.controllers,
        WorkloadIdentity("alertmanager-identity", _identity(settings, ground, ALERTMANAGER, told, [key])),
    ]
    args = _stack_args(settings, monitoring)
    pages, tickets = team_topics
    args |= {
        "page_topic_arn": topics.page_topic_arn,
        "ticket_topic_arn": topics.ticket_topic_arn,
        "heartbeat_topic_arn": topics.heartbeat_topic_arn,
        "team_page_topic_arns": {**pages},
        "team_ticket_topic_arns": {**tickets},
    }
    if monitoring.workspace:
        workspace = MetricsWorkspace("metrics", _workspace_args(settings, monitoring, topics, key))
        args["remote_write_url"] = workspace.remote_write_url
        writer = _identity(settings, ground, PROMETHEUS, [workspace.workspace_arn])
        before.append(WorkloadIdentity("prometheus-identity", writer))
    if settings.retraining:
        args["cloud_metrics"] = True
        reader: CloudMetricsArgs = {"cluster_name": ground.cluster.cluster_name, "namespace": NAMESPACE}
        if settings.permissions_boundary_arn:
            reader["permissions_boundary_arn"] = settings.permissions_boundary_arn
        before.append(CloudMetrics("cloud-metrics", reader))
    # Pods get their role when they start, so they start once it is there.
    inside = pulumi.ResourceOptions(providers=[ground.cluster.kubernetes], depends_on=before)
    return MonitoringStack("monitoring", args, inside)


def _stack_args(settings: Settings, monitoring: MonitoringSettings) -> MonitoringStackArgs:
    """What is known without anything else."""
    args: MonitoringStackArgs = {
        "environment": settings.environment,
        "namespace": NAMESPACE,
        "agents_namespace": AGENTS_NAMESPACE,
        "team": monitoring.team,
        "region": settings.region,
        "quiet_weekends": monitoring.quiet_weekends,
        "time_zone": monitoring.time_zone,
        "replicas": monitoring.replicas,
        "retention_days": monitoring.retention_days,
        "storage_gib": monitoring.storage_gib,
        "cpu": monitoring.cpu,
        "memory": monitoring.memory,
        "gpu_metrics": settings.gpu_limit > 0,
        "grafana": monitoring.grafana.enabled,
    }
    if monitoring.quiet_hours:
        args["quiet_hours"] = monitoring.quiet_hours
    if monitoring.storage_class:
        args["storage_class"] = monitoring.storage_class
    if settings.gateway:
        args["gateway_namespace"] = GATEWAY
    if settings.rollouts:
        args["rollouts_namespace"] = GATE_NAMESPACE
    if settings.request_autoscaler:
        args["autoscaler_namespace"] = AUTOSCALER
    if settings.cluster and settings.cluster.version:
        args["kubernetes_version"] = settings.cluster.version
    _grafana(args, monitoring.grafana)
    return args


def _grafana(args: MonitoringStackArgs, grafana: GrafanaSettings) -> None:
    if grafana.secret:
        args["grafana_secret"] = grafana.secret
    login = grafana.login
    if login:
        args |= {
            "grafana_url": login.url,
            "grafana_client_id": login.client_id,
            "grafana_auth_url": login.auth_url,
            "grafana_token_url": login.token_url,
            "grafana_api_url": login.api_url,
            "grafana_editor_groups": login.editor_groups,
        }


def _topics_args(settings: Settings, monitoring: MonitoringSettings, ground: Ground) -> AlertTopicsArgs:
    return {
        "topic_prefix": f"{settings.namespace}-{settings.environment}",
        "key_arn": ground.keys.key_arns["logs"],
        "teams": monitoring.teams,
        "page_emails": monitoring.page_emails,
        "ticket_emails": monitoring.ticket_emails,
    }


def _team_topics(
    topics: AlertTopics, monitoring: MonitoringSettings
) -> tuple[dict[str, pulumi.Output[str]], dict[str, pulumi.Output[str]]]:
    """Pages and tickets of each team."""

    def of(arns: pulumi.Output[dict[str, str]], team: str) -> pulumi.Output[str]:
        return arns.apply(lambda known: known[team])

    pages = {team: of(topics.team_page_topic_arns, team) for team in monitoring.teams}
    return pages, {team: of(topics.team_ticket_topic_arns, team) for team in monitoring.teams}


def _workspace_args(
    settings: Settings, monitoring: MonitoringSettings, topics: AlertTopics, key: pulumi.Output[str]
) -> MetricsWorkspaceArgs:
    workspace = monitoring.workspace
    assert workspace, "callers ask first"
    return {
        "workspace_alias": f"{settings.namespace}-{settings.environment}",
        "key_arn": key,
        "environments": [settings.environment],
        "region": settings.region,
        "retention_days": workspace.retention_days,
        "log_days": workspace.log_days,
        "page_topic_arn": topics.page_topic_arn,
        "ticket_topic_arn": topics.ticket_topic_arn,
        "team": monitoring.team,
        "deletion_protection": settings.deletion_protection,
    }


def _identity(
    settings: Settings,
    ground: Ground,
    account: str,
    writes: Sequence[pulumi.Output[str]],
    uses: Sequence[pulumi.Output[str]] = (),
) -> WorkloadIdentityArgs:
    args: WorkloadIdentityArgs = {
        "principal": Principal.POD,
        "cluster_name": ground.cluster.cluster_name,
        "namespace": NAMESPACE,
        "service_account": account,
        "writes": [*writes],
    }
    if uses:
        args["uses"] = [*uses]
    if settings.permissions_boundary_arn:
        args["permissions_boundary_arn"] = settings.permissions_boundary_arn
    return args
