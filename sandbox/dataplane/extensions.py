"""Names of Envoy's extensions, and how a configuration spells one."""

from typing import Any

Config = dict[str, Any]

_TYPES = {
    "envoy.access_loggers.file": "envoy.extensions.access_loggers.file.v3.FileAccessLog",
    "envoy.filters.http.header_mutation": "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
    "envoy.filters.http.jwt_authn": "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
    "envoy.filters.http.local_ratelimit": "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
    "envoy.filters.http.rbac": "envoy.extensions.filters.http.rbac.v3.RBAC",
    "envoy.filters.http.router": "envoy.extensions.filters.http.router.v3.Router",
    "envoy.filters.network.http_connection_manager": (
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    ),
    "envoy.http.early_header_mutation.header_mutation": (
        "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"
    ),
    "envoy.load_balancing_policies.least_request": (
        "envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest"
    ),
    "envoy.load_balancing_policies.maglev": "envoy.extensions.load_balancing_policies.maglev.v3.Maglev",
    "envoy.load_balancing_policies.random": "envoy.extensions.load_balancing_policies.random.v3.Random",
    "envoy.load_balancing_policies.round_robin": "envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin",
}


def extension(name: str, config: Config | None = None) -> Config:
    """``{name, typed_config}`` of one of Envoy's own extensions."""
    return {"name": name, "typed_config": typed(_TYPES[name], config or {})}


def typed(type_: str, config: Config) -> Config:
    """A message in a field that takes any."""
    return {"@type": f"type.googleapis.com/{type_}", **config}
