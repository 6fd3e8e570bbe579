"""A few calls of MLflow's REST API on loopback, as far as the commands use them, with what was asked.

``test_real_tools.py`` asks the real server the same things.
"""

import json
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


class Mlflow:
    """What the server holds."""

    def __init__(self) -> None:
        self.uri = ""
        self.calls: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.experiments: dict[str, str] = {}
        self.runs: dict[str, dict[str, Any]] = {}
        self.models: dict[str, dict[str, Any]] = {}
        self.versions: list[dict[str, Any]] = []
        self.broken: dict[str, int] = {}
        """Calls that answer 500, and how often."""

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.calls.append(path)
        if self.broken.get(path):
            self.broken[path] -= 1
            return 500, {"error_code": "INTERNAL_ERROR", "message": "out of\norder"}
        found: tuple[int, dict[str, Any]] = getattr(self, re.sub(r"\W", "_", path))(body)
        return found

    def experiments_get_by_name(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        name = body["experiment_name"]
        if name not in self.experiments:
            return self._unknown(name)
        return 200, {"experiment": {"experiment_id": self.experiments[name], "name": name}}

    def experiments_create(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if body["name"] in self.experiments:
            return self._exists(body["name"])
        self.experiments[body["name"]] = str(len(self.experiments) + 1)
        return 200, {"experiment_id": self.experiments[body["name"]]}

    def runs_search(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        key, value = self._parts(r"tags\.`(.+)` = '(.+)'", body["filter"])
        return 200, {"runs": [run for run in self.runs.values() if run["tags"].get(key) == value]}

    def runs_create(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        identifier = f"{len(self.runs) + 1:032x}"
        self.runs[identifier] = {
            "info": {"run_id": identifier, "status": "RUNNING"},
            "tags": {tag["key"]: tag["value"] for tag in body["tags"]},
            "metrics": {},
            "params": {},
        }
        return 200, {"run": self.runs[identifier]}

    def runs_get(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if body["run_id"] not in self.runs:
            return self._unknown(body["run_id"])
        run = self.runs[body["run_id"]]
        tags = [{"key": key, "value": value} for key, value in run["tags"].items()]
        return 200, {"run": {"info": run["info"], "data": {"tags": tags}}}

    def runs_update(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.runs[body["run_id"]]["info"]["status"] = body["status"]
        return 200, {}

    def runs_log_batch(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        run = self.runs[body["run_id"]]
        run["metrics"] |= {one["key"]: one["value"] for one in body["metrics"]}
        run["params"] |= {one["key"]: one["value"] for one in body["params"]}
        run["tags"] |= {one["key"]: one["value"] for one in body["tags"]}
        return 200, {}

    def registered_models_create(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if body["name"] in self.models:
            return self._exists(body["name"])
        self.models[body["name"]] = {}
        return 200, {"registered_model": {"name": body["name"]}}

    def model_versions_search(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        name, run = self._parts(r"name = '(.+)' and run_id = '(.+)'", body["filter"])
        return 200, {"model_versions": [one for one in self.versions if (one["name"], one["run_id"]) == (name, run)]}

    def model_versions_create(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.versions.append({**body, "version": str(len(self.versions) + 1)})
        return 200, {"model_version": self.versions[-1]}

    def registered_models_alias(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.models[body["name"]][body["alias"]] = body["version"]
        return 200, {}

    def _parts(self, pattern: str, text: str) -> tuple[Any, ...]:
        found = re.fullmatch(pattern, text)
        assert found, text
        return found.groups()

    def _unknown(self, what: str) -> tuple[int, dict[str, Any]]:
        return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": f"no {what}"}

    def _exists(self, what: str) -> tuple[int, dict[str, Any]]:
        return 400, {"error_code": "RESOURCE_ALREADY_EXISTS", "message": f"{what} exists"}


@contextmanager
def serve() -> Generator[Mlflow]:
    """The server, on a free port of loopback."""
    state = Mlflow()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(dict(parse_qsl(urlsplit(self.path).query)))

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, body: dict[str, Any]) -> None:
            state.headers.append(dict(self.headers))
            path = urlsplit(self.path).path.removeprefix("/api/2.0/mlflow/")
            status, answer = state.answer(path, body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.uri = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
