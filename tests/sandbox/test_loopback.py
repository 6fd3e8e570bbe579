"""Nothing but this machine passes, however the address is written."""

import socket

import pytest

from sandbox.loopback import NotLoopbackError, require


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:5000", "http://127.9.9.9", "http://[::1]:80/x", "http://localhost:1/"]
)
def test_accepts_this_machine(url: str) -> None:
    assert require(url) == url


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://s3.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com is not this machine"),
        ("http://0.0.0.0:5000", "0.0.0.0 is not this machine"),
        ("http://10.0.0.1", "10.0.0.1 is not this machine"),
        ("http://127.0.0.1.example.com", "127.0.0.1.example.com is not this machine"),
        ("http://127.0.0.1@example.com/", "example.com is not this machine"),
        ("http://localhost.example.com", "localhost.example.com is not this machine"),
        ("http://[::ffff:10.0.0.1]", "is not this machine"),
        ("http://[::1", "Invalid IPv6 URL"),
        ("http://2130706433", "2130706433 is not this machine"),
        ("ftp://127.0.0.1", "no http address"),
        ("127.0.0.1:5000", "no http address"),
        ("", "no http address"),
    ],
)
def test_refuses_everything_else(url: str, reason: str) -> None:
    with pytest.raises(NotLoopbackError, match=r"accepted: http://127\.0\.0\.0/8") as error:
        require(url)
    assert reason in str(error.value)


def test_refuses_a_localhost_that_is_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("192.0.2.1", 80))])
    with pytest.raises(NotLoopbackError, match=r"localhost resolves to 192\.0\.2\.1"):
        require("http://localhost")


def test_refuses_a_localhost_that_does_not_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(NotLoopbackError, match="does not resolve: no such name"):
        require("http://localhost")
