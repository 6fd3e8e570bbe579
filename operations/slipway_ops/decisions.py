"""The gate's last decision about a release, as its record says; without what deciding needs."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError

from slipway_ops.objects import calls, missing
from slipway_ops.problems import refused

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DECISIONS = "SLIPWAY_DECISIONS"
"""Environment variable: where the gate's records are, as its service is told."""


def last(s3: "S3Client", location: str, model: str, release: str) -> dict[str, Any] | None:
    """Answer, reason, time, weight and place of the last decision about ``release``; None where there is none.

    ``location`` is ``s3://<bucket>/<prefix>``, ``file:///<path>`` or a path. Raises ``ReleaseError``.
    """
    folder = f"decisions/{model}/{release}/"
    place = urlsplit(location)
    if place.scheme == "s3":
        prefix = f"{place.path.strip('/')}/{folder}".lstrip("/")
        keys = _keys(s3, place.netloc, prefix)
        if not keys:
            return None
        newest = max(keys, key=_name)
        return _said(_object(s3, place.netloc, newest), f"s3://{place.netloc}/{newest}")
    root = Path(unquote(place.path) if place.scheme == "file" else location) / folder
    files = [path for path in root.glob("*/*.json") if not path.name.startswith(".")]
    path = max(files, key=lambda one: one.name, default=None)
    return None if path is None else _said(path.read_bytes(), path.resolve().as_uri())


def _name(key: str) -> str:
    """A record's name begins with its instant."""
    return key.rpartition("/")[2]


def _keys(s3: "S3Client", bucket: str, prefix: str) -> list[str]:
    with calls(f"s3://{bucket}/{prefix}", "list"):
        try:
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            return [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        except ClientError as error:
            if missing(error):
                return []
            raise


def _object(s3: "S3Client", bucket: str, key: str) -> bytes:
    with calls(f"s3://{bucket}/{key}", "read"):
        return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())


def _said(data: bytes, uri: str) -> dict[str, Any]:
    try:
        record = json.loads(data)
        decision = record["decision"]
        return {
            "answer": str(decision["answer"]),
            "reason": str(decision["reason"]),
            "at": str(record["decided_at"]),
            "weight": int(record["weight"]),
            "record": uri,
        }
    except (ValueError, KeyError, TypeError) as error:
        raise refused(uri, "record", "a decision of the gate", f"{type(error).__name__}: {error}") from None
