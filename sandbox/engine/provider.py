"""A provider as the engine talks to it: Pulumi's plugin protocol, with plain values."""

from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import alias_pb2, status_pb2
from pulumi.runtime.proto import provider_pb2 as messages

from sandbox.engine.goal import Goal
from sandbox.engine.sealed import decode, encode
from sandbox.providers.values import Properties

_CALL_SECONDS = 1800
_LOST = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.DEADLINE_EXCEEDED)
_EMPTY: Any = empty_pb2.Empty()  # ty: ignore[missing-attribute] -- protobuf makes its classes when it is imported


class ProviderError(Exception):
    """A provider refused; ``made`` is what exists all the same, ``lost`` says that nobody knows what it did."""

    def __init__(self, message: str, made: "Made | None" = None, *, lost: bool = False) -> None:
        super().__init__(message)
        self.made, self.lost = made, lost


@dataclass(frozen=True)
class Made:
    """A created or updated resource."""

    id: str
    outputs: Properties
    failures: list[str] = field(default_factory=list)
    """Why it is not ready."""


@dataclass(frozen=True)
class Difference:
    """A provider's answer to the question what changes."""

    changed: bool | None
    """None: it cannot say; compare the inputs."""
    paths: dict[str, str] = field(default_factory=dict)
    """Path -> kind (``ADD``, ``UPDATE_REPLACE``, ...)."""
    replaces: tuple[str, ...] = ()
    delete_before_replace: bool = False


class Provider:
    """One configured provider; values are plain. Every method raises ``ProviderError`` with the provider's message."""

    def __init__(self, stub: Any) -> None:
        self._stub = stub
        self.configured = False
        """False in a preview while its arguments are not known: then nobody may ask it anything."""

    def greet(self) -> None:
        """The first call: it answers once the process is ready."""
        try:
            self._call("Handshake", messages.ProviderHandshakeRequest(engine_address="", configure_with_urn=True))
        except _Unimplemented:
            self._call("GetPluginInfo", _EMPTY)

    def check_config(self, urn: str, name: str, type_: str, olds: Properties, news: Properties) -> Properties:
        """Provider arguments, completed."""
        request = messages.CheckRequest(urn=urn, name=name, type=type_, olds=encode(olds), news=encode(news))
        try:
            return _checked(self._call("CheckConfig", request))
        except _Unimplemented:
            return news

    def diff_config(self, urn: str, olds: Properties, news: Properties) -> Difference:
        """What a change of provider arguments means."""
        request = messages.DiffRequest(urn=urn, olds=encode(olds), old_inputs=encode(olds), news=encode(news))
        try:
            return _difference(self._call("DiffConfig", request))
        except _Unimplemented:
            return Difference(None)

    def configure(self, package: str, urn: str, inputs: Properties) -> None:
        """Hand over the provider arguments."""
        variables = {f"{package}:config:{key}": str(value) for key, value in inputs.items()}
        request = messages.ConfigureRequest(
            variables=variables,
            args=encode(inputs),
            acceptSecrets=True,
            sends_old_inputs=True,
            sends_old_inputs_to_delete=True,
            urn=urn,
        )
        self._call("Configure", request)
        self.configured = True

    def check(self, urn: str, name: str, type_: str, olds: Properties, news: Properties, seed: bytes) -> Properties:
        """Inputs with defaults and generated names."""
        if not self.configured:
            return news
        request = messages.CheckRequest(
            urn=urn, name=name, type=type_, olds=encode(olds), news=encode(news), randomSeed=seed
        )
        return _checked(self._call("Check", request))

    def diff(
        self, urn: str, id_: str, type_: str, olds: Properties, outputs: Properties, news: Properties, ignore: list[str]
    ) -> Difference:
        """What changes between the last inputs and outputs and the new inputs."""
        if not self.configured:
            return Difference(None)
        request = messages.DiffRequest(
            urn=urn,
            id=id_,
            type=type_,
            olds=encode(outputs),
            old_inputs=encode(olds),
            news=encode(news),
            ignoreChanges=ignore,
        )
        return _difference(self._call("Diff", request))

    def create(self, urn: str, name: str, type_: str, inputs: Properties, timeout: float, preview: bool) -> Made:
        """Create; in a preview, outputs that are absent are not known."""
        if not self.configured:
            return Made("", {})
        request = messages.CreateRequest(
            urn=urn, name=name, type=type_, properties=encode(inputs), timeout=timeout, preview=preview
        )
        response = self._call("Create", request)
        return Made(response.id, decode(response.properties))

    def update(
        self,
        urn: str,
        id_: str,
        type_: str,
        olds: Properties,
        outputs: Properties,
        news: Properties,
        ignore: list[str],
        timeout: float,
        preview: bool,
    ) -> Made:
        """Change in place."""
        if not self.configured:
            return Made(id_, {})
        request = messages.UpdateRequest(
            urn=urn,
            id=id_,
            type=type_,
            olds=encode(outputs),
            old_inputs=encode(olds),
            news=encode(news),
            ignoreChanges=ignore,
            timeout=timeout,
            preview=preview,
        )
        return Made(id_, decode(self._call("Update", request).properties))

    def read(self, urn: str, name: str, type_: str, id_: str, properties: Properties) -> Made | None:
        """Look up what exists; None if nothing does."""
        request = messages.ReadRequest(urn=urn, name=name, type=type_, id=id_, properties=encode(properties))
        response = self._call("Read", request)
        return Made(response.id, decode(response.properties)) if response.id else None

    def delete(self, urn: str, id_: str, type_: str, inputs: Properties, outputs: Properties) -> None:
        """Delete."""
        self._call(
            "Delete",
            messages.DeleteRequest(urn=urn, id=id_, type=type_, properties=encode(outputs), old_inputs=encode(inputs)),
        )

    def invoke(self, token: str, arguments: Properties, preview: bool) -> tuple[Properties, list[tuple[str, str]]]:
        """A function's result, and what is wrong with its arguments."""
        response = self._call("Invoke", messages.InvokeRequest(tok=token, args=encode(arguments), preview=preview))
        failures = [(failure.property, failure.reason) for failure in response.failures]
        return decode(getattr(response, "return")), failures

    def construct(self, goal: Goal, project: str, stack: str, monitor: str, preview: bool) -> Properties:
        """Let the provider register one of its own components at ``monitor``; returns the component's outputs."""
        if not self.configured:
            return {}
        request = messages.ConstructRequest(
            project=project,
            stack=stack,
            organization="organization",
            dryRun=preview,
            monitorEndpoint=monitor,
            type=goal.type,
            name=goal.name,
            parent=goal.parent,
            inputs=encode(goal.inputs),
            dependencies=goal.dependencies,
            protect=goal.protect,
            retainOnDelete=goal.retain,
            ignoreChanges=goal.ignore,
            aliases=[alias_pb2.Alias(urn=item) for item in goal.aliases],
        )
        return decode(self._call("Construct", request).state)

    def _call(self, method: str, request: Any) -> Any:
        try:
            return getattr(self._stub, method)(request, timeout=_CALL_SECONDS)
        except grpc.RpcError as error:
            call: Any = error  # what gRPC raises is a call too, its types do not say so
            if call.code() == grpc.StatusCode.UNIMPLEMENTED:
                raise _Unimplemented(f"the provider has no {method}: {call.details()}") from None
            lost = call.code() in _LOST
            message = f"the provider did not answer: {call.details()}" if lost else call.details()
            raise ProviderError(message, _made(call), lost=lost) from None


class _Unimplemented(ProviderError):
    """The provider does not have a method."""


def _checked(response: Any) -> Properties:
    if response.failures:
        raise ProviderError("; ".join(f"{failure.property}: {failure.reason}" for failure in response.failures))
    return decode(response.inputs)


def _difference(response: Any) -> Difference:
    changes = messages.DiffResponse
    paths = {
        path: messages.PropertyDiff.Kind.Name(detail.kind) for path, detail in response.detailedDiff.items()
    } or dict.fromkeys(response.diffs, "UPDATE")
    replaces = {*response.replaces, *(path for path, kind in paths.items() if kind.endswith("_REPLACE"))}
    changed = None if response.changes == changes.DIFF_UNKNOWN else response.changes == changes.DIFF_SOME
    return Difference(changed, paths, tuple(sorted(replaces)), response.deleteBeforeReplace)


def _made(error: Any) -> Made | None:
    """What a failed operation left behind, from the error's trailing metadata."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(value).details:
                failed = messages.ErrorResourceInitFailed()
                if detail.Unpack(failed):
                    return Made(failed.id, decode(failed.properties), list(failed.reasons))
    return None
