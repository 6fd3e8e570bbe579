"""Where alerts arrive: topics by urgency and team, and an alarm about their silence."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from slipway import _check, _tags
from slipway.monitoring._routing import HEARTBEAT_MINUTES
from slipway.monitoring._routing_args import A_TEAM
from slipway.security import DataClass
from slipway.security import _policies_monitoring as policies

_NAME = (r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}", "1 to 80 letters, digits, - and _")
_MAIL = (r"[^\s@]+@[^\s@]+\.[^\s@]+", "a mail address")
_HTTPS = (r"https://\S+", "an address that begins with https://")
SILENT_PERIODS = 3
"""Periods of five minutes without a heartbeat after which somebody is woken."""


class AlertTopicsArgs(TypedDict):
    """Inputs of ``AlertTopics``."""

    topic_prefix: str
    """Beginning of the topics' names, such as ``acme-prod``."""
    key_arn: pulumi.Input[str]
    """KMS key of the data class ``logs``."""
    teams: NotRequired[list[str]]
    """Teams that get topics of their own. Default: none."""
    page_urls: NotRequired[list[pulumi.Input[str]]]
    """HTTPS addresses that get every page of everybody's topic: the integration of a pager. Whoever knows one can call
    it, so give it as a secret. Default: none."""
    page_emails: NotRequired[list[str]]
    """Mail addresses that get those pages; each must confirm. Default: none."""
    ticket_emails: NotRequired[list[str]]
    """Mail addresses that get the tickets of everybody's topic; each must confirm. Default: none."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags added to the provider's default tags. Default: no extra tags."""


class AlertTopics(pulumi.ComponentResource):
    """SNS topics of pages and tickets, for everybody and for teams, and a dead man's switch; stateless.

    Alertmanager sends a heartbeat through the way that alerts take. CloudWatch, which does not need the cluster, counts
    what arrives and pages when nothing does.
    """

    page_topic_arn: pulumi.Output[str]
    """Topic of alerts that wake somebody."""
    ticket_topic_arn: pulumi.Output[str]
    """Topic of alerts for a working day."""
    heartbeat_topic_arn: pulumi.Output[str]
    """Topic whose silence is an alarm."""
    team_page_topic_arns: pulumi.Output[dict[str, str]]
    """Pages of each team."""
    team_ticket_topic_arns: pulumi.Output[dict[str, str]]
    """Tickets of each team."""

    def __init__(self, name: str, args: AlertTopicsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:AlertTopics", name, dict(args), opts)
        _check.known(args, AlertTopicsArgs.__annotations__)
        prefix = _check.matches("topic_prefix", args.get("topic_prefix"), *_NAME)
        key_arn = _check.given(args, "key_arn", *_check.A_KEY)
        teams = _check.each("teams", args.get("teams", []), *A_TEAM)
        urls = args.get("page_urls", [])
        for i, url in enumerate(urls):
            _check.plain(f"page_urls[{i}]", url, *_HTTPS)
        pagers = _check.each("page_emails", args.get("page_emails", []), *_MAIL)
        readers = _check.each("ticket_emails", args.get("ticket_emails", []), *_MAIL)
        child = pulumi.ResourceOptions(parent=self)
        tags = _tags.classified(args.get("tags"), DataClass.LOGS)

        def topic(role: str) -> aws.sns.Topic:
            made = aws.sns.Topic(
                f"{name}-{role}", name=f"{prefix}-{role}", kms_master_key_id=key_arn, tags=tags, opts=child
            )
            aws.sns.TopicPolicy(f"{name}-{role}", arn=made.arn, policy=made.arn.apply(policies.alert_topic), opts=child)
            return made

        page, ticket, heartbeat = topic("page"), topic("ticket"), topic("heartbeat")
        team_pages = {team: topic(f"page-{team}") for team in teams}
        team_tickets = {team: topic(f"ticket-{team}") for team in teams}
        for i, url in enumerate(urls):
            aws.sns.TopicSubscription(
                f"{name}-page-url-{i}",
                topic=page.arn,
                protocol="https",
                endpoint=url,
                endpoint_auto_confirms=True,
                opts=child,
            )
        for role, made, addresses in (("page", page, pagers), ("ticket", ticket, readers)):
            for address in addresses:
                aws.sns.TopicSubscription(
                    f"{name}-{role}-{address}", topic=made.arn, protocol="email", endpoint=address, opts=child
                )
        aws.cloudwatch.MetricAlarm(
            f"{name}-silent",
            name=f"{prefix}-alerts-are-silent",
            alarm_description="No heartbeat of Alertmanager: alerts of the cluster do not arrive.",
            namespace="AWS/SNS",
            metric_name="NumberOfMessagesPublished",
            dimensions={"TopicName": heartbeat.name},
            statistic="Sum",
            period=HEARTBEAT_MINUTES * 60,
            evaluation_periods=SILENT_PERIODS,
            comparison_operator="LessThanThreshold",
            threshold=1,
            treat_missing_data="breaching",
            alarm_actions=[page.arn],
            ok_actions=[page.arn],
            tags=tags,
            opts=child,
        )

        self.page_topic_arn, self.ticket_topic_arn = page.arn, ticket.arn
        self.heartbeat_topic_arn = heartbeat.arn
        self.team_page_topic_arns = pulumi.Output.all(**{team: made.arn for team, made in team_pages.items()})
        self.team_ticket_topic_arns = pulumi.Output.all(**{team: made.arn for team, made in team_tickets.items()})
        self.register_outputs(
            {
                "pageTopicArn": self.page_topic_arn,
                "ticketTopicArn": self.ticket_topic_arn,
                "heartbeatTopicArn": self.heartbeat_topic_arn,
                "teamPageTopicArns": self.team_page_topic_arns,
                "teamTicketTopicArns": self.team_ticket_topic_arns,
            }
        )
