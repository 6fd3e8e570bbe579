"""Declares components in this process and shows what they asked the engine for.

    graph = declare(lambda: ModelBucket("models", {...}))
    bucket = graph.one("aws:s3/bucket:Bucket")
    assert bucket.protect
    assert bucket.inputs["bucket"] == "acme-dev-models"
    assert graph.outputs("models")["bucketArn"] == "arn:aws:s3:::acme-dev-models"

With ``preview=True`` computed outputs stay unknown, as they are before a first deployment; where an input hangs on one,
it holds ``UNKNOWN``. What is recorded is the raw request, so options such as ``protect`` are seen as the engine sees
them.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockCallArgs, MockEngine, MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import reset_options
from pulumi.runtime.stack import run_in_stack

from tests.components import computed

T = TypeVar("T")

PROJECT = "slipway"
STACK = "test"
UNKNOWN = rpc.UNKNOWN
"""Stands in a recorded input for a value that only a deployment would tell."""
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
    outputs: dict[str, Any] = field(default_factory=dict)
    """Of a component: what it registered. Of any other resource: inputs and computed outputs."""
    secret_outputs: frozenset[str] = frozenset()

    def document(self, key: str) -> Any:
        """The JSON document that the input ``key`` holds as text."""
        return json.loads(self.inputs[key])


@dataclass
class Graph(Generic[T]):
    """Everything that a program registered."""

    built: T
    """What the program returned."""
    resources: list[Resource]
    """Ordered by URN: registrations arrive in no fixed order."""
    exports: dict[str, Any]
    """The stack's outputs."""
    invokes: list[tuple[str, dict[str, Any]]]
    """Provider functions that were called: token and arguments."""

    def all(self, type_: str) -> list[Resource]:
        """Resources of a type, such as ``aws:s3/bucket:Bucket``."""
        return [resource for resource in self.resources if resource.type == type_]

    def one(self, type_: str) -> Resource:
        """The only resource of a type."""
        return self._only(self.all(type_), f"of type {type_}")

    def named(self, name: str, type_: str | None = None) -> Resource:
        """The only resource with a logical name (and of a type, where several share the name)."""
        found = [item for item in self.resources if item.name == name and type_ in (None, item.type)]
        return self._only(found, f"named {name}")

    def at(self, urn: str) -> Resource:
        """The resource with a URN."""
        return self._only([item for item in self.resources if item.urn == urn], f"at {urn}")

    def children(self, name: str) -> list[Resource]:
        """The resources whose parent is the component with this logical name."""
        urn = self._component(name).urn
        return [resource for resource in self.resources if resource.parent == urn]

    def outputs(self, name: str) -> dict[str, Any]:
        """What the component with this logical name registered as its outputs."""
        return self._component(name).outputs

    def types(self) -> dict[str, int]:
        """How many resources of each type there are, components left out."""
        found = sorted(resource.type for resource in self.resources if resource.custom)
        return {type_: found.count(type_) for type_ in found}

    def waits_for(self, resource: Resource, other: Resource) -> bool:
        """Whether ``resource`` is created after ``other``, be it through others."""
        seen: set[str] = set()
        ahead = set(resource.dependencies)
        while ahead:
            urn = ahead.pop()
            if urn == other.urn:
                return True
            if urn not in seen:
                seen.add(urn)
                ahead |= next((item.dependencies for item in self.resources if item.urn == urn), frozenset())
        return False

    def _component(self, name: str) -> Resource:
        found = [item for item in self.resources if item.name == name and not item.custom]
        return self._only(found, f"a component named {name}")

    def _only(self, found: list[Resource], what: str) -> Resource:
        if len(found) != 1:
            known = "\n  ".join(f"{item.type} {item.name}" for item in self.resources)
            raise AssertionError(f"{len(found)} resources {what}, expected 1; there are:\n  {known}")
        return found[0]


def declare(
    build: Callable[[], T], *, preview: bool = False, invokes: dict[str, dict[str, Any]] | None = None
) -> Graph[T]:
    """Run ``build`` as a whole program and return what it registered.

    ``invokes`` adds answers of provider functions by token. Raises what ``build``, or an ``apply`` in it, raises.
    """
    engine: Any = MockEngine(None)  # the SDK takes objects in the place of addresses
    monitor: Any = _Monitor(preview, computed.INVOKES | (invokes or {}))
    built: list[T] = []

    async def program() -> None:
        # What went wrong is raised below; the loop would print it again for each future that hung on it.
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        reset_options(PROJECT, STACK, monitor_address=monitor, engine_address=engine, preview=preview)
        await run_in_stack(lambda: built.append(build()))

    asyncio.run(program())
    resources = sorted(monitor.recorded.values(), key=lambda item: item.urn)
    exports: dict[str, Any] = next((item.outputs for item in resources if item.type == STACK_TYPE), {})
    rest = [item for item in resources if item.type != STACK_TYPE]
    return Graph(built[0], rest, exports, monitor.invoked)


class _NoMocks(Mocks):
    """The monitor below answers by itself."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        raise NotImplementedError(f"reading an existing {args.typ}: components declare, they do not look up")

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], None]:
        raise NotImplementedError(args.token)


class _Monitor(MockMonitor):
    """Records requests and answers as an engine would. Called from several threads at once."""

    def __init__(self, preview: bool, invokes: dict[str, dict[str, Any]]) -> None:
        super().__init__(_NoMocks())
        self._preview = preview
        self._answers = invokes
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
