"""Settings of monitoring: who is told of what, how long it is remembered, and who looks at it."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from stacks._section import Section
from stacks.values import Cpu, Email, Hours, HttpsUrl, LogDays, Memory, Name, Slug, TimeZone, differ

NAMESPACE, AGENTS_NAMESPACE = "monitoring", "node-agents"
PROMETHEUS_ADDRESS = f"http://kps-prometheus.{NAMESPACE}.svc:9090"
"""Where ``MonitoringStack`` answers: known without it, so that also a shard's models can be told."""
LEAST_AVAILABILITY, MOST_AVAILABILITY = 95.0, 99.999
MOST_LATENCY_MS = 60_000
"""What objectives can be watched by alerts; a promise may be anything."""

Emails = Annotated[list[Email], AfterValidator(differ)]


class WorkspaceSettings(Section):
    """A workspace of Amazon Managed Prometheus that outlives the cluster; its own alert says that one fell silent."""

    retention_days: Annotated[int, Field(ge=1, le=1095)] = 150
    log_days: LogDays = 30
    """Of its failures to judge rules and to tell people."""


class LoginSettings(Section):
    """People log in to Grafana with an OIDC provider; all look, and members of some groups edit."""

    url: HttpsUrl
    """Address under which people open Grafana. Its route through the gateway is yours."""
    client_id: Name
    auth_url: HttpsUrl
    token_url: HttpsUrl
    api_url: HttpsUrl
    """The provider's userinfo endpoint."""
    editor_groups: list[Name] = []


class GrafanaSettings(Section):
    """Grafana and its dashboards: one of each model, of the environment and of the platform."""

    enabled: bool = True
    secret: Slug | None = None
    """Secret in the namespace ``monitoring`` with ``admin-user``, ``admin-password`` and, for a login,
    ``GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET``; a password that the chart makes up if not given."""
    login: LoginSettings | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.login and self.secret is None:
            raise ValueError("secret with login: it holds the client's secret")
        if not self.enabled and (self.login or self.secret):
            raise ValueError("nothing but enabled: false, because there is no Grafana then")
        return self


class MonitoringSettings(Section):
    """Prometheus, Alertmanager and Grafana in the cluster; rules and a dashboard for each model that has a release.

    A shard says ``monitoring: {}``: its models are watched by what its platform has.
    """

    team: Slug = "platform"
    """Whom the platform's own alerts are for."""
    teams: Annotated[list[Slug], AfterValidator(differ)] = []
    """Teams with topics of their own, for what their models (``models.<name>.team``) have to tell."""
    page_emails: Emails = []
    """Who is told of everybody's pages; each must confirm. A pager subscribes to the topic ``<name>-page``."""
    ticket_emails: Emails = []
    """Who is told of everybody's tickets, likewise."""
    quiet_hours: Hours | None = None
    """When tickets wait, such as ``20:00-07:00``; pages never do."""
    quiet_weekends: bool = False
    """Whether tickets wait for Monday."""
    time_zone: TimeZone = "UTC"
    """Of the quiet hours, such as ``Europe/Dublin``."""
    replicas: Annotated[int, Field(ge=1, le=3)] = 2
    """Pods of Prometheus and of Alertmanager, each of which sees everything."""
    retention_days: Annotated[int, Field(ge=1, le=400)] = 15
    """How long Prometheus itself remembers."""
    storage_gib: Annotated[int, Field(ge=10, le=2000)] = 50
    """Disk of each Prometheus."""
    storage_class: Slug | None = None
    """Storage class of the disks; an encrypted one of EBS is made if not given."""
    cpu: Cpu = "500m"
    memory: Memory = "4Gi"
    """What a Prometheus requests; a million series need some 8 GiB."""
    workspace: WorkspaceSettings | None = None
    grafana: GrafanaSettings = GrafanaSettings()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if "time_zone" in self.model_fields_set and self.quiet_hours is None and not self.quiet_weekends:
            raise ValueError("time_zone with quiet_hours or quiet_weekends")
        return self
