"""Settings of what an environment's models share: the way in, the gate of rollouts, the stores."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from stacks._section import Section
from stacks.values import (
    Arn,
    AttributeName,
    CertificateArn,
    Cidr,
    CognitoPrefix,
    Days,
    Domain,
    EventsUri,
    HttpsUrl,
    ImageRef,
    LogDays,
    Slug,
    Units,
    Zone,
    ZoneId,
)


class StoreClass(StrEnum):
    """What a store holds."""

    MODELS = "models"
    PERSONAL = "personal"


class IssuerSettings(Section):
    """Who issues the tokens that callers show: any OIDC provider."""

    url: HttpsUrl
    """Exactly the ``iss`` of its tokens."""
    jwks_uri: HttpsUrl
    """Where its public keys are."""
    audiences: Annotated[list[str], Field(min_length=1)]
    """``aud`` of the tokens that are meant for these models; others are refused."""


class CognitoSettings(Section):
    """A user pool made here, for those who have no OIDC provider."""

    domain_prefix: CognitoPrefix
    """First label of its address, which must be unique in the region."""


class GatewaySettings(Section):
    """The way in from outside the cluster; without this section models are reached from inside only."""

    domain: Domain
    """A model's address is ``<host>.<domain>``."""
    zone_id: ZoneId | None = None
    """Route 53 zone of the domain: the certificate is made and validated in it, and the models' names are put there."""
    certificate_arn: CertificateArn | None = None
    """Certificate for ``*.<domain>``, where there is no zone to make it in."""
    issuer: IssuerSettings | None = None
    cognito: CognitoSettings | None = None
    allowed_cidrs: Annotated[list[Cidr], Field(min_length=1)] = ["0.0.0.0/0"]
    """Networks that may connect."""
    waf_requests_per_5_minutes: Annotated[int, Field(ge=10, le=2_000_000_000)] = 30_000
    """Requests from one address in 5 minutes, above which it waits."""
    access_log_days: Days = 365
    waf_log_days: LogDays = 365
    min_replicas: Annotated[int, Field(ge=1, le=100)] = 2
    max_replicas: Annotated[int, Field(ge=1, le=100)] = 10

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.zone_id is None) == (self.certificate_arn is None):
            raise ValueError("zone_id or certificate_arn, one of them")
        if (self.issuer is None) == (self.cognito is None):
            raise ValueError("issuer or cognito, one of them: who issues the tokens that callers show")
        if self.min_replicas > self.max_replicas:
            raise ValueError(f"min_replicas at most max_replicas ({self.max_replicas})")
        return self


class RolloutsSettings(Section):
    """The controller of rollouts (Argo Rollouts with its Gateway API plugin)."""

    plugin_image: ImageRef
    """The plugin's image, by digest, in a registry that the cluster reaches."""
    controller_image: ImageRef | None = None
    """The controller's image, by digest; the project's own, by its pinned tag, if not given."""


class GateSettings(Section):
    """Where the gate finds what the models predicted and what was true; needed by ``only_if_better``."""

    predictions: EventsUri
    """Prediction events of all models, partitioned by model and day."""
    labels: EventsUri
    """Label events, likewise."""
    key_arns: list[Arn] = []
    """KMS keys of their buckets."""


class OnlineStoreSettings(Section):
    """A DynamoDB table that models read while they answer."""

    data_class: Annotated[StoreClass, Field(strict=False)]
    """``personal`` where an item is about a person: key, retention and erasure follow."""
    hash_key: AttributeName
    """Attribute that items are found by."""
    range_key: AttributeName | None = None
    ttl_attribute: AttributeName | None = None
    """Attribute with the Unix time after which an item may go."""
    max_read_units: Units | None = None
    """Reads a second above which the table refuses more: a ceiling of its cost."""
    max_write_units: Units | None = None


class DatabaseSettings(Section):
    """An Aurora PostgreSQL Serverless database for the models' services."""

    data_class: Annotated[StoreClass, Field(strict=False)]
    """``personal`` where a row is about a person: key, retention and erasure follow."""
    min_acu: Annotated[float, Field(ge=0, le=256, multiple_of=0.5)] = 0.5
    """Least capacity of an instance in Aurora capacity units of 2 GiB; at 0 it pauses when nobody is connected."""
    max_acu: Annotated[float, Field(ge=1, le=256, multiple_of=0.5)] = 4
    """Most capacity of an instance: the ceiling of its cost."""
    zones: Annotated[list[Zone], Field(min_length=1, max_length=6)] | None = None
    """Letters of the zones with an instance each; the first two of the network if not given."""
    backup_days: Annotated[int, Field(ge=1, le=35)] | None = None
    """Days back to which it can be restored; the most that its class allows if not given."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_acu > self.max_acu:
            raise ValueError(f"min_acu at most max_acu ({self.max_acu:g})")
        return self


class StoresSettings(Section):
    """Stores that models may name; what this environment has of them, whoever uses it."""

    online: dict[Slug, OnlineStoreSettings] = {}
    databases: dict[Slug, DatabaseSettings] = {}
