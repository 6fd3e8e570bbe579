"""A stand-in for Kubeflow Pipelines' API on loopback: runs and versions in memory, filters as the server has them."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PIPELINE, VERSION = "p-1", "v-1"


class Kubeflow:
    def __init__(self) -> None:
        self.url = ""
        self.versions = {"flight-delay-retraining-abc": VERSION}
        self.runs: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.authorization: str | None = None
        self.broken = False

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        self.asked.append(f"{method} {urlsplit(path).path}")
        place, query = urlsplit(path).path.removeprefix("/apis/v2beta1"), parse_qs(urlsplit(path).query)
        if self.broken:
            return 503, {"error": "no database"}
        if method == "POST" and place == "/runs":
            self.runs.append({**body, "run_id": f"r-{len(self.runs)}", "state": "PENDING"})
            return 200, self.runs[-1]
        if place.endswith(":terminate"):
            self.run(place.split("/")[2].split(":")[0])["state"] = "CANCELING"
            return 200, {}
        if place == "/runs":
            assert query["namespace"] == ["kubeflow"]
            return 200, {"runs": [run for run in self.runs if run["display_name"] == _wanted(query, "display_name")]}
        if place == "/pipelines/names/flight-delay-retraining":
            return 200, {"pipeline_id": PIPELINE}
        if place == f"/pipelines/{PIPELINE}/versions":
            found = self.versions.get(_wanted(query, "name"))
            return 200, {"pipeline_versions": [{"pipeline_version_id": found}]} if found else {}
        return 404, {"error": place}

    def run(self, run_id: str) -> dict[str, Any]:
        return next(run for run in self.runs if run["run_id"] == run_id)


def _wanted(query: dict[str, list[str]], key: str) -> str:
    [predicate] = json.loads(query["filter"][0])["predicates"]
    assert (predicate["key"], predicate["operation"]) == (key, "EQUALS")
    return str(predicate["string_value"])


@contextmanager
def kubeflow() -> Generator[Kubeflow]:
    known = Kubeflow()

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            known.authorization = self.headers.get("authorization")
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, answer = known.answer(self.command, self.path, json.loads(body) if body else None)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = _any

        def log_message(self, format: str, *args: Any) -> None:
            """Not a word."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    known.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
