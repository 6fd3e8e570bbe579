"""What a retraining costs beyond the training itself, and how long the year of `make loop` takes."""

import json
import tempfile
from pathlib import Path
from typing import Any

from bench import process
from bench.result import Result

NAME = "loop"
OVERHEAD, SECONDS = 30.0, 240.0
READY = process.ROOT / ".venv-loop" / ".ready"
GOAL = f"a run of the loop <= {OVERHEAD:.0f} s beyond its own training, the whole year <= {SECONDS:.0f} s"


def measure(_rounds: int) -> Result:
    """One year in a sandbox of its own."""
    if not READY.exists():
        return Result.skipped(GOAL, "no .venv-loop: 'make loop' sets it up")
    with tempfile.TemporaryDirectory() as directory:
        environment = process.environment(SLIPWAY_SANDBOX_DIR=directory)
        process.measure_all(process.python("-m", "sandbox", "loop", "--quiet"), environment, process.ROOT, timeout=900)
        found = json.loads((Path(directory) / "loop" / "loop.json").read_text())
    runs = [(run["run"], run["seconds"] - run["own_seconds"]) for run in found["endings"]]
    longest = max(seconds for _, seconds in runs)
    detail = f"{len(runs)} runs, {longest:.1f} s at most beyond training; the year {found['seconds']:.0f} s"
    wrong = problems(found)
    return Result.checked(GOAL, [*wrong, detail] if wrong else [], detail)


def problems(found: dict[str, Any]) -> list[str]:
    """What took too long."""
    slow = [run for run in found["endings"] if run["seconds"] - run["own_seconds"] > OVERHEAD]
    late = [f"the year {found['seconds']:.0f} s"] if found["seconds"] > SECONDS else []
    return [f"{run['run']} {run['seconds'] - run['own_seconds']:.0f} s" for run in slow] + late
