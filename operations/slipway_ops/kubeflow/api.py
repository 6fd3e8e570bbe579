"""The part of Kubeflow Pipelines' REST API (``/apis/v2beta1``) that starting and watching a run takes."""

import json
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from slipway_ops.problems import ReleaseError

TOKEN_FILE = "KF_PIPELINES_SA_TOKEN_PATH"  # noqa: S105 -- the name of a variable, as kfp's own client has it
"""Environment variable with the file of the pod's token; without the file there is no token, as with one user."""
ENDED = {"SUCCEEDED", "SKIPPED", "FAILED", "CANCELED"}
_TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Run:
    """A run as Kubeflow knows it."""

    id: str
    state: str
    error: str = ""


class Api:
    """Calls of one Kubeflow. Raises ``ReleaseError`` for an answer that is none."""

    def __init__(self, address: str) -> None:
        self._base = f"{address.rstrip('/')}/apis/v2beta1"

    def run_called(self, namespace: str, name: str) -> Run | None:
        """The run with a display name; Kubeflow lets several have one, so the first that was made."""
        query = _named("display_name", name) | {"namespace": namespace, "sort_by": "created_at", "page_size": "1"}
        found = self._call("GET", f"/runs?{urlencode(query)}").get("runs", [])
        return _run(found[0]) if found else None

    def start(self, namespace: str, wanted: dict[str, Any]) -> Run:
        """Start a run of a version; ``wanted`` has run, pipeline, version, service_account and parameters."""
        called = urlencode({"namespace": namespace})
        pipeline = self._call("GET", f"/pipelines/names/{quote(wanted['pipeline'])}?{called}")["pipeline_id"]
        query = urlencode(_named("name", wanted["version"]))
        versions = self._call("GET", f"/pipelines/{pipeline}/versions?{query}").get("pipeline_versions", [])
        if not versions:
            raise ReleaseError(
                f"version: accepted: one of pipeline {wanted['pipeline']}: received: {wanted['version']}"
            )
        reference = {"pipeline_id": pipeline, "pipeline_version_id": versions[0]["pipeline_version_id"]}
        return _run(
            self._call(
                "POST",
                "/runs",
                {
                    "display_name": wanted["run"],
                    "pipeline_version_reference": reference,
                    "runtime_config": {"parameters": wanted["parameters"]},
                    "service_account": wanted["service_account"],
                },
            )
        )

    def stop(self, run: Run) -> None:
        """End a run that goes on."""
        self._call("POST", f"/runs/{quote(run.id)}:terminate")

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"content-type": "application/json"} | _authorization()
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, headers, method=method)  # noqa: S310 -- given by flag
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            said = error.read(2000).decode(errors="replace")
            raise ReleaseError(f"Kubeflow: {method} {path.partition('?')[0]}: {error.code} {said}") from error
        except (OSError, ValueError) as error:
            raise ReleaseError(f"Kubeflow: {method} {path.partition('?')[0]}: {error}") from error


def _authorization() -> dict[str, str]:
    file = Path(os.environ.get(TOKEN_FILE, "/var/run/secrets/kubeflow/pipelines/token"))
    return {"authorization": f"Bearer {file.read_text().strip()}"} if file.is_file() else {}


def _named(key: str, value: str) -> dict[str, str]:
    predicate = {"key": key, "operation": "EQUALS", "string_value": value}
    return {"filter": json.dumps({"predicates": [predicate]})}


def _run(found: dict[str, Any]) -> Run:
    error = found.get("error") or {}
    return Run(found["run_id"], found.get("state", ""), str(error.get("message", "")))
