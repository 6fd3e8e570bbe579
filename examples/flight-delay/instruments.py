"""What the model server exposes to Prometheus: the metrics that every model service of slipway has.

Every series carries ``model``, ``release`` and ``variant``, so that a rollout can compare two releases of one model.
"""

import time
from collections.abc import Generator
from contextlib import contextmanager

from prometheus_client import CONTENT_TYPE_LATEST as CONTENT_TYPE
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

__all__ = ["CONTENT_TYPE", "Instruments", "Outcome"]

disable_created_metrics()  # type: ignore[no-untyped-call] # else a second series for every one, which nobody reads

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5)
"""Seconds. An objective's limit should be one of them: between two its share can only be estimated."""


class Outcome:
    """The HTTP status that a request ends with; 500 until something better is known."""

    code = 500


class Instruments:
    """The metrics of one server process."""

    def __init__(self, model: str, release: str, variant: str, max_in_flight: int) -> None:
        common = {"model": model, "release": release, "variant": variant}
        names = list(common)
        self._registry = CollectorRegistry()
        self._common = common
        self._requests = Counter("slipway_requests", "Requests by code.", [*names, "code"], registry=self._registry)
        self._seconds = Histogram(
            "slipway_request_seconds", "Seconds to answer a request.", names, buckets=BUCKETS, registry=self._registry
        ).labels(**common)
        self._in_flight = Gauge(
            "slipway_requests_in_flight", "Requests being answered.", names, registry=self._registry
        ).labels(**common)
        self._saturation = Gauge(
            "slipway_saturation", "Requests being answered, as a share of the limit.", names, registry=self._registry
        ).labels(**common)
        self._unseen = Counter(
            "slipway_unseen_categories",
            "Values that training had not seen; the model takes them for missing.",
            [*names, "feature"],
            registry=self._registry,
        )
        self._most, self._now = max_in_flight, 0
        self._gauge(0)

    @property
    def full(self) -> bool:
        """Whether another request would exceed the limit."""
        return self._now >= self._most

    @contextmanager
    def request(self) -> Generator[Outcome]:
        """Measure one request; the caller says its code. Call from the event loop only."""
        outcome, started = Outcome(), time.perf_counter()
        self._gauge(1)
        try:
            yield outcome
        finally:
            self._gauge(-1)
            self._seconds.observe(time.perf_counter() - started)
            self._requests.labels(**self._common, code=str(outcome.code)).inc()

    def refused(self) -> None:
        """Count a request turned away because the server is full; its time would only flatter the latency."""
        self._requests.labels(**self._common, code="503").inc()

    def unseen(self, feature: str) -> None:
        """Count one value of ``feature`` that training had not seen."""
        self._unseen.labels(**self._common, feature=feature).inc()

    def exposition(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self._registry)

    def _gauge(self, change: int) -> None:
        self._now += change
        self._in_flight.set(self._now)
        self._saturation.set(self._now / self._most)
