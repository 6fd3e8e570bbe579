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
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockEngine
from pulumi.runtime.settings import reset_options
from pulumi.runtime.stack import run_in_stack

from tests.components import computed
from tests.components.monitor import PROJECT, STACK, STACK_TYPE, Monitor, Resource

__all__ = ["PROJECT", "STACK", "STACK_TYPE", "UNKNOWN", "Graph", "Resource", "declare"]

T = TypeVar("T")

UNKNOWN = rpc.UNKNOWN
"""Stands in a recorded input for a value that only a deployment would tell."""


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
    build: Callable[[], T],
    *,
    preview: bool = False,
    invokes: dict[str, dict[str, Any]] | None = None,
    references: dict[str, dict[str, Any]] | None = None,
) -> Graph[T]:
    """Run ``build`` as a whole program and return what it registered.

    ``invokes`` adds answers of provider functions by token, ``references`` has the outputs of other stacks by name.
    Raises what ``build``, or an ``apply`` in it, raises.
    """
    engine: Any = MockEngine(None)  # the SDK takes objects in the place of addresses
    monitor: Any = Monitor(preview, computed.INVOKES | (invokes or {}), references or {})
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
