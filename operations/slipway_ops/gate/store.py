"""Objects that are written once: notes of stages and records of decisions, in a bucket or a folder."""

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from slipway_ops.gate.clients import s3_client
from slipway_ops.gate.errors import GateError
from slipway_ops.gate.sources import local
from slipway_ops.objects import code, missing, put_once

_S3 = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?")


class Store:
    """``location`` is ``s3://<bucket>/<prefix>``, ``file:///<path>`` or a path."""

    def __init__(self, location: str) -> None:
        match = _S3.fullmatch(location)
        self._bucket = match[1] if match else None
        self._prefix = f"{(match[2] or '').strip('/')}/".lstrip("/") if match else ""
        self._root = None if match else local(location)

    def uri(self, key: str) -> str:
        """Address of an object."""
        if self._root is not None:
            return f"file://{(self._root / key).resolve()}"
        return f"s3://{self._bucket}/{self._prefix}{key}"

    def put(self, key: str, body: bytes) -> bool:
        """Write an object unless there is one; whether it was written. Raises ``GateError`` if that failed."""
        try:
            return self._put_file(self._root / key, body) if self._root is not None else self._put_object(key, body)
        except (OSError, ClientError, BotoCoreError) as error:
            raise GateError(f"{self.uri(key)}: write failed: {_why(error)}") from error

    def get(self, key: str) -> bytes | None:
        """An object's bytes; None where there is none."""
        try:
            if self._root is not None:
                path = self._root / key
                return path.read_bytes() if path.is_file() else None
            return self._get_object(key)
        except (OSError, ClientError, BotoCoreError) as error:
            raise GateError(f"{self.uri(key)}: read failed: {_why(error)}") from error

    def names(self, prefix: str) -> list[str]:
        """What comes after ``prefix`` in the keys that begin with it."""
        try:
            return list(self._files(prefix) if self._root is not None else self._keys(prefix))
        except (OSError, ClientError, BotoCoreError) as error:
            raise GateError(f"{self.uri(prefix)}: list failed: {_why(error)}") from error

    def _put_object(self, key: str, body: bytes) -> bool:
        return put_once(s3_client(), str(self._bucket), self._prefix + key, body) is None

    def _get_object(self, key: str) -> bytes | None:
        try:
            return bytes(s3_client().get_object(Bucket=str(self._bucket), Key=self._prefix + key)["Body"].read())
        except ClientError as error:
            if missing(error):
                return None
            raise

    def _keys(self, prefix: str) -> Iterator[str]:
        whole = self._prefix + prefix
        pages = s3_client().get_paginator("list_objects_v2").paginate(Bucket=str(self._bucket), Prefix=whole)
        for page in pages:
            yield from (entry["Key"].removeprefix(whole) for entry in page.get("Contents", []))

    def _put_file(self, path: Path, body: bytes) -> bool:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
            try:
                path.hardlink_to(file.name)  # whole or not at all, and never over another
            except FileExistsError:
                return False
        return True

    def _files(self, prefix: str) -> Iterator[str]:
        assert self._root is not None, "callers ask first"
        folder = self._root / prefix
        if folder.is_dir():
            yield from (path.name for path in folder.iterdir() if not path.name.startswith("."))


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return f"{code(error)}: {' '.join(str(error).split())}"
