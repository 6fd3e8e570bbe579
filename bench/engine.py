"""An engine that answers at once: the resource monitor and engine services of Pulumi's protocol over gRPC.

A program talks to it as it talks to Pulumi's engine, from a process of its own, so what is measured there is the
program alone: no cloud, no state, no provider. It remembers the registrations, to compare the graphs of two programs.
"""
# ruff: noqa: ARG002 -- the methods' arguments are the protocol's

import os
import threading
from collections.abc import Generator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"  # its children never go on with this process's connections

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, resource_pb2, resource_pb2_grpc

from tests.components import computed

STACK_TYPE = "pulumi:pulumi:Stack"
_LIMITS = [("grpc.max_receive_message_length", 400 << 20), ("grpc.max_send_message_length", 400 << 20)]
_EMPTY: Any = empty_pb2.Empty()  # ty: ignore[missing-attribute] -- protobuf makes its classes when it is imported


@dataclass
class Graph:
    """What one program registered."""

    requests: list[Any] = field(default_factory=list)
    """Every ``RegisterResourceRequest`` but the stack's."""
    exports: Any = None

    def __len__(self) -> int:
        return len(self.requests)

    def normalised(self, components: bool = True) -> dict[str, Any]:
        """The registrations in an order of their own, by type and name.

        Dropped is what differs between two runs of one program or says where in the source a resource stands: stack
        traces, the order of dependencies. Without ``components``, parents are dropped too.
        """
        found: dict[str, Any] = {}
        for request in self.requests:
            if not (request.custom or components):
                continue
            key = f"{request.type} {request.name}"
            if key in found:
                raise ValueError(f"registered twice: {key}")
            found[key] = _plain(request, components)
        return found


def _plain(request: Any, components: bool) -> dict[str, Any]:
    plain: dict[str, Any] = json_format.MessageToDict(request)
    for key in ("sourcePosition", "stackTrace", "parentStackTraceHandle"):
        plain.pop(key, None)
    if not components:
        plain.pop("parent", None)
    plain["dependencies"] = _sorted(request.dependencies, components)
    plain["propertyDependencies"] = {
        key: urns for key, value in request.propertyDependencies.items() if (urns := _sorted(value.urns, components))
    }
    if plain.get("provider"):
        plain["provider"] = _short(request.provider)
    return plain


def _sorted(urns: Any, components: bool) -> list[str]:
    return sorted(set(urns)) if components else sorted({_short(urn) for urn in urns if "slipway:" not in _type(urn)})


def _type(urn: str) -> str:
    return urn.split("::")[2].rsplit("$", 1)[-1]


def _short(urn: str) -> str:
    """A URN without the components above it."""
    return f"{_type(urn)} {urn.split('::')[3]}"


class Engine(resource_pb2_grpc.ResourceMonitorServicer, engine_pb2_grpc.EngineServicer):
    """Both services in one; called from many threads."""

    def __init__(self) -> None:
        self.graph = Graph()
        self._lock = threading.Lock()
        self._root = ""

    def GetDeploymentInfo(self, request: Any, context: Any) -> Any:
        """All features that this SDK knows."""
        features = resource_pb2.ResourceMonitorFeature.values()
        return resource_pb2.DeploymentInfo(project="slipway", stack="bench", supportedFeatures=features)

    def RegisterResource(self, request: Any, context: Any) -> Any:
        """Its inputs and plausible computed outputs."""
        above = request.parent.split("::")[2] + "$" if request.parent and STACK_TYPE not in request.parent else ""
        urn = f"urn:pulumi:bench::slipway::{above}{request.type}::{request.name}"
        answer = resource_pb2.RegisterResourceResponse(urn=urn)
        answer.object.CopyFrom(request.object)
        if request.custom:
            inputs = json_format.MessageToDict(request.object)
            answer.id, extra = computed.outputs(request.type, request.name, inputs)
            answer.object.update(extra)
        if request.type != STACK_TYPE:
            with self._lock:
                self.graph.requests.append(request)
        return answer

    def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:
        """Kept of the stack: its exports."""
        if _type(request.urn) == STACK_TYPE:
            self.graph.exports = json_format.MessageToDict(request.outputs)
        return _EMPTY

    def Invoke(self, request: Any, context: Any) -> Any:
        """An account's plain answers."""
        answer = resource_pb2.ResourceInvokeResponse()
        getattr(answer, "return").update(computed.INVOKES[request.tok])
        return answer

    def SignalAndWaitForShutdown(self, request: Any, context: Any) -> Any:
        """Nothing is left to do."""
        return _EMPTY

    def Log(self, request: Any, context: Any) -> Any:
        """The SDK sends several for each resource."""
        return _EMPTY

    def SetRootResource(self, request: Any, context: Any) -> Any:
        """The stack."""
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def GetRootResource(self, request: Any, context: Any) -> Any:
        """The stack."""
        return engine_pb2.GetRootResourceResponse(urn=self._root)


@contextmanager
def serving() -> Generator[tuple[Engine, str]]:
    """An engine of this process and its loopback address."""
    engine = Engine()
    server = grpc.server(futures.ThreadPoolExecutor(32), options=_LIMITS)
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(engine, server)
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield engine, f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()
