"""Users, what they send and what they learn; and the way of events to the store."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sandbox.dataplane.clock import Clock, text
from sandbox.dataplane.shipping import Shipper
from sandbox.dataplane.tokens import Issuer
from sandbox.dataplane.traffic import Caller, Row, Traffic
from sandbox.loopback import NotLoopbackError


class Model(ThreadingHTTPServer):
    """Answers predictions; every tenth fails, every seventh closes its connection, every fifth is sent in chunks."""

    daemon_threads = True

    def __init__(self) -> None:
        self.seen: list[tuple[dict[str, str], Any]] = []
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    def note(self, headers: dict[str, str], body: Any) -> int:
        with self._lock:
            self.seen.append((headers, body))
            return len(self.seen)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        server: Any = self.server
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        number = server.note({key.lower(): value for key, value in self.headers.items()}, body)
        self.send_response(500 if number % 10 == 0 else 200)
        self.send_header("x-request-id", f"r-{number}")
        if number % 7 == 0:
            self.send_header("connection", "close")
        if number % 5 == 0:
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"2\r\n{}\r\n0\r\n\r\n")
        else:
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def model() -> Iterator[Model]:
    server = Model()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def load(model: Model, rows: int, labels: dict[str, int], **options: Any) -> Traffic:
    caller = Caller(f"http://127.0.0.1:{model.server_address[1]}", "m.example.com", "/predict", {"aud": "models"})
    made: list[Row] = [({"row": number}, number % 2) for number in range(rows)]
    return Traffic(caller, Issuer(), made, labels.__setitem__, **{"connections": 3, **options})


def finished(traffic: Traffic, sent: int) -> None:
    deadline = time.monotonic() + 20
    while traffic.tally.sent < sent and time.monotonic() < deadline:
        time.sleep(0.02)
    traffic.stop()


def claims(headers: dict[str, str]) -> dict[str, Any]:
    body = headers["authorization"].split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


def test_each_row_is_asked_about_once_by_many_users(model: Model) -> None:
    labels: dict[str, int] = {}
    traffic = load(model, 200, labels)
    traffic.start()
    finished(traffic, 200)
    assert sorted(body["instances"][0]["row"] for _, body in model.seen) == list(range(200))
    assert traffic.tally.statuses == {200: 180, 500: 20}
    assert len(labels) == 180  # a failed request gets no label
    for number, (_, body) in enumerate(model.seen, 1):
        if number % 10:
            assert labels[f"r-{number}"] == body["instances"][0]["row"] % 2
    users = [claims(headers)["sub"] for headers, _ in model.seen]
    assert len(set(users)) > 100
    assert any(users.count(user) > 1 for user in users)
    assert {headers["host"] for headers, _ in model.seen} == {"m.example.com"}


def test_the_load_waits_ends_and_is_bounded(model: Model) -> None:
    traffic = load(model, 100_000, {})
    with traffic.waiting():
        traffic.start()
        time.sleep(0.2)
        assert traffic.tally.sent == 0
    finished(traffic, 10)
    sent = traffic.tally.sent
    assert sent < 100_000
    time.sleep(0.1)
    assert traffic.tally.sent == sent
    short = load(model, 100_000, {}, most_seconds=0.2)
    short.start()
    time.sleep(1)
    short.stop()
    assert 0 < short.tally.sent < 100_000


def test_a_foreign_address_gets_no_load_and_a_broken_one_is_said(model: Model) -> None:
    with pytest.raises(NotLoopbackError):
        Traffic(Caller("http://203.0.113.9:80", "h", "/", {}), Issuer(), [], lambda *_: None)
    with pytest.raises(NotLoopbackError):
        Traffic(Caller("http://localhost:80", "h", "/", {}), Issuer(), [], lambda *_: None)
    broken = Traffic(Caller("http://127.0.0.1:9", "h", "/", {}), Issuer(), [({}, 1)], lambda *_: None)
    broken.start()
    time.sleep(0.2)
    with pytest.raises(OSError, match="Connect call failed"):
        broken.stop()


def test_events_are_stamped_by_the_fast_clock_and_labels_follow(tmp_path: Path) -> None:
    start = datetime.now(UTC)
    clock = Clock(100, start)
    log = tmp_path / "pod" / "predictions.jsonl"
    log.parent.mkdir()
    sources = [log, tmp_path / "none"]
    shipper = Shipper("m", lambda: sources, tmp_path / "events", clock, label_seconds=30)
    event = {"request_id": "r-1", "ts": text(start + timedelta(seconds=1)), "variant": "stable"}
    log.write_text(json.dumps(event) + "\n" + '{"request_id": "r-2", ')
    asked = clock.seconds()
    shipper.label("r-1", 1)
    predictions = wait_for(tmp_path / "events" / "predictions")
    (moved,) = [json.loads(line) for line in predictions.read_text().splitlines()]
    assert moved == {**event, "ts": text(start + timedelta(seconds=100))}
    assert predictions.parts[-3:] == ("model=m", f"day={moved['ts'][:10]}", "pod.jsonl")
    label = json.loads(wait_for(tmp_path / "events" / "labels").read_text())
    assert (label["request_id"], label["label"]) == ("r-1", 1)
    assert (datetime.fromisoformat(label["ts"]) - start).total_seconds() >= asked + 30
    sources.clear()  # the pod has ended; what it wrote last is moved all the same
    with log.open("a") as file:
        file.write(f'"ts": "{event["ts"]}"}}\n')
    shipper.stop()
    assert len(predictions.read_text().splitlines()) == 2


def wait_for(folder: Path) -> Path:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = list(folder.rglob("*.jsonl"))
        if found and found[0].read_text():
            return found[0]
        time.sleep(0.05)
    raise AssertionError(f"nothing came to {folder}")


def test_the_clock_is_the_same_in_two_processes() -> None:
    one = Clock(50)
    other = Clock(50, one.start)
    time.sleep(0.05)
    assert abs(one.seconds() - other.seconds()) < 1
    assert abs((one.now() - other.now()).total_seconds()) < 1
    assert one.declared(one.start + timedelta(seconds=2)) == one.start + timedelta(seconds=100)
