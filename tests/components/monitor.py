"""A stand-in for the engine's resource monitor that records requests and answers them as a first deployment would."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto import resource_pb2

from tests.components import computed

PROJECT = "slipway"
STACK = "test"
STACK_TYPE = "pulumi:pulumi:Stack"
_Empty: Any = vars(empty_pb2)["Empty"]  # made at run time, so type checkers do not know them
_Struct: Any = vars(struct_pb2)["Struct"]
_List: Any = vars(struct_pb2)["ListValue"]
_SIGNATURE = rpc._special_sig_key
_SECRET = rpc._special_secret_sig
_RESOURCE = rpc._special_resource_sig


@dataclass
class Resource:
    """One registration, as the engine got it."""

    type: str
    name: str
    urn: str
    parent: str
    """URN of the parent."""
    custom: bool
    """False for a component."""
    inputs: dict[str, Any]
    """Plain values under the schema's (camelCase) names; secrets unwrapped."""
    secrets: frozenset[str]
    """Dotted paths of the inputs that were secret."""
    provider: str
    protect: bool
    retain_on_delete: bool
    delete_before_replace: bool
    ignore_changes: list[str]
    replace_on_changes: list[str]
    additional_secret_outputs: list[str]
    dependencies: frozenset[str]
    """URNs of everything it waits for: ``depends_on`` and the sources of its inputs."""
    timeouts: dict[str, str]
    replacement_trigger: Any = None
    """What makes it be replaced when it changes."""
    outputs: dict[str, Any] = field(default_factory=dict)
    """Of a component: what it registered. Of any other resource: inputs and computed outputs."""
    secret_outputs: frozenset[str] = frozenset()

    def document(self, key: str) -> Any:
        """The JSON document that the input ``key`` holds as text."""
        return json.loads(self.inputs[key])


class _NoMocks(Mocks):
    """The monitor below answers by itself."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        raise NotImplementedError(f"reading an existing {args.typ}: components declare, they do not look up")

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], None]:
        raise NotImplementedError(args.token)


class Monitor(MockMonitor):
    """Records requests and answers as an engine would. Called from several threads at once."""

    def __init__(
        self, preview: bool, invokes: dict[str, dict[str, Any]], references: dict[str, dict[str, Any]]
    ) -> None:
        super().__init__(_NoMocks())
        self._preview = preview
        self._answers = invokes
        self._references = references
        self._lock = threading.Lock()
        self.recorded: dict[str, Resource] = {}
        self.invoked: list[tuple[str, dict[str, Any]]] = []

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        above = parent.split("::")[2] + "$" if parent and not parent.split("::")[2].endswith(STACK_TYPE) else ""
        return f"urn:pulumi:{STACK}::{PROJECT}::{above}{type_}::{name}"

    def RegisterResource(self, request: Any) -> Any:
        urn = self.make_urn(request.parent, request.type, request.name)
        inputs = _plain(request.object)
        resource = Resource(
            type=request.type,
            name=request.name,
            urn=urn,
            parent=request.parent,
            custom=request.custom,
            inputs=inputs,
            secrets=frozenset(_secret_paths(request.object)),
            provider=request.provider,
            protect=request.protect,
            retain_on_delete=request.retainOnDelete,
            delete_before_replace=request.deleteBeforeReplace,
            ignore_changes=list(request.ignoreChanges),
            replace_on_changes=list(request.replaceOnChanges),
            additional_secret_outputs=list(request.additionalSecretOutputs),
            dependencies=frozenset(request.dependencies),
            timeouts={
                key: getattr(request.customTimeouts, key)
                for key in ("create", "update", "delete")
                if getattr(request.customTimeouts, key)
            },
            replacement_trigger=request.replacement_trigger.string_value or None,
        )
        with self._lock:
            if urn in self.recorded:
                raise AssertionError(f"two resources have the URN {urn}")
            self.recorded[urn] = resource
        identity, answer = "", _Struct()
        answer.CopyFrom(request.object)
        if request.custom and not self._preview:
            identity, extra = computed.outputs(request.type, request.name, inputs)
            for key, value in extra.items():
                secret = key in resource.additional_secret_outputs
                answer[key] = {_SIGNATURE: _SECRET, "value": value} if secret else value
            resource.outputs = inputs | extra | {"id": identity}
        return resource_pb2.RegisterResourceResponse(urn=urn, id=identity, object=answer)

    def ReadResource(self, request: Any) -> Any:
        """Other stacks only: components declare, they do not look up."""
        if request.type != "pulumi:pulumi:StackReference" or request.id not in self._references:
            raise AssertionError(f"nothing is known of {request.type} {request.id}; give declare(references=...)")
        state = _Struct()
        state.update({"name": request.id, "outputs": self._references[request.id], "secretOutputNames": []})
        return resource_pb2.ReadResourceResponse(
            urn=self.make_urn(request.parent, request.type, request.name), properties=state
        )

    def RegisterResourceOutputs(self, request: Any) -> Any:
        resource = self.recorded[request.urn]
        resource.outputs = _plain(request.outputs)
        resource.secret_outputs = frozenset(_secret_paths(request.outputs))
        return _Empty()

    def Invoke(self, request: Any) -> Any:
        if request.tok not in self._answers:
            raise AssertionError(f"nothing answers the provider function {request.tok}; give declare(invokes=...)")
        answer = _Struct()
        answer.update(self._answers[request.tok])
        with self._lock:
            self.invoked.append((request.tok, _plain(request.args)))
        response: Any = resource_pb2.ResourceInvokeResponse
        return response(**{"return": answer})


def _plain(value: Any) -> Any:
    """A protobuf value as Python, without its wrappers; whole numbers as int."""
    if isinstance(value, _Struct):
        mark = value.fields[_SIGNATURE].string_value if _SIGNATURE in value else ""
        if mark == _SECRET:
            return _plain(value["value"])
        if mark == _RESOURCE:
            return _plain(value["id"]) if "id" in value else value["urn"]
        return {key: _plain(value[key]) for key in value}
    if isinstance(value, _List):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _secret_paths(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, _Struct):
        if _SIGNATURE in value and value[_SIGNATURE] == _SECRET:
            yield path
            return
        for key in value:
            yield from _secret_paths(value[key], f"{path}.{key}" if path else key)
    if isinstance(value, _List):
        for index, item in enumerate(value):
            yield from _secret_paths(item, f"{path}.{index}")
