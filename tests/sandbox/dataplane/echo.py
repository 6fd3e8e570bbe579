"""Servers that say what they received, in threads of this process."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Echo:
    """One server; ``received`` holds the headers of each request, names in lower case."""

    def __init__(self, status: int = 200) -> None:
        self.received: list[dict[str, str]] = []
        self.status = status
        echo = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                echo.received.append(headers)
                body = json.dumps(headers).encode()
                self.send_response(echo.status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Handler)
        self.address = ("127.0.0.1", self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def servers(*names: str) -> Generator[dict[str, Echo]]:
    """A server for each Service."""
    started = {name: Echo() for name in names}
    try:
        yield started
    finally:
        for server in started.values():
            server.stop()
