"""``slipway gate serve``: the small web service that a rollout's analysis asks.

``POST /v1/decisions`` answers 200 with a verdict, whatever goes wrong with the events; only a question that is no
question is answered with 400. ``GET /healthz`` and ``GET /metrics`` are what they are elsewhere.
"""

import contextlib
import json
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from slipway_ops.gate import instants
from slipway_ops.gate.errors import GateError
from slipway_ops.gate.gate import Outcome, Places, Request, answer

LONGEST = 1 << 20
"""Bytes of a question."""
DISCARDED = 16 * LONGEST
"""Bytes of a refused body that are read before the connection is closed."""
WAITING = 16
"""Questions that may wait for their turn; each has a thread."""
SECONDS = 30.0
"""How long one waits; the rollout's controller gives up after a minute."""
SLOWEST = 10.0
"""Seconds that a client may take to send."""


class Metrics:
    """What the service counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.decisions = Counter(
            "slipway_gate_decisions", "Decisions by answer.", ["model", "answer"], registry=self.registry
        )
        self.errors = Counter(
            "slipway_gate_errors", "Rejections because something went wrong.", ["model"], registry=self.registry
        )
        self.seconds = Histogram(
            "slipway_gate_decision_seconds",
            "Seconds to decide.",
            buckets=(0.1, 0.3, 1, 3, 10, 30, 60),
            registry=self.registry,
        )
        self.busy = Gauge("slipway_gate_questions", "Questions being answered or waiting.", registry=self.registry)


class Service(ThreadingHTTPServer):
    """Answers one question at a time, because each may need the memory of all events."""

    daemon_threads = False
    block_on_close = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, host: str, port: int, places: Places) -> None:
        self.places, self.metrics = places, Metrics()
        self._turn = threading.Lock()
        self._waiting = threading.BoundedSemaphore(WAITING)
        super().__init__((host, port), _Handler)

    def decide(self, request: Request) -> tuple[Outcome | None, dict[str, Any]]:
        """The outcome, None if the service is too busy to find one, and what is answered."""
        busy = {"verdict": 0, "answer": "wait", "reason": "the gate is busy; ask again", "record": None}
        if not self._waiting.acquire(blocking=False):
            return None, busy
        try:
            with self.metrics.busy.track_inprogress():
                if not self._turn.acquire(timeout=SECONDS):
                    return None, busy
                try:
                    with self.metrics.seconds.time():
                        outcome = answer(request, self.places, instants.now())
                finally:
                    self._turn.release()
        finally:
            self._waiting.release()
        self.metrics.decisions.labels(request.model, outcome.record.decision.answer.value).inc()
        if outcome.error:
            self.metrics.errors.labels(request.model).inc()
        return outcome, {
            "verdict": outcome.record.verdict,
            "answer": outcome.record.decision.answer.value,
            "reason": outcome.record.decision.reason,
            "record": outcome.uri,
        }

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 -- the base class's name for it
        """A client that goes away is no error of ours."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            _log({"event": "error", "error": f"{type(error).__name__}: {error}"})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = SLOWEST
    wbufsize = -1  # head and body in one packet

    def do_GET(self) -> None:
        if self.path == "/healthz":
            self._json(200, {"status": "ok"})
        elif self.path == "/metrics":
            self._send(200, generate_latest(self._service.metrics.registry), CONTENT_TYPE_LATEST)
        else:
            self._json(404, {"error": f"path: accepted: /healthz, /metrics or /v1/decisions: received: {self.path}"})

    def do_POST(self) -> None:
        started = time.monotonic()
        if self.path != "/v1/decisions":
            self._discard()
            self._json(404, {"error": f"path: accepted: /v1/decisions: received: {self.path}"})
            return
        try:
            request = Request.parse(self._body())
        except GateError as error:
            self._json(400, {"error": str(error)})
            return
        outcome: Outcome | None = None
        try:
            outcome, said = self._service.decide(request)
        except Exception as error:  # a question always has an answer, and what is unknown is not promoted
            reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
            said = {"verdict": -1, "answer": "reject", "reason": reason, "record": None}
        self._json(200, said)
        asked = {"model": request.model, "candidate": request.candidate, "weight": request.weight}
        seconds = round(time.monotonic() - started, 3)
        _log({"event": "decision", **asked, **said, "error": bool(outcome and outcome.error), "seconds": seconds})

    def _body(self) -> Any:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LONGEST:
            self._discard()
            received = length or "no Content-Length"
            raise GateError(f"request: body: accepted: at most {LONGEST} bytes: received: {received}")
        try:
            return json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            raise GateError("request: body: accepted: a JSON object: received: no JSON") from None

    def _discard(self) -> None:
        """Read what a refused request still sends, within bounds: one cut off while sending never sees the answer."""
        self.close_connection = True
        length = self.headers.get("Content-Length", "")
        left = min(int(length), DISCARDED) if length.isdecimal() else 0
        with contextlib.suppress(TimeoutError):
            while left > 0 and (piece := self.rfile.read1(min(left, LONGEST))):
                left -= len(piece)

    def _json(self, code: int, value: dict[str, Any]) -> None:
        self._send(code, json.dumps(value, ensure_ascii=False).encode(), "application/json")

    def _send(self, code: int, body: bytes, kind: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        return "slipway-gate"

    @property
    def _service(self) -> Service:
        assert isinstance(self.server, Service), "it makes the handlers"
        return self.server

    def log_message(self, format: str, *_: Any) -> None:
        """Decisions are logged, requests for the health check are not."""


def serve(host: str, port: int, places: Places) -> None:
    """Serve until SIGTERM or SIGINT; what is being decided is finished first."""
    with Service(host, port, places) as service:

        def stop(*_: Any) -> None:
            threading.Thread(target=service.shutdown).start()  # it waits for the loop, which this thread is in

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        _log({"event": "listening", "host": host, "port": service.server_address[1]})
        service.serve_forever(poll_interval=0.2)


def _log(value: dict[str, Any]) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)
