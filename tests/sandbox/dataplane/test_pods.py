"""Pods as processes: the declared init container first, then the server with what its template says."""

import json
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox.dataplane.pods import Node
from sandbox.dataplane.processes import ProcessError, Program, free_port, get
from sandbox.loopback import NotLoopbackError
from tests.sandbox.dataplane import manifests
from tests.sandbox.dataplane.manifests import MODEL

SERVER = """
import json, os
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(dict(os.environ)).encode())
    def log_message(self, *_): pass

HTTPServer((os.environ["SLIPWAY_HOST"], int(os.environ["SLIPWAY_PORT"])), Handler).serve_forever()
"""
ENVIRONMENT = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "serve.py").write_text(SERVER)
    made = Node(tmp_path / "source", tmp_path / "pods", ENVIRONMENT, "key")
    yield made
    made.close()


def template(**container: Any) -> Any:
    found = manifests.template()
    path = "metadata.labels['variant']"
    found["spec"]["containers"][0]["env"] += [
        {"name": "DECISION_THRESHOLD", "value": "0.4"},
        {"name": "SLIPWAY_PORT", "value": "8080"},
        {"name": "SLIPWAY_VARIANT", "valueFrom": {"fieldRef": {"fieldPath": path}}},
    ]
    found["spec"]["containers"][0].update(container)
    return found


def test_a_pod_runs_as_its_template_says_and_services_select_it(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_USER", "hush")
    entered: list[str] = []

    @contextmanager
    def quiet() -> Generator[None]:
        entered.append("waits")
        yield
        entered.append("goes on")

    node.quiet = quiet
    pod = node.start("one", template(), {"variant": "shadow", "rollouts-pod-template-hash": "aaaa"})
    host, port = pod.address
    told = json.loads(get(f"http://{host}:{port}/"))
    assert (told["SLIPWAY_VARIANT"], told["DECISION_THRESHOLD"], told["SLIPWAY_RELEASE"]) == ("shadow", "0.4", "r-1")
    assert (told["SLIPWAY_PORT"], told["SLIPWAY_SUBJECT_KEY"]) == (str(port), "key")
    assert "SECRET_OF_THE_USER" not in told
    assert entered == ["waits", "goes on"]
    services = [
        manifests.service(),
        manifests.service("-canary", **{"rollouts-pod-template-hash": "bbbb"}),
        manifests.service("-shadow", variant="shadow"),
    ]
    expected = {MODEL: [pod.address], f"{MODEL}-canary": [], f"{MODEL}-shadow": [pod.address]}
    assert node.endpoints(services) == expected
    node.stop(pod)
    assert node.endpoints(services) == {name: [] for name in expected}


def test_a_pod_whose_artifact_is_another_never_starts(node: Node, tmp_path: Path) -> None:
    arguments = ["--uri", "s3://nowhere/a", "--version", "v", "--sha256", "0" * 64, "--to", "/model/artifact"]
    fetch = {"name": "fetch", "command": ["slipway", "artifact", "fetch"], "args": arguments}
    found = template()
    found["spec"]["initContainers"] = [fetch]
    with pytest.raises(ProcessError, match="fetch ended with code 1: "):
        node.start("two", found, {})
    assert node.pods == []
    found["spec"]["initContainers"] = [{**fetch, "command": ["/bin/sh"]}]
    with pytest.raises(ProcessError, match="fetch: accepted: a command of slipway"):
        node.start("three", found, {})


def test_what_a_pod_cannot_be_told_here_is_refused(node: Node) -> None:
    env = [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]
    with pytest.raises(ProcessError, match="KEY: accepted: a value or a label of the pod"):
        node.start("four", template(env=env), {})


def test_artifacts_come_from_this_machine_only(tmp_path: Path) -> None:
    with pytest.raises(NotLoopbackError):
        Node(tmp_path, tmp_path, {**ENVIRONMENT, "AWS_ENDPOINT_URL": "https://s3.example.com"}, "key")


def test_a_program_that_ends_or_never_answers_is_said_with_its_log(tmp_path: Path) -> None:
    ended = Program("short", [sys.executable, "-c", "print('no port'); exit(3)"], {}, tmp_path / "log")
    with pytest.raises(ProcessError, match="short ended with code 3:\nno port"):
        ended.wait(lambda: False, 20)
    address = f"http://127.0.0.1:{free_port()}"
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    silent = Program("silent", [sys.executable, "-c", deaf], {}, tmp_path / "log2")
    try:
        with pytest.raises(ProcessError, match="silent was not ready within 1 s"):
            silent.wait(lambda: bool(get(address)), 1)
    finally:
        silent._process.kill()
        silent.stop()
    assert not silent.alive
