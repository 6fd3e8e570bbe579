"""Measures the performance goals: ``python -m bench [--only NAME] [--quick] [--json]``.

Ends with 1 if a goal was missed. A goal that cannot be measured on this machine is shown as skipped, with the reason.
"""

import argparse
import json
import sys
import time

from bench.goals import (
    abstraction,
    entry_point,
    gate,
    gate_events,
    imports,
    linearity,
    loop,
    pipelines,
    rollouts,
    sizes,
    split,
    warm_up,
)
from bench.result import Result, exit_code

GOALS = {
    goal.NAME: goal
    for goal in (
        sizes,
        imports,
        entry_point,
        abstraction,
        rollouts,
        pipelines,
        linearity,
        warm_up,
        split,
        gate,
        gate_events,
        loop,
    )
}
ROUNDS = 4
QUICK = 2


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser("python -m bench", description="The performance goals (docs/performance.md).")
    parser.add_argument("--only", action="append", choices=GOALS, metavar="NAME", help=f"one of {', '.join(GOALS)}")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} rounds instead of {ROUNDS}: more noise")
    parser.add_argument("--json", action="store_true", help="one JSON object a goal and line")
    arguments = parser.parse_args()
    results: list[Result] = []
    for name in arguments.only or GOALS:
        started = time.monotonic()
        result = GOALS[name].measure(QUICK if arguments.quick else ROUNDS)
        seconds = time.monotonic() - started
        print(json.dumps(result.as_json(name, seconds)) if arguments.json else f"{name}\n{result.line()}", flush=True)
        results.append(result)
    return exit_code(results)


if __name__ == "__main__":
    sys.exit(main())
