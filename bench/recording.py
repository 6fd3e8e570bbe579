"""Turns a program of components into the same resources without them.

``into`` listens, while a program runs, to what its components pass to the typed classes of the SDKs; ``declare`` passes
the same to the same classes in a flat loop. A value that came out of another resource is an attribute of that resource
again, or one ``apply`` over the resources that it came from: what someone writes who wires them by hand.
"""

import inspect
import json
from collections.abc import Generator
from contextlib import contextmanager
from enum import Enum
from importlib import import_module
from typing import Any

import pulumi

OPTIONS = (
    "protect",
    "ignore_changes",
    "delete_before_replace",
    "additional_secret_outputs",
    "replace_on_changes",
    "retain_on_delete",
    "replacement_trigger",
)
"""Options that a component sets and a flat program has to repeat."""

_OUTPUT = "an output of"


@contextmanager
def into(path: str) -> Generator[None]:
    """Write the typed resources that are declared meanwhile to ``path``, once their outputs are known."""
    made: list[tuple[Any, str, dict[str, Any], pulumi.ResourceOptions]] = []
    original: Any = pulumi.CustomResource.__init__

    def listen(self: Any, type_: str, name: str, props: Any = None, opts: Any = None, *rest: Any, **more: Any) -> None:
        accepted = inspect.signature(type(self)._internal_init).parameters
        given = {key: value for key, value in vars(props).items() if key in accepted and value is not None}
        original(self, type_, name, props, opts, *rest, **more)
        made.append((self, name, given, opts or pulumi.ResourceOptions()))

    pulumi.CustomResource.__init__ = listen  # type: ignore[method-assign,assignment] # ty: ignore[invalid-assignment]
    try:
        yield
    finally:
        pulumi.CustomResource.__init__ = original  # type: ignore[method-assign]

    async def write() -> None:
        numbers = {id(resource): number for number, (resource, *_) in enumerate(made)}
        found = [await _resource(numbers, *entry) for entry in made]
        with open(path, "w") as file:  # noqa: PTH123 -- the same in both directions
            json.dump(found, file)

    pulumi.run(write)


async def _resource(
    numbers: dict[int, int], resource: Any, name: str, given: dict[str, Any], opts: pulumi.ResourceOptions
) -> dict[str, Any]:
    options = {key: getattr(opts, key) for key in OPTIONS if getattr(opts, key) is not None}
    if resource._protect is not None:  # may come from the parent
        options["protect"] = resource._protect
    waits = opts.depends_on or []
    provider = resource._provider
    if opts.custom_timeouts:
        options["custom_timeouts"] = vars(opts.custom_timeouts)
    return {
        "module": type(resource).__module__,
        "class": type(resource).__name__,
        "name": name,
        "inputs": await _plain(numbers, given),
        "options": options,
        "depends_on": sorted(
            {n for item in (waits if isinstance(waits, list) else [waits]) for n in _of(numbers, item)}
        ),
        "provider": numbers.get(id(provider)),
    }


def _of(numbers: dict[int, int], resource: Any) -> list[int]:
    """The resource, or those that are in a component."""
    if id(resource) in numbers:
        return [numbers[id(resource)]]
    return [number for child in resource._childResources for number in _of(numbers, child)]


async def _plain(numbers: dict[int, int], value: Any) -> Any:
    if isinstance(value, pulumi.Output):
        return await _output(numbers, value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {key: await _plain(numbers, item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [await _plain(numbers, item) for item in value]
    if isinstance(value, str | int | float | None):
        return value
    raise TypeError(f"an input of type {type(value).__name__}: accepted: plain values, lists, dicts and outputs")


async def _output(numbers: dict[int, int], output: pulumi.Output[Any]) -> Any:
    value = await output.future()
    sources = sorted(
        (item for item in await output.resources() if id(item) in numbers), key=lambda item: numbers[id(item)]
    )
    found: dict[str, Any] = {_OUTPUT: [numbers[id(item)] for item in sources], "value": value}
    if len(sources) == 1:
        for attribute, candidate in vars(sources[0]).items():
            if isinstance(candidate, pulumi.Output) and await candidate.future() == value:
                found["attribute"] = attribute
                break
    if await output.is_secret():
        found["secret"] = True
    return found


def declare(resources: list[dict[str, Any]]) -> None:
    """Declare what was recorded, in the order in which it was."""
    made: list[Any] = []
    for entry in resources:
        options = entry["options"]
        if "custom_timeouts" in options:
            options["custom_timeouts"] = pulumi.CustomTimeouts(**options["custom_timeouts"])
        if entry["provider"] is not None:
            options["provider"] = made[entry["provider"]]
        if entry["depends_on"]:
            options["depends_on"] = [made[number] for number in entry["depends_on"]]
        cls = getattr(import_module(entry["module"]), entry["class"])
        made.append(cls(entry["name"], opts=pulumi.ResourceOptions(**options), **_live(made, entry["inputs"])))


def _live(made: list[Any], value: Any) -> Any:
    if isinstance(value, list):
        return [_live(made, item) for item in value]
    if not isinstance(value, dict):
        return value
    if _OUTPUT not in value:
        return {key: _live(made, item) for key, item in value.items()}
    known, sources = value["value"], value[_OUTPUT]
    if "attribute" in value:
        return getattr(made[sources[0]], value["attribute"])
    if sources:
        known = pulumi.Output.all(*[made[number].id for number in sources]).apply(lambda _: value["value"])
    return pulumi.Output.secret(known) if value.get("secret") else known
