"""Reads what is said about a model's way in, and refuses what a layer below would ignore."""

from collections.abc import Mapping
from typing import Any

import pulumi

from slipway import _check
from slipway.rollout._routes import Front, Tokens

HOSTNAME = (
    r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+",
    "a host name such as flight-delay.ml.example.com, without a wildcard",
)
LABEL = (r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", "1 to 63 of a-z, 0-9 and -, neither first nor last -")
HTTPS = (r"https://[^\s/]+(/\S*)?", "an address that begins with https://")

_TOKENS = ("jwt_issuer", "jwt_jwks_uri")
_WHAT_THEY_SAY = ("jwt_audiences", "jwt_scopes", "jwt_claims")
_OF_A_ROUTE = (
    *_TOKENS,
    *_WHAT_THEY_SAY,
    "allow_unauthenticated",
    "gateway_name",
    "gateway_namespace",
    "requests_per_second_limit",
    "request_timeout_seconds",
    "max_parallel_requests",
)


def front_of(args: Mapping[str, Any]) -> Front | None:
    """The way in, or nothing where no ``hostname`` is given. Raises ``ValueError`` that names the argument."""
    hostname = args.get("hostname")
    if hostname is None:
        for name in _OF_A_ROUTE:
            if args.get(name) is not None:
                _check.refuse(name, "only with hostname: without a route nothing uses it", args[name])
        return None
    limit = args.get("requests_per_second_limit")
    return Front(
        hostname=_check.matches("hostname", hostname, *HOSTNAME),
        gateway_name=_name(args.get("gateway_name", "models")),
        gateway_namespace=_check.matches("gateway_namespace", args.get("gateway_namespace", "gateway"), *LABEL),
        tokens=_tokens(args),
        requests_per_second_limit=None
        if limit is None
        else _check.between("requests_per_second_limit", limit, 1, 1_000_000),
        request_timeout_seconds=_check.between(
            "request_timeout_seconds", args.get("request_timeout_seconds", 30), 1, 3600
        ),
        max_parallel_requests=_check.between(
            "max_parallel_requests", args.get("max_parallel_requests", 1024), 1, 100_000
        ),
    )


def _name(value: Any) -> Any:
    _check.plain("gateway_name", value, *LABEL)
    return value


def shared_hostnames(hostnames: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """Host names that more than one model has, with the models: of two routes of one name the older gets all requests.

    ``hostnames`` maps models to host names.
    """
    models: dict[str, list[str]] = {}
    for model, hostname in sorted(hostnames.items()):
        models.setdefault(hostname.lower(), []).append(model)
    return [(hostname, names) for hostname, names in sorted(models.items()) if len(names) > 1]


def _tokens(args: Mapping[str, Any]) -> Tokens | None:
    anybody = _check.flag("allow_unauthenticated", args.get("allow_unauthenticated", False))
    given = [name for name in (*_TOKENS, *_WHAT_THEY_SAY) if args.get(name) is not None]
    if anybody:
        for name in given:
            _check.refuse("allow_unauthenticated", f"false, because {name} is given", anybody)
        return None
    for name in _TOKENS:
        if name not in given:
            _check.refuse(name, "a value, because hostname is given, or allow_unauthenticated: true", None)
    if not {"jwt_audiences", "jwt_scopes"} & set(given):
        reason = "audiences, or jwt_scopes: without, a token that the issuer made for anything else is enough"
        _check.refuse("jwt_audiences", reason, None)
    claims = args.get("jwt_claims") or {}
    if not isinstance(claims, Mapping):
        _check.refuse("jwt_claims", "an object of claim: [accepted values]", claims)
    return Tokens(
        issuer=_check.given(args, "jwt_issuer", *HTTPS),
        jwks_uri=_check.given(args, "jwt_jwks_uri", *HTTPS),
        audiences=_some(args, "jwt_audiences"),
        claims={name: _check.unique(f"jwt_claims.{name}", values, at_least=1) for name, values in claims.items()},
        scopes=_some(args, "jwt_scopes"),
    )


def _some(args: Mapping[str, Any], name: str) -> Any:
    """A list that is not empty where it is known; nothing where it is not given."""
    values = args.get(name)
    if isinstance(values, list | tuple) and values:
        return [*values]
    if values is not None and not isinstance(values, pulumi.Output):
        _check.refuse(name, "a list of at least one", values)
    return values
