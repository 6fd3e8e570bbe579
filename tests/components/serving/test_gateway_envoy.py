"""The gateway's policies in the real Envoy, configured as Envoy Gateway 1.9 translates them; on loopback only."""

import json
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from slipway.serving import _edge
from slipway.serving._gateway_settings import settings_of

from tests.components.serving.test_gateway import ARGS

ENVOY = Path(sys.executable).with_name("envoy")
TYPE = "type.googleapis.com/envoy.extensions."
HOST, SHUT = "fraud.ml.example.com", "shut.ml.example.com"
pytestmark = pytest.mark.sandbox


class Echo(BaseHTTPRequestHandler):
    """Answers with the headers that it got."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None: ...


def of_type(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "typed_config": {"@type": TYPE + name, **fields}}


def address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def config(port: int, admin: int, backend: int, log: Path) -> dict[str, Any]:
    """One listener with the client policy; of two hosts, one has only the Gateway's policy: nobody is let in."""
    clients = _edge.clients_spec(60)
    headers = clients["headers"]
    (log_setting,) = _edge.proxy_spec(settings_of(ARGS))["telemetry"]["accessLog"]["settings"]
    assert _edge.deny_spec()["authorization"] == {"defaultAction": "Deny"}
    shut = {"@type": TYPE + "filters.http.rbac.v3.RBACPerRoute", "rbac": {"rules": {"action": "ALLOW", "policies": {}}}}
    arm = [{"header": {"key": "x-model-arm", "value": "stable"}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}]
    hosts: list[dict[str, Any]] = [
        {
            "name": host,
            "domains": [host],
            "routes": [
                {
                    "match": {"prefix": "/"},
                    "route": {"cluster": "backend"},
                    "request_headers_to_add": arm,
                    "typed_per_filter_config": denied,
                }
            ],
        }
        for host, denied in ((HOST, {}), (SHUT, {"envoy.filters.http.rbac": shut}))
    ]
    manager = of_type(
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="http",
        use_remote_address=False,  # what Envoy Gateway does where addresses come from X-Forwarded-For
        original_ip_detection_extensions=[
            of_type(
                "http.original_ip_detection.xff.v3.XffConfig",
                xff_num_trusted_hops=clients["clientIPDetection"]["xForwardedFor"]["numTrustedHops"] - 1,
            )
        ],
        early_header_mutation_extensions=[
            of_type(
                "http.early_header_mutation.header_mutation.v3.HeaderMutation",
                mutations=[{"remove": name} for name in headers["earlyRequestHeaders"]["remove"]],
            )
        ],
        path_with_escaped_slashes_action="REJECT_REQUEST",
        common_http_protocol_options={"headers_with_underscores_action": "REJECT_REQUEST"},
        access_log=[
            of_type(
                "access_loggers.file.v3.FileAccessLog",
                path=str(log),
                log_format={
                    "formatters": [of_type("formatter.req_without_query.v3.ReqWithoutQuery")],
                    "json_format": log_setting["format"]["json"],
                },
            )
        ],
        http_filters=[
            of_type(
                "filters.http.header_mutation.v3.HeaderMutation",
                mutations={
                    "response_mutations": [
                        {
                            "append": {
                                "header": {"key": one["name"], "value": one["value"]},
                                "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
                            }
                        }
                        for one in headers["lateResponseHeaders"]["set"]
                    ]
                },
            ),
            {**of_type("filters.http.rbac.v3.RBAC"), "name": "envoy.filters.http.rbac"},
            of_type("filters.http.router.v3.Router", suppress_envoy_headers=True),
        ],
        route_config={"virtual_hosts": hosts},
    )
    endpoint = {"endpoint": {"address": address(backend)}}
    cluster = {"cluster_name": "backend", "endpoints": [{"lb_endpoints": [endpoint]}]}
    return {
        "admin": {"address": address(admin)},
        "static_resources": {
            "listeners": [{"name": "http", "address": address(port), "filter_chains": [{"filters": [manager]}]}],
            "clusters": [{"name": "backend", "type": "STATIC", "load_assignment": cluster}],
        },
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def envoy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """Port and access log of an Envoy in front of a server that echoes headers."""
    folder = tmp_path_factory.mktemp("envoy")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port, admin = free_port(), free_port()
    file = folder / "envoy.json"
    file.write_text(json.dumps(config(port, admin, server.server_address[1], folder / "access.log")))
    command = [str(ENVOY), "-c", str(file), "--use-dynamic-base-id", "--log-level", "error"]
    process = subprocess.Popen([*command, "--file-flush-interval-msec", "100"])
    try:
        wait_for(f"http://127.0.0.1:{admin}/ready")
        yield port, folder / "access.log"
    finally:
        process.terminate()
        process.wait(timeout=30)
        server.shutdown()
        server.server_close()


def wait_for(url: str) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(url, timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"nothing answers at {url}")


def ask(port: int, host: str, path: str = "/predict", **headers: str) -> tuple[int, dict[str, str], str]:
    sent = {"Host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    try:
        with urllib.request.urlopen(
            urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=sent), timeout=10
        ) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


def test_callers_do_not_say_who_they_are_nor_which_arm_nor_which_request(envoy: tuple[int, Path]) -> None:
    status, answered, body = ask(
        envoy[0], HOST, x_user_id="mallory", x_model_arm="canary", x_request_id="chosen", x_forwarded_for="203.0.113.9"
    )

    got = json.loads(body)
    assert status == 200
    assert "x-user-id" not in got
    assert got["x-model-arm"] == "stable"
    assert got["x-request-id"] != "chosen"
    assert answered["x-request-id"] == got["x-request-id"]  # by which the caller's label finds its prediction


def test_a_route_without_a_policy_of_its_own_is_closed(envoy: tuple[int, Path]) -> None:
    status, answered, body = ask(envoy[0], SHUT, authorization="Bearer anything")

    assert (status, body) == (403, "RBAC: access denied")
    assert answered["x-request-id"]


def test_callers_do_not_steer_envoy(envoy: tuple[int, Path]) -> None:
    _, _, body = ask(
        envoy[0], HOST, x_forwarded_for="10.0.0.1, 203.0.113.9", x_envoy_max_retries="9", x_envoy_retry_on="5xx"
    )

    assert not [name for name in json.loads(body) if name.startswith("x-envoy-")]


def test_the_access_log_names_the_request_and_nobody(envoy: tuple[int, Path]) -> None:
    port, log = envoy
    _, answered, _ = ask(port, HOST, "/predict?passenger=alice", x_user_id="bob", x_forwarded_for="203.0.113.9")

    for _ in range(100):
        lines = [line for line in log.read_text().splitlines() if answered["x-request-id"] in line]
        if lines:
            break
        time.sleep(0.05)
    entry = json.loads(lines[0])
    assert (entry["path"], entry["arm"], entry["status"]) == ("/predict", "stable", 200)
    assert not [word for word in ("alice", "bob", "203.0.113.9") if word in lines[0]]
