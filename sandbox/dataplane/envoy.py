"""Envoy's configuration out of stored manifests: a pure function, in Envoy Gateway's names and forms.

Only what can be true without a cluster is made: one listener on loopback, the routes of one model, its arms at the
addresses of local processes. What a policy says and this does not do is listed, never dropped in silence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.dataplane import callers, clients, clusters, routes
from sandbox.dataplane.addresses import require_loopback
from sandbox.dataplane.clusters import Endpoints
from sandbox.dataplane.extensions import Config, extension
from sandbox.dataplane.reading import DataPlaneError, Fields, Manifest, find, policy

LOOPBACK = "127.0.0.1"
ROUTES = "gateway/models/http"
"""Name of the listener and of its routes."""
_MANAGER = "envoy.filters.network.http_connection_manager"
_LOG_FIELDS = {
    "time": "%START_TIME%",
    "method": "%REQ(:METHOD)%",
    "path": "%REQ(:PATH)%",
    "status": "%RESPONSE_CODE%",
    "flags": "%RESPONSE_FLAGS%",
    "detail": "%RESPONSE_CODE_DETAILS%",
    "cluster": "%UPSTREAM_CLUSTER_RAW%",
    "arm": "%REQ(X-MODEL-ARM)%",
    "user": "%REQ(X-USER-ID)%",
    "request": "%REQ(X-REQUEST-ID)%",
    "ms": "%DURATION%",
}


@dataclass(frozen=True)
class Place:
    """What only the machine knows."""

    port: int
    admin_port: int
    access_log: str
    """Path of the file."""
    jwks: str
    """Public keys that stand in for the issuer's, as JSON."""


@dataclass(frozen=True)
class Front:
    """A configuration, and what of the declared objects is not in it."""

    config: Config
    left_out: list[str]


def configuration(objects: Sequence[Manifest], route: str, endpoints: Endpoints, place: Place) -> Front:
    """The proxy in front of ``route``; raises ``DataPlaneError``, or ``NotLoopbackError`` for a foreign address."""
    manifest = find(objects, "HTTPRoute", route)
    if manifest is None:
        raise DataPlaneError(f"HTTPRoute: accepted: a route that is declared: received: {route}")
    found = {
        kind: Fields(item) if (item := policy(objects, kind, manifest)) else None
        for kind in ("BackendTrafficPolicy", "ClientTrafficPolicy", "SecurityPolicy")
    }
    traffic, visitors, security = found.values()
    host = routes.Route(manifest, traffic, endpoints, clusters.settings(traffic))
    virtual_host = host.virtual_host()
    manager, listener = clients.options(visitors) if visitors else ({}, {})
    filters = [
        *manager.pop("http_filters", []),
        *callers.filters(security, place.jwks),
        extension(routes.LIMIT, {"stat_prefix": "http_local_rate_limiter"}),
        extension("envoy.filters.http.router", {"suppress_envoy_headers": True}),
    ]
    config = {
        "node": {"id": "slipway-sandbox", "cluster": "slipway-sandbox"},
        "admin": {"address": _address(place.admin_port)},
        "static_resources": {
            "listeners": [{**_listener(manager, filters, virtual_host, place), **listener}],
            "clusters": host.clusters,
        },
    }
    require_loopback(config)
    left_out = [*host.fields.rest(), *(path for fields in found.values() if fields for path in fields.rest())]
    return Front(config, left_out)


def _listener(options: Config, filters: list[Config], virtual_host: Config, place: Place) -> Config:
    manager: Config = {
        "stat_prefix": "http-80",
        "use_remote_address": True,
        "normalize_path": True,
        "merge_slashes": True,
        "generate_request_id": True,
        "http_filters": filters,
        "access_log": [
            extension(
                "envoy.access_loggers.file", {"path": place.access_log, "log_format": {"json_format": _LOG_FIELDS}}
            )
        ],
        "route_config": {
            "name": ROUTES,
            "validate_clusters": False,  # a backend without endpoints is a cluster that does not exist: 503
            "ignore_port_in_host_matching": True,
            "virtual_hosts": [virtual_host],
        },
        **options,
    }
    return {
        "name": ROUTES,
        "address": _address(place.port),
        "filter_chains": [{"filters": [extension(_MANAGER, manager)]}],
    }


def _address(port: int) -> Config:
    return {"socket_address": {"address": LOOPBACK, "port_value": port}}
