"""What the account sends to the world outside: kept and shown under ``/sandbox/requests``.

It is really sent only where the address is on this machine; everything else counts as delivered.
"""

import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from moto.events.models import EventsBackend

from sandbox.cloud import clock
from sandbox.cloud.extension import fail, replaces
from sandbox.loopback import NotLoopbackError, require

HIDDEN = "***"
"""What stands in a kept request for a secret."""

_KEPT = 1000
_SECONDS = 5.0

_lock = threading.Lock()
_requests: list[dict[str, Any]] = []
_number = 0


def sent(since: int = 0) -> list[dict[str, Any]]:
    """Requests after number ``since``, of the last thousand: what was sent, and whether it really was (``called``)."""
    with _lock:
        return [request for request in _requests if request["n"] > since]


def keep(source: str, kind: str, to: str, body: str, **more: Any) -> dict[str, Any]:
    """Note that ``source`` (an ARN) sends ``body`` to an address, in the way ``kind``; returns the note."""
    global _number
    note = {"kind": kind, "source": source, "to": to, "body": body, "called": False, **more}
    with _lock:
        _number += 1
        note |= {"n": _number, "time": clock.now().isoformat()}
        _requests.append(note)
        del _requests[:-_KEPT]
    return note


def post(note: dict[str, Any], method: str, url: str, headers: Mapping[str, str], body: str) -> None:
    """Send it if the address is on this machine, and add to ``note`` what came back. An answer that says no raises."""
    try:
        require(url)
    except NotLoopbackError:
        return
    request = urllib.request.Request(url, data=body.encode(), headers=dict(headers), method=method)  # noqa: S310 -- http
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
    note["called"] = True
    try:
        with opener.open(request, timeout=_SECONDS) as answer:
            note["status"] = int(answer.status)
    except urllib.error.HTTPError as error:
        note["status"] = error.code
        if error.code < 500 and error.code != 429:
            fail("SDK_CLIENT_ERROR", f"{url} answered {error.code}")
        raise


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """An answer that points elsewhere could point to another machine."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


@replaces(EventsBackend, "reset")
def _reset(original: Any, self: Any) -> None:
    """A reset of moto forgets what was sent, too."""
    with _lock:
        _requests.clear()
    original(self)
