"""Requests of many users through the proxy, with real tokens, and the labels that follow later.

Bounded in number and time. Each row of the data is asked about at most once, by a user of its own or by one of a few
who come again: those show whether a user stays with an arm. Whoever asks learns a request's id from the answer, as a
client would, and that id is what its label refers to.
"""

import asyncio
import json
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from sandbox.dataplane.addresses import require_host
from sandbox.dataplane.tokens import Issuer
from sandbox.loopback import require

Row = tuple[Mapping[str, Any], int]
"""Features, and what happened: the label."""

_RETURNING = 40
_SHARE_RETURNING = 0.15
_ANSWER_SECONDS = 30.0
_WAIT_SECONDS = 0.05


@dataclass
class Tally:
    """What came back."""

    statuses: Counter[int] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)
    sent: int = 0


@dataclass(frozen=True)
class Caller:
    """What users' requests have in common."""

    address: str
    host: str
    path: str
    claims: Mapping[str, Any]


class Traffic:
    """A load that runs beside other things, until it is stopped or its bounds are reached."""

    def __init__(
        self,
        caller: Caller,
        issuer: Issuer,
        rows: Sequence[Row],
        labelled: Callable[[str, int], None],
        *,
        connections: int = 8,
        most_seconds: float = 180.0,
        seed: int = 1,
    ) -> None:
        """``labelled`` gets the id of each answered request and its label; raises ``NotLoopbackError``."""
        require(caller.address)
        parts = urlsplit(caller.address)
        self._host, self._port = require_host(str(parts.hostname)), int(parts.port or 0)
        self._caller, self._issuer, self._labelled = caller, issuer, labelled
        self._random = random.Random(seed)  # noqa: S311 -- which row is asked about is no secret
        order = list(range(len(rows)))
        self._random.shuffle(order)
        self._rows, self._left = rows, deque(order)
        self._connections, self._most_seconds = connections, most_seconds
        self._tokens: dict[str, str] = {}
        self._new = 0
        self._ended = threading.Event()
        self._flowing = threading.Event()
        self._flowing.set()
        self._thread: threading.Thread | None = None
        self.tally = Tally()
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Begin, or go on."""
        self._ended.clear()
        self._thread = threading.Thread(target=self._run, name="traffic", daemon=True)
        self._thread.start()

    @contextmanager
    def waiting(self) -> Generator[None]:
        """Users wait; what is under way is answered."""
        self._flowing.clear()
        try:
            yield
        finally:
            self._flowing.set()

    def stop(self) -> None:
        """End; raises whatever went wrong."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(_ANSWER_SECONDS + 5)
            self._thread = None
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        async def work() -> None:
            deadline = time.monotonic() + self._most_seconds
            await asyncio.gather(*(self._connection(deadline) for _ in range(self._connections)))

        try:
            asyncio.run(work())
        except BaseException as error:
            self.failure = error

    async def _connection(self, deadline: float) -> None:
        """One client after the other over one connection, which is opened again where the other side closed it."""
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            while self._left and not self._ended.is_set() and time.monotonic() < deadline:
                if not self._flowing.is_set():
                    await asyncio.sleep(_WAIT_SECONDS)
                    continue
                index = self._left.popleft()
                features, label = self._rows[index]
                started = time.perf_counter()
                writer.write(self._request(features))
                await writer.drain()
                status, headers = await asyncio.wait_for(_answer(reader), _ANSWER_SECONDS)
                self.tally.sent += 1
                self.tally.statuses[status] += 1
                self.tally.milliseconds.append(1000 * (time.perf_counter() - started))
                if status == 200:
                    self._labelled(headers["x-request-id"], label)
                if headers.get("connection") == "close":
                    writer.close()
                    reader, writer = await asyncio.open_connection(self._host, self._port)
        finally:
            writer.close()

    def _request(self, features: Mapping[str, Any]) -> bytes:
        if self._random.random() < _SHARE_RETURNING:
            user = f"returning-{self._random.randrange(_RETURNING)}"
        else:
            user = f"user-{self._new}"
            self._new += 1
        body = json.dumps({"instances": [features]}).encode()
        head = (
            f"POST {self._caller.path} HTTP/1.1\r\nhost: {self._caller.host}\r\n"
            f"authorization: Bearer {self._token(user)}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def _token(self, user: str) -> str:
        token = self._tokens.get(user)
        if token is None:
            token = self._issuer.token({**self._caller.claims, "sub": user})
            if user.startswith("returning"):
                self._tokens[user] = token
        return token


async def _answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    """Status and headers; the body is read and left."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    if headers.get("transfer-encoding") == "chunked":
        while size := int((await reader.readline()).split(b";")[0], 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    else:
        await reader.readexactly(int(headers.get("content-length", 0)))
    return int(head[0].split(" ")[1]), headers
