"""A declared HTTPRoute as Envoy's virtual host: which arm gets a request, what is copied, retried, limited."""

from typing import Any

from sandbox.dataplane.clusters import Endpoints, cluster, destination, separate
from sandbox.dataplane.extensions import Config, typed
from sandbox.dataplane.reading import DataPlaneError, Fields, Manifest, duration

LIMIT = "envoy.filters.http.local_ratelimit"
_UNITS = {"Second": 1, "Minute": 60, "Hour": 3600, "Day": 86400}
_UNAVAILABLE = "invalid-backend-cluster"


class Route:
    """One route, with the endpoints of the Services that it names."""

    def __init__(self, manifest: Manifest, policy: Fields | None, endpoints: Endpoints, settings: Config) -> None:
        self.fields = Fields(manifest)
        self._namespace, self._name = manifest["metadata"]["namespace"], manifest["metadata"]["name"]
        self._policy, self._endpoints, self._settings = policy, endpoints, settings
        self.clusters: list[Config] = []

    def virtual_host(self) -> Config:
        """The host's routes; fills ``clusters``."""
        self.fields.take("parentRefs")
        hosts = self.fields.take("hostnames") or ["*"]
        common = self._common()
        limit = self._limit()
        routes = []
        for index, rule in enumerate(self.fields.take("rules") or []):
            action = {**self._action(index, rule), **common}
            if common.get("hash_policy") and "weighted_clusters" in action:
                # only then does what is hashed decide the arm, not just the pod; plain backends have no arms
                action["weighted_clusters"]["use_hash_policy"] = True
            for match in rule.get("matches") or [{}]:
                route: Config = {
                    "name": f"{destination(self._namespace, self._name, index)}/match/0/{hosts[0]}",
                    "match": _match(match),
                    "route": action,
                    **_request_headers(rule.get("filters", [])),
                }
                if limit:
                    route["typed_per_filter_config"] = {LIMIT: limit}
                routes.append(route)
        domains = [name for host in hosts for name in (host, f"{host}:*") if host != "*"] or ["*"]
        return {"name": f"{self._namespace}/{self._name}", "domains": domains, "routes": routes}

    def _action(self, index: int, rule: dict[str, Any]) -> Config:
        name = destination(self._namespace, self._name, index)
        # a backend without weight takes no part, so it has no cluster either
        backends = [(position, ref) for position, ref in enumerate(rule["backendRefs"]) if ref.get("weight", 1) > 0]
        action: Config = {}
        if separate([ref for _, ref in backends]):
            action["weighted_clusters"] = {"clusters": [self._weighted(name, *item) for item in backends]}
            action["cluster_not_found_response_code"] = "SERVICE_UNAVAILABLE"
        else:
            groups = [(ref.get("weight", 1), self._endpoints.get(ref["name"], ())) for _, ref in backends]
            self.clusters.append(cluster(name, groups, self._settings))
            action["cluster"] = name
        mirrors = []
        for position, item in enumerate(rule.get("filters", [])):
            if item["type"] == "RequestMirror":
                mirrors += self._mirror(f"{name}-mirror-{position}", item["requestMirror"])
        if mirrors:
            action["request_mirror_policies"] = mirrors
        timeout = rule.get("timeouts", {}).get("request")
        return {**action, "timeout": duration(timeout)} if timeout else action

    def _weighted(self, name: str, position: int, ref: dict[str, Any]) -> Config:
        addresses = self._endpoints.get(ref["name"], ())
        found: Config = {"name": _UNAVAILABLE, "weight": ref.get("weight", 1)}
        if addresses:
            found["name"] = f"{name}/backend/{position}"
            self.clusters.append(cluster(found["name"], [(1, addresses)], self._settings))
        return {**found, **_request_headers(ref.get("filters", []))}

    def _mirror(self, name: str, mirror: dict[str, Any]) -> list[Config]:
        """Nothing where the Service has no endpoints: Envoy Gateway then leaves the mirror out, and only that."""
        addresses = self._endpoints.get(mirror["backendRef"]["name"], ())
        if not addresses:
            return []
        self.clusters.append(cluster(name, [(1, addresses)], self._settings))
        fraction = mirror.get("fraction", {"numerator": mirror.get("percent", 100), "denominator": 100})
        share = 1_000_000 * fraction["numerator"] / fraction.get("denominator", 100)
        value = {"numerator": round(share), "denominator": "MILLION"}
        return [
            {
                "cluster": name,
                "disable_shadow_host_suffix_append": True,
                "runtime_fraction": {"default_value": value},
            }
        ]

    def _common(self) -> Config:
        """What the BackendTrafficPolicy says of every route."""
        policy = self._policy
        if policy is None:
            return {}
        policy.take("targetRefs")
        found: Config = {}
        timeout = policy.take("timeout.http.requestTimeout")
        if timeout:
            found["timeout"] = duration(timeout)
        retry = policy.take("retry")
        if retry:
            found["retry_policy"] = _retry(retry)
        hashed = policy.take("loadBalancer.consistentHash")
        if hashed:
            headers = hashed.get("headers") or [hashed.get("header")]
            if hashed["type"] not in ("Header", "Headers") or not all(headers):
                raise policy.refuse("loadBalancer.consistentHash.type", "Header or Headers", hashed["type"])
            found["hash_policy"] = [{"header": {"header_name": header["name"]}} for header in headers]
        return found

    def _limit(self) -> Config | None:
        policy = self._policy
        kind = policy.take("rateLimit.type") if policy else None
        if policy is None or kind is None:
            return None
        rules = policy.take("rateLimit.local.rules") or []
        if kind != "Local" or len(rules) != 1 or rules[0].get("clientSelectors"):
            raise policy.refuse("rateLimit", "one Local rule for all clients", kind if kind != "Local" else rules)
        limit = rules[0]["limit"]
        number = limit["requests"]
        always = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
        config = {
            "stat_prefix": "http_local_rate_limiter",
            "token_bucket": {
                "max_tokens": number,
                "tokens_per_fill": number,
                "fill_interval": f"{_UNITS[limit['unit']]}s",
            },
            "filter_enabled": always,
            "filter_enforced": always,
        }
        return typed("envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit", config)


def _retry(retry: dict[str, Any]) -> Config:
    on = retry.get("retryOn", {})
    found: Config = {
        "num_retries": retry.get("numRetries", 2),
        "retry_on": ",".join(on.get("triggers", ["connect-failure", "refused-stream", "retriable-status-codes"])),
        "retriable_status_codes": on.get("httpStatusCodes", [503]),
    }
    each = retry.get("perRetry", {})
    if "timeout" in each:
        found["per_try_timeout"] = duration(each["timeout"])
    if "backOff" in each:
        names = {"base_interval": "baseInterval", "max_interval": "maxInterval"}
        found["retry_back_off"] = {
            ours: duration(each["backOff"][theirs]) for ours, theirs in names.items() if theirs in each["backOff"]
        }
    return found


def _match(match: dict[str, Any]) -> Config:
    path = match.get("path", {"type": "PathPrefix", "value": "/"})
    found: Config
    if path["type"] == "Exact":
        found = {"path": path["value"]}
    elif path["value"] == "/":
        found = {"prefix": "/"}
    else:
        found = {"path_separated_prefix": path["value"].rstrip("/")}
    wanted = [(item["name"], item["value"]) for item in match.get("headers", [])]
    if "method" in match:
        wanted.append((":method", match["method"]))
    if wanted:
        found["headers"] = [{"name": name, "string_match": {"exact": value}} for name, value in wanted]
    return found


def _request_headers(filters: list[dict[str, Any]]) -> Config:
    """What the filters of a rule or a backend do to headers."""
    found: Config = {}
    for item in filters:
        kind = item["type"]
        if kind not in ("RequestHeaderModifier", "ResponseHeaderModifier", "RequestMirror"):
            raise DataPlaneError(f"filters: accepted: header modifiers and RequestMirror: received: {kind}")
        for side in ("request", "response"):
            change = item.get(f"{side}HeaderModifier")
            if change:
                added = [_header(entry, "OVERWRITE_IF_EXISTS_OR_ADD") for entry in change.get("set", [])]
                added += [_header(entry, "APPEND_IF_EXISTS_OR_ADD") for entry in change.get("add", [])]
                found.setdefault(f"{side}_headers_to_add", []).extend(added)
                found.setdefault(f"{side}_headers_to_remove", []).extend(change.get("remove", []))
    return {key: value for key, value in found.items() if value}


def _header(entry: dict[str, str], action: str) -> Config:
    return {"header": {"key": entry["name"], "value": entry["value"]}, "append_action": action}
