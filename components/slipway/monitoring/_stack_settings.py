"""Reads and checks the arguments of ``MonitoringStack``. Without Pulumi's resources."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from slipway import _check, versions
from slipway.monitoring import _chart, _routing
from slipway.monitoring._chart import Login, Stack
from slipway.monitoring._routing_args import A_TEAM, AN_ENVIRONMENT, routing_of
from slipway.serving import _names
from slipway.serving._service_settings import CPU, MEMORY

LABEL = (_names.LABEL, _names.LABEL_ACCEPTED)
_HTTPS = (r"https://[^\s/]+(/\S*)?", "an address that begins with https://")
_WRITE = (r"https://[^\s/]+/\S*remote_write", "an address https://…/remote_write")
_GROUP = (r"[\w.:/ -]+", "a group's name, without quotes")
_OWN_DISKS = "slipway-monitoring"
_LOGIN = ("grafana_url", "grafana_client_id", "grafana_auth_url", "grafana_token_url", "grafana_api_url")


@dataclass(frozen=True)
class Settings:
    """What the monitoring of a cluster is to be."""

    stack: Stack
    team: str
    gateway_namespace: str | None
    rollouts_namespace: str | None
    autoscaler_namespace: str | None
    cloud_tags: dict[str, str] | None
    """Tags of what is asked of CloudWatch; None: nothing is asked."""
    gpus: bool
    install_crds: bool
    kubernetes_version: str

    @property
    def makes_storage_class(self) -> bool:
        """EKS Auto Mode has none, and disks without one would be waited for in vain."""
        return self.stack.storage_class == _OWN_DISKS


def settings_of(args: Mapping[str, Any]) -> Settings:
    """Raises ``ValueError`` that names the argument."""
    environment = _check.matches("environment", args.get("environment"), *AN_ENVIRONMENT)
    routing = routing_of(args)
    write = args.get("remote_write_url")
    _check.plain("remote_write_url", write, *_WRITE)
    cloud = _check.flag("cloud_metrics", args.get("cloud_metrics", False))
    region = args.get("region")
    if region is None and (write is not None or cloud):
        _check.refuse("region", "a region, because remote_write_url or cloud_metrics is given", region)
    _check.plain("region", region, *_check.A_REGION)
    grafana = _check.flag("grafana", args.get("grafana", True))
    secret = args.get("grafana_secret")
    if secret is not None:
        _check.matches("grafana_secret", secret, *LABEL)
    auto_mode = _check.flag("auto_mode", args.get("auto_mode", True))
    storage_class = args.get("storage_class", _OWN_DISKS if auto_mode else None)
    stack = Stack(
        environment=environment,
        namespace=_check.matches("namespace", args.get("namespace", "monitoring"), *LABEL),
        agents_namespace=_check.matches("agents_namespace", args.get("agents_namespace", "node-agents"), *LABEL),
        region=region,
        auto_mode=auto_mode,
        replicas=_check.between("replicas", args.get("replicas", 2), 1, 3),
        retention_days=_check.days("retention_days", args.get("retention_days", 15), 1, 400),
        storage_gib=_check.between("storage_gib", args.get("storage_gib", 50), 10, 2000),
        storage_class=None if storage_class is None else _check.matches("storage_class", storage_class, *LABEL),
        cpu=_check.matches("cpu", args.get("cpu", "500m"), CPU, "CPUs such as 500m or 2"),
        memory=_check.matches("memory", args.get("memory", "4Gi"), MEMORY, "memory such as 512Mi or 4Gi"),
        remote_write_url=write,
        grafana=grafana,
        grafana_secret=secret,
        login=_login(args, grafana, secret),
        alertmanager=_routing.config(routing),
    )
    if stack.agents_namespace == stack.namespace:
        _check.refuse("agents_namespace", "another namespace than namespace: one is privileged", stack.agents_namespace)
    return Settings(
        stack,
        team=_check.matches("team", args.get("team", "platform"), *A_TEAM),
        gateway_namespace=_namespace(args, "gateway_namespace"),
        rollouts_namespace=_namespace(args, "rollouts_namespace"),
        autoscaler_namespace=_namespace(args, "autoscaler_namespace"),
        cloud_tags=_cloud_tags(args, environment, cloud),
        gpus=_check.flag("gpu_metrics", args.get("gpu_metrics", False)),
        install_crds=_check.flag("install_crds", args.get("install_crds", True)),
        kubernetes_version=_check.one_of(
            "kubernetes_version", args.get("kubernetes_version", versions.KUBERNETES), versions.KUBERNETES_SUPPORT_ENDS
        ),
    )


def address(namespace: str) -> str:
    """Where rollouts, autoscalers and Grafana ask."""
    return f"http://{_chart.PROMETHEUS}.{namespace}.svc:{_chart.PROMETHEUS_PORT}"


def _namespace(args: Mapping[str, Any], name: str) -> str | None:
    value = args.get(name)
    return None if value is None else _check.matches(name, value, *LABEL)


def _cloud_tags(args: Mapping[str, Any], environment: str, cloud: bool) -> dict[str, str] | None:
    tags = args.get("cloud_tags")
    if not cloud:
        if tags is not None:
            _check.refuse("cloud_tags", "only with cloud_metrics", tags)
        return None
    if tags is None:
        return {"environment": environment, "managed-by": "slipway"}
    if not isinstance(tags, Mapping) or not tags:
        _check.refuse("cloud_tags", "an object of tag: value, with one at least", tags)
    pattern = (r"[\w.:/=+@ -]+", "a tag's value")
    return {str(key): _check.matches(f"cloud_tags.{key}", value, *pattern) for key, value in tags.items()}


def _login(args: Mapping[str, Any], grafana: bool, secret: str | None) -> Login | None:
    if not _check.together(args, *_LOGIN):
        if args.get("grafana_editor_groups") is not None:
            _check.refuse("grafana_editor_groups", f"only with {' and '.join(_LOGIN)}", args["grafana_editor_groups"])
        return None
    if not grafana:
        _check.refuse("grafana", "true, because a login for it is given", grafana)
    if secret is None:
        _check.refuse("grafana_secret", "a Secret with the client's secret, because a login is given", secret)
    urls: list[pulumi.Input[str]] = []
    for name in ("grafana_url", "grafana_auth_url", "grafana_token_url", "grafana_api_url"):
        urls.append(_check.given(args, name, *_HTTPS))
    groups = _check.each("grafana_editor_groups", args.get("grafana_editor_groups", []), *_GROUP)
    url, auth, token, api = urls
    return Login(url, args["grafana_client_id"], auth, token, api, groups)
