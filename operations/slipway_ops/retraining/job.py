"""Where a step's run is: what the job's environment says, or the flags of a person who runs the same command."""

import argparse
import os
import re
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import boto3
from botocore.exceptions import ClientError

from slipway_ops import objects
from slipway_ops.commands import RETRIES, UsageError
from slipway_ops.content import MODEL_NAME, RUN_ID, Section, instant
from slipway_ops.objects import calls, missing
from slipway_ops.problems import refused
from slipway_ops.retraining.records import Kind, Outcome, Record, Trigger, parse, stored

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_ANY = (r"\S+", "a value without spaces")
VARIABLES: dict[str, tuple[str, str, str]] = {
    "model": ("SLIPWAY_MODEL", MODEL_NAME.pattern.pattern, MODEL_NAME.accepted),
    "run": ("SLIPWAY_RUN", RUN_ID.pattern.pattern, RUN_ID.accepted),
    "run_uri": ("SLIPWAY_RUN_URI", rf"s3://{_BUCKET}/\S+/", "s3://<bucket>/<prefix>/"),
    "trigger": ("SLIPWAY_TRIGGER", "|".join(get_args(Trigger)), ", ".join(get_args(Trigger))),
    "dedupe_key": ("SLIPWAY_DEDUPE_KEY", r"\S(.{0,498}\S)?", "1 to 500 characters on one line"),
    "datasets": ("SLIPWAY_DATASETS", rf"s3://{_BUCKET}/?", "s3://<bucket>"),
    "revision": ("SLIPWAY_DATASET_VERSION", r"[0-9a-f]{32}\.dir", "<32 hex>.dir"),
    "models_bucket": ("SLIPWAY_MODELS_BUCKET", _BUCKET, "a bucket's name"),
    "event_bus": ("SLIPWAY_EVENT_BUS", *_ANY),
    "environment": ("SLIPWAY_ENVIRONMENT", *_ANY),
    "repository": ("SLIPWAY_REPOSITORY", *_ANY),
    "tracking_uri": ("MLFLOW_TRACKING_URI", *_ANY),
    "code_commit": ("SLIPWAY_CODE_COMMIT", r"[0-9a-f]{40}|[0-9a-f]{64}", "a whole commit id: 40 or 64 hex digits"),
    "image": ("SLIPWAY_IMAGE", r"(\S+@)?sha256:[0-9a-f]{64}", "an image by its digest"),
    "region": ("AWS_REGION", *_ANY),
    "work": ("SLIPWAY_WORK", *_ANY),
}
"""Flag: the environment variable that stands for it, and what is accepted."""


@dataclass(frozen=True)
class Job:
    """A run and how it is reached."""

    given: dict[str, str]
    """What is known, by the names of ``VARIABLES``."""
    at: str
    """The instant that counts as now when data are to be fresh."""
    _clients: dict[str, Any] = field(default_factory=dict)

    def need(self, name: str) -> str:
        """What was given; raises ``UsageError`` if it was not."""
        if name not in self.given:
            raise UsageError(
                f"{flag(name)}: accepted: {VARIABLES[name][2]}, or {VARIABLES[name][0]}: received: nothing"
            )
        return self.given[name]

    def optional(self, name: str) -> str | None:
        """What was given, if it was."""
        return self.given.get(name)

    @property
    def model(self) -> str:
        """The model's name."""
        return self.need("model")

    @property
    def run(self) -> str:
        """Id of the run."""
        return self.need("run")

    @property
    def datasets_bucket(self) -> str:
        """Bucket of the datasets."""
        return self.need("datasets").removeprefix("s3://").rstrip("/")

    @property
    def triggered(self) -> Any:
        """Why the run began; by hand where nothing is said."""
        return self.given.get("trigger", "manual")

    @cached_property
    def session(self) -> boto3.Session:
        """The usual chain of credentials."""
        return boto3.Session(region_name=self.given.get("region"))

    def client(self, service: str) -> Any:
        """A client, made once."""
        if service not in self._clients:
            make: Any = self.session.client  # the name is one of many that its type lists
            self._clients[service] = make(service, config=RETRIES)
        return self._clients[service]

    @property
    def s3(self) -> "S3Client":
        """S3."""
        client: S3Client = self.client("s3")
        return client

    @property
    def place(self) -> tuple[str, str]:
        """Bucket and prefix of the run's objects."""
        if "run_uri" in self.given:
            return objects.address(self.given["run_uri"])
        return self.need("models_bucket"), f"runs/{self.model}/{self.run}/"

    def uri(self, name: str) -> str:
        """Address of an object of the run."""
        bucket, prefix = self.place
        return f"s3://{bucket}/{prefix}{name}"

    def facts(self) -> dict[str, Any]:
        """What every record says."""
        return {"model": self.model, "run": self.run, "at": now()}

    def put(self, name: str, record: Section | bytes) -> str:
        """Write an object of the run in one step; returns its address."""
        bucket, prefix = self.place
        body = stored(record) if isinstance(record, Section) else record
        with calls(self.uri(name), "put"):
            self.s3.put_object(Bucket=bucket, Key=prefix + name, Body=body, ContentType="application/json")
        return self.uri(name)

    def raw(self, name: str) -> bytes | None:
        """An object of the run; None where there is none."""
        bucket, prefix = self.place
        return read(self.s3, bucket, prefix + name)

    def get(self, name: str, kind: type[Kind]) -> Kind | None:
        """A record of the run; None where there is none. Raises ``ReleaseError`` for one of another run or model."""
        data = self.raw(name)
        if data is None:
            return None
        found = parse(kind, data, self.uri(name))
        for what in ("model", "run") if isinstance(found, Record) else ():
            if getattr(found, what) != getattr(self, what):
                raise refused(self.uri(name), what, getattr(self, what), getattr(found, what))
        return found

    def names(self, under: str) -> list[str]:
        """The run's objects whose names begin with ``under``."""
        bucket, prefix = self.place
        with calls(self.uri(under), "list"):
            pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix + under)
            return [entry["Key"].removeprefix(prefix) for page in pages for entry in page.get("Contents", [])]

    def upload(self, name: str, path: Path) -> None:
        """Store a file as an object of the run."""
        bucket, prefix = self.place
        with calls(self.uri(name), "upload"):
            self.s3.upload_file(str(path), bucket, prefix + name)

    def download(self, name: str, path: Path) -> None:
        """Fetch an object of the run into a file; raises ``ReleaseError`` where there is none."""
        bucket, prefix = self.place
        path.parent.mkdir(parents=True, exist_ok=True)
        with calls(self.uri(name), "download"):
            try:
                self.s3.download_file(bucket, prefix + name, str(path))
            except ClientError as error:
                if missing(error):
                    raise refused(self.uri(name), "object", "one that a step before wrote", None) from None
                raise

    @contextmanager
    def workspace(self) -> Generator[Path]:
        """A folder for the time of a step."""
        with tempfile.TemporaryDirectory(prefix="slipway-", dir=self.optional("work")) as name:
            yield Path(name)

    def ended(self, outcome: str, reason: str, release: str | None = None) -> None:
        """Write ``outcome.json``."""
        line = " ".join(reason.split())
        record = {
            **self.facts(),
            "outcome": outcome,
            "step": os.environ.get("SLIPWAY_STEP") or "by hand",
            "reason": line if len(line) <= 500 else f"{line[:497]}...",
            "release": release,
        }
        self.put("outcome.json", Outcome.model_validate(record))


def of(arguments: argparse.Namespace) -> Job:
    """The job that flags and environment describe; raises ``UsageError`` for a wrong value."""
    given: dict[str, str] = {}
    for name, (variable, pattern, accepted) in VARIABLES.items():
        said = getattr(arguments, f"job_{name}", None)
        value = said or os.environ.get(variable)
        if not value:  # a trigger that names no dataset leaves the variable empty
            continue
        if not re.fullmatch(pattern, value):
            raise UsageError(f"{flag(name) if said else variable}: accepted: {accepted}: received: {value}")
        given[name] = value
    at = getattr(arguments, "at", None) or os.environ.get("SLIPWAY_AT")
    try:
        return Job(given, instant(at) if at else now())
    except ValueError as error:
        raise UsageError(f"--at or SLIPWAY_AT: accepted: {error}: received: {at}") from None


def flag(name: str) -> str:
    """The flag of a field."""
    return f"--{name.replace('_', '-')}"


def now() -> str:
    """The present instant."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read(s3: "S3Client", bucket: str, key: str) -> bytes | None:
    """An object's bytes; None where there is no such object or bucket."""
    with calls(f"s3://{bucket}/{key}", "read"):
        try:
            return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError as error:
            if objects.absent(s3, bucket, key, error):
                return None
            raise
