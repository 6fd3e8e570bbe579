"""The played year: its halves, who answers which flight, and events that gate and drift can read."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from slipway_ops.drift.window import Window, serving
from slipway_ops.gate import instants

from sandbox.loop import tools, traffic
from sandbox.loop.commands import CommandError, slipway
from sandbox.loop.playing import DAMAGED, FIRST, LATER
from sandbox.loop.stack import MODEL
from sandbox.loop.tools import ToolError
from sandbox.loop.traffic import CANARY, STABLE, Half

CHAMPION, CANDIDATE = "flight-delay-20261101-aaaaaaaa", "flight-delay-20261118-bbbbbbbb"


@pytest.fixture(scope="module")
def half() -> Half:
    return Half.several(["2013-02b"])["2013-02b"]


@dataclass
class Folder:
    """A stack of which there is a bucket, which is a folder."""

    root: Path
    datasets: str = "datasets"
    written: list[str] = field(default_factory=list)

    def client(self, service: str) -> "Folder":
        assert service == "s3"
        return self

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:
        assert Bucket == self.datasets
        path = self.root / Key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(Body)
        self.written.append(Key)


class Answers:
    """The champion says 0.1, the candidate 0.9."""

    def scores(self, release: str, half: Half) -> Any:
        return np.full(len(half.rows), 0.1 if release == CHAMPION else 0.9)

    def threshold(self, release: str) -> float:
        return 0.4


@pytest.fixture
def played(half: Half, tmp_path: Path) -> Iterator[Folder]:
    folder: Any = Folder(tmp_path)
    answers: Any = Answers()
    traffic.play(folder, answers, half, {STABLE: CHAMPION, CANARY: CANDIDATE})
    yield folder


def test_the_year_is_played_in_order_and_every_half_once() -> None:
    months = traffic.example("months").names()
    assert [*FIRST, *LATER] == months[: len(FIRST) + len(LATER)]
    assert DAMAGED in LATER


def test_a_half_is_all_of_its_flights(half: Half, tmp_path: Path) -> None:
    assert (len(half.rows), half.labels.sum() > 0) == (11_542, True)
    ts = half.rows["ts"]
    assert ts.min() >= half.since
    assert ts.max() < half.until
    assert pq.read_table(half.file(tmp_path)).num_rows == 11_542
    assert pq.read_table(half.damaged(tmp_path)).num_rows > 11_542


def test_half_of_the_flights_are_the_candidates_and_always_the_same(half: Half) -> None:
    chosen = traffic.arms(half, canary=True)
    assert abs(chosen.mean() - 0.5) < 0.02
    assert (chosen == traffic.arms(half, canary=True)).all()
    assert not traffic.arms(half, canary=False).any()


def test_the_events_are_by_day_and_each_arm_answers_its_own(half: Half, played: Folder) -> None:
    assert len(played.written) == 2 * 14  # a night of New York is the next day of UTC
    table = pq.read_table(played.root / "events" / "predictions", partitioning=None)
    assert table.num_rows == len(half.rows)
    rows = table.select(["variant", "release", "score", "prediction"]).to_pylist()
    by_arm = {
        arm: {name: {row[name] for row in rows if row["variant"] == arm} for name in ("release", "score", "prediction")}
        for arm in (STABLE, CANARY)
    }
    assert by_arm[STABLE] == {"release": {CHAMPION}, "score": {0.1}, "prediction": {False}}
    assert by_arm[CANARY] == {"release": {CANDIDATE}, "score": {0.9}, "prediction": {True}}
    labels = pq.read_table(played.root / "events" / "labels", partitioning=None)
    assert set(labels["request_id"].to_pylist()) == set(table["request_id"].to_pylist())


def test_drift_finds_who_serves(half: Half, played: Folder) -> None:
    window = Window(instants.of(half.since), instants.of(half.until), instants.of(half.until))
    assert serving(MODEL, window, str(played.root / "events" / "predictions")) == CHAMPION


def test_without_its_programs_the_loop_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tools, "READY", tmp_path / "none")
    with pytest.raises(ToolError, match=r"\.venv-loop: accepted: the environment of MLflow and DVC"):
        tools.check()


def test_a_command_that_fails_says_what_it_said() -> None:
    with pytest.raises(CommandError, match="slipway drift run: --bus: accepted: the event bus's name or ARN"):
        slipway({}, "drift", "run")
    assert slipway({}, "drift", "schema")["title"] == "DriftConfig"
