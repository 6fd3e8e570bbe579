"""The events of a release in a time: its features and answers counted, its labels joined as the gate joins them."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from slipway_ops.drift.config import DriftConfig, Measure
from slipway_ops.drift.profile import Profile, Quality
from slipway_ops.drift.quality import OUTCOMES, Area, Mean
from slipway_ops.drift.tally import Tallies
from slipway_ops.gate import columns, events, instants, join, sources
from slipway_ops.gate.columns import Column
from slipway_ops.gate.config import FIXED, GateConfig, Metric
from slipway_ops.gate.config import Guardrail as Other
from slipway_ops.gate.errors import refused
from slipway_ops.gate.parts import PARTS
from slipway_ops.gate.rows import Rows, Scope, View
from slipway_ops.gate.sources import Part
from slipway_ops.gate.stages import Stage
from slipway_ops.gate.units import outcome

WIDE = 40
"""Features from which one file is read at a time, because a reader holds some 3 MB for each."""
ARMS = ("stable", "canary")
"""Variants that answer users; a shadow's answers reach nobody."""


@dataclass(frozen=True)
class Window:
    """From the instant ``since`` until just before ``until``, as known at ``at``; microseconds since 1970."""

    since: int
    until: int
    at: int


@dataclass(frozen=True)
class _Scope(Scope):
    """A scope of the gate's that is about one release, whichever arm it was."""

    features: tuple[str, ...] = field(default=())

    def needed(self) -> list[Column]:
        """With each feature of the reference, and both answers."""
        found = {column.name: column for column in super().needed()}
        found.setdefault("prediction", Column("prediction", "value", required=False))
        found.setdefault("score", Column("score", "number", required=False))
        for name in self.features:
            found[f"features.{name}"] = Column(f"features.{name}", "feature", required=False)
        return list(found.values())


@dataclass(frozen=True)
class Seen:
    """What the events of a window say."""

    tallies: Tallies
    quality: dict[Measure, Quality]
    counts: dict[str, dict[str, int]]
    """What became of the events."""
    predictions: list[Part]
    labels: list[Part]


class _Rows(Rows):
    """The gate's rows of one release, whose features are counted as they pass."""

    def __init__(self, scope: _Scope, profile: Profile) -> None:
        super().__init__(scope)
        self.tallies = Tallies(profile)

    def _scope(self, view: View, ts: Any) -> tuple[Any, Any, Any]:
        scope = self.scope
        variant, release = view.read("variant", columns.words), view.read("release", columns.words)
        ours = view.read("model", columns.equal_or_missing, scope.model)
        arms = np.logical_or(*(columns.equal(variant, arm) for arm in ARMS))
        this = columns.equal(release, scope.candidate)
        inside = (ts >= scope.stages[0].since) & (ts < scope.stages[0].until)
        keep = ours & arms & this & inside
        self.count(
            read=len(ts),
            other_model=(~ours).sum(),
            other_variant=(ours & ~arms).sum(),
            other_release=(ours & arms & ~this).sum(),
            outside_window=(ours & arms & this & ~inside).sum(),
        )
        answered = keep & ~_failed(view)
        if answered.any():
            self._tally(view.some(answered))
        nothing = np.zeros(len(ts), np.uint8)
        return keep, nothing, nothing

    def _tally(self, view: View) -> None:
        for name, tally in self.tallies.features.items():
            view.read(f"features.{name}", tally.add)
        for name, tally in self.tallies.outputs.items():
            view.read(name, tally.add)


def _failed(view: View) -> Any:
    """Requests that failed have neither features nor an answer."""
    return (view.read("status", columns.numbers) >= 500) | view.read("error", columns.present)


def look(profile: Profile, config: DriftConfig, release: str, window: Window, places: tuple[str, str | None]) -> Seen:
    """Read and count the events; ``places`` are those of predictions and, where there are any, of labels.

    Raises ``GateError`` for the first event that is wrong.
    """
    measures = [measure for measure in config.quality if measure in profile.quality] if places[1] else []
    scope = _scope(profile, config, measures, release, window)
    first = date.fromisoformat(instants.day(window.since))
    last = date.fromisoformat(instants.day(window.until - 1))
    rows = _Rows(scope, profile)
    parts = sources.find(places[0], profile.model, first, last)
    wide = len(scope.features) > WIDE
    predictions = events.read(
        parts,
        scope.needed(),
        rows.add,
        lambda number: rows.count(unfinished=number),
        threads=1 if wide else join.THREADS,
    )
    join.single(rows)
    seen: dict[str, dict[str, int]] = {"predictions": dict(sorted(rows.seen.items()))}
    if not measures or places[1] is None:
        return Seen(rows.tallies, {}, seen, predictions, [])
    until = date.fromisoformat(instants.day(min(window.at, window.until + scope.window) + scope.skew))
    labels = join.Labels(rows)
    found = sources.find(places[1], profile.model, first, until)
    read = events.read(found, join.LABEL_COLUMNS, labels.add, lambda number: labels.count(unfinished=number))
    labels.finish()
    seen["labels"] = dict(sorted(labels.seen.items()))
    return Seen(rows.tallies, _quality(rows, measures), seen, predictions, read)


def serving(model: str, window: Window, place: str) -> str:
    """The release that answered most requests as the stable arm; raises ``GateError`` where none did."""
    first, last = (date.fromisoformat(instants.day(at)) for at in (window.since, window.until - 1))
    counts: dict[str, int] = {}

    def add(batch: Any) -> None:
        view = View(batch)
        ts = view.read("ts", columns.instants)
        keep = (ts >= window.since) & (ts < window.until) & columns.equal(view.read("variant", columns.words), ARMS[0])
        keep &= view.read("model", columns.equal_or_missing, model)
        if keep.any():
            codes, names = view.some(keep).read("release", columns.names)
            for name, number in zip(names, np.bincount(codes, minlength=len(names)).tolist(), strict=True):
                counts[name] = counts.get(name, 0) + number

    needed = [Column("model", "text", required=False), *(Column(name, "text") for name in ("release", "variant"))]
    events.read(sources.find(place, model, first, last), [*needed, Column("ts", "time")], add, lambda _: None)
    if not counts:
        accepted = f"predictions of {model} from {instants.text(window.since)} to {instants.text(window.until)}"
        raise refused(place, "events", accepted, None)
    return max(sorted(counts), key=lambda name: counts[name])


def _scope(profile: Profile, config: DriftConfig, measures: list[Measure], release: str, window: Window) -> _Scope:
    """The gate's configuration is only a way to say which outcomes a row has."""
    names: list[Any] = list(dict.fromkeys(OUTCOMES[measure] for measure in measures)) or ["value"]
    kind, direction = FIXED.get(names[0], ("mean", "increase"))
    metric = Metric(name="quality", kind=kind, direction=direction, label=names[0], minimum_effect=0.5)
    gate = GateConfig(
        metric=metric,
        deadline_minutes=config.label_window_minutes + 1,
        label_window_minutes=config.label_window_minutes,
        guardrails=[Other(name=name, margin=1.0) for name in names[1:]],
    )
    stages = (Stage(50, window.since, window.until, open=True),)
    return _Scope(gate, profile.model, release, stages, window.at, tuple(profile.features))


def _quality(rows: Rows, measures: list[Measure]) -> dict[Measure, Quality]:
    """Each measure, with the rows of a subject together."""
    rows.parts.drop("request", "failed", "latency", "arm", "stage", "ts")
    parts = rows.parts.moved("unit")
    means: dict[Measure, Mean] = {measure: Mean() for measure in measures if measure != "roc_auc"}
    area = Area()
    for number in range(PARTS):
        part = parts.part(number)
        for measure, mean in means.items():
            mean.add(outcome(OUTCOMES[measure], part, part["label"]), part["unit"])
        if "roc_auc" in measures:
            area.add(part["score"], part["label"])
    found = {measure: means[measure].quality() if measure in means else area.quality() for measure in measures}
    return {measure: value for measure, value in found.items() if value is not None}
