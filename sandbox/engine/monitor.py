"""The engine's side of the SDK's protocol, over gRPC on the loopback interface."""
# ruff: noqa: ARG002 -- the methods' arguments are the protocol's

from collections.abc import Callable
from concurrent import futures
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, resource_pb2_grpc
from pulumi.runtime.proto import resource_pb2 as messages

from sandbox.engine.deployment import Answer, Deployment
from sandbox.engine.goal import Goal
from sandbox.engine.provider import ProviderError
from sandbox.engine.run import StepError
from sandbox.engine.sealed import decode, encode
from sandbox.engine.urns import alias

_FEATURES = [
    messages.RESOURCE_MONITOR_FEATURE_SECRETS,
    messages.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
    messages.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    messages.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
    messages.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
]
_THREADS = 64
_GRACE_SECONDS = 60
_EMPTY: Any = empty_pb2.Empty()  # ty: ignore[missing-attribute] -- protobuf makes its classes when it is imported


class Monitor(resource_pb2_grpc.ResourceMonitorServicer, engine_pb2_grpc.EngineServicer):
    """Translates between the protocol and a ``Deployment``."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._root = ""

    def GetDeploymentInfo(self, request: Any, context: Any) -> Any:
        """What this engine can do."""
        run = self._deployment.run
        return messages.DeploymentInfo(
            project=run.project,
            stack=run.stack,
            organization="organization",
            dryRun=run.preview,
            supportedFeatures=_FEATURES,
        )

    def SupportsFeature(self, request: Any, context: Any) -> Any:
        """Asked by name by older SDKs."""
        known = {"secrets", "outputValues", "aliasSpecs", "deletedWith"}
        return messages.SupportsFeatureResponse(hasSupport=request.id in known)

    def RegisterResource(self, request: Any, context: Any) -> Any:
        """Register."""
        deployment = self._deployment
        urn = deployment.urn(request.parent, request.type, request.name)
        run = deployment.run
        named = (request.parent, request.type, request.name)
        aliases = [alias(item, run.stack, run.project, *named) for item in request.aliases]
        aliases += [*request.aliasURNs, *deployment.inherited(*named)]
        goal = Goal.of(request, urn, [item for item in aliases if item != urn])
        try:
            answer = deployment.register(goal)
        except StepError as error:
            self._refuse(context, urn, goal, error)
        return messages.RegisterResourceResponse(
            urn=answer.urn, id=answer.id, object=encode(answer.outputs), result=_result(answer)
        )

    def ReadResource(self, request: Any, context: Any) -> Any:
        """Read."""
        deployment = self._deployment
        urn = deployment.urn(request.parent, request.type, request.name)
        goal = Goal(
            urn=urn,
            type=request.type,
            name=request.name,
            parent=request.parent,
            provider=request.provider,
            inputs=decode(request.properties),
            dependencies=sorted(request.dependencies),
            secret_outputs=list(request.additionalSecretOutputs),
            version=request.version,
        )
        try:
            answer = deployment.read(goal, request.id)
        except StepError as error:
            self._refuse(context, urn, goal, error)
        return messages.ReadResourceResponse(
            urn=answer.urn, id=answer.id, properties=encode(answer.outputs), result=_result(answer)
        )

    def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:
        """Outputs of a component or the stack."""
        self._deployment.outputs(request.urn, decode(request.outputs))
        return _EMPTY

    def Invoke(self, request: Any, context: Any) -> Any:
        """Call a function."""
        try:
            result, failures = self._deployment.invoke(
                request.tok, decode(request.args), request.provider, request.version
            )
        except (StepError, ProviderError) as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        response = messages.ResourceInvokeResponse(
            failures=[provider_pb2.CheckFailure(property=key, reason=reason) for key, reason in failures]
        )
        getattr(response, "return").CopyFrom(encode(result))
        return response

    def SignalAndWaitForShutdown(self, request: Any, context: Any) -> Any:
        """The program is at its end; there are no hooks that would still need it."""
        return _EMPTY

    def Log(self, request: Any, context: Any) -> Any:
        """A message of the program."""
        run = self._deployment.run
        if request.severity >= engine_pb2.ERROR:
            run.fail("", "", "program", request.message)
        elif request.severity == engine_pb2.WARNING:
            run.reporter.note(f"warning: {request.message}")
        elif request.severity == engine_pb2.INFO:
            run.reporter.note(request.message)
        return _EMPTY

    def SetRootResource(self, request: Any, context: Any) -> Any:
        """The stack's own resource."""
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def GetRootResource(self, request: Any, context: Any) -> Any:
        """The stack's own resource."""
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def _refuse(self, context: Any, urn: str, goal: Goal, error: StepError) -> NoReturn:
        self._deployment.run.fail(urn, goal.type, goal.name, str(error))
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        raise error


def serve(deployment: Deployment) -> tuple[str, Callable[[], None]]:
    """Answer on a free loopback port; returns the address, and what stops it once all calls under way are done."""
    limits = [("grpc.max_receive_message_length", 400 << 20), ("grpc.max_send_message_length", 400 << 20)]
    pool = futures.ThreadPoolExecutor(_THREADS)
    server = grpc.server(pool, options=limits)
    monitor = Monitor(deployment)
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(monitor, server)
    engine_pb2_grpc.add_EngineServicer_to_server(monitor, server)
    port = server.add_insecure_port("127.0.0.1:0")
    deployment.monitor = f"127.0.0.1:{port}"
    server.start()

    def stop() -> None:
        server.stop(_GRACE_SECONDS).wait()
        pool.shutdown(wait=True)  # a call whose program was killed goes on: its operation must be noted

    return deployment.monitor, stop


def _result(answer: Answer) -> Any:
    return messages.FAIL if answer.failed else messages.SUCCESS
