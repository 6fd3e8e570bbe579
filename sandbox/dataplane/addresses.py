"""Nothing starts that could reach another machine: every address in a configuration is asserted to be loopback.

A proxy follows whatever its configuration says, so the whole of it is walked. What is not understood is refused.
"""

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

from sandbox.loopback import NotLoopbackError, require

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_NAMES = ("audiences", "domains", "issuer", "@type")
"""Fields whose text is compared with something and never followed."""
_LOOKS_UP = ("LOGICAL_DNS", "ORIGINAL_DST", "STRICT_DNS")
"""Kinds of cluster that find their hosts by themselves."""
_ELSEWHERE = ("api_config_source", "google_grpc", "grpc_service", "grpc_services", "pipe", "envoy_internal_address")
"""Ways to a server that are no address of this machine, or that a configuration made here has no use for."""


def require_loopback(document: Any) -> None:
    """Raise ``NotLoopbackError`` that lists each place in ``document`` that leads, or may lead, to another machine."""
    found = [f"{path}: {text}" for path, text in _foreign("", "", document)]
    if found:
        raise NotLoopbackError("the sandbox refuses addresses that are not this machine: " + "; ".join(found))


def require_host(host: str) -> str:
    """``host`` if it is a numeric loopback address; raises ``NotLoopbackError``."""
    require_loopback({"address": host})
    return host


def _foreign(path: str, key: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, item in value.items():
            where = f"{path}.{name}" if path else str(name)
            if name in _ELSEWHERE:
                yield where, "accepted: nothing: received: a way to another process"
            elif name not in _NAMES:
                yield from _foreign(where, str(name), item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _foreign(f"{path}[{index}]", key, item)
    elif isinstance(value, str):
        problem = _problem(key, value)
        if problem:
            yield path, problem


def _problem(key: str, text: str) -> str | None:
    if key == "address" and not _loopback(text):
        return f"accepted: a numeric loopback address: received: {text}"
    if key == "type" and text in _LOOKS_UP:
        return f"accepted: STATIC or EDS from a file: received: {text}"
    if key != "address" and _ADDRESS.search(text) and not text.startswith("type.googleapis.com/"):
        for part in re.split(r"[\s\"'<>]+", text):
            if _ADDRESS.search(part):
                try:
                    require(part)
                except NotLoopbackError as error:
                    return str(error)
    return None


def _loopback(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False
