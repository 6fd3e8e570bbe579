"""Prediction events as compact rows: some 40 bytes each, whatever the events hold."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from slipway_ops.gate import columns
from slipway_ops.gate.columns import Column, Wrong
from slipway_ops.gate.config import GateConfig
from slipway_ops.gate.errors import refused
from slipway_ops.gate.hashing import mixed
from slipway_ops.gate.parts import MOST, Full, Parts
from slipway_ops.gate.reader import Batch
from slipway_ops.gate.stages import Stage

VALUES = 50
"""Different values that a slice's feature may have."""


@dataclass(frozen=True)
class Scope:
    """Which events a comparison is about."""

    config: GateConfig
    model: str
    candidate: str
    stages: tuple[Stage, ...]
    at: int
    """The decision's instant, in microseconds since 1970."""

    @property
    def skew(self) -> int:
        """Microseconds by which clocks may differ."""
        return round(self.config.clock_skew_seconds * 1e6)

    @property
    def window(self) -> int:
        """Microseconds for which a prediction waits for its label."""
        return round(self.config.label_window_minutes * 60e6)

    @property
    def uses_prediction(self) -> bool:
        """Whether an outcome needs the prediction's value."""
        return any(measure not in ("value", "brier") for measure in self.config.measures)

    @property
    def uses_score(self) -> bool:
        """Whether an outcome needs the score."""
        return "brier" in self.config.measures

    def needed(self) -> list[Column]:
        """The columns of a prediction event that are read."""
        found = [
            Column("model", "text", required=False),  # the partition names it too
            Column("release", "text"),
            Column("variant", "text"),
            Column("request_id", "text"),
            Column("subject", "text", required=False),
            Column("ts", "time"),
            Column("latency_ms", "number", required=False),
            Column("status", "number", required=False),
            Column("error", "text", required=False),
        ]
        if self.uses_prediction:
            found.append(Column("prediction", "value", required=False))  # a failed request has none
        if self.uses_score:
            found.append(Column("score", "number", required=False))
        found += [Column(f"features.{part.feature}", "feature", required=False) for part in self.config.slices]
        return found


class View:
    """Reads columns of a batch, or of some of its rows, and says where a wrong value is."""

    def __init__(self, batch: Batch, keep: Any = None) -> None:
        self._batch = batch
        self._rows = None if keep is None or keep.all() else np.flatnonzero(keep)

    def some(self, keep: Any) -> "View":
        """Of a view of a whole batch, some rows."""
        return View(self._batch, keep)

    def read(self, name: str, how: Callable[..., Any], *more: Any) -> Any:
        """What ``how`` makes of a column; raises ``GateError`` that names the row and the field."""
        column = self._batch.column(name)
        try:
            return how(column if self._rows is None else column.take(self._rows), *more)
        except Wrong as error:
            row = error.row if self._rows is None else int(self._rows[error.row])
            raise refused(self._batch.where(row), name, error.accepted, error.received) from None


class Rows:
    """The predictions of a comparison; threads may add to them."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.seen: dict[str, int] = {}
        self.texts: dict[str, bool] = {}
        """Whether the values of a field are text."""
        self.values: list[dict[str, int]] = [{} for _ in scope.config.slices]
        """Number of each value of a slice's feature."""
        self.champions: set[str] = set()
        """Releases that answered as the stable arm."""
        self._lock = threading.Lock()
        types: dict[str, Any] = {
            "request": np.uint64,
            "unit": np.uint64,
            "ts": np.int64,
            "arm": np.uint8,
            "stage": np.uint8,
            "failed": np.uint8,
            "latency": np.float32,
        }
        if scope.uses_prediction:
            types["prediction"] = np.float64
        if scope.uses_score:
            types["score"] = np.float64
        types |= {f"slice{number}": np.uint8 for number in range(len(scope.config.slices))}
        self.parts = Parts(types)

    def count(self, **numbers: int) -> None:
        """Add to what became of the events."""
        with self._lock:
            for name, number in numbers.items():
                self.seen[name] = self.seen.get(name, 0) + int(number)

    def add(self, batch: Batch) -> None:
        """Keep the rows of a batch that the comparison is about."""
        everything = View(batch)
        ts = everything.read("ts", columns.instants)
        keep, arm, stage = self._scope(everything, ts)
        if not keep.any():
            return
        kept = View(batch, keep)
        request = kept.read("request_id", columns.ids)
        found = {
            "request": request,
            "unit": kept.read("subject", columns.subjects, request),
            "ts": ts[keep],
            "arm": arm[keep],
            "stage": stage[keep],
            "failed": (kept.read("status", columns.numbers) >= 500) | kept.read("error", columns.present),
            "latency": kept.read("latency_ms", columns.numbers).astype(np.float32),
        }
        if self.scope.uses_prediction:
            found["prediction"] = self.typed("prediction", kept.read("prediction", columns.codes), batch.subject)
        if self.scope.uses_score:
            found["score"] = kept.read("score", columns.numbers)
        for number, part in enumerate(self.scope.config.slices):
            found[f"slice{number}"] = self._codes(number, kept.read(f"features.{part.feature}", columns.names))
        try:
            self.parts.add("request", self._sampled(found))
        except Full:
            accepted = f"ids that differ, of at most {MOST} predictions; a lower sample_percent reads fewer"
            raise refused("predictions", "request_id", accepted, "more, or too many of one id") from None

    def typed(self, field: str, found: tuple[Any, bool], subject: str) -> Any:
        """The codes that were found, if all before were text too, or numbers too."""
        codes, text = found
        if np.isnan(codes).all():
            return codes
        with self._lock:
            before = self.texts.setdefault(field, text)
        if before is not text:
            words = {True: "text", False: "numbers or truth values"}
            raise refused(subject, field, f"{words[before]}, as elsewhere", words[text])
        return codes

    def _scope(self, view: View, ts: Any) -> tuple[Any, Any, Any]:
        """Which rows are of this model, an arm and a stage; their arm; their stage."""
        scope = self.scope
        variant, release = view.read("variant", columns.words), view.read("release", columns.words)
        ours = view.read("model", columns.equal_or_missing, scope.model)
        canary, stable = columns.equal(variant, "canary"), columns.equal(variant, "stable")
        candidate = columns.equal(release, scope.candidate)
        arms = ours & ((canary & candidate) | (stable & ~candidate))
        stage = np.zeros(len(ts), np.uint8)
        inside = np.zeros(len(ts), bool)
        for number, one in enumerate(scope.stages):
            until = one.until + scope.skew if one.open else one.until - scope.skew
            within = (ts >= one.since + scope.skew) & (ts <= until)
            stage[within] = number
            inside |= within
        keep = arms & inside
        champions = columns.different(release, keep & stable)
        with self._lock:
            self.champions |= champions
        self.count(
            read=len(ts),
            other_model=(~ours).sum(),
            other_variant=(ours & ~canary & ~stable).sum(),
            other_release=(ours & (canary | stable) & ~arms).sum(),
            outside_stages=(arms & ~inside).sum(),
        )
        return keep, canary.astype(np.uint8), stage

    def _sampled(self, found: dict[str, Any]) -> dict[str, Any]:
        percent = self.scope.config.sample_percent
        if percent >= 100:
            return found
        keep = mixed(found["unit"]) < np.uint64(percent / 100 * (2**64 - 1))
        self.count(not_sampled=int((~keep).sum()))
        return {name: values[keep] for name, values in found.items()}

    def _codes(self, number: int, found: tuple[Any, list[str]]) -> Any:
        indices, names = found
        known = self.values[number]
        with self._lock:
            for name in names:
                known.setdefault(name, len(known))
            table = np.array([known[name] for name in names], np.int64)
        if len(known) > VALUES:
            feature = self.scope.config.slices[number].feature
            raise refused("gate", f"slices.{number}.feature", f"one of at most {VALUES} values", f"{feature}: more")
        return table[indices].astype(np.uint8)
