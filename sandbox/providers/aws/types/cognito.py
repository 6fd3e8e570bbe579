"""User pools, and the applications that get tokens from one."""

from typing import Any

from sandbox.providers.aws.table import Call, Code, Context, Tags, Type

_POOL = {"UserPoolId": "id"}
_OF_POOL = {"UserPoolId": "userPoolId"}
_SETTINGS = {
    "Policies": "passwordPolicy && {PasswordPolicy: passwordPolicy} || `null`",
    "UserPoolTags": "tagsAll || `{}`",
    # What the pool asks for beside a password is switched by an operation of its own.
    "MfaConfiguration": "`null`",
}
_CLIENT = {**_OF_POOL, "ClientId": "id"}


def _server(cognito: Any, seen: Context) -> dict[str, Any]:
    """A resource server, with its scopes as tokens have them."""
    found: dict[str, Any] = cognito.describe_resource_server(
        UserPoolId=seen["userPoolId"], Identifier=seen["identifier"]
    )["ResourceServer"]
    scopes = [f"{found['Identifier']}/{scope['ScopeName']}" for scope in found.get("Scopes", [])]
    return {"Scopes": [], **found, "whole": scopes}


TYPES = [
    Type(
        "aws:cognito/userPool:UserPool",
        client="cognito-idp",
        create=Call("CreateUserPool", {**_SETTINGS, "PoolName": "name"}, at="UserPool"),
        id="Id",
        claims=True,
        read=(
            Call("DescribeUserPool", _POOL, at="merge(UserPool, {Tags: UserPool.UserPoolTags})"),
            Call("GetUserPoolMfaConfig", _POOL, into="mfa"),
        ),
        settle=(
            Call(
                "SetUserPoolMfaConfig",
                {
                    **_POOL,
                    "MfaConfiguration": "mfaConfiguration || 'OFF'",
                    "SoftwareTokenMfaConfiguration": "softwareTokenMfaConfiguration",
                    "SmsMfaConfiguration": "`null`",
                },
                when="mfaConfiguration || old.mfaConfiguration",
            ),
        ),
        update=(Call("UpdateUserPool", {**_POOL, **_SETTINGS, "PoolName": "`null`"}),),
        delete=(Call("DeleteUserPool", _POOL),),
        name="name",
        replace=frozenset({"name", "usernameConfiguration", "usernameAttributes", "aliasAttributes", "region"}),
        defaults={"deletionProtection": "INACTIVE", "mfaConfiguration": "OFF"},
        back={
            "name": "Name",
            "passwordPolicy": "Policies.PasswordPolicy",
            "mfaConfiguration": "mfa.MfaConfiguration",
            "softwareTokenMfaConfiguration": "mfa.SoftwareTokenMfaConfiguration",
        },
        outputs={
            "arn": "Arn",
            "domain": "Domain",
            "endpoint": "join('', ['cognito-idp.', here.region, '.amazonaws.com/', id])",
        },
        tags=Tags(),
    ),
    Type(
        "aws:cognito/userPoolClient:UserPoolClient",
        client="cognito-idp",
        create=Call("CreateUserPoolClient", {"ClientName": "name"}, at="UserPoolClient"),
        id="ClientId",
        claims=True,
        read=(Call("DescribeUserPoolClient", _CLIENT, at="UserPoolClient"),),
        update=(Call("UpdateUserPoolClient", {**_CLIENT, "ClientName": "name"}),),
        delete=(Call("DeleteUserPoolClient", _CLIENT),),
        name="name",
        replace=frozenset({"userPoolId", "generateSecret", "region"}),
        back={"name": "ClientName", "generateSecret": "ClientSecret!=`null`"},
        outputs={"clientSecret": "ClientSecret"},
    ),
    Type(
        "aws:cognito/userPoolDomain:UserPoolDomain",
        client="cognito-idp",
        create=Call(
            "CreateUserPoolDomain",
            {"CustomDomainConfig": "certificateArn && {CertificateArn: certificateArn} || `null`"},
        ),
        id="domain",
        id_parts="{domain}",
        read=(Call("DescribeUserPoolDomain", {"Domain": "id || domain"}, at="DomainDescription"),),
        find=Call("DescribeUserPoolDomain", {"Domain": "domain"}, at="DomainDescription"),
        gone="!UserPoolId",
        delete=(Call("DeleteUserPoolDomain"),),
        replace=frozenset({"domain", "userPoolId", "certificateArn", "region"}),
        back={"certificateArn": "CustomDomainConfig.CertificateArn"},
        outputs={"awsAccountId": "AWSAccountId", "cloudfrontDistribution": "CloudFrontDistribution"},
    ),
    Type(
        "aws:cognito/resourceServer:ResourceServer",
        client="cognito-idp",
        create=Call("CreateResourceServer", at="ResourceServer"),
        id="join('|', [userPoolId, identifier])",
        id_parts="{userPoolId}|{identifier}",
        read=(Code(_server),),
        find=Call("ListResourceServers", _OF_POOL, at="ResourceServers[?Identifier=='$identifier'] | [0]"),
        update=(Call("UpdateResourceServer", {"Scopes": "scopes || `[]`"}),),
        delete=(Call("DeleteResourceServer"),),
        name="name",
        replace=frozenset({"userPoolId", "identifier", "region"}),
        outputs={"scopeIdentifiers": "whole"},
    ),
]
