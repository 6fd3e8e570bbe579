"""What the engine does with a provider, over real gRPC: check, create, read, diff, update, delete."""

import hashlib
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2 as messages
from pulumi.runtime.proto import provider_pb2_grpc as rpc

from sandbox.providers import protocol
from sandbox.providers.values import Properties, decode, encode

TIMEOUT = 60


def fault(caught: pytest.ExceptionInfo[grpc.RpcError]) -> Any:
    """The error of a call, with its code, details and metadata; grpc has no types for it."""
    return caught.value


@dataclass
class Made:
    """A resource as an engine's state has it."""

    type: str
    name: str
    id: str
    inputs: Properties
    outputs: Properties


class Driver:
    """A provider process's worth of provider."""

    def __init__(self, backend: protocol.Backend, config: Properties | None = None) -> None:
        self._server, port = protocol.start(backend, "0.0.0")
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.stub = rpc.ResourceProviderStub(self._channel)
        self.stub.Configure(messages.ConfigureRequest(args=encode(config or {})), timeout=TIMEOUT)

    def close(self) -> None:
        self._channel.close()
        self._server.stop(None)

    def check(self, type_: str, name: str, news: Properties, olds: Properties | None = None) -> Properties:
        seed = hashlib.sha256(name.encode()).digest()
        request = messages.CheckRequest(
            type=type_, name=name, urn=f"urn:{name}", news=encode(news), olds=encode(olds or {}), randomSeed=seed
        )
        checked = self.stub.Check(request, timeout=TIMEOUT)
        assert not checked.failures
        return decode(checked.inputs)

    def create(self, type_: str, name: str, inputs: Properties, *, preview: bool = False) -> Made:
        checked = self.check(type_, name, inputs)
        request = messages.CreateRequest(type=type_, name=name, properties=encode(checked), preview=preview)
        made = self.stub.Create(request, timeout=TIMEOUT)
        return Made(type_, name, made.id, checked, decode(made.properties))

    def diff(self, made: Made, news: Properties, ignore: tuple[str, ...] = ()) -> Any:
        checked = self.check(made.type, made.name, news, made.inputs)
        request = messages.DiffRequest(
            type=made.type,
            id=made.id,
            olds=encode(made.outputs),
            old_inputs=encode(made.inputs),
            news=encode(checked),
            ignoreChanges=ignore,
        )
        return self.stub.Diff(request, timeout=TIMEOUT)

    def changes(self, made: Made, news: Properties, ignore: tuple[str, ...] = ()) -> dict[str, str]:
        kinds = messages.PropertyDiff.Kind
        return {path: kinds.Name(change.kind) for path, change in self.diff(made, news, ignore).detailedDiff.items()}

    def update(self, made: Made, news: Properties, *, preview: bool = False) -> Made:
        checked = self.check(made.type, made.name, news, made.inputs)
        request = messages.UpdateRequest(
            type=made.type,
            id=made.id,
            olds=encode(made.outputs),
            old_inputs=encode(made.inputs),
            news=encode(checked),
            preview=preview,
        )
        outputs = decode(self.stub.Update(request, timeout=TIMEOUT).properties)
        return Made(made.type, made.name, made.id, checked, outputs)

    def read(self, made: Made) -> Made | None:
        request = messages.ReadRequest(
            type=made.type, id=made.id, inputs=encode(made.inputs), properties=encode(made.outputs)
        )
        found = self.stub.Read(request, timeout=TIMEOUT)
        if not found.id:
            return None
        return Made(made.type, made.name, found.id, decode(found.inputs), decode(found.properties))

    def delete(self, made: Made) -> None:
        request = messages.DeleteRequest(
            type=made.type, id=made.id, properties=encode(made.outputs), old_inputs=encode(made.inputs)
        )
        self.stub.Delete(request, timeout=TIMEOUT)

    def invoke(self, token: str, **arguments: Any) -> Properties:
        answer = self.stub.Invoke(messages.InvokeRequest(tok=token, args=encode(arguments)), timeout=TIMEOUT)
        return decode(getattr(answer, "return"))
