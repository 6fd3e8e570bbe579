"""The process is found, started once, noticed when it is gone or somebody else's, and stopped."""

import json
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from sandbox.cloud import process, server
from sandbox.cloud.clients import client
from sandbox.cloud.process import Cloud, CloudError, ensure, find, stop


class _Stranger(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"instance": "somebody else", "pid": os.getpid()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_life(tmp_path: Path) -> None:
    directory = tmp_path / "state" / "cloud"
    with ThreadPoolExecutor(3) as pool:
        clouds = list(pool.map(lambda _: ensure(directory), range(3)))
    first = clouds[0]
    assert {cloud.instance for cloud in clouds} == {first.instance}
    assert find(directory) == ensure(directory) == first
    record = json.loads((directory / "cloud.json").read_text())
    assert (record["pid"], record["port"], record["instance"]) == (first.pid, first.port, first.instance)
    client("s3", first.environment("us-east-1")).create_bucket(Bucket="made-before-the-end")
    assert first.writes() == 1

    os.kill(first.pid, signal.SIGKILL)
    os.waitpid(first.pid, 0)
    assert find(directory) is None

    stranger = HTTPServer(("127.0.0.1", first.port), _Stranger)
    threading.Thread(target=stranger.serve_forever, daemon=True).start()
    try:
        assert find(directory) is None
        second = ensure(directory)
        assert (second.instance != first.instance, second.port != first.port, second.writes()) == (True, True, 0)
    finally:
        stranger.shutdown()
        stranger.server_close()

    started = time.monotonic()
    assert stop(directory)
    assert time.monotonic() - started < 5
    with pytest.raises(ProcessLookupError):
        os.kill(second.pid, 0)
    assert not stop(directory)
    assert not stop(tmp_path / "nothing")


class _Ended(Exception):
    pass


@pytest.mark.parametrize("record", [None, "{", '{"instance": "another"}'])
def test_a_cloud_that_nobody_could_find_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: str | None
) -> None:
    def end(code: int) -> None:
        raise _Ended(code)

    file, turns = tmp_path / "cloud.json", iter([True, True])
    file.write_text('{"instance": "ours"}')

    def wait(_: float) -> None:
        if next(turns, None) is None:
            file.write_text(record) if record else file.unlink()

    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr(time, "sleep", wait)
    with pytest.raises(_Ended, match="0"):
        server._end_when_replaced(file, "ours")
    assert next(turns, None) is None, "it lives as long as it is the one that is recorded"


def test_stop_leaves_a_stranger_alone(tmp_path: Path) -> None:
    stranger = HTTPServer(("127.0.0.1", 0), _Stranger)
    threading.Thread(target=stranger.serve_forever, daemon=True).start()
    record = {"pid": os.getpid(), "port": stranger.server_port, "instance": "ours"}
    (tmp_path / "cloud.json").write_text(json.dumps(record))
    try:
        assert not stop(tmp_path)
    finally:
        stranger.shutdown()
        stranger.server_close()


@pytest.mark.parametrize("record", ["", "{", "[]", "{}", '{"port": "x", "instance": "y"}', '{"port": 1}'])
def test_a_broken_record_is_no_cloud(tmp_path: Path, record: str) -> None:
    (tmp_path / "cloud.json").write_text(record)
    assert find(tmp_path) is None


def test_the_error_of_a_start_shows_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_ROOT", tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with pytest.raises(CloudError, match=r"ended with code 1 while starting:\n.*No module named 'sandbox'"):
        ensure(tmp_path / "cloud")


def test_a_start_has_a_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_START_SECONDS", 0.1)
    with pytest.raises(CloudError, match="did not answer within 0 seconds"):
        ensure(tmp_path / "cloud")


def test_environment(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    own = cloud.environment("eu-west-1")
    assert own["AWS_ENDPOINT_URL"] == f"http://127.0.0.1:{cloud.port}"
    assert own["AWS_REGION"] == own["AWS_DEFAULT_REGION"] == "eu-west-1"
    user = {"AWS_PROFILE": "work", "AWS_ENDPOINT_URL_S3": "https://s3.example.com", "HOME": "/home/me"}
    assert cloud.merged(user, "eu-west-1") == {"HOME": "/home/me", **own}


def test_clients_see_nothing_of_the_user(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "a-profile-that-does-not-exist")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://192.0.2.1")
    monkeypatch.setenv("HTTP_PROXY", "http://192.0.2.1:3128")
    caller = client("sts", cloud.environment("eu-west-1")).get_caller_identity()
    assert caller["Account"] == "123456789012"


def test_clients_refuse_another_machine(cloud: Cloud) -> None:
    environment = {**cloud.environment("eu-west-1"), "AWS_ENDPOINT_URL": "https://sts.eu-west-1.amazonaws.com"}
    with pytest.raises(ValueError, match="the sandbox refuses"):
        client("sts", environment)
