"""What clients may send and how long they may take: a ClientTrafficPolicy as options of Envoy's HTTP connections."""

from typing import Any

from sandbox.dataplane.extensions import Config, extension, typed
from sandbox.dataplane.reading import Fields, duration

_UNDERSCORES = {"Allow": "ALLOW", "DropHeader": "DROP_HEADER", "RejectRequest": "REJECT_REQUEST"}
_SLASHES = {
    "KeepUnchanged": "KEEP_UNCHANGED",
    "RejectRequest": "REJECT_REQUEST",
    "UnescapeAndForward": "UNESCAPE_AND_FORWARD",
    "UnescapeAndRedirect": "UNESCAPE_AND_REDIRECT",
}
_REQUEST_IDS = {
    "Disable": (False, True),
    "Generate": (True, False),
    "Preserve": (False, True),
    "PreserveOrGenerate": (True, True),
}
"""Whether an id is generated, and whether the client's own is believed."""
_TIMES = {
    "request_timeout": "requestReceivedTimeout",
    "request_headers_timeout": "requestHeadersReceivedTimeout",
    "stream_idle_timeout": "streamIdleTimeout",
}


def options(policy: Fields) -> tuple[Config, Config]:
    """Options of the connection manager, filters that come first among them, and of the listener."""
    policy.take("targetRefs")
    found: Config = {**_address(policy), **_headers(policy)}
    slashes = policy.take("path.escapedSlashesAction")
    if slashes:
        found["path_with_escaped_slashes_action"] = _word(policy, "path.escapedSlashesAction", _SLASHES, slashes)
    for ours, theirs in _TIMES.items():
        value = policy.take(f"timeout.http.{theirs}")
        if value:
            found[ours] = duration(value)
    common: Config = {}
    idle = policy.take("timeout.http.idleTimeout")
    if idle:
        common["idle_timeout"] = duration(idle)
    underscores = policy.take("headers.withUnderscoresAction")
    if underscores:
        word = _word(policy, "headers.withUnderscoresAction", _UNDERSCORES, underscores)
        common["headers_with_underscores_action"] = word
    if common:
        found["common_http_protocol_options"] = common
    streams = policy.take("http2.maxConcurrentStreams")
    if streams:
        found["http2_protocol_options"] = {"max_concurrent_streams": streams}
    return found, _listener(policy)


def _address(policy: Fields) -> Config:
    """Where a client's address is found; the proxies that may be believed are one less than are declared."""
    hops = policy.take("clientIPDetection.xForwardedFor.numTrustedHops")
    if hops is None:
        return {}
    name = "envoy.extensions.http.original_ip_detection.xff"
    config = typed(f"{name}.v3.XffConfig", {"xff_num_trusted_hops": max(hops - 1, 0), "skip_xff_append": False})
    return {
        "use_remote_address": False,
        "original_ip_detection_extensions": [{"name": name, "typed_config": config}],
    }


def _headers(policy: Fields) -> Config:
    found: Config = {}
    early = _mutations(policy.take("headers.earlyRequestHeaders") or {})
    if early:
        name = "envoy.http.early_header_mutation.header_mutation"
        found["early_header_mutation_extensions"] = [extension(name, {"mutations": early})]
    late = _mutations(policy.take("headers.lateResponseHeaders") or {})
    if late:
        mutations = {"mutations": {"response_mutations": late}}
        found["http_filters"] = [extension("envoy.filters.http.header_mutation", mutations)]
    ids = policy.take("headers.requestID")
    if ids:
        if ids not in _REQUEST_IDS:
            raise policy.refuse("headers.requestID", ", ".join(_REQUEST_IDS), ids)
        found["generate_request_id"], found["preserve_external_request_id"] = _REQUEST_IDS[ids]
    return found


def _mutations(change: dict[str, Any]) -> list[Config]:
    found: list[Config] = [{"remove": name} for name in change.get("remove", [])]
    for key, action in (("set", "OVERWRITE_IF_EXISTS_OR_ADD"), ("add", "APPEND_IF_EXISTS_OR_ADD")):
        for item in change.get(key, []):
            header = {"key": item["name"], "value": item["value"]}
            found.append({"append": {"header": header, "append_action": action}})
    return found


def _listener(policy: Fields) -> Config:
    buffer = policy.take("connection.bufferLimit")
    if buffer is None:
        return {}
    units = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}
    size = int(buffer[:-2]) * units[buffer[-2:]] if buffer[-2:] in units else int(buffer)
    return {"per_connection_buffer_limit_bytes": size}


def _word(policy: Fields, path: str, words: dict[str, str], given: str) -> str:
    if given not in words:
        raise policy.refuse(path, ", ".join(words), given)
    return words[given]
