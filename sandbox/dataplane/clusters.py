"""Envoy clusters of a route's backends, with what its BackendTrafficPolicy says about reaching them.

As Envoy Gateway does it: the backends of a rule are one cluster of weighted localities, unless one of them has filters
of its own. Then each is a cluster, which alone gives each its metrics and keeps a user with one. Both forms are made
here, so that a test sees what plain backends would do.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.dataplane.extensions import Config, extension
from sandbox.dataplane.reading import Fields, duration

Address = tuple[str, int]
Endpoints = Mapping[str, Sequence[Address]]
"""Service -> where its ready pods listen."""

_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_PLAIN = {"LeastRequest": "least_request", "Random": "random", "RoundRobin": "round_robin"}


def destination(namespace: str, route: str, rule: int) -> str:
    """Envoy Gateway's name of what a rule leads to; a backend of its own adds ``/backend/<position>``."""
    return f"httproute/{namespace}/{route}/rule/{rule}"


def separate(backends: Sequence[Mapping[str, Any]]) -> bool:
    """Whether each backend is a cluster of its own."""
    return any(backend.get("filters") for backend in backends)


def cluster(name: str, groups: Sequence[tuple[int, Sequence[Address]]], settings: Config) -> Config:
    """A cluster of groups of addresses with weights."""
    localities = [_locality(index, weight, addresses) for index, (weight, addresses) in enumerate(groups)]
    return {
        "name": name,
        "type": "STATIC",
        "load_assignment": {"cluster_name": name, "endpoints": localities},
        **settings,
    }


def settings(policy: Fields | None) -> Config:
    """What the clusters of a route have in common."""
    take: Callable[..., Any] = policy.take if policy else lambda _path, default=None: default
    found: Config = {
        "connect_timeout": duration(take("timeout.tcp.connectTimeout", "10s")),
        "common_lb_config": {},
        "load_balancing_policy": {"policies": [{"typed_extension_config": _balancer(policy)}]},
        "circuit_breakers": {"thresholds": [_limits(policy)]},
    }
    threshold = take("healthCheck.panicThreshold")
    if threshold is not None:
        found["common_lb_config"]["healthy_panic_threshold"] = {"value": threshold}
    passive = take("healthCheck.passive")
    if passive is not None:
        found["outlier_detection"] = _passive(passive)
    active = take("healthCheck.active")
    if active is not None:
        found["health_checks"] = [_active(active)]
    common = {
        key: duration(value)
        for key, value in {
            "idle_timeout": take("timeout.http.connectionIdleTimeout"),
            "max_connection_duration": take("timeout.http.maxConnectionDuration"),
        }.items()
        if value
    }
    options: Config = {
        "@type": f"type.googleapis.com/{_OPTIONS}",
        "explicit_http_config": {"http_protocol_options": {}},
    }
    if common:
        options["common_http_protocol_options"] = common
    return {**found, "typed_extension_protocol_options": {_OPTIONS: options}}


def _locality(index: int, weight: int, addresses: Sequence[Address]) -> Config:
    return {
        "locality": {"region": f"backend/{index}"},
        "load_balancing_weight": max(weight, 1),
        "lb_endpoints": [
            {"endpoint": {"address": {"socket_address": {"address": host, "port_value": port}}}}
            for host, port in addresses
        ],
    }


def _balancer(policy: Fields | None) -> Config:
    kind = policy.take("loadBalancer.type", "LeastRequest") if policy else "LeastRequest"
    if policy and kind == "ConsistentHash":  # what is hashed stands in the route
        size = policy.take("loadBalancer.consistentHash.tableSize")
        return extension("envoy.load_balancing_policies.maglev", {"table_size": size} if size else {})
    if kind not in _PLAIN:
        assert policy
        raise policy.refuse("loadBalancer.type", f"ConsistentHash, {', '.join(_PLAIN)}", kind)
    name = f"envoy.load_balancing_policies.{_PLAIN[kind]}"
    config: Config = {}
    if kind != "Random":
        config["locality_lb_config"] = {"locality_weighted_lb_config": {}}
        window = policy.take("loadBalancer.slowStart.window") if policy else None
        if window:
            config["slow_start_config"] = {"slow_start_window": duration(window)}
    return extension(name, config)


def _limits(policy: Fields | None) -> Config:
    if policy is None:
        return {"max_retries": 1024}
    names = {
        "max_connections": "maxConnections",
        "max_pending_requests": "maxPendingRequests",
        "max_requests": "maxParallelRequests",
        "max_retries": "maxParallelRetries",
    }
    found = {ours: policy.take(f"circuitBreaker.{theirs}") for ours, theirs in names.items()}
    limits: Config = {key: value for key, value in found.items() if value is not None}
    budget = policy.take("circuitBreaker.retryBudget")
    if budget:
        percent = 100 * budget["percent"]["numerator"] / budget["percent"].get("denominator", 100)
        least = budget.get("minRetryConcurrency", 3)
        limits["retry_budget"] = {"budget_percent": {"value": percent}, "min_retry_concurrency": least}
    return {"track_remaining": True, **limits}


def _passive(passive: Mapping[str, Any]) -> Config:
    names = {
        "consecutive5XxErrors": "consecutive_5xx",
        "consecutiveGatewayErrors": "consecutive_gateway_failure",
        "maxEjectionPercent": "max_ejection_percent",
    }
    found: Config = {ours: passive[theirs] for theirs, ours in names.items() if theirs in passive}
    for theirs, ours in (("interval", "interval"), ("baseEjectionTime", "base_ejection_time")):
        if theirs in passive:
            found[ours] = duration(passive[theirs])
    return found


def _active(active: Mapping[str, Any]) -> Config:
    http: Config = {"path": active["http"]["path"]}
    statuses = active["http"].get("expectedStatuses")
    if statuses:
        http["expected_statuses"] = [{"start": status, "end": status + 1} for status in statuses]
    return {
        "interval": duration(active["interval"]),
        "timeout": duration(active["timeout"]),
        "unhealthy_threshold": active.get("unhealthyThreshold", 3),
        "healthy_threshold": active.get("healthyThreshold", 1),
        "http_health_check": http,
    }
