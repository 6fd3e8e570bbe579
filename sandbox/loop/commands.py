"""The command ``slipway`` as a process, with nothing of the user's in its environment."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_SECONDS = 120


class CommandError(RuntimeError):
    """It failed; the message is what it said."""


def slipway(environment: Mapping[str, str], *arguments: str, accepted: Sequence[int] = (0,)) -> Any:
    """Run it and return its JSON; raises ``CommandError`` for an exit code that is not ``accepted``."""
    done = subprocess.run(  # noqa: S603 -- our own command, arguments of ours
        [str(Path(sys.executable).parent / "slipway"), *arguments, "--json"],
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "LANG": "C.UTF-8", **environment},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    )
    if done.returncode not in accepted:
        raise CommandError(" ".join(done.stderr.split()) or f"slipway {arguments[0]}: exit code {done.returncode}")
    return json.loads(done.stdout)
