"""The engine's plugin protocol: a provider implements ``Backend``, ``serve`` does the rest.

What the protocol asks of every provider stands here once: previews touch nothing, ``ignoreChanges`` is honoured, an
error becomes a plain message, a resource that exists but did not become ready is reported so that the engine keeps it.
"""
# ruff: noqa: ARG002 -- the methods' arguments are the protocol's

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent import futures
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import plugin_pb2
from pulumi.runtime.proto import provider_pb2 as messages
from pulumi.runtime.proto import provider_pb2_grpc as rpc

from sandbox.providers import answers, construct
from sandbox.providers.backend import Backend, Existing, Failure, NotReady
from sandbox.providers.changes import Difference, Kind, compare, ignoring
from sandbox.providers.values import Properties, decode, encode, marked

MESSAGE_LIMIT = 400 * 1024 * 1024
"""Bytes of one message, as the engine allows."""

_EMPTY: Any = empty_pb2.Empty()  # ty: ignore[missing-attribute] -- protobuf makes its classes when it is imported


class Servicer(rpc.ResourceProviderServicer):
    """Answers the engine out of a ``Backend``."""

    def __init__(self, backend: Backend, version: str) -> None:
        self._backend, self._version, self._secrets = backend, version, backend.constructs

    def Handshake(self, request: Any, context: Any) -> Any:
        """Secrets are unwrapped before they come and marked again by the engine, unless there are components.

        The engine lets only those construct components that do both themselves (``values.marked``).
        """
        return messages.ProviderHandshakeResponse(accept_secrets=self._secrets)

    def Attach(self, request: Any, context: Any) -> Any:
        """An engine that did not start this process (PULUMI_DEBUG_PROVIDERS)."""
        return _EMPTY

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        """The version that the program's SDK expects."""
        return plugin_pb2.PluginInfo(version=self._version)

    def GetSchema(self, request: Any, context: Any) -> Any:
        """Only name and version: programs use the published SDKs."""
        schema = {"name": self._backend.package, "version": self._version}
        return messages.GetSchemaResponse(schema=json.dumps(schema))

    def GetMapping(self, request: Any, context: Any) -> Any:
        """No conversion from other tools."""
        return messages.GetMappingResponse()

    def CheckConfig(self, request: Any, context: Any) -> Any:
        """Validate provider arguments."""
        inputs, failures = self._backend.check_config(decode(request.news))
        return messages.CheckResponse(inputs=encode(inputs), failures=answers.failures(failures))

    def DiffConfig(self, request: Any, context: Any) -> Any:
        """Compare provider arguments."""
        return answers.difference(self._backend.diff_config(decode(request.old_inputs), decode(request.news)))

    def Configure(self, request: Any, context: Any) -> Any:
        """Take provider arguments."""
        self._backend.configure(decode(request.args), os.environ)
        return messages.ConfigureResponse(supportsPreview=True, acceptSecrets=self._secrets)

    def Check(self, request: Any, context: Any) -> Any:
        """Complete and validate inputs."""
        olds, news = decode(request.olds), decode(request.news)
        inputs, failures = self._backend.check(
            request.type, request.urn, request.name, olds, news, request.randomSeed or request.urn.encode()
        )
        return messages.CheckResponse(inputs=self._encode(inputs, request.news), failures=answers.failures(failures))

    def Diff(self, request: Any, context: Any) -> Any:
        """Compare inputs."""
        olds = decode(request.old_inputs)
        news = ignoring(olds, decode(request.news), request.ignoreChanges)
        return answers.difference(self._backend.diff(request.type, request.id, olds, decode(request.olds), news))

    def Create(self, request: Any, context: Any) -> Any:
        """Create, unless this is a preview."""
        inputs = decode(request.properties)
        if request.preview:
            outputs = self._backend.preview(request.type, inputs, None)
            return messages.CreateResponse(properties=self._encode(outputs, request.properties))
        try:
            identifier, outputs = self._backend.create(request.type, inputs, request.timeout)
        except NotReady as error:
            answers.not_ready(context, error, inputs)
        return messages.CreateResponse(id=identifier, properties=self._encode(outputs, request.properties))

    def Read(self, request: Any, context: Any) -> Any:
        """Look it up; an empty id says that it is gone."""
        inputs, outputs = decode(request.inputs), decode(request.properties)
        found = self._backend.read(request.type, request.id, inputs, outputs)
        if found is None:
            return messages.ReadResponse()
        known = inputs if found.inputs is None else found.inputs
        return messages.ReadResponse(
            id=found.id,
            properties=self._encode(found.outputs, request.properties),
            inputs=self._encode(known, request.inputs),
        )

    def Update(self, request: Any, context: Any) -> Any:
        """Update, unless this is a preview."""
        olds, outputs = decode(request.old_inputs), decode(request.olds)
        news = ignoring(olds, decode(request.news), request.ignoreChanges)
        if request.preview:
            shown = self._backend.preview(request.type, news, outputs)
            return messages.UpdateResponse(properties=self._encode(shown, request.news))
        try:
            result = self._backend.update(request.type, request.id, olds, outputs, news, request.timeout)
        except NotReady as error:
            answers.not_ready(context, error, news)
        return messages.UpdateResponse(properties=self._encode(result, request.news))

    def Delete(self, request: Any, context: Any) -> Any:
        """Delete."""
        inputs, outputs = decode(request.old_inputs), decode(request.properties)
        self._backend.delete(request.type, request.id, inputs, outputs, request.timeout)
        return _EMPTY

    def Invoke(self, request: Any, context: Any) -> Any:
        """Call a function."""
        response = messages.InvokeResponse()
        getattr(response, "return").CopyFrom(encode(self._backend.invoke(request.tok, decode(request.args))))
        return response

    def Construct(self, request: Any, context: Any) -> Any:
        """Register a component of the provider's own, by the engine's leave."""
        outputs = self._backend.construct(request.type, request.name, decode(request.inputs))
        return construct.register(request, outputs)

    def Cancel(self, request: Any, context: Any) -> Any:
        """Stop waiting."""
        self._backend.cancel()
        return _EMPTY

    def _encode(self, properties: Properties, like: Any) -> Any:
        """The properties as a message; what is secret in the message ``like`` is marked, where that is ours to do."""
        return encode(marked(properties, json_format.MessageToDict(like)) if self._secrets else properties)


class _Guard(grpc.ServerInterceptor):  # type: ignore[misc] # grpc has no types
    """Turns an exception into its message. The code says that the resource is as it was (INTERNAL would not)."""

    def intercept_service(self, continuation: Callable[[Any], Any], handler_call_details: Any) -> Any:
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler

        def call(request: Any, context: Any) -> Any:
            try:
                return handler.unary_unary(request, context)
            except Exception as error:
                if context.code() is None:
                    context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error) or type(error).__name__)
                raise

        return grpc.unary_unary_rpc_method_handler(call, handler.request_deserializer, handler.response_serializer)


def start(backend: Backend, version: str) -> tuple[Any, int]:
    """Serve on a free loopback port; returns the gRPC server and the port."""
    limits = [("grpc.max_receive_message_length", MESSAGE_LIMIT), ("grpc.max_send_message_length", MESSAGE_LIMIT)]
    server = grpc.server(futures.ThreadPoolExecutor(32), interceptors=[_Guard()], options=limits)
    rpc.add_ResourceProviderServicer_to_server(Servicer(backend, version), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def serve(backend: Backend, version: str) -> None:
    """Be the plugin process: print the port, answer until told to stop or until whoever started it has gone."""
    server, port = start(backend, version)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    parent = os.getppid()
    while not stop.wait(1) and os.getppid() == parent:
        pass
    server.stop(2).wait()


def sdk_version(package: str) -> str:
    """Version of the plugin that an installed SDK (``pulumi_aws``) asks for, without importing it."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ValueError(f"{package} is not installed")
    version: str = json.loads((Path(spec.origin).parent / "pulumi-plugin.json").read_text())["version"]
    return version


__all__ = [
    "Backend",
    "Difference",
    "Existing",
    "Failure",
    "Kind",
    "NotReady",
    "Servicer",
    "compare",
    "sdk_version",
    "serve",
    "start",
]
