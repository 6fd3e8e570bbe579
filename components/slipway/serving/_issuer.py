"""Who issues the tokens that callers show: a Cognito user pool, or somebody else."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from slipway._tags import Tags, classified
from slipway.security import DataClass
from slipway.serving._gateway_settings import GatewaySettings

RESOURCE_SERVER = "slipway"
SCOPE = "predict"
TOKEN_MINUTES = 60


@dataclass(frozen=True)
class Issuer:
    """What a service needs to know to judge tokens, and a caller to get one."""

    issuer: pulumi.Output[str]
    jwks_uri: pulumi.Output[str]
    audiences: pulumi.Output[list[str]]
    scopes: pulumi.Output[list[str]]
    token_url: pulumi.Output[str]
    user_pool_id: pulumi.Output[str]
    client_ids: pulumi.Output[dict[str, str]]


def foreign(issuer: pulumi.Input[str], jwks_uri: pulumi.Input[str], audiences: Any) -> Issuer:
    """An issuer that is there already; its tokens are told apart by their audience."""
    empty: dict[str, str] = {}
    return Issuer(
        issuer=pulumi.Output.from_input(issuer),
        jwks_uri=pulumi.Output.from_input(jwks_uri),
        audiences=pulumi.Output.from_input(audiences),
        scopes=pulumi.Output.from_input(list[str]()),
        token_url=pulumi.Output.from_input(""),
        user_pool_id=pulumi.Output.from_input(""),
        client_ids=pulumi.Output.from_input(empty),
    )


def cognito(name: str, prefix: str, settings: GatewaySettings, tags: Tags | None, parent: pulumi.Resource) -> Issuer:
    """A user pool of applications and people; nobody can sign up alone.

    Access tokens of Cognito have no audience: a service that asks for one refuses them all. They have scopes, so these
    are what services check.
    """
    child = pulumi.ResourceOptions(parent=parent)
    pool = aws.cognito.UserPool(
        f"{name}-users",
        name=settings.domain,
        user_pool_tier="ESSENTIALS",
        deletion_protection="ACTIVE" if settings.deletion_protection else "INACTIVE",
        admin_create_user_config={"allow_admin_create_user_only": True},
        mfa_configuration=settings.cognito_mfa,
        software_token_mfa_configuration=None if settings.cognito_mfa == "OFF" else {"enabled": True},
        password_policy={
            "minimum_length": 14,
            "require_lowercase": True,
            "require_numbers": True,
            "require_symbols": True,
            "require_uppercase": True,
            "temporary_password_validity_days": 1,
        },
        account_recovery_setting={"recovery_mechanisms": [{"name": "admin_only", "priority": 1}]},
        username_configuration={"case_sensitive": False},
        tags=classified(tags, DataClass.PERSONAL),
        opts=pulumi.ResourceOptions(parent=parent, protect=settings.deletion_protection),
    )
    domain = aws.cognito.UserPoolDomain(f"{name}-users", domain=prefix, user_pool_id=pool.id, opts=child)
    server = aws.cognito.ResourceServer(
        f"{name}-scopes",
        identifier=RESOURCE_SERVER,
        name=RESOURCE_SERVER,
        user_pool_id=pool.id,
        scopes=[{"scope_name": SCOPE, "scope_description": "Ask models for predictions"}],
        opts=child,
    )
    clients = {
        client: aws.cognito.UserPoolClient(
            f"{name}-client-{client}",
            name=client,
            user_pool_id=pool.id,
            generate_secret=True,
            allowed_oauth_flows_user_pool_client=True,
            allowed_oauth_flows=["client_credentials"],
            allowed_oauth_scopes=server.scope_identifiers,
            access_token_validity=TOKEN_MINUTES,
            token_validity_units={"access_token": "minutes"},
            enable_token_revocation=True,
            prevent_user_existence_errors="ENABLED",
            opts=child,
        )
        for client in settings.cognito_clients
    }
    issuer = pulumi.Output.concat("https://", pool.endpoint)
    region = pool.endpoint.apply(lambda endpoint: endpoint.split(".")[1])
    return Issuer(
        issuer=issuer,
        jwks_uri=pulumi.Output.concat(issuer, "/.well-known/jwks.json"),
        audiences=pulumi.Output.from_input(list[str]()),
        scopes=pulumi.Output.from_input([f"{RESOURCE_SERVER}/{SCOPE}"]),
        token_url=pulumi.Output.concat("https://", domain.domain, ".auth.", region, ".amazoncognito.com/oauth2/token"),
        user_pool_id=pool.id,
        client_ids=pulumi.Output.all(**{client: made.id for client, made in clients.items()}),
    )
