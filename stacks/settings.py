"""The settings of a stack: what ``stacks/Pulumi.<stack>.yaml`` may say, read strictly.

Unknown keys are refused, and all problems of a file come in one message, each as ``file: key: accepted: received``.
"""

import json
import re
from typing import Annotated, Any, Self

import pulumi
import pydantic
from pydantic import Field, model_validator
from slipway.serving import Nat

from stacks import _accepted, together
from stacks._section import Section
from stacks.front_settings import GateSettings, GatewaySettings, RolloutsSettings, StoresSettings
from stacks.model_settings import ModelSettings
from stacks.monitoring_settings import PROMETHEUS_ADDRESS, MonitoringSettings
from stacks.retraining_settings import DatasetsSettings, MlflowSettings, RetrainingSettings
from stacks.values import (
    AccountId,
    Arn,
    BucketArn,
    Cidr,
    Days,
    Digest,
    Domain,
    HttpUrl,
    KubernetesVersion,
    LogDays,
    LogType,
    NarrowCidr,
    Region,
    RoleArn,
    Slug,
    Subject,
    Zones,
)
from stacks.values import Part as Part

PREFIX = "slipway:"


class SettingsError(pulumi.RunError):
    """A stack's settings are wrong; the message lists every problem."""


class NetworkSettings(Section):
    """The VPC."""

    cidr: Cidr = "10.0.0.0/16"
    zones: Zones
    """Letters of the availability zones, such as ``[a, b, c]``; EKS needs at least two."""
    nat: Annotated[Nat, Field(strict=False)] = Nat.SINGLE
    interface_endpoints: list[str] = []
    """AWS services reached without leaving the VPC, such as ``ecr.api``; each costs per zone and hour."""
    flow_log_days: LogDays = 365


class KeySettings(Section):
    """The KMS key of each data class."""

    deletion_window_days: Annotated[int, Field(ge=7, le=30)] = 30
    rotation_period_days: Annotated[int, Field(ge=90, le=2560)] = 365
    multi_region: bool = False
    administrator_arns: list[RoleArn] = []


class GpuSettings(Section):
    """GPU nodes; without this section the cluster has none."""

    limit: Annotated[int, Field(ge=1, le=512)]
    """GPUs that may run at once: the ceiling of what they can cost."""
    instance_families: Annotated[list[str], Field(min_length=1)] = ["g6", "g6e"]


class NamespaceSettings(Section):
    """What all workloads of the models' namespace may request together."""

    cpu: Annotated[int, Field(ge=1)] = 64
    memory_gib: Annotated[int, Field(ge=1)] = 256


class ClusterSettings(Section):
    """The EKS cluster."""

    version: KubernetesVersion | None = None
    """Kubernetes minor version; slipway's pinned one if not given."""
    admin_role_arns: Annotated[list[RoleArn], Field(min_length=1)]
    """IAM roles that administer the cluster; one of them runs ``pulumi up``."""
    viewer_role_arns: list[RoleArn] = []
    public_access_cidrs: list[NarrowCidr] = []
    """Networks that may reach the API endpoint from outside; none: it is private."""
    log_types: list[LogType] = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
    log_days: LogDays = 365
    cpu_limit: Annotated[int, Field(ge=2)] = 64
    """vCPUs that general nodes may have together."""
    spot: bool = False
    gpu: GpuSettings | None = None
    namespace: NamespaceSettings = NamespaceSettings()


class StorageSettings(Section):
    """The model bucket and the repositories."""

    keep_versions_days: Days = 90
    access_log_days: Days = 365
    dev_image_days: Annotated[int, Field(ge=1, le=365)] = 30
    pull_account_ids: list[AccountId] = []
    replica_bucket_arn: BucketArn | None = None
    replica_key_arn: Arn | None = None

    @model_validator(mode="after")
    def _replica_is_whole(self) -> Self:
        if (self.replica_bucket_arn is None) != (self.replica_key_arn is None):
            raise ValueError("replica_bucket_arn and replica_key_arn together, or neither")
        return self


class PublisherSettings(Section):
    """The CI pipeline that may push images, by GitHub's OIDC tokens."""

    oidc_provider_arn: Arn
    subjects: Annotated[list[Subject], Field(min_length=1)]
    """Exact token subjects, such as ``repo:acme/models:environment:prod``."""


class Settings(Section):
    """All settings of one stack."""

    source: str
    """The file they came from, for messages."""
    region: Region
    environment: Slug
    namespace: Slug
    """Prefix of names that must be unique beyond the account: buckets, repositories, aliases, the cluster."""
    workload_namespace: Slug = "models"
    """Kubernetes namespace of all model services; a shard's must be its platform's."""
    part: Annotated[Part, Field(strict=False)] = Part.WHOLE
    platform_stack: str | None = None
    """For ``part: models``: the stack that holds the platform."""
    deletion_protection: bool = True
    """Guards buckets, keys, repositories and the cluster, in AWS and in Pulumi."""
    allow_newest: bool = False
    """Permits ``newest`` as a release or operations image."""
    permissions_boundary_arn: Arn | None = None
    network: NetworkSettings | None = None
    keys: KeySettings = KeySettings()
    cluster: ClusterSettings | None = None
    storage: StorageSettings = StorageSettings()
    publisher: PublisherSettings | None = None
    gateway: GatewaySettings | None = None
    gateway_domain: Domain | None = None
    """For ``part: models``: the domain of the platform's gateway, where models have ``auth``."""
    rollouts: RolloutsSettings | None = None
    gate: GateSettings | None = None
    stores: StoresSettings = StoresSettings()
    prometheus_address: HttpUrl | None = None
    """Prometheus that has the gateway's metrics, inside the cluster; rollouts and scaling by requests ask it. That of
    ``monitoring`` if not given."""
    monitoring: MonitoringSettings | None = None
    request_autoscaler: bool = False
    """Installs KEDA, which scales by requests and latency."""
    datasets: DatasetsSettings | None = None
    mlflow: MlflowSettings | None = None
    retraining: RetrainingSettings | None = None
    github_token: pydantic.SecretStr | None = None
    """For ``retraining.candidates``: a token that may send ``repository_dispatch`` (`pulumi config set --secret`)."""
    operations_image: Digest | None = None
    """Digest of the operations image in this environment's registry; models with a release need it."""
    models: dict[Slug, ModelSettings] = {}

    @property
    def domain(self) -> str | None:
        """Domain of the models' addresses, if there is a gateway."""
        return self.gateway.domain if self.gateway else self.gateway_domain

    @property
    def prometheus(self) -> str | None:
        """Address of the Prometheus that is asked: the one that was given, else that of ``monitoring``."""
        return self.prometheus_address or (PROMETHEUS_ADDRESS if self.monitoring else None)

    @property
    def gpu_limit(self) -> int:
        """GPUs that the cluster may have; 0 also where another stack has the cluster."""
        return self.cluster.gpu.limit if self.cluster and self.cluster.gpu else 0


def load() -> Settings:
    """The settings of the stack that this program runs for; raises ``SettingsError``."""
    return parse(pulumi.runtime.get_config_env(), f"Pulumi.{pulumi.get_stack()}.yaml")


def parse(config: dict[str, Any], source: str) -> Settings:
    """Settings from a stack's configuration.

    ``config`` maps ``namespace:key`` to a value or, as the engine passes it, to its JSON text; only ``slipway:`` keys
    and ``aws:region`` are read. Raises ``SettingsError`` with all problems.
    """
    values = {key.removeprefix(PREFIX): _value(text) for key, text in config.items() if key.startswith(PREFIX)}
    problems: list[tuple[str, str, Any]] = []
    for own in ("source", "region"):
        if own in values:
            problems.append((own, "no such key", values.pop(own)))
    values["source"] = source
    if "aws:region" in config:
        values["region"] = _value(config["aws:region"])
    try:
        settings = Settings.model_validate(values)
        problems += together.problems(settings)
    except pydantic.ValidationError as error:
        problems += _accepted.problems(Settings, error)
    if problems:
        lines = [
            f"{source}: {_key(key)}: accepted: {accepted}: received: "
            + ("something else" if key == "github_token" and got is not None else _short(got))
            for key, accepted, got in problems
        ]
        raise SettingsError("\n".join(dict.fromkeys(lines)))
    return settings


def _value(text: Any) -> Any:
    """A configuration value as YAML meant it: the engine passes everything but plain strings as JSON text."""
    if not isinstance(text, str):
        return text
    if re.fullmatch(r"true|false|-?\d+|[\[{].*", text, re.DOTALL):
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text
    return text


def _key(key: str) -> str:
    return "aws:region" if key == "region" else PREFIX + key


def _short(value: Any) -> str:
    text = "nothing" if value is None else json.dumps(value, default=str)
    return text if len(text) <= 100 else text[:97] + "..."
