"""What Prometheus would have scraped: Envoy's counters over time, in the declared clock's seconds."""

import itertools
import math
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

Labels = dict[str, str]

_LINE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)",?')
_LOOKBACK = 300.0
"""Seconds for which an instant query believes the last sample, as Prometheus does."""


@dataclass
class Series:
    """One metric with one set of labels; a missing value says that it was gone at that time."""

    name: str
    labels: Labels
    times: list[float] = field(default_factory=list)
    values: list[float | None] = field(default_factory=list)

    def at(self, when: float) -> float | None:
        """The value that an instant query sees."""
        for time, value in zip(reversed(self.times), reversed(self.values), strict=True):
            if time <= when:
                return value if when - time < _LOOKBACK else None
        return None

    def within(self, start: float, end: float) -> list[tuple[float, float]]:
        """The samples after ``start`` until ``end``."""
        pairs = zip(self.times, self.values, strict=True)
        return [(time, value) for time, value in pairs if start < time <= end and value is not None]


class Samples:
    """Scrapes, kept in memory."""

    def __init__(self, prefix: str = "envoy_cluster_") -> None:
        """Only metrics whose names begin with ``prefix`` are kept."""
        self._prefix = prefix
        self._series: dict[tuple[str, frozenset[tuple[str, str]]], Series] = {}
        self._lock = threading.Lock()

    def scrape(self, text: str, when: float) -> None:
        """Take an exposition in Prometheus' text format. A series that is no longer in it is gone from now on."""
        seen = set()
        with self._lock:
            for name, labels, value in parsed(text, self._prefix):
                key = (name, frozenset(labels.items()))
                seen.add(key)
                series = self._series.setdefault(key, Series(name, labels))
                series.times.append(when)
                series.values.append(value)
            for key, series in self._series.items():
                if key not in seen and series.values[-1] is not None:
                    series.times.append(when)
                    series.values.append(None)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._series.clear()

    def of(self, name: str) -> list[Series]:
        """The series of a metric, as they are now."""
        with self._lock:
            return [
                Series(series.name, series.labels, [*series.times], [*series.values])
                for (found, _), series in self._series.items()
                if found == name
            ]


def parsed(text: str, prefix: str = "") -> Iterator[tuple[str, Labels, float]]:
    """Name, labels and value of each line that begins with ``prefix``."""
    for line in text.splitlines():
        if line.startswith(prefix) and not line.startswith("#"):
            match = _LINE.match(line)
            if match:
                labels = {name: _unescaped(value) for name, value in _LABEL.findall(match[2] or "")}
                yield match[1], labels, float(match[3])


def increase(samples: list[tuple[float, float]], start: float, end: float) -> float | None:
    """How much a counter grew from ``start`` to ``end``, extrapolated to the whole range as Prometheus does it.

    None where there are fewer than two samples. Source: promql/functions.go, ``extrapolatedRate``.
    """
    if len(samples) < 2:
        return None
    grown = samples[-1][1] - samples[0][1]
    for (_, before), (_, after) in itertools.pairwise(samples):
        if after < before:  # the counter began anew
            grown += before
    first, last = samples[0][0], samples[-1][0]
    sampled = last - first
    if sampled == 0:
        return None
    average = sampled / (len(samples) - 1)
    to_start, to_end = first - start, end - last
    threshold = average * 1.1
    if to_start >= threshold:
        to_start = average / 2
    if grown > 0 and samples[0][1] >= 0:  # a counter is never below zero
        to_start = min(to_start, sampled * samples[0][1] / grown)
    if to_end >= threshold:
        to_end = average / 2
    return grown * (sampled + to_start + to_end) / sampled


def quantile(q: float, buckets: list[tuple[float, float]]) -> float:
    """The ``q`` quantile of a histogram of (upper bound, cumulative count), by linear interpolation.

    NaN where nothing was counted. Source: promql/quantile.go, ``bucketQuantile``.
    """
    if math.isnan(q):
        return math.nan
    if q < 0 or q > 1:
        return math.copysign(math.inf, q - 0.5)
    buckets = sorted(buckets)
    if len(buckets) < 2 or buckets[-1][0] != math.inf:
        return math.nan
    total = buckets[-1][1]
    if total == 0 or math.isnan(total):
        return math.nan
    rank = q * total
    index = next(number for number, (_, count) in enumerate(buckets) if count >= rank)
    if index == len(buckets) - 1:
        return buckets[-2][0]
    if index == 0 and buckets[0][0] <= 0:
        return buckets[0][0]
    below, counted = buckets[index - 1] if index else (0.0, 0.0)
    bound, count = buckets[index]
    if count == counted:
        return bound
    return below + (bound - below) * (rank - counted) / (count - counted)


def _unescaped(value: str) -> str:
    return value.replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
