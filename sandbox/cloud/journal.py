"""What reached the cloud: every call that may change something, by service and operation.

The operation is read from the request itself, so that whoever made the call (a provider, boto3, a job) is counted.
"""

import threading
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs

READS = (
    *("Get", "List", "Describe", "Head", "BatchGet", "BatchCheck", "Lookup", "Search", "Query", "Scan", "Select"),
    *("Simulate", "Validate", "Check", "Preview", "Test"),
)
"""First words of the operations that change nothing."""

_KEY_USES = ("Decrypt", "Encrypt", "ReEncrypt", "GenerateDataKey", "GenerateRandom", "Sign", "Verify")

_SIGNED_AS = {"aps": "amp", "airflow": "mwaa", "es": "opensearch", "monitoring": "cloudwatch"}
FORM = "application/x-www-form-urlencoded"
"""Content type of the query protocols."""


class Journal:
    """The writes since the cloud was started, numbered from 1."""

    def __init__(self) -> None:
        self._entries: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    @property
    def writes(self) -> int:
        """How many writes there were."""
        return len(self._entries)

    def since(self, number: int) -> list[dict[str, Any]]:
        """The writes after the one with ``number``."""
        with self._lock:
            return self._entries[max(number, 0) :]

    def record(self, environ: dict[str, Any]) -> None:
        """Note the call in ``environ`` if it is a write; to be called before it is carried out."""
        service, operation = operation_of(environ)
        if is_read(service, operation):
            return
        with self._lock:
            self._entries.append({"n": len(self._entries) + 1, "service": service, "operation": operation})


def is_read(service: str, operation: str) -> bool:
    """Whether the operation leaves the account as it is."""
    if service == "sts" or (service == "kms" and operation.startswith(_KEY_USES)):
        return True
    return operation.startswith((*READS, "GET ", "HEAD ", "OPTIONS "))


def operation_of(environ: dict[str, Any]) -> tuple[str, str]:
    """Service and operation of a request to AWS; ``METHOD /path`` where no model knows the operation."""
    service = service_of(environ)
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return service, target.rpartition(".")[2]
    if action := _action(environ):
        return service, action
    return service, _routed(service, environ) or f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')}"


def service_of(environ: dict[str, Any]) -> str:
    """The service that a request was signed for, by its name in botocore."""
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split(",")[0].split("/")
    name = scope[3].lower() if len(scope) == 5 else "s3"  # only S3 takes unsigned and presigned calls
    if name == "s3" and environ.get("PATH_INFO", "").startswith("/v20180820/"):
        return "s3control"
    return _SIGNED_AS.get(name, name)


def _action(environ: dict[str, Any]) -> str | None:
    """``Action=`` of the query protocols, from the query or from the body, which is put back."""
    query = parse_qs(environ.get("QUERY_STRING", ""))
    if "Action" not in query and environ.get("CONTENT_TYPE", "").startswith(FORM):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        query = parse_qs(body.decode(errors="replace"))
    return next(iter(query.get("Action", [])), None)


def _routed(service: str, environ: dict[str, Any]) -> str | None:
    """The operation of a REST call, by method and path."""
    if environ["REQUEST_METHOD"] in ("GET", "HEAD", "OPTIONS"):
        return None  # always a read: the search through the service's routes can be saved
    from botocore.exceptions import UnknownServiceError
    from moto.core.request import Request
    from moto.core.routing import get_service_router
    from werkzeug.exceptions import NotFound

    try:
        bare = {**environ, "wsgi.input": BytesIO(), "CONTENT_LENGTH": "0"}  # routing must not consume the body
        operation, _ = get_service_router(service).match(Request(bare))
    except (UnknownServiceError, NotFound, NotImplementedError, ValueError):
        return None
    return str(operation.name)
