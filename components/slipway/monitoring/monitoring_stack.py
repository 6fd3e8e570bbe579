"""What watches a cluster: Prometheus, Alertmanager, Grafana and what exports the metrics that they need."""

from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from slipway import _check, versions
from slipway.monitoring import _chart, _stack_parts
from slipway.monitoring._stack_settings import address, settings_of
from slipway.serving import _systems


class MonitoringStackArgs(TypedDict):
    """Inputs of ``MonitoringStack``."""

    environment: str
    """Environment that the cluster is of: a label of everything that leaves it."""
    namespace: NotRequired[str]
    """Namespace, made here. Default: ``monitoring``."""
    agents_namespace: NotRequired[str]
    """Namespace, made here, of what runs privileged on every node. Default: ``node-agents``."""
    team: NotRequired[str]
    """Team that the platform's own alerts are for. Default: ``platform``."""
    region: NotRequired[pulumi.Input[str]]
    """AWS region of topics, workspace and metrics; required with any of them."""
    page_topic_arn: NotRequired[pulumi.Input[str]]
    """SNS topic of alerts that wake somebody; together with the next one. Default: nobody is told."""
    ticket_topic_arn: NotRequired[pulumi.Input[str]]
    """SNS topic of alerts for a working day."""
    heartbeat_topic_arn: NotRequired[pulumi.Input[str]]
    """SNS topic that gets a message every five minutes for as long as alerts arrive. Default: no heartbeat."""
    team_page_topic_arns: NotRequired[dict[str, pulumi.Input[str]]]
    """Topics of teams that have a pager of their own. Default: everybody's."""
    team_ticket_topic_arns: NotRequired[dict[str, pulumi.Input[str]]]
    """Topics of teams that read their own tickets. Default: everybody's."""
    quiet_hours: NotRequired[str]
    """When tickets wait, such as ``20:00-07:00``; pages never do. Default: never."""
    quiet_weekends: NotRequired[bool]
    """Whether tickets wait for Monday. Default: no."""
    time_zone: NotRequired[str]
    """Time zone of the quiet hours. Default: UTC."""
    remote_write_url: NotRequired[pulumi.Input[str]]
    """Workspace that all samples are written to as well (``MetricsWorkspace``). Default: none."""
    replicas: NotRequired[int]
    """Pods of Prometheus and of Alertmanager, each of which sees everything. Default: 2."""
    retention_days: NotRequired[int]
    """How long Prometheus itself remembers. Default: 15."""
    storage_gib: NotRequired[int]
    """Disk of each Prometheus. Default: 50."""
    storage_class: NotRequired[str]
    """Storage class of the disks. Default: the cluster's own; with ``auto_mode``, whose clusters come with none, one of
    encrypted gp3 volumes of EBS that is made here."""
    cpu: NotRequired[str]
    """CPU that a Prometheus requests. Default: ``500m``."""
    memory: NotRequired[str]
    """Memory that a Prometheus requests and may use; a million series need some 8 GiB. Default: ``4Gi``."""
    auto_mode: NotRequired[bool]
    """Whether nodes are those of EKS Auto Mode, on which DNS and the proxy are no pods. Default: yes."""
    gateway_namespace: NotRequired[str]
    """Namespace of ``Gateway``'s proxies: models' objectives are measured there. Default: no gateway."""
    rollouts_namespace: NotRequired[str]
    """Namespace of ``RolloutController`` and ``PromotionGate``. Default: no rollouts."""
    autoscaler_namespace: NotRequired[str]
    """Namespace of ``RequestAutoscaler``, which asks Prometheus. Default: none."""
    cloud_metrics: NotRequired[bool]
    """Whether metrics of retraining, queues and certificates are read from CloudWatch; its pods need the identity of
    ``CloudMetrics``. Default: no."""
    cloud_tags: NotRequired[dict[str, str]]
    """Tags of what is read. Default: ``environment`` and ``managed-by: slipway``."""
    gpu_metrics: NotRequired[bool]
    """Whether GPUs are read (NVIDIA's DCGM exporter). Default: no."""
    grafana: NotRequired[bool]
    """Whether Grafana is installed. Default: yes."""
    grafana_secret: NotRequired[str]
    """Secret in ``namespace`` with ``admin-user``, ``admin-password`` and, for a login,
    ``GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET``. Default: a password that the chart makes up."""
    grafana_url: NotRequired[pulumi.Input[str]]
    """Address under which people open Grafana; together with the next four. Default: the administrator alone."""
    grafana_client_id: NotRequired[pulumi.Input[str]]
    """Client of the OpenID Connect provider."""
    grafana_auth_url: NotRequired[pulumi.Input[str]]
    """The provider's authorization endpoint."""
    grafana_token_url: NotRequired[pulumi.Input[str]]
    """The provider's token endpoint."""
    grafana_api_url: NotRequired[pulumi.Input[str]]
    """The provider's userinfo endpoint."""
    grafana_editor_groups: NotRequired[list[str]]
    """Groups (claim ``groups``) whose members may edit. Default: everybody only looks."""
    install_crds: NotRequired[bool]
    """Whether the operator's kinds are installed here, as a step of their own. Default: yes."""
    kubernetes_version: NotRequired[str]
    """Kubernetes version of the cluster, whose Pod Security rules hold. Default: the one slipway pins."""


class MonitoringStack(pulumi.ComponentResource):
    """kube-prometheus-stack with what slipway adds. Stateful: Prometheus' disks hold what was measured.

    Prometheus takes rules and monitors of all namespaces; Grafana shows dashboards of its own namespace only, because
    it would otherwise read every Secret of the cluster. Needs a Kubernetes provider in ``opts`` and nothing of a cloud.
    """

    namespace: pulumi.Output[str]
    """Namespace; what needs the operator's kinds, or shows dashboards, waits for it."""
    prometheus_address: pulumi.Output[str]
    """Where rollouts, autoscalers and dashboards ask."""
    service_accounts: pulumi.Output[dict[str, str]]
    """Service accounts of ``prometheus``, ``alertmanager``, ``grafana`` and ``cloud_metrics``, for identities."""

    def __init__(self, name: str, args: MonitoringStackArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:MonitoringStack", name, dict(args), opts)
        _check.known(args, MonitoringStackArgs.__annotations__)
        settings = settings_of(args)
        stack = settings.stack

        space = _systems.closed_namespace(
            name, stack.namespace, settings.kubernetes_version, _stack_parts.policies(settings), self
        )
        agents = _stack_parts.agents(name, stack, self)
        kinds = [_stack_parts.kinds(name, stack.namespace, self, space)] if settings.install_crds else []
        disks = [_stack_parts.storage_class(name, settings, self)] if settings.makes_storage_class else []
        release = k8s.helm.v3.Release(
            f"{name}-stack",
            name=_chart.PREFIX,
            chart="kube-prometheus-stack",
            version=versions.KUBE_PROMETHEUS_STACK_CHART,
            repository_opts={"repo": _stack_parts.CHARTS},
            namespace=stack.namespace,
            atomic=True,
            timeout=900,
            max_history=3,
            values=_chart.values(stack),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*space, *agents, *kinds, *disks]),
        )
        exporters = _stack_parts.exporters(name, settings, self, [*space, *agents])
        _stack_parts.watch(name, settings, self, [release, *exporters])
        if stack.grafana:
            _stack_parts.dashboards(name, settings, self, space)

        # Known before a first deployment, and yet nothing that uses it comes before the operator.
        self.namespace = release.urn.apply(lambda _: stack.namespace)
        self.prometheus_address = release.urn.apply(lambda _: address(stack.namespace))
        accounts: Any = {**_chart.ACCOUNTS, "cloud_metrics": _stack_parts.CLOUD_ACCOUNT}
        self.service_accounts = pulumi.Output.from_input(accounts)
        self.register_outputs(
            {
                "namespace": self.namespace,
                "prometheusAddress": self.prometheus_address,
                "serviceAccounts": self.service_accounts,
            }
        )
