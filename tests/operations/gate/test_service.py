"""The service over HTTP, on the loopback address."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from slipway_ops.gate import service as module
from slipway_ops.gate.gate import Places
from slipway_ops.gate.service import Service

from tests.operations.gate.traffic import CANDIDATE, MODEL, Traffic, document, prediction


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Service]:
    traffic = Traffic(tmp_path)
    places = Places(str(traffic.predictions), str(traffic.labels), str(tmp_path / "decisions"))
    with Service("127.0.0.1", 0, places) as service:
        thread = threading.Thread(target=service.serve_forever, args=(0.02,))
        thread.start()
        yield service
        service.shutdown()
        thread.join()


def ask(port: int, method: str, path: str, body: Any = None) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    connection.request(method, path, data)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, text


def question(**changes: Any) -> dict[str, Any]:
    fields = {"gate": document(), "model": MODEL, "candidate": CANDIDATE, "weight": "25", "final": "false"}
    return {**fields, **changes}


def decided(service: Service, **changes: Any) -> dict[str, Any]:
    code, text = ask(service.server_address[1], "POST", "/v1/decisions", question(**changes))
    assert code == 200, text
    found: dict[str, Any] = json.loads(text)
    return found


def test_a_question_is_answered_with_verdict_reason_and_record(served: Service) -> None:
    found = decided(served)
    assert (found["verdict"], found["answer"]) == (0, "wait")
    assert found["reason"].startswith("minimum_sample: 0 units")
    record = json.loads(Path(found["record"].removeprefix("file://")).read_text())
    assert (record["weight"], record["final"], record["model"]) == (25, False, MODEL)


def test_events_that_cannot_be_read_reject(served: Service) -> None:
    day = f"day={datetime.now(UTC):%Y-%m-%d}"
    folder = Path(served.places.predictions) / f"model={MODEL}" / day
    folder.mkdir(parents=True)
    (folder / "part.jsonl").write_text(json.dumps(prediction(1, 0, ts="?")) + "\n")
    found = decided(served)
    assert (found["verdict"], found["answer"]) == (-1, "reject")
    assert "part.jsonl: line 1: ts: accepted: RFC 3339 in UTC" in found["reason"]
    _, text = ask(served.server_address[1], "GET", "/metrics")
    assert 'slipway_gate_decisions_total{answer="reject",model="flight-delay"} 1.0' in text
    assert 'slipway_gate_errors_total{model="flight-delay"} 1.0' in text


@pytest.mark.parametrize(
    "method, path, body, code, words",
    [
        ("GET", "/healthz", None, 200, '{"status": "ok"}'),
        ("GET", "/other", None, 404, "path: accepted: /healthz, /metrics or /v1/decisions: received: /other"),
        ("POST", "/v1/decision", {}, 404, "path: accepted: /v1/decisions: received: /v1/decision"),
        ("POST", "/v1/decisions", b"{", 400, "request: body: accepted: a JSON object: received: no JSON"),
        ("POST", "/v1/decisions", b"[]", 400, "request: record: accepted: an object: received: []"),
        ("POST", "/v1/decisions", question(weight="0"), 400, "request: weight: accepted: greater than or equal to 1"),
        ("POST", "/v1/decisions", question(gate=1), 400, "request: gate: accepted: an object: received: 1"),
        ("POST", "/v1/decisions", b"x" * (module.LONGEST + 1), 400, "request: body: accepted: at most 1048576 bytes"),
    ],
)
def test_other_requests(served: Service, method: str, path: str, body: Any, code: int, words: str) -> None:
    status, text = ask(served.server_address[1], method, path, body)
    assert status == code
    assert words in text.replace('\\"', '"')


def test_a_body_without_a_length_is_refused(served: Service) -> None:
    with socket.create_connection(("127.0.0.1", served.server_address[1]), timeout=10) as client:
        client.sendall(b"POST /v1/decisions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        assert b"at most 1048576 bytes: received: no Content-Length" in client.recv(4096)


def test_who_waits_too_long_is_told_to_wait(served: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.05)
    with served._turn:
        found = decided(served)
    assert found == {"verdict": 0, "answer": "wait", "reason": "the gate is busy; ask again", "record": None}
    for _ in range(module.WAITING):
        served._waiting.acquire()
    assert decided(served)["reason"] == "the gate is busy; ask again"


def test_a_failure_of_the_gate_itself_rejects(served: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError("in the gate")

    monkeypatch.setattr(module, "answer", fail)
    found = decided(served)
    assert found == {"verdict": -1, "answer": "reject", "reason": "ZeroDivisionError: in the gate", "record": None}
    assert served._turn.acquire(timeout=1)
    served._turn.release()


def test_the_command_serves_on_loopback_and_ends_when_it_is_told(tmp_path: Path) -> None:
    traffic = Traffic(tmp_path)
    variables = {
        "SLIPWAY_PREDICTIONS": str(traffic.predictions),
        "SLIPWAY_LABELS": str(traffic.labels),
        "SLIPWAY_DECISIONS": str(tmp_path / "decisions"),
    }
    command = [sys.executable, "-c", "from slipway_ops.cli import main; main()", "gate", "serve", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **variables})
    try:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        assert (first["event"], first["host"]) == ("listening", "127.0.0.1")
        code, text = ask(first["port"], "POST", "/v1/decisions", question())
        assert (code, json.loads(text)["answer"]) == (200, "wait")
        logged = json.loads(process.stdout.readline())
        assert (logged["event"], logged["answer"], logged["weight"]) == ("decision", "wait", 25)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert re.search("stopped", process.stdout.read())
    finally:
        process.kill()
        process.communicate()
