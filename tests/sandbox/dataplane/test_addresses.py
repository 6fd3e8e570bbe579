"""Nothing starts that could reach another machine."""

import copy
from pathlib import Path
from typing import Any

import pytest

from sandbox.dataplane import envoy
from sandbox.dataplane.addresses import require_host, require_loopback
from sandbox.dataplane.proxy import Proxy
from sandbox.loopback import NotLoopbackError
from tests.sandbox.dataplane import manifests
from tests.sandbox.dataplane.manifests import MODEL

PLACE = envoy.Place(10001, 10002, "/dev/null", '{"keys": []}')


def front(host: str = "127.0.0.1") -> envoy.Front:
    names = (MODEL, f"{MODEL}-canary", f"{MODEL}-shadow")
    return envoy.configuration(manifests.objects(), MODEL, {name: [(host, 9)] for name in names}, PLACE)


def test_a_configuration_made_here_is_loopback_and_holds_what_is_declared() -> None:
    require_loopback(front().config)
    assert front().left_out == []


@pytest.mark.parametrize("host", ["203.0.113.9", "localhost", "example.com", "0.0.0.0", "", "::"])
def test_a_foreign_endpoint_is_refused(host: str, tmp_path: Path) -> None:
    with pytest.raises(NotLoopbackError, match="accepted: a numeric loopback address: received: "):
        front(host)
    with pytest.raises(NotLoopbackError):
        require_host(host)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("admin.address.socket_address.address", "0.0.0.0"),
        ("dynamic_resources", {"ads_config": {"grpc_services": [{"envoy_grpc": {"cluster_name": "x"}}]}}),
        ("dynamic_resources", {"cds_config": {"api_config_source": {"api_type": "REST"}}}),
        ("static_resources.clusters.0.type", "STRICT_DNS"),
        ("static_resources.clusters.0.load_assignment.endpoints.0.x", {"pipe": {"path": "/run/docker.sock"}}),
        ("tracing", {"collector": "http://collector.example.com/v1"}),
        ("jwks", {"http_uri": {"uri": "https://issuer.example.com/jwks.json"}}),
        ("anything", ["fine", "say grpc://203.0.113.9:1 and http://127.0.0.1:2"]),
    ],
)
def test_every_other_way_out_is_refused_before_envoy_starts(path: str, value: Any, tmp_path: Path) -> None:
    config = copy.deepcopy(front().config)
    place: Any = config
    *steps, last = path.split(".")
    for step in steps:
        place = place[int(step)] if isinstance(place, list) else place[step]
    place[last] = value
    with pytest.raises(NotLoopbackError, match="refuses addresses that are not this machine"):
        require_loopback(config)
    with pytest.raises(NotLoopbackError):
        Proxy(envoy.Front(config, []), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_only_compared_may_name_another_machine() -> None:
    require_loopback({"issuer": "https://issuer.example.com", "audiences": ["https://a.example.com"], "x": "a: //b"})
    require_loopback({"address": "::1", "url": "http://127.0.0.1:1/ and http://localhost:2"})
