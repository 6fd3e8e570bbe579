"""Where what was found goes: files or objects, and an event if it is an alarm."""

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from slipway_ops.drift import metrics, report
from slipway_ops.drift.record import Record
from slipway_ops.gate import instants
from slipway_ops.gate.clients import s3_client
from slipway_ops.gate.errors import GateError
from slipway_ops.gate.sources import local
from slipway_ops.objects import address, code

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SOURCE, DETAIL_TYPE = "slipway.drift", "DriftDetected"
RECORD, REPORT, METRICS = "drift.json", "drift.html", "drift.prom"
_TYPES = {RECORD: "application/json", REPORT: "text/html; charset=utf-8", METRICS: "text/plain; version=0.0.4"}


@dataclass(frozen=True)
class Published:
    """Addresses of what was written."""

    record: str
    report: str
    metrics: str


def documents(record: Record) -> dict[str, bytes]:
    """The three files of a look, by their names; the record last, which says that the others are there."""
    found = {REPORT: report.html(record).encode(), METRICS: metrics.text(record).encode()}
    return {**found, RECORD: record.json_bytes()}


def write(record: Record, place: str) -> Published:
    """Write the files of a look under ``place``, ``s3://<bucket>/<prefix>`` or a folder, over an earlier look's."""
    found: dict[str, str] = {}
    for name, body in documents(record).items():
        if place.startswith("s3://"):
            bucket, key = address(f"{place.rstrip('/')}/{name}")
            _put(s3_client(), bucket, key, body, _TYPES[name])
            found[name] = f"s3://{bucket}/{key}"
        else:
            path = local(place) / name
            replace(path, body)
            found[name] = f"file://{path.resolve()}"
    return Published(found[RECORD], found[REPORT], found[METRICS])


def folder(record: Record) -> str:
    """Name of the folder of a look; names sort as windows and looks at them do."""
    return f"{instants.compact(instants.micros(record.window.to))}-{instants.compact(instants.micros(record.made_at))}"


def tell(record: Record, report_uri: str, bus: str) -> str:
    """Put the event that a model has drifted on ``bus``; returns the event's id. Raises ``GateError``."""
    detail = {
        "model": record.model,
        "release": record.release,
        "reason": record.reason,
        "window": {"from": record.window.from_, "to": record.window.to},
        "report_uri": report_uri,
        "dedupe_key": record.dedupe_key,
    }
    entry = {"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": json.dumps(detail), "EventBusName": bus}
    retries = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=10, read_timeout=60)
    try:
        answer = boto3.client("events", config=retries).put_events(Entries=[entry])
    except (ClientError, BotoCoreError) as error:
        raise GateError(f"{bus}: put event failed: {code(error)}: {' '.join(str(error).split())}") from error
    (result,) = answer["Entries"]
    if "EventId" not in result:
        raise GateError(f"{bus}: put event failed: {result.get('ErrorCode')}: {result.get('ErrorMessage')}")
    return str(result["EventId"])


def replace(path: Path, body: bytes) -> None:
    """Write a file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
        Path(partial).chmod(0o644)
        Path(partial).replace(path)
    finally:
        Path(partial).unlink(missing_ok=True)


def _put(s3: "S3Client", bucket: str, key: str, body: bytes, kind: str) -> None:
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=kind)
    except (ClientError, BotoCoreError) as error:
        text = " ".join(str(error).split())
        raise GateError(f"s3://{bucket}/{key}: write failed: {code(error)}: {text}") from error
