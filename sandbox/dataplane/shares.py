"""What the traffic really did, beside what was declared: weights, mirror, users that stay."""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from sandbox.dataplane.clock import Clock
from sandbox.dataplane.samples import Samples

_SIGMAS = 4.0
"""By how many standard deviations a share may be off what is declared: by chance once in 16,000 times."""


@dataclass(frozen=True)
class Share:
    """A measured share."""

    what: str
    declared: float
    part: int
    whole: int

    @property
    def measured(self) -> float:
        """The share."""
        return self.part / self.whole if self.whole else math.nan

    @property
    def fits(self) -> bool:
        """Whether chance explains the difference."""
        spread = math.sqrt(self.declared * (1 - self.declared) / self.whole) if self.whole else 0.0
        return self.whole > 0 and abs(self.measured - self.declared) <= _SIGMAS * spread + 0.005

    def __str__(self) -> str:
        off = "" if self.fits else "  <- NOT what is declared"
        return f"{self.what}: declared {self.declared:.1%}, measured {self.measured:.1%} of {self.whole:,}{off}"


def entries(log: Path) -> list[dict[str, Any]]:
    """The access log's lines, whole ones only."""
    if not log.exists():
        return []
    text = log.read_text()
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def weights(log: Iterable[Mapping[str, Any]], set_at: list[tuple[float, int]], clock: Clock) -> list[Share]:
    """The canary's share of users at each weight that lasted; ``set_at`` is declared seconds and weight."""
    found = []
    for (since, weight), (until, _) in pairwise([*set_at, (math.inf, 0)]):
        if not 0 < weight < 100:
            continue
        arms = _arms(log, since, until, clock)
        canary = sum(1 for seen in arms.values() if "canary" in seen)
        found.append(Share(f"users at weight {weight}", weight / 100, canary, len(arms)))
    return found


def sticky(log: Iterable[Mapping[str, Any]], set_at: list[tuple[float, int]], clock: Clock) -> Share | None:
    """Of the users who came more than once at a weight, those who saw one arm only."""
    one = several = 0
    for (since, weight), (until, _) in pairwise([*set_at, (math.inf, 0)]):
        if 0 < weight < 100:
            visits: dict[str, int] = defaultdict(int)
            for entry in _within(log, since, until, clock):
                visits[entry["user"]] += 1
            arms = _arms(log, since, until, clock)
            again = [user for user, number in visits.items() if number > 1]
            several += len(again)
            one += sum(1 for user in again if len(arms[user]) == 1)
    return Share("users who came again and stayed with their arm", 1.0, one, several) if several else None


def mirrored(samples: Samples, namespace: str, route: str, percent: int) -> Share | None:
    """The shadow's share of the requests of the stable arm, while there was a shadow; by Envoy's own counters."""
    prefix = f"httproute/{namespace}/{route}/rule/0"
    name = "envoy_cluster_upstream_rq_total"
    series = {found.labels.get("envoy_cluster_name", ""): found for found in samples.of(name)}
    shadow = next((found for key, found in series.items() if key.startswith(f"{prefix}-mirror-")), None)
    stable = series.get(f"{prefix}/backend/0")
    if shadow is None or stable is None:
        return None
    times = [time for time, value in zip(shadow.times, shadow.values, strict=True) if value is not None]
    copies = _grown(shadow.within(times[0] - 1, times[-1]))
    originals = _grown(stable.within(times[0] - 1, times[-1]))
    return Share("requests copied to the shadow", percent / 100, round(copies), round(originals))


def _grown(samples: list[tuple[float, float]]) -> float:
    return samples[-1][1] - samples[0][1] if samples else 0.0


def _arms(log: Iterable[Mapping[str, Any]], since: float, until: float, clock: Clock) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for entry in _within(log, since, until, clock):
        found[entry["user"]].add(entry["arm"])
    return found


def _within(log: Iterable[Mapping[str, Any]], since: float, until: float, clock: Clock) -> Iterable[Mapping[str, Any]]:
    """Requests of users that came and went while the weight was certainly the same."""
    for entry in log:
        if not entry.get("user") or not entry.get("arm"):
            continue
        arrived = (datetime.fromisoformat(entry["time"]) - clock.start).total_seconds() * clock.speed
        if since < arrived and arrived + entry["ms"] / 1000 * clock.speed < until:
            yield entry
