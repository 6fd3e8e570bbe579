"""What a provider says to the engine, as the protocol's messages."""

from typing import Any, NoReturn

import grpc
from pulumi.runtime.proto import provider_pb2 as messages
from pulumi.runtime.proto import status_pb2

from sandbox.providers.backend import Failure, NotReady
from sandbox.providers.changes import Difference, Kind, top_level
from sandbox.providers.values import Properties, encode


def failures(found: list[Failure]) -> list[Any]:
    """What a check found wrong."""
    return [messages.CheckFailure(property=key, reason=reason) for key, reason in found]


def difference(found: Difference) -> Any:
    """What differs, path by path."""
    kinds = messages.PropertyDiff.Kind
    detail = {
        path: messages.PropertyDiff(
            kind=kinds.Value(f"{kind}_REPLACE" if path in found.replaces else Kind(kind).value), inputDiff=True
        )
        for path, kind in found.changes.items()
    }
    return messages.DiffResponse(
        changes=messages.DiffResponse.DIFF_SOME if found.changes else messages.DiffResponse.DIFF_NONE,
        diffs=sorted({top_level(path) for path in found.changes}),
        replaces=sorted({top_level(path) for path in found.replaces}),
        detailedDiff=detail,
        hasDetailedDiff=True,
        deleteBeforeReplace=bool(found.replaces) and found.delete_before_replace,
    )


def not_ready(context: Any, error: NotReady, inputs: Properties) -> NoReturn:
    """End a call with the news that its resource exists and is not ready."""
    code = grpc.StatusCode.UNKNOWN
    detail = messages.ErrorResourceInitFailed(
        id=error.id, properties=encode(error.outputs), inputs=encode(inputs), reasons=list(error.reasons)
    )
    status = status_pb2.Status(code=code.value[0], message=str(error))
    status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, str(error))
    raise error
