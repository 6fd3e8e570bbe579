"""The real engines, each in an environment of its own that ``make engines`` builds; without it a test is skipped."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


def python_of(engine: str) -> Path:
    """The interpreter that has ``engine``; skips the test, and says why, where there is none."""
    folder = ROOT / f".venv-{engine}"
    if not (folder / ".ready").exists():
        pytest.skip(f"{folder.name} is not there: 'make engines' builds it and runs these tests")
    return folder / "bin" / "python"


def answer(engine: str, script: str, given: Any, env: dict[str, str]) -> Any:
    """What a script of this folder, run by the Python of ``engine``, says as JSON in its last line."""
    command = [str(python_of(engine)), "-W", "ignore", str(Path(__file__).with_name(script))]
    done = subprocess.run(
        command, input=json.dumps(given), env=env, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-8000:]
    return json.loads(done.stdout.splitlines()[-1])
