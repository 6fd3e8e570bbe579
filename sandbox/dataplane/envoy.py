"""Envoy's configuration out of stored manifests: a pure function, in Envoy Gateway's names and forms.

Only what can be true without a cluster is made: one listener on loopback, the routes of one model, its arms at the
addresses of local processes. What a policy says and this does not do is listed, never dropped in silence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.dataplane import callers, clusters, routes
from sandbox.dataplane.addresses import require_loopback
from sandbox.dataplane.clusters import Endpoints
from sandbox.dataplane.extensions import Config, extension
from sandbox.dataplane.reading import DataPlaneError, Fields, Manifest, duration, find, policy

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
    traffic, clients, security = found.values()
    host = routes.Route(manifest, traffic, endpoints, clusters.settings(traffic))
    virtual_host = host.virtual_host()
    filters = [
        *callers.filters(security, place.jwks),
        extension(routes.LIMIT, {"stat_prefix": "http_local_rate_limiter"}),
        extension("envoy.filters.http.router", {"suppress_envoy_headers": True}),
    ]
    config = {
        "node": {"id": "slipway-sandbox", "cluster": "slipway-sandbox"},
        "admin": {"address": _address(place.admin_port)},
        "static_resources": {
            "listeners": [_listener(clients, filters, virtual_host, place)],
            "clusters": host.clusters,
        },
    }
    require_loopback(config)
    left_out = [*host.fields.rest(), *(path for fields in found.values() if fields for path in fields.rest())]
    return Front(config, left_out)


def _listener(clients: Fields | None, filters: list[Config], virtual_host: Config, place: Place) -> Config:
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
        **(_client_options(clients) if clients else {}),
    }
    listener: Config = {
        "name": ROUTES,
        "address": _address(place.port),
        "filter_chains": [{"filters": [extension(_MANAGER, manager)]}],
    }
    buffer = clients.take("connection.bufferLimit") if clients else None
    return {**listener, "per_connection_buffer_limit_bytes": _bytes(buffer)} if buffer else listener


def _client_options(clients: Fields) -> Config:
    clients.take("targetRefs")
    found: Config = {}
    hops = clients.take("clientIPDetection.xForwardedFor.numTrustedHops")
    if hops is not None:
        found["xff_num_trusted_hops"] = hops
    early = clients.take("headers.earlyRequestHeaders") or {}
    mutations: list[Config] = [{"remove": name} for name in early.get("remove", [])]
    for key, action in (("set", "OVERWRITE_IF_EXISTS_OR_ADD"), ("add", "APPEND_IF_EXISTS_OR_ADD")):
        mutations += [
            {"append": {"header": {"key": item["name"], "value": item["value"]}, "append_action": action}}
            for item in early.get(key, [])
        ]
    if mutations:
        name = "envoy.http.early_header_mutation.header_mutation"
        found["early_header_mutation_extensions"] = [extension(name, {"mutations": mutations})]
    common: Config = {}
    underscores = clients.take("headers.withUnderscoresAction")
    if underscores:
        words = {"RejectRequest": "REJECT_REQUEST", "DropHeader": "DROP_HEADER", "Allow": "ALLOW"}
        common["headers_with_underscores_action"] = words[underscores]
    slashes = clients.take("path.escapedSlashesAction")
    if slashes:
        words = {"KeepUnchanged": "KEEP_UNCHANGED", "RejectRequest": "REJECT_REQUEST"}
        words |= {"UnescapeAndForward": "UNESCAPE_AND_FORWARD", "UnescapeAndRedirect": "UNESCAPE_AND_REDIRECT"}
        found["path_with_escaped_slashes_action"] = words[slashes]
    http = "timeout.http"
    names = {"request_timeout": "requestReceivedTimeout", "stream_idle_timeout": "streamIdleTimeout"}
    names["request_headers_timeout"] = "requestHeadersReceivedTimeout"
    for ours, theirs in names.items():
        value = clients.take(f"{http}.{theirs}")
        if value:
            found[ours] = duration(value)
    idle = clients.take(f"{http}.idleTimeout")
    if idle:
        common["idle_timeout"] = duration(idle)
    streams = clients.take("http2.maxConcurrentStreams")
    if streams:
        found["http2_protocol_options"] = {"max_concurrent_streams": streams}
    return {**found, "common_http_protocol_options": common} if common else found


def _address(port: int) -> Config:
    return {"socket_address": {"address": LOOPBACK, "port_value": port}}


def _bytes(quantity: str) -> int:
    units = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}
    number, unit = quantity[:-2], quantity[-2:]
    return int(number) * units[unit] if unit in units else int(quantity)
