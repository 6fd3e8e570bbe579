"""How an analysis gets its numbers: Prometheus queries on what was scraped, and requests to services of the cluster."""

import json
import math
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from sandbox.dataplane.clock import Clock
from sandbox.dataplane.processes import post_json
from sandbox.dataplane.promql import Evaluator
from sandbox.dataplane.samples import Samples
from sandbox.loopback import require

SCRAPE_SECONDS = 0.25
_PATH = re.compile(r"\{\$((?:\.\w+)+)\}")


class MeasureError(RuntimeError):
    """A measurement cannot be made."""


class Scraper:
    """Plays Prometheus: takes the proxy's counters again and again."""

    def __init__(self, exposition: Callable[[], str], clock: Clock) -> None:
        self.samples = Samples()
        self._exposition, self._clock = exposition, clock
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scraper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(SCRAPE_SECONDS):
            try:
                self.samples.scrape(self._exposition(), self._clock.seconds())
            except OSError:
                continue  # a scrape that fails is missing, as in any Prometheus


class Measurer:
    """Answers the providers of metrics."""

    def __init__(self, samples: Samples, clock: Clock, services: Mapping[str, str]) -> None:
        """``services``: host of a service in the cluster -> the loopback address of the process that plays it."""
        self._samples, self._clock = samples, clock
        self._services = {host: require(address) for host, address in services.items()}
        self.answers: list[dict[str, Any]] = []
        """What services answered, in order; ``at`` is the declared second."""

    def __call__(self, provider: Mapping[str, Any]) -> Any:
        """A number or the values of a vector; raises an exception where there is no answer."""
        match dict(provider):
            case {"prometheus": query}:
                found = Evaluator(self._samples, self._clock.seconds()).query(query["query"])
                return [round(value, 6) for value in found] if isinstance(found, list) else found
            case {"web": request}:
                return self._web(request)
        raise MeasureError(f"provider: accepted: prometheus or web: received: {', '.join(provider)}")

    def _web(self, request: Mapping[str, Any]) -> Any:
        if request.get("method") != "POST" or "jsonBody" not in request:
            raise MeasureError(f"web: accepted: POST with jsonBody: received: {json.dumps(request)[:200]}")
        parts = urlsplit(request["url"])
        address = self._services.get(str(parts.hostname))
        if address is None:
            known = ", ".join(self._services)
            raise MeasureError(f"web.url: accepted: a service that runs here ({known}): received: {request['url']}")
        answer = post_json(address + parts.path, request["jsonBody"], float(request.get("timeoutSeconds", 10)))
        self.answers.append({"at": self._clock.seconds(), **answer})
        found = _found(answer, request.get("jsonPath", "{$}"))
        return found if not isinstance(found, float) or math.isfinite(found) else None


def _found(document: Any, path: str) -> Any:
    match = _PATH.fullmatch(path)
    if not match:
        raise MeasureError(f"web.jsonPath: accepted: {{$.name.name}}: received: {path}")
    for name in match[1].strip(".").split("."):
        document = document[name]
    return document
