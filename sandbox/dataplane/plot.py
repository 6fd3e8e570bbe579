"""The interval of each comparison over time, as a picture."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True)
class Look:
    """One answer of the gate."""

    minutes: float
    """Declared minutes since the challenger's first request."""
    weight: int
    answer: str
    reason: str
    lower: float | None
    estimate: float | None
    upper: float | None
    record: str
    """Where its record is."""


@dataclass(frozen=True)
class Panel:
    """A comparison."""

    title: str
    ending: str
    note: str
    """What decided."""
    looks: Sequence[Look]
    minimum_effect: float
    deadline: float
    """Declared minutes."""


def look(answer: dict[str, Any]) -> Look:
    """What the record of an answer says."""
    record = json.loads(path(answer["record"]).read_text())
    interval = record["decision"].get("interval") or {}
    first = record["stages"][0]["since"] if record.get("stages") else record["decided_at"]
    return Look(
        minutes=_minutes(first, record["decided_at"]),
        weight=record["weight"],
        answer=answer["answer"],
        reason=answer["reason"],
        lower=interval.get("lower"),
        estimate=interval.get("estimate"),
        upper=interval.get("upper"),
        record=answer["record"],
    )


def path(uri: str) -> Path:
    """The local file of a record."""
    return Path(unquote(urlsplit(uri).path)) if uri.startswith("file://") else Path(uri)


def draw(panels: Sequence[Panel], target: Path) -> None:
    """One picture of all comparisons."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(len(panels), 1, figsize=(9, 2.4 * len(panels)), squeeze=False)
    for panel, axis in zip(panels, axes[:, 0], strict=True):
        known = [item for item in panel.looks if item.estimate is not None]
        axis.set_title(f"{panel.title}: {panel.ending}", loc="left", fontsize=9)
        axis.axhline(0, color="black", linewidth=0.6)
        axis.axhline(panel.minimum_effect, color="tab:green", linewidth=0.6, linestyle="--", label="minimum effect")
        if known:
            at = [item.minutes for item in known]
            low, high = ([getattr(item, end) for item in known] for end in ("lower", "upper"))
            axis.vlines(at, low, high, color="tab:blue", linewidth=1, alpha=0.6)
            axis.fill_between(at, low, high, alpha=0.2, label="confidence sequence")
            axis.plot(at, [item.estimate for item in known], marker=".", linewidth=1, label="estimate")
            axis.legend(fontsize=7, loc="upper right", ncols=3)
        axis.text(0.01, 0.06, panel.note, fontsize=8, transform=axis.transAxes)
        axis.set_xlim(0, panel.deadline * 1.05)
        axis.set_ylim(-0.2, 0.2)
        axis.set_ylabel("improvement", fontsize=8)
        axis.tick_params(labelsize=8)
    axes[-1, 0].set_xlabel("declared minutes since the challenger's first request", fontsize=8)
    figure.tight_layout()
    figure.savefig(target, dpi=110)
    pyplot.close(figure)


def _minutes(first: str, last: str) -> float:
    from datetime import datetime

    return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds() / 60
