"""The area ``slipway gate`` of the command line; what it does is imported only when it is asked for."""

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from slipway_ops.commands import Answer, UsageError
from slipway_ops.gate.errors import GateError

EXIT_CODES = "exit codes: 0 promote; 3 wait; 4 reject; 1 failed, one line on stderr says why; 2 a wrong flag or value"
CODES = {"promote": 0, "wait": 3, "reject": 4}
_ENVIRONMENT = {
    "--predictions": "SLIPWAY_PREDICTIONS",
    "--labels": "SLIPWAY_LABELS",
    "--decisions": "SLIPWAY_DECISIONS",
}
_PLACE = "s3://<bucket>/<prefix>, file:///<path> or a path"


def add(into: Any, command: Callable[..., Any]) -> None:
    """Add the area's commands to a parser; ``command`` makes one of them."""
    decide_ = command(into, "decide", decide, "promote, wait or reject, on what the events say")
    decide_.epilog = EXIT_CODES
    decide_.add_argument("--config", type=Path, metavar="FILE", help="JSON of a comparison (gate.schema.json)")
    decide_.add_argument("--model", help="the model's name")
    decide_.add_argument("--candidate", help="release id of the challenger")
    _places(decide_)
    decide_.add_argument("--weight", type=int, default=50, help="percent of traffic that it has now; 50")
    decide_.add_argument("--final", action="store_true", help="this is the last stage; only noted")
    decide_.add_argument("--attempt", default="1", help="another name begins anew; 1")
    decide_.add_argument("--at", metavar="TIME", help="decide as at this instant, RFC 3339 in UTC; default: now")
    decide_.add_argument(
        "--since", metavar="TIME", help="begin of the one stage, without --decisions; default: the deadline before --at"
    )
    decide_.add_argument("--record", type=Path, metavar="FILE", help="a stored record, with --check")
    decide_.add_argument("--check", action="store_true", help="make the recorded decision again and compare")

    serve_ = command(into, "serve", serve, "answer a rollout's analysis over HTTP")
    _places(serve_)
    serve_.add_argument("--host", default="127.0.0.1", help="address to listen on; 127.0.0.1")
    serve_.add_argument("--port", type=_port, default=8080, help="0 takes a free one; 8080")

    simulate_ = command(into, "simulate", simulate, "how often a comparison promotes what it should, and what not")
    simulate_.add_argument("--config", type=Path, metavar="FILE", help="JSON of a comparison; default: an example")
    simulate_.add_argument("--spread", type=float, help="standard deviation of an outcome; needed where kind is mean")
    simulate_.add_argument("--runs", type=_count, default=2000, help="2000")
    simulate_.add_argument("--seed", type=_count, default=1, help="printed with the figures; 1")

    command(into, "schema", schema, "the JSON Schema of a comparison")


def decide(arguments: argparse.Namespace) -> Answer:
    """``slipway gate decide``."""
    gate = _extra()
    if arguments.check or arguments.record:
        return _check(arguments)
    for flag in ("config", "model", "candidate"):
        if getattr(arguments, flag) is None:
            raise UsageError(f"--{flag}: accepted: a value: received: nothing")
    from slipway_ops.gate import instants

    asked = {
        "gate": _config(arguments.config).model_dump(exclude_none=True),
        "model": arguments.model,
        "candidate": arguments.candidate,
        "weight": arguments.weight,
        "final": arguments.final,
        "attempt": arguments.attempt,
    }
    request = gate.Request.parse(asked)
    at = _instant("--at", arguments.at) if arguments.at else instants.now()
    since = _instant("--since", arguments.since) if arguments.since else at - round(request.gate.deadline_minutes * 6e7)
    outcome = gate.answer(request, _found_places(arguments), at, since)
    record = outcome.record
    if outcome.error:
        raise GateError(record.decision.reason)
    value = {**record.model_dump(mode="json", exclude_none=True), "record": outcome.uri}
    text = f"{record.decision.answer}: {record.decision.reason}" + (f"\nrecord: {outcome.uri}" if outcome.uri else "")
    return Answer(value, text, CODES[record.decision.answer])


def serve(arguments: argparse.Namespace) -> Answer:
    """``slipway gate serve``."""
    _extra()
    from slipway_ops.gate.service import serve as run

    places = _found_places(arguments)
    if places.decisions is None:
        raise UsageError(f"--decisions: accepted: {_PLACE}, or SLIPWAY_DECISIONS: received: nothing")
    run(arguments.host, arguments.port, places)
    return Answer({"event": "stopped"}, "stopped")


def simulate(arguments: argparse.Namespace) -> Answer:
    """``slipway gate simulate``."""
    _extra()
    from slipway_ops.gate import simulate as simulation

    config = _config(arguments.config) if arguments.config else simulation.EXAMPLE
    found = simulation.run(config, arguments.runs, arguments.seed, arguments.spread)
    return Answer([one.as_dict() for one in found], "\n".join(map(str, found)))


def schema(arguments: argparse.Namespace) -> Answer:  # noqa: ARG001 -- every command takes its arguments
    """``slipway gate schema``."""
    from slipway_ops.gate.config import schema as document

    return Answer(document(), json.dumps(document(), indent=2, sort_keys=True))


def _check(arguments: argparse.Namespace) -> Answer:
    from slipway_ops.gate.gate import again
    from slipway_ops.gate.record import Record

    if not (arguments.check and arguments.record):
        raise UsageError("--record: accepted: together with --check: received: one of them")
    record = Record.parse(_bytes("--record", arguments.record), str(arguments.record))
    found = again(record)
    if found:
        raise GateError(f"{arguments.record}: the decision comes out otherwise: {'; '.join(found[:5])}")
    answer = str(record.decision.answer)
    return Answer({"same": True, "answer": answer}, f"{answer}: the same again")


def _extra() -> Any:
    try:
        from slipway_ops.gate import gate
    except ModuleNotFoundError as error:
        raise GateError(f"{error.name}: accepted: installed with slipway-ops[gate]: received: nothing") from None
    return gate


def _config(path: Path) -> Any:
    from slipway_ops.gate.config import parse

    return parse(_bytes("--config", path), str(path))


def _bytes(flag: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{flag}: accepted: a readable file: received: {path} ({error.strerror})") from None


def _instant(flag: str, value: str) -> int:
    from slipway_ops.gate.instants import micros

    try:
        return micros(value)
    except ValueError as error:
        raise UsageError(f"{flag}: accepted: {error}: received: {value}") from None


def _places(parser: argparse.ArgumentParser) -> None:
    for flag, variable in _ENVIRONMENT.items():
        parser.add_argument(flag, metavar="PLACE", help=f"{_PLACE}; default: {variable}")


def _found_places(arguments: argparse.Namespace) -> Any:
    from slipway_ops.gate.gate import Places

    found = {flag[2:]: getattr(arguments, flag[2:]) or os.environ.get(name) for flag, name in _ENVIRONMENT.items()}
    for name in ("predictions", "labels"):
        if not found[name]:
            raise UsageError(f"--{name}: accepted: {_PLACE}, or {_ENVIRONMENT['--' + name]}: received: nothing")
    return Places(str(found["predictions"]), str(found["labels"]), found["decisions"] or None)


def _port(value: str) -> int:
    if not (value.isdecimal() and int(value) <= 65_535):
        raise argparse.ArgumentTypeError(f"accepted: a port from 0 to 65535: received: {value}")
    return int(value)


def _count(value: str) -> int:
    if not (value.isdecimal() and 1 <= int(value) <= 1_000_000):
        raise argparse.ArgumentTypeError(f"accepted: a whole number from 1 to 1000000: received: {value}")
    return int(value)
