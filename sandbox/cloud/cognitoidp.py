"""Cognito: pools that are protected and keep their tags, domains that exist once, scopes that exist at all."""

from typing import Any

from moto.cognitoidp.models import CognitoIdpBackend, cognitoidp_backends

from sandbox.cloud.extension import extend, fail, replaces

_WHOLE_SCOPES = frozenset({"phone", "email", "openid", "profile", "aws.cognito.signin.user.admin"})


@replaces(CognitoIdpBackend, "delete_user_pool")
def _delete_pool(original: Any, self: Any, user_pool_id: str) -> None:
    pool = self.describe_user_pool(user_pool_id)
    if pool.extended_config.get("DeletionProtection") == "ACTIVE":
        fail("InvalidParameterException", "The user pool cannot be deleted because deletion protection is activated.")
    if pool.domain is not None:
        fail(
            "InvalidParameterException", "User pool cannot be deleted. It has a domain configured that should go first."
        )
    original(self, user_pool_id)


@replaces(CognitoIdpBackend, "update_user_pool")
def _update_pool(original: Any, self: Any, user_pool_id: str, extended_config: dict[str, Any]) -> None:
    """What only a creation takes stays."""
    pool = self.describe_user_pool(user_pool_id)
    kept = {
        member: pool.extended_config[member]
        for member in ("UsernameConfiguration", "UsernameAttributes", "AliasAttributes")
        if member in pool.extended_config
    }
    original(self, user_pool_id, {**kept, **extended_config})


@replaces(CognitoIdpBackend, "create_user_pool_domain")
def _create_domain(original: Any, self: Any, user_pool_id: str, domain: str, *args: Any, **kwargs: Any) -> Any:
    """A prefix is somebody's in the whole region, and a pool has one of them."""
    taken = {name for account in cognitoidp_backends.values() for name in account[self.region_name].user_pool_domains}
    if domain in taken:
        fail("InvalidParameterException", "Domain already associated with another user pool.")
    if self.describe_user_pool(user_pool_id).domain is not None:
        fail("InvalidParameterException", "User pool already has a domain configured.")
    made = original(self, user_pool_id, domain, *args, **kwargs)
    made.sandbox_account = self.account_id
    return made


@replaces(CognitoIdpBackend, "create_user_pool_client")
def _create_client(original: Any, self: Any, user_pool_id: str, generate_secret: bool, extended_config: Any) -> Any:
    _check_scopes(self, user_pool_id, extended_config)
    return original(self, user_pool_id, generate_secret, extended_config)


@replaces(CognitoIdpBackend, "update_user_pool_client")
def _update_client(original: Any, self: Any, user_pool_id: str, client_id: str, extended_config: Any) -> Any:
    _check_scopes(self, user_pool_id, extended_config)
    return original(self, user_pool_id, client_id, extended_config)


def _check_scopes(backend: Any, user_pool_id: str, config: dict[str, Any]) -> None:
    servers = backend.describe_user_pool(user_pool_id).resource_servers.values()
    known = {f"{server.identifier}/{scope['ScopeName']}" for server in servers for scope in server.scopes or []}
    wanted = set(config.get("AllowedOAuthScopes") or [])
    if missing := sorted(wanted - known - _WHOLE_SCOPES):
        fail("ScopeDoesNotExistException", f"Scopes do not exist: {', '.join(missing)}")


def _server(backend: Any, given: dict[str, Any]) -> Any:
    servers = backend.describe_user_pool(given["UserPoolId"]).resource_servers
    return servers.get(given["Identifier"]) or fail("ResourceNotFoundException", "Resource server does not exist.")


def _update_server(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    server = _server(backend, given)
    server.name, server.scopes = given["Name"], given.get("Scopes", [])
    return {"ResourceServer": server.to_json()}


def _delete_server(backend: Any, given: dict[str, Any]) -> None:
    server = _server(backend, given)
    del backend.describe_user_pool(given["UserPoolId"]).resource_servers[server.identifier]


def _tags(backend: Any, given: dict[str, Any]) -> dict[str, str]:
    pool = backend.describe_user_pool(given["ResourceArn"].rpartition("/")[2])
    tags: dict[str, str] = pool.extended_config.setdefault("UserPoolTags", {})
    return tags


def _untag(backend: Any, given: dict[str, Any]) -> None:
    for key in given["TagKeys"]:
        _tags(backend, given).pop(key, None)


extend(
    "cognitoidp",
    {
        "UpdateResourceServer": _update_server,
        "DeleteResourceServer": _delete_server,
        "TagResource": lambda backend, given: _tags(backend, given).update(given["Tags"]),
        "UntagResource": _untag,
        "ListTagsForResource": lambda backend, given: {"Tags": _tags(backend, given)},
    },
    among="CognitoIdpResponse",
)
