"""The protocol's servicer, driven through real gRPC with a backend that only remembers."""

from collections.abc import Iterator, Mapping
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import plugin_pb2, provider_pb2, status_pb2
from pulumi.runtime.proto import provider_pb2_grpc as rpc

from sandbox.providers import protocol
from sandbox.providers.values import MARK, OUTPUT, SECRET, UNKNOWN, Properties, decode, encode, has_unknown
from tests.sandbox.providers.driver import fault

ASSET = "c44067f5952c0a294b673a41bacd8c17"


class Memory(protocol.Backend):
    """Things in a dictionary."""

    package = "memory"

    def __init__(self) -> None:
        self.things: dict[str, Properties] = {}
        self.ready = True

    def configure(self, config: Properties, environment: Mapping[str, str]) -> None:
        if config.get("region") == "nowhere":
            raise ValueError("region nowhere is not accepted")

    def check(
        self, type_: str, urn: str, name: str, olds: Properties, news: Properties, seed: bytes
    ) -> tuple[Properties, list[protocol.Failure]]:
        return {"size": 1, **news}, [("size", "too big")] if news.get("size") == 1000 else []

    def diff(
        self, type_: str, identifier: str, olds: Properties, outputs: Properties, news: Properties
    ) -> protocol.Difference:
        found = protocol.compare(olds, news, replace_on=["name"])
        return protocol.Difference(found.changes, found.replaces, delete_before_replace=True)

    def create(self, type_: str, inputs: Properties, timeout: float) -> tuple[str, Properties]:
        self.things["t-1"] = inputs
        if not self.ready:
            raise protocol.NotReady("t-1", {**inputs, "status": "FAILED"}, "it did not start")
        return "t-1", {**inputs, "arn": "arn:t-1", "timeout": timeout}

    def read(self, type_: str, identifier: str, inputs: Properties, outputs: Properties) -> protocol.Existing | None:
        if identifier not in self.things:
            return None
        return protocol.Existing(identifier, {**outputs, **self.things[identifier]})

    def update(
        self, type_: str, identifier: str, olds: Properties, outputs: Properties, news: Properties, timeout: float
    ) -> Properties:
        self.things[identifier] = news
        return {**outputs, **news}

    def delete(self, type_: str, identifier: str, inputs: Properties, outputs: Properties, timeout: float) -> None:
        self.things.pop(identifier, None)

    def invoke(self, token: str, arguments: Properties) -> Properties:
        raise ValueError(f"no function {token}")


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def stub(memory: Memory) -> Iterator[Any]:
    server, port = protocol.start(memory, "1.2.3")
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield rpc.ResourceProviderStub(channel)
    server.stop(None)


def test_handshake_version_and_schema(stub: Any) -> None:
    assert not stub.Handshake(provider_pb2.ProviderHandshakeRequest(), timeout=10).accept_secrets
    assert stub.GetPluginInfo(protocol._EMPTY, timeout=10).version == "1.2.3"
    assert '"memory"' in stub.GetSchema(provider_pb2.GetSchemaRequest(), timeout=10).schema
    assert stub.Configure(provider_pb2.ConfigureRequest(), timeout=10).supportsPreview
    stub.GetMapping(provider_pb2.GetMappingRequest(), timeout=10)
    stub.Attach(plugin_pb2.PluginAttach(), timeout=10)
    stub.Cancel(protocol._EMPTY, timeout=10)


def test_an_exception_is_shown_as_its_message(stub: Any) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        stub.Configure(provider_pb2.ConfigureRequest(args=encode({"region": "nowhere"})), timeout=10)
    assert fault(refused).details() == "region nowhere is not accepted"
    assert fault(refused).code() == grpc.StatusCode.INVALID_ARGUMENT


def test_check_gives_inputs_and_failures(stub: Any) -> None:
    checked = stub.Check(provider_pb2.CheckRequest(news=encode({"size": 1000})), timeout=10)
    assert [(failure.property, failure.reason) for failure in checked.failures] == [("size", "too big")]


def test_a_preview_touches_nothing(stub: Any, memory: Memory) -> None:
    made = stub.Create(provider_pb2.CreateRequest(properties=encode({"name": "a"}), preview=True), timeout=10)
    assert (made.id, decode(made.properties), memory.things) == ("", {"name": "a"}, {})
    request = provider_pb2.UpdateRequest(olds=encode({"arn": "x"}), news=encode({"name": "b"}), preview=True)
    assert decode(stub.Update(request, timeout=10).properties) == {"arn": "x", "name": "b"}
    assert memory.things == {}


def test_create_read_update_delete(stub: Any, memory: Memory) -> None:
    made = stub.Create(provider_pb2.CreateRequest(properties=encode({"name": "a"}), timeout=5), timeout=10)
    assert decode(made.properties) == {"name": "a", "arn": "arn:t-1", "timeout": 5}
    read = provider_pb2.ReadRequest(id="t-1", inputs=encode({"name": "a"}))
    assert decode(stub.Read(read, timeout=10).inputs) == {"name": "a"}
    change = provider_pb2.UpdateRequest(
        id="t-1",
        olds=encode({"arn": "x", "size": 1}),
        old_inputs=encode({"size": 1, "name": "a"}),
        news=encode({"size": 2, "name": "b"}),
        ignoreChanges=["size"],
    )
    assert decode(stub.Update(change, timeout=10).properties) == {"arn": "x", "size": 1, "name": "b"}
    stub.Delete(provider_pb2.DeleteRequest(id="t-1"), timeout=10)
    assert stub.Read(read, timeout=10).id == ""


def test_what_exists_but_is_not_ready_reaches_the_engine(stub: Any, memory: Memory) -> None:
    memory.ready = False
    with pytest.raises(grpc.RpcError) as failed:
        stub.Create(provider_pb2.CreateRequest(properties=encode({"name": "a"})), timeout=10)
    assert fault(failed).code() == grpc.StatusCode.UNKNOWN
    status = status_pb2.Status()
    status.ParseFromString(dict(fault(failed).trailing_metadata())["grpc-status-details-bin"])
    found = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(found)
    assert (found.id, list(found.reasons)) == ("t-1", ["it did not start"])
    assert decode(found.properties)["status"] == "FAILED"


def test_diff_names_paths_and_replacement(stub: Any) -> None:
    request = provider_pb2.DiffRequest(
        old_inputs=encode({"name": "a", "tags": {"x": "1", "y": "2"}, "size": 1}),
        news=encode({"name": "b", "tags": {"x": "1", "z": "3"}, "size": 2}),
        ignoreChanges=["size"],
    )
    found = stub.Diff(request, timeout=10)
    kinds = provider_pb2.PropertyDiff.Kind
    assert {path: kinds.Name(change.kind) for path, change in found.detailedDiff.items()} == {
        "name": "UPDATE_REPLACE",
        "tags.y": "DELETE",
        "tags.z": "ADD",
    }
    assert (list(found.diffs), list(found.replaces), found.deleteBeforeReplace) == (["name", "tags"], ["name"], True)
    assert found.changes == provider_pb2.DiffResponse.DIFF_SOME
    same = provider_pb2.DiffRequest(
        old_inputs=encode({"name": "a", "size": 1}), news=encode({"name": "a", "size": 1.0})
    )
    assert stub.Diff(same, timeout=10).changes == provider_pb2.DiffResponse.DIFF_NONE


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        (3, 3),
        (0.5, 0.5),
        ({MARK: SECRET, "value": "hush"}, "hush"),
        ({MARK: OUTPUT, "value": [1.0]}, [1]),
        ({MARK: OUTPUT, "secret": True}, UNKNOWN),
        (
            {MARK: "c44067f5952c0a294b673a41bacd8c17", "hash": "h"},
            {MARK: "c44067f5952c0a294b673a41bacd8c17", "hash": "h"},
        ),
        (None, None),
        (["a", {"b": [2]}], ["a", {"b": [2]}]),
    ],
)
def test_values_arrive_plain(sent: Any, seen: Any) -> None:
    assert decode(encode({"value": sent}))["value"] == seen


def test_unknown_is_found_at_any_depth() -> None:
    assert has_unknown({"a": [{"b": UNKNOWN}]})
    assert not has_unknown({"a": [{"b": "known"}]})


def test_the_version_is_the_installed_sdks() -> None:
    assert protocol.sdk_version("pulumi_aws").count(".") == 2
    with pytest.raises(ValueError, match="pulumi_nothing is not installed"):
        protocol.sdk_version("pulumi_nothing")
