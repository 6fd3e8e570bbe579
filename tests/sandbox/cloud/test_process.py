"""The process is found, started once, noticed when it is gone or somebody else's, and stopped."""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.cloud import process, server
from sandbox.cloud.clients import client
from sandbox.cloud.process import Cloud, CloudError, ensure, find, stop


@contextmanager
def _listening(answer: bytes | None, port: int = 0) -> Generator[int]:
    """Somebody else's server on a port of this machine; without an ``answer`` it accepts and says nothing."""
    held: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            held.append(connection)
            if answer is not None:
                connection.recv(1000)
                connection.sendall(answer)
                connection.close()

    with socket.create_server(("127.0.0.1", port)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    for connection in held:
        connection.close()


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

    with _listening(_http('{"instance": "another", "pid": 1}'), first.port):
        assert find(directory) is None
        second = ensure(directory)
        assert (second.instance != first.instance, second.port != first.port, second.writes()) == (True, True, 0)

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


def _http(body: str) -> bytes:
    return f"HTTP/1.0 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


@pytest.mark.parametrize(
    "answer",
    [_http('{"instance": "another", "pid": 1}'), _http("hello"), _http("[]"), _http("{}"), b"SSH-2.0-x\r\n", b""],
)
def test_a_stranger_is_no_cloud_and_is_left_alone(tmp_path: Path, answer: bytes) -> None:
    with _listening(answer) as port:
        record = {"pid": os.getpid(), "port": port, "instance": "ours"}
        (tmp_path / "cloud.json").write_text(json.dumps(record))
        assert find(tmp_path) is None
        assert not stop(tmp_path)


@pytest.mark.parametrize("alive", [True, False])
def test_a_silent_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alive: bool) -> None:
    """One that lives may be our cloud, and busy: it is not replaced. The port of one that is gone is a stranger's."""
    monkeypatch.setattr(process, "_ANSWER_SECONDS", 0.05)
    monkeypatch.setattr(process, "_SILENT_SECONDS", 0.1)
    with _listening(None) as port:
        record = {"pid": os.getpid() if alive else 2**22 + 1, "port": port, "instance": "ours"}
        (tmp_path / "cloud.json").write_text(json.dumps(record))
        if not alive:
            assert find(tmp_path) is None
            return
        with pytest.raises(CloudError, match="lives and does not answer: end it first"):
            ensure(tmp_path)


def test_a_cloud_that_has_ended_says_so() -> None:
    with pytest.raises(CloudError, match=r"the cloud at http://127\.0\.0\.1:1 does not answer"):
        Cloud("http://127.0.0.1:1", "gone", 1, 1).writes()


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
