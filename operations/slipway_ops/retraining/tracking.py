"""MLflow's tracking server and model registry, over its REST API.

Eleven calls that MLflow keeps stable (``/api/2.0/mlflow``) instead of its client: mlflow-skinny is 115 MB in 43
packages, for a step that sends a few JSON documents. A server of SageMaker is named by its ARN, and its calls are
signed as AWS's own plugin (sagemaker-mlflow 0.5) does it.
"""

import base64
import json
import os
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from slipway_ops.problems import ReleaseError, refused
from slipway_ops.retraining.job import Job, now
from slipway_ops.retraining.records import Lineage

TAG_RUN, TAG_RELEASE = "slipway.run", "slipway.release"
TIMEOUT_SECONDS = 60
_API = "/api/2.0/mlflow/"
_ARN = re.compile(r"arn:(aws|aws-us-gov):sagemaker:([a-z0-9-]+):\d{12}:(mlflow-app|mlflow-tracking-server)/\S+")
_HOSTS = {
    "mlflow-app": ("https://mlflow.sagemaker.{region}.app.aws", "sagemaker", "x-sm-mlflow-app-arn"),
    "mlflow-tracking-server": (
        "https://{region}.experiments.sagemaker.aws",
        "sagemaker-mlflow",
        "x-mlflow-sm-tracking-server-arn",
    ),
}
"""Address, name of the service that a signature is for, and the header that names the server."""
_ATTEMPTS = 3


@dataclass(frozen=True)
class Version:
    """A version of a registered model."""

    number: str
    release: str | None
    """Release that it is, by its tag."""


class Tracking:
    """One server; every method raises ``ReleaseError`` for what it refuses or where it cannot be reached."""

    def __init__(self, uri: str, session: Any = None) -> None:
        """``session`` is a boto3 session whose credentials sign the calls to a server of SageMaker."""
        self.uri = uri
        self._session, self._http = session, URLLib3Session(timeout=TIMEOUT_SECONDS, proxies=get_environ_proxies(uri))
        arn = _ARN.fullmatch(uri)
        if not arn and not re.fullmatch(r"https?://\S+", uri):
            raise refused("MLflow", "tracking URI", "http://…, https://… or the ARN of an MLflow App", uri)
        if not arn and "@" in uri.split("/")[2]:  # a record would hold it for years
            accepted = "one without a user: MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD say it"
            raise refused("MLflow", "tracking URI", accepted, "one with a user")
        self._region = arn[2] if arn else ""
        self._kind: str | None = arn[3] if arn else None
        address = _HOSTS[self._kind][0].format(region=self._region) if self._kind else uri
        self._address = address.rstrip("/")

    @classmethod
    def of(cls, job: Job) -> Self | None:
        """The job's server; None where it has none."""
        uri = job.optional("tracking_uri")
        return cls(uri, job.session) if uri else None

    def begin(self, job: Job, commit: str) -> str:
        """Id of the run of MLflow that belongs to the job's run, made once however often it is asked for."""
        experiment = self._experiment(job.model)
        wanted = f"tags.`{TAG_RUN}` = '{job.run}'"
        found = self._post("runs/search", again=True, experiment_ids=[experiment], filter=wanted, max_results=1)
        runs = found.get("runs", [])
        if runs:
            identifier = str(runs[0]["info"]["run_id"])
            self._post("runs/update", run_id=identifier, status="RUNNING")
            return identifier
        tags = {TAG_RUN: job.run, "slipway.trigger": job.triggered, "mlflow.source.git.commit": commit}
        answer = self._post(
            "runs/create",
            experiment_id=experiment,
            run_name=job.run,
            start_time=_millis(now()),
            tags=[{"key": key, "value": value} for key, value in tags.items()],
        )
        return str(answer["run"]["info"]["run_id"])

    def log(self, run: str, lineage: Lineage) -> None:
        """What the training was and how good its model is."""
        at = _millis(lineage.at)
        metrics = [
            {"key": name, "value": metric.value, "timestamp": at, "step": 0} for name, metric in lineage.metrics.items()
        ]
        parameters = [{"key": name, "value": str(value)} for name, value in lineage.parameters.items()]
        tags = {
            "slipway.dataset": f"{lineage.dataset.uri} {lineage.dataset.revision}",
            "slipway.artifact_sha256": lineage.artifact.sha256,
        }
        for start in range(0, max(len(parameters), 1), 100):  # the API's limit for one call
            self._post(
                "runs/log-batch",
                again=True,
                run_id=run,
                metrics=metrics[:1000] if not start else [],
                params=parameters[start : start + 100],
                tags=[{"key": key, "value": value} for key, value in tags.items()] if not start else [],
            )

    def end(self, run: str, status: str) -> None:
        """Close a run."""
        self._post("runs/update", again=True, run_id=run, status=status)

    def run(self, identifier: str) -> dict[str, Any] | None:
        """A run; None where the server does not know it."""
        try:
            found: dict[str, Any] = self._get("runs/get", run_id=identifier)["run"]
        except _UnknownError:
            return None
        return found

    def versions(self, model: str, run: str) -> list[Version]:
        """The versions of a model that come from a run."""
        wanted = f"name = '{model}' and run_id = '{run}'"
        try:
            found = self._get("model-versions/search", filter=wanted, max_results="100")
        except _UnknownError:
            return []
        return [
            Version(str(one["version"]), {tag["key"]: tag["value"] for tag in one.get("tags", [])}.get(TAG_RELEASE))
            for one in found.get("model_versions", [])
        ]

    def register(self, model: str, run: str, release: str, source: str) -> str:
        """Number of the version that is ``release``, made once; ``source`` is where its artifact is."""
        self._ensure("registered-models/create", name=model)
        known = [version.number for version in self.versions(model, run) if version.release == release]
        if known:
            return min(known, key=int)
        answer = self._post(
            "model-versions/create",
            name=model,
            source=source,
            run_id=run,
            description=f"release {release}",
            tags=[{"key": TAG_RELEASE, "value": release}],
        )
        return str(answer["model_version"]["version"])

    def alias(self, model: str, name: str, version: str) -> None:
        """Let ``models:/<model>@<name>`` be a version."""
        self._post("registered-models/alias", again=True, name=model, alias=name, version=version)

    def _experiment(self, name: str) -> str:
        try:
            return str(self._get("experiments/get-by-name", experiment_name=name)["experiment"]["experiment_id"])
        except _UnknownError:
            self._ensure("experiments/create", name=name)
            return str(self._get("experiments/get-by-name", experiment_name=name)["experiment"]["experiment_id"])

    def _ensure(self, path: str, **body: Any) -> None:
        try:
            self._post(path, **body)
        except _ExistsError:
            return

    def _get(self, path: str, **query: str) -> Any:
        return self._call("GET", f"{path}?{urlencode(query)}", None, _ATTEMPTS)

    def _post(self, path: str, *, again: bool = False, **body: Any) -> Any:
        """``again``: whether the call may be repeated where its answer got lost."""
        return self._call("POST", path, json.dumps(body).encode(), _ATTEMPTS if again else 1)

    def _call(self, method: str, path: str, body: bytes | None, attempts: int) -> Any:
        subject = f"MLflow {self._address}: {path.partition('?')[0]}"
        for attempt in range(1, attempts + 1):
            last = attempt == attempts
            try:
                response = self._http.send(self._signed(method, path, body).prepare())
            except BotoCoreError as error:
                if last:
                    raise ReleaseError(f"{subject}: {type(error).__name__}: {' '.join(str(error).split())}") from None
                continue
            if response.status_code < 500 or last:
                return _answer(subject, response.status_code, response.content)
        raise AssertionError("the last attempt returns or raises")

    def _signed(self, method: str, path: str, body: bytes | None) -> AWSRequest:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        request = AWSRequest(method, f"{self._address}{_API}{path}", headers, body)
        if self._kind:
            _, service, header = _HOSTS[self._kind]
            request.headers[header] = self.uri
            credentials = self._session.get_credentials() if self._session else None
            if credentials is None:
                raise refused("MLflow", "credentials", "those of a role that may call the server", None)
            SigV4Auth(credentials, service, self._region).add_auth(request)
        elif token := os.environ.get("MLFLOW_TRACKING_TOKEN"):
            request.headers["Authorization"] = f"Bearer {token}"
        elif user := os.environ.get("MLFLOW_TRACKING_USERNAME"):
            known = f"{user}:{os.environ.get('MLFLOW_TRACKING_PASSWORD', '')}"
            request.headers["Authorization"] = f"Basic {base64.b64encode(known.encode()).decode()}"
        return request


class _UnknownError(ReleaseError):
    """The server does not have it."""


class _ExistsError(ReleaseError):
    """The server has it already."""


def _answer(subject: str, status: int, content: bytes) -> Any:
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    if status == 200 and isinstance(found, dict):
        return found
    code = found.get("error_code") if isinstance(found, dict) else None
    kind = {"RESOURCE_DOES_NOT_EXIST": _UnknownError, "RESOURCE_ALREADY_EXISTS": _ExistsError}.get(
        str(code), ReleaseError
    )
    text = " ".join(str(found.get("message", ""))[:300].split()) if isinstance(found, dict) else "no JSON object"
    raise kind(f"{subject}: {status} {code or ''}: {text}".replace(" : ", ": "))


def _millis(at: str) -> int:
    return int(datetime.fromisoformat(at).timestamp() * 1000)
