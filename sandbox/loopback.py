"""The sandbox talks to this machine and to nothing else, whatever the environment variables say."""

import ipaddress
import socket
from urllib.parse import urlsplit


class NotLoopbackError(ValueError):
    """An address that the sandbox was given does not lead to this machine."""


def require(url: str) -> str:
    """``url`` if its host is this machine: in 127.0.0.0/8, ::1, or ``localhost`` where that resolves to these only.

    Raises ``NotLoopbackError`` otherwise. No other name is ever resolved: a name that means this machine today may mean
    another one tomorrow.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError as error:
        raise _refused(url, str(error)) from None
    if parts.scheme not in ("http", "https") or not host:
        raise _refused(url, "no http address")
    if host == "localhost":
        _require_localhost(url, parts.port)
    elif not _is_loopback(host):
        raise _refused(url, f"{host} is not this machine")
    return url


def _require_localhost(url: str, port: int | None) -> None:
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM)}
    except OSError as error:
        raise _refused(url, f"localhost does not resolve: {error}") from None
    if elsewhere := sorted(address for address in found if not _is_loopback(address)):
        raise _refused(url, f"localhost resolves to {', '.join(elsewhere)}")


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback and (address.version == 4 or address == ipaddress.IPv6Address("::1"))


def _refused(url: str, reason: str) -> NotLoopbackError:
    return NotLoopbackError(
        f"the sandbox refuses {url!r}: accepted: http://127.0.0.0/8, [::1] or localhost: received: {reason}"
    )
