"""A store of metrics outside of the clusters: Amazon Managed Service for Prometheus."""

import json
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from slipway import _check, _tags
from slipway.monitoring import _routing
from slipway.monitoring._routing_args import A_TEAM, AN_ENVIRONMENT, routing_of
from slipway.monitoring._workspace_rules import silence
from slipway.security import DataClass

_ALIAS = (r"[A-Za-z0-9_-]{1,100}", "1 to 100 letters, digits, - and _")


class MetricsWorkspaceArgs(TypedDict):
    """Inputs of ``MetricsWorkspace``."""

    workspace_alias: str
    """Name of the workspace, for people; of its log group too."""
    key_arn: pulumi.Input[str]
    """KMS key of the data class ``logs``; it cannot change later."""
    environments: list[str]
    """Environments whose clusters write here; the silence of one is an alert."""
    region: pulumi.Input[str]
    """AWS region of workspace and topics."""
    retention_days: NotRequired[int]
    """How long samples are kept. Default: 150."""
    log_days: NotRequired[int]
    """How long failures of rules and notifications are kept. Default: 30."""
    page_topic_arn: NotRequired[pulumi.Input[str]]
    """SNS topic of alerts that wake somebody; together with the next one. Default: nobody is told."""
    ticket_topic_arn: NotRequired[pulumi.Input[str]]
    """SNS topic of alerts for a working day."""
    team: NotRequired[str]
    """Team that the workspace's alerts are for. Default: ``platform``."""
    deletion_protection: NotRequired[bool]
    """Guards the workspace, and all it remembers, against deletion. Default: true."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags added to the provider's default tags. Default: no extra tags."""


class MetricsWorkspace(pulumi.ComponentResource):
    """A keyed workspace that Prometheus of any cluster writes to, and its Alertmanager. Stateful.

    Its rules say what a cluster cannot say of itself: that it has fallen silent.
    """

    workspace_arn: pulumi.Output[str]
    """ARN, for the identities that write (``prometheus``) and ask (``grafana``)."""
    remote_write_url: pulumi.Output[str]
    """Where ``MonitoringStack`` writes."""
    query_url: pulumi.Output[str]
    """Where a data source of Grafana asks."""

    def __init__(self, name: str, args: MetricsWorkspaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:MetricsWorkspace", name, dict(args), opts)
        _check.known(args, MetricsWorkspaceArgs.__annotations__)
        alias = _check.matches("workspace_alias", args.get("workspace_alias"), *_ALIAS)
        key_arn = _check.given(args, "key_arn", *_check.A_KEY)
        environments = _check.each("environments", args.get("environments"), *AN_ENVIRONMENT, at_least=1)
        _check.given(args, "region", *_check.A_REGION)
        days = _check.days("retention_days", args.get("retention_days", 150), 1, 1095)
        log_days = _check.log_days("log_days", args.get("log_days", 30))
        protection = _check.flag("deletion_protection", args.get("deletion_protection", True))
        team = _check.matches("team", args.get("team", "platform"), *A_TEAM)
        routing = routing_of(args)
        tags = _tags.classified(args.get("tags"), DataClass.LOGS)
        child = pulumi.ResourceOptions(parent=self)

        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/aws/vendedlogs/prometheus/{alias}",
            retention_in_days=log_days,
            kms_key_id=key_arn,
            tags=tags,
            opts=child,
        )
        workspace = aws.amp.Workspace(
            f"{name}-workspace",
            alias=alias,
            kms_key_arn=key_arn,
            logging_configuration={"log_group_arn": logs.arn.apply(lambda arn: f"{arn}:*")},
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, protect=protection),
        )
        aws.amp.WorkspaceConfiguration(
            f"{name}-retention", workspace_id=workspace.id, retention_period_in_days=days, opts=child
        )
        told = aws.amp.AlertManagerDefinition(
            f"{name}-alerts", workspace_id=workspace.id, definition=_definition(_routing.config(routing)), opts=child
        )
        rules = silence(environments, team)
        aws.amp.RuleGroupNamespace(
            f"{name}-rules",
            name="slipway",
            workspace_id=workspace.id,
            data=json.dumps(rules, sort_keys=True),  # JSON is YAML
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[told]),
        )

        self.workspace_arn = workspace.arn
        self.query_url = workspace.prometheus_endpoint
        self.remote_write_url = pulumi.Output.concat(workspace.prometheus_endpoint, "api/v1/remote_write")
        self.register_outputs(
            {
                "workspaceArn": self.workspace_arn,
                "remoteWriteUrl": self.remote_write_url,
                "queryUrl": self.query_url,
            }
        )


def _definition(config: dict[str, Any]) -> pulumi.Output[str]:
    """Alertmanager's configuration as text in the text that AMP takes; JSON is YAML."""
    inner = pulumi.Output.json_dumps(config, sort_keys=True)
    return inner.apply(lambda text: json.dumps({"alertmanager_config": text}))
