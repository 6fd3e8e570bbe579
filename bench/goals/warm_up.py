"""How long ``make up`` takes where it was done before."""

import subprocess
import tempfile
from importlib.util import find_spec

from bench import process
from bench.result import Result

NAME = "warm-up"
LIMIT = 20.0
GOAL = f"a warm `make up` <= {LIMIT:.0f} s"
SANDBOX = process.python("-m", "sandbox")
"""``make up`` adds only the check that the virtual environment is there."""
UP = [*SANDBOX, "up", "--stack", "local", "--engine", "auto", "--first-release", "examples/flight-delay"]


def measure(_rounds: int) -> Result:
    """Bring the local environment up twice in a sandbox of its own, and time the second."""
    if find_spec("sandbox.__main__") is None:
        return Result.skipped(GOAL, "the sandbox has no command here (sandbox/__main__.py)")
    with tempfile.TemporaryDirectory() as directory:
        env = process.environment(SLIPWAY_SANDBOX_DIR=directory)
        try:
            cold = process.measure(UP, env).wall
            warm = process.measure(UP, env).wall
        finally:
            subprocess.run(  # noqa: S603 -- our own command
                [*SANDBOX, "down", "--all"], cwd=process.ROOT, env=env, timeout=300, check=False, capture_output=True
            )
    problems = [f"{warm:.1f} s"] if warm > LIMIT else []
    return Result.checked(GOAL, problems, f"{warm:.1f} s; from nothing {cold:.1f} s")
