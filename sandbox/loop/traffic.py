"""Flights of the year, answered by releases: the prediction log and its labels, as servers and airports write them.

No server is asked: the flights of half a month are answered at once by the artifacts that the releases name. What is
written is what servers write, one event for each flight, in files by day.
"""

import hashlib
import importlib
import io
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from sandbox.loop.stack import EXAMPLE, MODEL, Stack

pc: Any = pyarrow.compute
"""Its functions are made when it is imported, so that no type checker sees them."""
LABEL_DELAY = timedelta(hours=12)
"""From the scheduled departure until it is known whether the flight was late."""
STABLE, CANARY = "stable", "canary"
_MIDNIGHT_HOURS = 5
"""Hours by which New York's midnight is behind UTC's."""
_LATENCY = 3.0


def example(module: str) -> Any:
    """A module of the example."""
    if str(EXAMPLE) not in sys.path:
        sys.path.insert(0, str(EXAMPLE))
    return importlib.import_module(module)


@dataclass(frozen=True)
class Half:
    """Half a month."""

    name: str
    since: datetime
    until: datetime
    """Not in it."""
    rows: Any
    """A table of flights with their outcome."""

    @classmethod
    def several(cls, names: Sequence[str]) -> dict[str, "Half"]:
        """Read the flights of halves."""
        months, found = example("months"), {}
        for name, rows in months.batches(names).items():
            first, end = months.period(name)
            since, until = (datetime(day.year, day.month, day.day, _MIDNIGHT_HOURS, tzinfo=UTC) for day in (first, end))
            found[name] = cls(name, since, until, rows)
        return found

    @property
    def labels(self) -> Any:
        """What happened: 1 for a late flight."""
        return self.rows["label"].to_numpy()

    def file(self, folder: Path) -> Path:
        """Its batch of data, as a file."""
        path: Path = example("months").write(self.rows, folder / self.name / "flights.parquet")
        return path

    def damaged(self, folder: Path) -> Path:
        """The same as the broken export writes it."""
        months = example("months")
        path: Path = months.write(months.damaged(self.rows), folder / f"{self.name}-damaged" / "flights.parquet")
        return path


class Answers:
    """What releases say about flights; an artifact is loaded once, by the hash that its record names."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._loaded: dict[str, Any] = {}
        self._said: dict[tuple[str, str], Any] = {}

    def scores(self, release: str, half: Half) -> Any:
        """Probability of being late, for each flight."""
        asked = release, half.name
        if asked not in self._said:
            artifact, _ = self._artifact(release)
            matrix = example("features").matrix(artifact["schema"], half.rows)
            self._said[asked] = artifact["model"].predict_proba(matrix)[:, 1]
        return self._said[asked]

    def threshold(self, release: str) -> float:
        """From which a flight is called late; a setting of the release."""
        return float(self._artifact(release)[1]["DECISION_THRESHOLD"])

    def _artifact(self, identifier: str) -> Any:
        if identifier not in self._loaded:
            import joblib
            from slipway_ops import artifact
            from slipway_ops.objects import Source
            from slipway_ops.release import ReleaseStore

            s3 = self._stack.client("s3")
            release = ReleaseStore(s3, self._stack.models).get(identifier)
            path, at = self._stack.root / "artifacts" / identifier, release.location
            path.parent.mkdir(exist_ok=True)
            source = Source(at.bucket, at.key, at.version_id)
            artifact.fetch(s3, source, release.content.artifact.sha256, path)
            self._loaded[identifier] = (joblib.load(path), release.content.settings)
        return self._loaded[identifier]


def arms(half: Half, canary: bool) -> Any:
    """Whether each flight is answered by the candidate: half of them, by a hash, where there is one."""
    if not canary:
        return np.zeros(len(half.rows), bool)
    return np.array([hashlib.sha256(row.encode()).digest()[0] < 128 for row in half.rows["row"]])


def play(stack: Stack, answers: Answers, half: Half, releases: Mapping[str, str]) -> None:
    """Write the events of half a month; ``releases`` are those of the arms, of which ``canary`` may be missing."""
    chosen = arms(half, CANARY in releases)
    score, late = np.empty(len(chosen)), np.empty(len(chosen), bool)
    for arm, release in releases.items():
        mine = chosen == (arm == CANARY)
        found = answers.scores(release, half)
        score[mine], late[mine] = found[mine], found[mine] >= answers.threshold(release)
    names = example("features").NAMES
    inside = pa.Table.from_pandas(half.rows[names], preserve_index=False).to_struct_array().combine_chunks()
    ts = pa.array(half.rows["ts"])
    predictions = {
        "model": [MODEL] * len(chosen),
        "release": [releases[CANARY if one else STABLE] for one in chosen],
        "variant": [CANARY if one else STABLE for one in chosen],
        "request_id": half.rows["row"].tolist(),
        "ts": ts,
        "features": inside,
        "prediction": late,
        "score": score,
        "latency_ms": [_LATENCY] * len(chosen),
    }
    labels = {
        "request_id": predictions["request_id"],
        "ts": pa.array(half.rows["ts"] + LABEL_DELAY),
        "label": half.labels,
    }
    for kind, columns in (("predictions", predictions), ("labels", labels)):
        _write(stack, kind, pa.table(columns), half)


def places(stack: Stack) -> dict[str, str]:
    """Where the events are."""
    return {kind: f"s3://{stack.datasets}/events/{kind}" for kind in ("predictions", "labels")}


def _write(stack: Stack, kind: str, table: Any, half: Half) -> None:
    """A file for each day of UTC."""
    s3 = stack.client("s3")
    days = table.column("ts").cast(pa.date32()).combine_chunks()
    for day in days.unique().to_pylist():
        body = io.BytesIO()
        pq.write_table(table.filter(pc.equal(days, pa.scalar(day))), body)
        key = f"events/{kind}/model={MODEL}/day={day}/{half.name}.parquet"
        s3.put_object(Bucket=stack.datasets, Key=key, Body=body.getvalue())


def quality(half: Half, scores: Any) -> dict[str, float]:
    """Brier score and area under the ROC curve of probabilities."""
    from sklearn.metrics import brier_score_loss, roc_auc_score

    return {"brier": float(brier_score_loss(half.labels, scores)), "roc_auc": float(roc_auc_score(half.labels, scores))}
