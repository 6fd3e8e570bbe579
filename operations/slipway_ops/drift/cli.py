"""The area ``slipway drift`` of the command line; what it does is imported only when it is asked for."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from slipway_ops.commands import Answer
from slipway_ops.gate.errors import GateError

EXIT_CODES = "exit codes: 0 no drift; 3 drift; 1 failed, one line on stderr says why; 2 a wrong flag or value"
DRIFT = 3
_PLACE = "s3://<bucket>/<prefix>, file:///<path> or a path"


def add(into: Any, command: Callable[..., Any]) -> None:
    """Add the area's commands to a parser; ``command`` makes one of them."""
    profile_ = command(into, "profile", profile, "write a model's reference, from the rows of its training")
    profile_.add_argument("--model", required=True, help="the model's name")
    profile_.add_argument("--data", type=Path, required=True, metavar="PATH", help="Parquet file, or a folder of such")
    profile_.add_argument(
        "--training", type=Path, metavar="FILE", help="training.json of the release, for its features; default: columns"
    )
    for role, default in (("score", "score"), ("prediction", "prediction"), ("label", "label"), ("time", "ts")):
        profile_.add_argument(f"--{role}", default=default, metavar="COLUMN", help=f"{default}, where there is one")
    profile_.add_argument("--block-days", type=_days, default=7, help="days of the windows that will be looked at; 7")
    profile_.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the reference is written")

    report_ = command(into, "report", report, "compare production with the reference, and write record and report")
    report_.epilog = EXIT_CODES
    _looking(report_)

    run_ = command(into, "run", run, "as report, from the environment's places; an alarm is an event")
    _looking(run_)
    run_.add_argument("--bus", metavar="NAME", help="name or ARN of the event bus; default: SLIPWAY_EVENT_BUS")
    run_.add_argument("--metrics", type=Path, metavar="FILE", help="a further copy of the metrics, for a scraper")

    command(into, "schema", schema, "the JSON Schema of what counts as drift")


def profile(arguments: argparse.Namespace) -> Answer:
    """``slipway drift profile``."""
    asked = _extra()
    from slipway_ops.drift.config import DriftConfig
    from slipway_ops.drift.making import Names, make
    from slipway_ops.drift.publishing import replace

    asked.check_model(arguments.model)
    features = asked.features(arguments.training) if arguments.training else None
    names = Names(arguments.score, arguments.prediction, arguments.label, arguments.time)
    made = make(arguments.model, arguments.data, features, names, arguments.block_days)
    replace(arguments.out, made.json_bytes())
    seasonal = [name for name, column in made.features.items() if column.seasonal(DriftConfig())]
    text = f"{made.rows} rows, {len(made.features)} features"
    text += f"; seasonal: {', '.join(seasonal)}" if seasonal else ""
    value = {"rows": made.rows, "features": len(made.features), "seasonal": seasonal, "profile": str(arguments.out)}
    return Answer(value, f"{text}\n{arguments.out}")


def report(arguments: argparse.Namespace) -> Answer:
    """``slipway drift report``."""
    asked = _extra()
    from slipway_ops.drift.publishing import write

    record = asked.looked(arguments)
    out = asked.given(arguments, "out")
    where = write(record, out) if out else None
    value = {**record.model_dump(mode="json", exclude_none=True, by_alias=True), "report": where and where.report}
    text = _told(record) + (f"\nreport: {where.report}" if where else "")
    return Answer(value, text, DRIFT if record.alarm else 0)


def run(arguments: argparse.Namespace) -> Answer:
    """``slipway drift run``."""
    asked = _extra()
    from slipway_ops.drift.metrics import text as metrics
    from slipway_ops.drift.publishing import folder, replace, tell, write

    bus = asked.required(arguments, "bus", "the event bus's name or ARN")
    place = asked.given(arguments, "out") or f"s3://{asked.bucket('--out')}/drift"
    record = asked.looked(arguments)
    where = write(record, f"{place.rstrip('/')}/{record.model}/{folder(record)}")
    if arguments.metrics:
        replace(arguments.metrics, metrics(record).encode())
    event = tell(record, where.report, bus) if record.alarm else None
    value = {
        "alarm": record.alarm,
        "reason": record.reason,
        "release": record.release,
        "rows": record.rows,
        "record": where.record,
        "report": where.report,
        "metrics": where.metrics,
        "event": event,
        "dedupe_key": record.dedupe_key,
    }
    text = f"{_told(record)}\nreport: {where.report}"
    return Answer(value, text + (f"\nevent: {event}" if event else ""))


def schema(arguments: argparse.Namespace) -> Answer:  # noqa: ARG001 -- every command takes its arguments
    """``slipway drift schema``."""
    from slipway_ops.drift.config import schema as document

    return Answer(document(), json.dumps(document(), indent=2, sort_keys=True))


def _looking(parser: argparse.ArgumentParser) -> None:
    for flag, variable, word, text in (
        ("model", "SLIPWAY_MODEL", "NAME", "the model's name"),
        ("predictions", "SLIPWAY_PREDICTIONS", "PLACE", _PLACE),
        ("labels", "SLIPWAY_LABELS", "PLACE", "as predictions; without it nothing is said about quality"),
        ("profile", "SLIPWAY_PROFILE", "PLACE", "the reference; else what the release's run left"),
        ("config", "SLIPWAY_DRIFT_CONFIG", "FILE", "what counts as drift (drift.schema.json): a file or the JSON"),
        (
            "out",
            "SLIPWAY_DRIFT_REPORTS",
            "PLACE",
            "where all of it goes; run: else drift/ in $SLIPWAY_MODELS_BUCKET",
        ),
    ):
        parser.add_argument(f"--{flag}", metavar=word, help=f"{text}; default: ${variable}")
    parser.add_argument("--release", help="release id; default: the one that answered most requests")
    parser.add_argument("--from", dest="since", metavar="TIME", help="begin, RFC 3339 in UTC; default: --days before")
    parser.add_argument("--to", dest="until", metavar="TIME", help="end, not in it; default: midnight before --at, UTC")
    parser.add_argument("--days", type=_days, default=7, help="length of the window without --from; 7")
    parser.add_argument("--at", metavar="TIME", help="labels until this instant count; default: now")


def _told(record: Any) -> str:
    return f"{'drift' if record.alarm else 'no drift'}: {record.reason}"


def _days(value: str) -> int:
    if not (value.isdecimal() and 1 <= int(value) <= 366):
        raise argparse.ArgumentTypeError(f"accepted: a whole number from 1 to 366: received: {value}")
    return int(value)


def _extra() -> Any:
    try:
        from slipway_ops.drift import asked
    except ModuleNotFoundError as error:
        raise GateError(f"{error.name}: accepted: installed with slipway-ops[gate]: received: nothing") from None
    return asked
