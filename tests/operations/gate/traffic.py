"""Events of two arms, made by the second, and what a comparison of them is asked."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from slipway_ops.gate import config, instants
from slipway_ops.gate.config import GateConfig
from slipway_ops.gate.counts import Cohort, Counts
from slipway_ops.gate.events import Data, Found, count, find
from slipway_ops.gate.rows import Scope
from slipway_ops.gate.stages import Stage

MODEL, CHAMPION, CANDIDATE = "flight-delay", "flight-delay-20261101-aaaaaaaa", "flight-delay-20261118-bbbbbbbb"
START = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
DAY = "model=flight-delay/day=2026-11-18"


def instant(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def micros(seconds: float) -> int:
    return instants.of(START) + round(seconds * 1e6)


def document(**changes: Any) -> dict[str, Any]:
    """A good configuration; a key of the metric is given as ``metric_<key>``."""
    metric = {"name": "accuracy", "kind": "binary", "direction": "increase", "label": "correct", "minimum_effect": 0.1}
    metric |= {key.removeprefix("metric_"): changes.pop(key) for key in list(changes) if key.startswith("metric_")}
    fields = {"metric": metric, "minimum_sample": 400, "deadline_minutes": 600, "label_window_minutes": 1, **changes}
    return {key: value for key, value in fields.items() if value is not None}


def gate_config(**changes: Any) -> GateConfig:
    return config.parse(document(**changes))


def prediction(number: int, seconds: float, arm: str = "stable", **changes: Any) -> dict[str, Any]:
    event = {
        "model": MODEL,
        "release": CANDIDATE if arm == "canary" else CHAMPION,
        "variant": arm,
        "request_id": f"request-{number}",
        "ts": instant(seconds),
        "features": {"carrier": "AA", "distance": 300},
        "prediction": True,
        "score": 0.75,
        "latency_ms": 10.0,
        **changes,
    }
    return {key: value for key, value in event.items() if value is not ...}


def label(number: int, seconds: float, value: Any = True, **changes: Any) -> dict[str, Any]:
    return {"request_id": f"request-{number}", "ts": instant(seconds), "label": value, **changes}


def lines(path: Path, events: Iterable[Any], end: str = "\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = [event if isinstance(event, str) else json.dumps(event) for event in events]
    path.write_text("\n".join(texts) + (end if texts else ""))
    return path


def parquet(path: Path, events: list[dict[str, Any]], **types: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {
        name: [event.get(name) for event in events] for name in dict.fromkeys(key for one in events for key in one)
    }
    arrays = {name: pa.array(values) for name, values in columns.items()}
    for name, kind in types.items():
        nested = pa.types.is_nested(kind)
        arrays[name] = pa.array(columns[name], kind) if nested else arrays[name].cast(kind)
    pq.write_table(pa.table(arrays), path)
    return path


class Traffic:
    """Files of events in a folder, in the layout of a prediction log."""

    def __init__(self, root: Path) -> None:
        self.predictions, self.labels = root / "predictions", root / "labels"
        for folder in (self.predictions, self.labels):
            folder.mkdir(parents=True)

    def predict(self, *events: Any, name: str = "part.jsonl", end: str = "\n") -> Path:
        return lines(self.predictions / DAY / name, events, end)

    def label(self, *events: Any, name: str = "part.jsonl") -> Path:
        return lines(self.labels / DAY / name, events)

    def scope(self, gate: GateConfig, at: float = 3600, stages: tuple[tuple[int, float, float], ...] = ()) -> Scope:
        """``stages`` are weight, begin and end in seconds; the last one is open. Default: one of 50 % until ``at``."""
        shown = stages or ((50, -10, at),)
        found = [Stage(weight, micros(since), micros(until)) for weight, since, until in shown]
        found[-1] = Stage(found[-1].weight, found[-1].since, micros(at), open=True)
        return Scope(gate, MODEL, CANDIDATE, tuple(found), micros(at))

    def count(self, gate: GateConfig | None = None, at: float = 3600, stages: Any = ()) -> Found:
        scope = self.scope(gate or gate_config(clock_skew_seconds=1), at, stages)
        return count(scope, self.data(scope))

    def data(self, scope: Scope) -> Data:
        return find(scope, str(self.predictions), str(self.labels))

    def many(self, units: int = 2000, better: float = 0.3, seed: int = 1, share: float = 0.5) -> None:
        """A unit per request; the champion is right half of the time, the challenger ``better`` more often."""
        rng = np.random.default_rng(seed)
        canary, chance = rng.random(units) < share, rng.random(units)
        right = chance < 0.5 + better * canary
        arms = ["canary" if one else "stable" for one in canary]
        seconds = np.linspace(0, 600, units)
        self.predict(*(prediction(n, seconds[n], arms[n]) for n in range(units)))
        self.label(*(label(n, seconds[n] + 5, bool(right[n])) for n in range(units)))


def only(counts: Counts) -> Cohort:
    (cohort,) = counts.cohorts
    return cohort
