"""The server: moto's own application behind a small one that journals, advances the clock and says who it is."""

import datetime as dt
import json
import os
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from sandbox.cloud import clock
from sandbox.cloud.journal import FORM, Journal, service_of
from sandbox.cloud.process import RECORD
from sandbox.cloud.turn import TURN

SETTINGS = {
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",  # 2,600 images that nobody made would be scanned
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    "MOTO_DISABLE_GLOBAL_CORS": "true",  # no page in a browser may read this account
}
_LAYERS = "/sandbox/layers/"
_WATCH_SECONDS = 2.0
_TICK_SECONDS = 1.0
_ACCEPTED = (
    "GET health, GET journal?since=, GET requests?since=, POST advance?seconds=, POST job-environment?NAME=,"
    " POST reclaim?job="
)
_Start = Callable[..., Any]


def serve(directory: Path, port: int) -> None:
    """Run the cloud until it is terminated, or until ``directory`` no longer names it."""
    os.environ.update(SETTINGS)
    application = _load()
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    class Handler(MotoRequestHandler):  # type: ignore[misc]
        def log_request(self, code: Any = "-", size: Any = "-") -> None:
            if str(code).startswith("5"):
                super().log_request(code, size)

    instance = str(uuid.uuid4())
    cloud = Application(application, instance)
    server = make_server("127.0.0.1", port, cloud, threaded=True, request_handler=Handler)
    os.environ["MOTO_PORT"] = str(server.port)  # moto's own clients read it
    record = {
        "pid": os.getpid(),
        "port": server.port,
        "instance": instance,
        "started": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    }
    _write(directory / RECORD, record)
    threading.Thread(target=_end_when_replaced, args=(directory / RECORD, instance), daemon=True).start()
    threading.Thread(target=cloud.keep_time, daemon=True).start()
    print(f"{record['started']} serving on 127.0.0.1:{server.port}", flush=True)
    server.serve_forever()


def _load() -> Any:
    """moto's application with every extension in place and its time taken from our clock."""
    from moto.core import utils

    from sandbox.cloud.extension import replaces

    replaces(utils, "utcnow")(lambda _: clock.naive_now())  # before any service binds the name

    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    from sandbox.cloud import extensions

    extensions.load()
    return DomainDispatcherApplication(create_backend_app)


class Application:
    """``/sandbox/*`` is answered here, everything else is a call to AWS and goes to moto, one at a time.

    moto's dictionaries are not made for threads, and it is one process with one interpreter lock: taking turns costs
    nothing and makes the account's history one sequence. A service that calls the cloud back while it answers must do
    so from a thread of its own.
    """

    def __init__(self, application: Callable[[dict[str, Any], _Start], Iterable[bytes]], instance: str) -> None:
        self._application = application
        self._instance = instance
        self._journal = Journal()

    def __call__(self, environ: dict[str, Any], start: _Start) -> Iterable[bytes]:
        """Answer one request, as WSGI has it."""
        path = environ.get("PATH_INFO", "")
        if path.startswith(_LAYERS):
            return self._layer(path.removeprefix(_LAYERS), start)
        if path.startswith("/sandbox/"):
            status, body = self._sandbox(path, environ)
            return _answer(start, status, json.dumps(body).encode(), "application/json")
        from sandbox.cloud import itself

        with TURN:
            if not itself.is_own(environ):
                self._journal.record(environ)
            try:
                return self._aws(environ, start)
            except Exception as error:
                # 501 is not retried: the caller learns at once that the sandbox lacks something
                traceback.print_exc()
                return _fault(start, environ, f"the sandbox's cloud cannot do this: {type(error).__name__}: {error}")

    def keep_time(self) -> None:
        """Do what becomes due while nobody advances the clock; never returns."""
        while True:
            time.sleep(_TICK_SECONDS)
            try:
                clock.catch_up(TURN)
            except Exception:
                traceback.print_exc()

    def _aws(self, environ: dict[str, Any], start: _Start) -> Iterable[bytes]:
        """moto's answer. A page where an API was asked means that moto has no such path: not that a thing is gone."""
        begun: list[tuple[str, list[tuple[str, str]]]] = []
        body = self._application(environ, lambda status, headers, _=None: begun.append((status, headers)))
        status, headers = begun[0]
        if status.startswith("404") and dict(headers).get("Content-Type", "").startswith("text/html"):
            content = b"".join(body)
            if content.lower().startswith(b"<!doctype html"):
                raise NotImplementedError(f"no path {environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
            body = [content]
        start(status, headers)
        return body

    def _layer(self, digest: str, start: _Start) -> Iterable[bytes]:
        """Where ECR's GetDownloadUrlForLayer points to."""
        from sandbox.cloud.ecr import LAYERS

        content = LAYERS.get(digest)
        if content is None:
            return _answer(start, "404 Not Found", b'{"error": "no such layer"}', "application/json")
        return _answer(start, "200 OK", content, "application/octet-stream")

    def _sandbox(self, path: str, environ: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        query = parse_qs(environ.get("QUERY_STRING", ""))
        try:
            match path, environ["REQUEST_METHOD"]:
                case "/sandbox/health", "GET":
                    return "200 OK", {"instance": self._instance, "pid": os.getpid()}
                case "/sandbox/journal", "GET":
                    since = int(query.get("since", ["0"])[0])
                    return "200 OK", {"writes": self._journal.writes, "entries": self._journal.since(since)}
                case "/sandbox/requests", "GET":
                    from sandbox.cloud import outgoing

                    return "200 OK", {"requests": outgoing.sent(int(query.get("since", ["0"])[0]))}
                case "/sandbox/advance", "POST":
                    present = clock.advance(float(query.get("seconds", ["0"])[0]), TURN)
                    return "200 OK", {"now": present.isoformat()}
                case "/sandbox/job-environment", "POST":
                    return "200 OK", _job_environment(parse_qs(environ["QUERY_STRING"], keep_blank_values=True))
                case "/sandbox/reclaim", "POST":
                    with TURN:
                        return "200 OK", _reclaim(query.get("job", [""])[0])
        except ValueError as error:
            return "400 Bad Request", {"error": str(error)}
        return "404 Not Found", {"error": f"accepted: {_ACCEPTED}"}


def _job_environment(given: dict[str, list[str]]) -> dict[str, Any]:
    """What jobs see whatever their definitions say."""
    from sandbox.cloud.batch_process import OVERRIDES

    for name, values in given.items():
        OVERRIDES[name] = values[-1]
        if not values[-1]:
            del OVERRIDES[name]
    return dict(OVERRIDES)


def _reclaim(job_id: str) -> dict[str, Any]:
    from moto.batch.models import batch_backends

    from sandbox.cloud.batch_jobs import reclaim

    for account in batch_backends.values():
        for backend in account.values():
            if job_id in backend._jobs and reclaim(backend._jobs[job_id]):
                return {"job": job_id}
    raise ValueError(f"job: accepted: id of a running job: received: {job_id!r}")


def _fault(start: _Start, environ: dict[str, Any], message: str) -> Iterable[bytes]:
    """An error in the form of the protocol that the call came in, so that boto3 shows the message."""
    service = service_of(environ)
    if "HTTP_X_AMZ_TARGET" not in environ and (service == "s3" or environ.get("CONTENT_TYPE", "").startswith(FORM)):
        error = f"<Error><Code>NotImplemented</Code><Message>{escape(message)}</Message></Error>"
        frame = {"s3": "{}", "ec2": "<Response><Errors>{}</Errors></Response>"}
        body = frame.get(service, "<ErrorResponse>{}</ErrorResponse>").format(error)
        return _answer(start, "501 Not Implemented", body.encode(), "text/xml")
    body = json.dumps({"__type": "NotImplemented", "code": "NotImplemented", "message": message})
    return _answer(start, "501 Not Implemented", body.encode(), "application/x-amz-json-1.1")


def _answer(start: _Start, status: str, body: bytes, kind: str) -> Iterable[bytes]:
    start(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]


def _write(path: Path, record: dict[str, Any]) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(record) + "\n")
    part.replace(path)


def _end_when_replaced(path: Path, instance: str) -> None:
    """Nobody would ever stop a cloud whose directory is gone or names another one."""
    while True:
        time.sleep(_WATCH_SECONDS)
        try:
            ours = json.loads(path.read_text())["instance"] == instance
        except (OSError, ValueError):
            ours = False
        if not ours:
            print("no longer the cloud of this directory: ending", flush=True)
            os._exit(0)
