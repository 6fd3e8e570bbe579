"""Ten million predictions of two arms with their labels, and what counting them takes.

python -m bench.traffic FOLDER FILE counts what ``write`` put into FOLDER and writes seconds and peak memory to FILE.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

MODEL, CHAMPION, CANDIDATE = "flight-delay", "flight-delay-20261101-aaaaaaaa", "flight-delay-20261118-bbbbbbbb"
FILES = 20
SUBJECTS = 3_000_000
_DAY = 86_400_000_000
_START = 20_775 * _DAY
"""Midnight of 2026-11-18, in microseconds since 1970."""
CONFIG = {
    "metric": {
        "name": "accuracy",
        "kind": "binary",
        "direction": "increase",
        "label": "correct",
        "minimum_effect": 0.005,
        "baseline": 0.75,
    },
    "deadline_minutes": 10_000,
    "label_window_minutes": 10,
    "guardrails": [{"name": "errors", "margin": 0.01}, {"name": "latency_ms", "margin": 5.0}],
}


def write(folder: Path, events: int, seed: int = 1) -> None:
    """Files of ``events`` predictions and as many labels; the challenger is right one point more often."""
    rng = np.random.default_rng(seed)
    subjects = rng.integers(0, 2**63, (SUBJECTS, 2), dtype=np.uint64)
    rows = events // FILES
    for number in range(FILES):
        request = rng.integers(0, 2**63, (rows, 2), dtype=np.uint64)
        who = rng.integers(0, SUBJECTS, rows)
        canary = subjects[who, 0] % 2 == 1
        ts = _START + np.sort(rng.integers(0, _DAY - 1, rows))
        score = rng.random(rows)
        right = rng.random(rows) < 0.75 + 0.01 * canary
        ids, stamp = _text(request), pa.timestamp("us", "UTC")
        predictions = {
            "model": pa.array(np.repeat(MODEL, rows)),
            "release": pa.array(np.where(canary, CANDIDATE, CHAMPION)),
            "variant": pa.array(np.where(canary, "canary", "stable")),
            "request_id": ids,
            "subject": _text(subjects[who]),
            "ts": pa.array(ts, stamp),
            "prediction": pa.array(score > 0.5),
            "score": pa.array(score),
            "latency_ms": pa.array(rng.gamma(4, 5, rows)),
        }
        labels = {"request_id": ids, "ts": pa.array(ts + 60_000_000, stamp), "label": pa.array((score > 0.5) == right)}
        for name, table in (("predictions", predictions), ("labels", labels)):
            path = folder / name / f"model={MODEL}" / "day=2026-11-18" / f"{number:02}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.table(table), path, row_group_size=250_000)


def count(folder: Path) -> dict[str, Any]:
    """Seconds and peak MiB of finding, reading, joining, counting and deciding, and what came out."""
    from slipway_ops.gate import config, events
    from slipway_ops.gate.decision import decide
    from slipway_ops.gate.rows import Scope
    from slipway_ops.gate.stages import Stage

    started = time.monotonic()
    gate = config.parse(CONFIG)
    until = _START + _DAY
    scope = Scope(gate, MODEL, CANDIDATE, (Stage(50, _START, until, open=True),), until)
    found = events.count(scope, events.find(scope, str(folder / "predictions"), str(folder / "labels")))
    answer = decide(gate, found.counts, found.champions, 60.0).answer
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    used = found.counts.labels["used"]
    return {"seconds": time.monotonic() - started, "mib": peak, "answer": str(answer), "used": used}


def _text(words: Any) -> Any:
    """32 hexadecimal digits a row."""
    data = words.astype(">u8").tobytes().hex().encode()
    offsets = np.arange(len(words) + 1, dtype=np.int32) * 32
    return pa.StringArray.from_buffers(len(words), pa.py_buffer(offsets), pa.py_buffer(data))


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(count(Path(sys.argv[1]))))
