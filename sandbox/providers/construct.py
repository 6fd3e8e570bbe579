"""How a provider makes a component of its own: it registers at the engine, as a program would."""

from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2, resource_pb2, resource_pb2_grpc

from sandbox.providers.values import Properties, encode


def register(request: Any, outputs: Properties) -> Any:
    """Register the component of a ``ConstructRequest``, without parts; returns the ``ConstructResponse``."""
    with grpc.insecure_channel(request.monitorEndpoint) as channel:
        monitor = resource_pb2_grpc.ResourceMonitorStub(channel)
        registered = monitor.RegisterResource(
            resource_pb2.RegisterResourceRequest(
                type=request.type,
                name=request.name,
                parent=request.parent,
                object=request.inputs,
                dependencies=request.dependencies,
                protect=request.protect,
                retainOnDelete=request.retainOnDelete,
                ignoreChanges=request.ignoreChanges,
                aliases=request.aliases,
                acceptSecrets=True,
                supportsPartialValues=True,
            )
        )
        sent = resource_pb2.RegisterResourceOutputsRequest(urn=registered.urn, outputs=encode(outputs))
        monitor.RegisterResourceOutputs(sent)
    return provider_pb2.ConstructResponse(urn=registered.urn, state=encode(outputs))
