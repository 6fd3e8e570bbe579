"""A model with five features: rows of its training, days of its production, and looks at them."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from slipway_ops.content import Feature
from slipway_ops.drift.config import DriftConfig, parse
from slipway_ops.drift.looking import Reference, look
from slipway_ops.drift.making import Names, make
from slipway_ops.drift.profile import Profile
from slipway_ops.drift.record import Record
from slipway_ops.drift.window import Window
from slipway_ops.gate import instants

MODEL, RELEASE = "demand", "demand-20260901-aaaaaaaa"
FIRST = date(2026, 11, 1)
FEATURES = ("amount", "age", "weekday", "shop", "member")


def rows(count: int, rng: np.random.Generator) -> dict[str, Any]:
    """Rows whose label hangs on ``amount``; the score is what a fair model would say."""
    amount = rng.normal(size=count)
    score = 1 / (1 + np.exp(-amount))
    return {
        "amount": amount,
        "age": rng.lognormal(3, 0.5, count),
        "weekday": rng.integers(0, 7, count),
        "shop": rng.choice(["north", "south", "west"], count, p=[0.6, 0.3, 0.1]),
        "member": rng.random(count) < 0.4,
        "score": score,
        "prediction": score > 0.5,
        "label": (rng.random(count) < score).astype(np.int64),
    }


@dataclass
class Shop:
    """Its files, in a folder."""

    root: Path
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))
    asked: int = 0

    @property
    def places(self) -> tuple[str, str]:
        return str(self.root / "predictions"), str(self.root / "labels")

    def train(self, count: int = 20_000, features: list[Feature] | None = None, **changes: Any) -> Profile:
        """Rows of training, and the reference of them."""
        found = {**rows(count, self.rng), **changes}
        path = self.root / "reference.parquet"
        pq.write_table(pa.table({name: column for name, column in found.items() if column is not None}), path)
        profile = make(MODEL, path, features, Names())
        (self.root / "profile.json").write_bytes(profile.json_bytes())
        return profile

    def day(
        self, number: int, count: int = 1000, release: str = RELEASE, variant: str = "stable", **changes: Any
    ) -> None:
        """A day of events and their labels; a change is a column, or None for none."""
        day = FIRST + timedelta(days=number)
        found = {**rows(count, self.rng), **changes}
        count = len(found["score"])
        start = instants.of(datetime(day.year, day.month, day.day, tzinfo=UTC))
        ts = pa.array(start + np.sort(self.rng.integers(0, 86_400_000_000, count)), pa.timestamp("us", "UTC"))
        ids = [f"request-{self.asked + one}" for one in range(count)]
        features = {name: pa.array(found[name]) for name in FEATURES if found[name] is not None}
        events = {
            "model": [MODEL] * count,
            "release": [release] * count,
            "variant": [variant] * count,
            "request_id": ids,
            "ts": ts,
            "features": pa.StructArray.from_arrays(list(features.values()), list(features)),
            "prediction": found["prediction"],
            "score": found["score"],
            "latency_ms": [3.0] * count,
        }
        labels = {"request_id": ids, "ts": ts, "label": found["label"]}
        for kind, table in (("predictions", events), ("labels", labels)):
            path = self.root / kind / f"model={MODEL}" / f"day={day}" / f"part-{self.asked}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.table(table), path)
        self.asked += count

    def look(self, profile: Profile, days: int = 1, labels: bool = True, **config: Any) -> Record:
        """At the days from the first on."""
        since = instants.of(datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC))
        until = since + days * 86_400_000_000
        reference = Reference.of(profile.json_bytes(), "profile.json")
        predictions, place = self.places
        found: DriftConfig = parse(config)
        where = (predictions, place if labels else None)
        return look(reference, found, RELEASE, Window(since, until, until + 86_400_000_000), where)
