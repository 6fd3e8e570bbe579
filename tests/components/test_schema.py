"""The schema that other languages see is a reviewed file: what ``pulumi package get-schema ./components`` gives.

It catches a type that the plugin host would read wrongly, and a public name that changes. After an intended change:

    python -m tests.components.test_schema
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import slipway
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

GOLDEN = Path(__file__).with_name("schema.json")
PLUGIN = Path(slipway.__file__).parents[1]
PLAIN = {"string", "integer", "boolean", "number", "array", "object"}


def inferred() -> dict[str, Any]:
    """The schema of the components as they are."""
    provider = ComponentProvider([getattr(slipway, name) for name in slipway.COMPONENTS], "slipway")
    schema: dict[str, Any] = json.loads(str(provider.schema))
    return schema


def text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def properties(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Component, property and definition of every input and output."""
    for token, component in schema["resources"].items():
        for kind in ("inputProperties", "properties"):
            for name, definition in component[kind].items():
                yield token, name, definition


def test_is_the_reviewed_one() -> None:
    assert text(inferred()) == GOLDEN.read_text(), "run: python -m tests.components.test_schema"


def test_every_component_is_there() -> None:
    assert sorted(inferred()["resources"]) == sorted(f"slipway:index:{name}" for name in slipway.COMPONENTS)


def test_every_property_is_documented_and_of_a_type_that_arrives_whole() -> None:
    schema = inferred()
    for token, name, definition in properties(schema):
        assert definition["description"], (token, name)
        reference = definition.get("$ref", "")
        if reference:  # a type of our own; Any, assets and provider types lose data on the way
            assert reference.removeprefix("#/types/") in schema["types"], (token, name)
            assert definition["plain"], (token, name)
        else:
            assert definition["type"] in PLAIN, (token, name)
    for token, component in schema["resources"].items():
        assert component["description"], token
        for name, definition in component["inputProperties"].items():
            if definition.get("type") in (
                "integer",
                "number",
            ):  # the host hands over numbers as floats, Outputs not at all
                assert definition["plain"], (token, name)


def test_types_of_our_own_are_enums_or_flat_plain_objects() -> None:
    for token, type_ in inferred()["types"].items():
        for name, definition in type_.get("properties", {}).items():
            assert definition["description"], (token, name)
            assert definition["plain"], (token, name)
            assert definition["type"] in PLAIN, (token, name)
        assert type_.get("enum") or type_["properties"], token


def test_the_plugin_hosts_these_components() -> None:
    """Started as the engine starts it: the first line is the port that it answers on."""
    plugin = subprocess.Popen(
        [sys.executable, "-W", "ignore", str(PLUGIN), "127.0.0.1:1"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert plugin.stdout
        with grpc.insecure_channel(f"127.0.0.1:{int(plugin.stdout.readline())}") as channel:
            stub = provider_pb2_grpc.ResourceProviderStub(channel)
            answer = stub.GetSchema(provider_pb2.GetSchemaRequest(), timeout=60)
    finally:
        plugin.terminate()
        plugin.wait(timeout=30)
    hosted = json.loads(answer.schema)
    assert hosted.pop("version") == "0.1.0"
    expected = inferred()
    del expected["version"]
    assert hosted == expected


if __name__ == "__main__":
    GOLDEN.write_text(text(inferred()))
