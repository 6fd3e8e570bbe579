"""What the server answers besides AWS's calls, and what it says where it cannot answer those."""

import json
import socket
import urllib.error
import urllib.request
from typing import Any

import pytest

from sandbox.cloud.clients import session
from sandbox.cloud.process import Cloud
from tests.sandbox.cloud.helpers import Call, refused


def _send(cloud: Cloud, method: str, path: str) -> tuple[int, dict[str, str]]:
    request = urllib.request.Request(f"{cloud.url}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_health_says_who_it_is(cloud: Cloud) -> None:
    assert _send(cloud, "GET", "/sandbox/health") == (200, {"instance": cloud.instance, "pid": cloud.pid})


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/sandbox/nothing", 404, "accepted: GET health"),
        ("GET", "/sandbox/advance?seconds=1", 404, "accepted: GET health"),
        ("POST", "/sandbox/advance?seconds=-1", 400, "seconds: accepted: 0 to a hundred years: received: -1.0"),
        ("POST", "/sandbox/advance?seconds=nan", 400, "received: nan"),
        ("POST", "/sandbox/advance?seconds=soon", 400, "could not convert"),
        ("GET", "/sandbox/journal?since=x", 400, "invalid literal"),
        ("GET", "/sandbox/layers/sha256:0", 404, "no such layer"),
    ],
)
def test_a_wrong_request_is_told_why(cloud: Cloud, method: str, path: str, status: int, text: str) -> None:
    found, body = _send(cloud, method, path)
    assert (found, text in body["error"]) == (status, True), body


def test_only_this_machine_reaches_it(cloud: Cloud) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing: finds the address that other machines would use
        address = probe.getsockname()[0]
    if address.startswith("127."):
        pytest.skip("this machine has no other address")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, cloud.port), timeout=2)


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("kms", "create_custom_key_store", {"CustomKeyStoreName": "x"}),
        ("ec2", "create_coip_pool", {"LocalGatewayRouteTableId": "x"}),
        ("iam", "generate_service_last_accessed_details", {"Arn": "arn:aws:iam::123456789012:role/xxxx"}),
        ("eks", "register_cluster", {"name": "x", "connectorConfig": {"roleArn": "x", "provider": "OTHER"}}),
    ],
)
def test_what_the_cloud_lacks_is_said_and_not_retried(
    cloud: Cloud, environment: dict[str, str], service: str, operation: str, parameters: dict[str, Any]
) -> None:
    """Each in its own protocol; the client is one that retries what may be retried."""
    client: Any = session(environment).client
    aws, before = client(service, endpoint_url=cloud.url), cloud.writes()
    with refused("NotImplemented", "the sandbox's cloud cannot do this: NotImplementedError"):
        getattr(aws, operation)(**parameters)
    assert cloud.writes() == before + 1


def test_the_clock_advances_for_everything(cloud: Cloud, aws: Call) -> None:
    first = aws("kms").create_key()["KeyMetadata"]["CreationDate"]
    cloud.advance(3 * 86400)
    second = aws("kms").create_key()["KeyMetadata"]["CreationDate"]
    assert 3 * 86400 <= (second - first).total_seconds() < 3 * 86400 + 60
