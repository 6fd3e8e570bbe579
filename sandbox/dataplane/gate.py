"""The real gate service, on loopback and by the fast clock: ``python -m sandbox.dataplane.gate``.

Nothing of the gate is replaced but the present: its deadline counts declared minutes, as all events carry declared
instants.
"""

import argparse
from datetime import datetime
from pathlib import Path

from slipway_ops.gate import instants, service
from slipway_ops.gate.gate import Places

from sandbox.dataplane.clock import Clock


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.dataplane.gate")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--start", type=datetime.fromisoformat, required=True)
    parser.add_argument("--speed", type=float, required=True)
    for name in ("predictions", "labels", "decisions"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    given = parser.parse_args()
    clock = Clock(given.speed, given.start)
    setattr(instants, "now", lambda: instants.of(clock.now()))  # noqa: B010 -- the gate's own clock is put aside
    given.decisions.mkdir(parents=True, exist_ok=True)
    service.serve("127.0.0.1", given.port, Places(str(given.predictions), str(given.labels), str(given.decisions)))


if __name__ == "__main__":
    main()
