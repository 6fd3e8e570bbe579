"""The table against the two things that it joins: botocore's service models and the properties of the published SDK."""

import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import botocore.session
import pytest

from sandbox.providers.aws.table import Call, Type, compiled
from sandbox.providers.aws.types import TYPES

_MODELS = botocore.session.Session(profile=None)


@cache
def properties(token: str) -> tuple[frozenset[str], frozenset[str]]:
    """Inputs and outputs that the SDK's class has; read from its source, because importing it takes seconds."""
    module, kind = token.split(":")[1:]
    spec = find_spec("pulumi_aws")
    assert spec is not None
    assert spec.origin is not None
    file = re.sub(r"(?<!^)([A-Z])", lambda found: "_" + found.group(1).lower(), kind).lower() + ".py"
    source = (Path(spec.origin).parent / module.split("/")[0] / file).read_text()
    assert f"'{token}'" in source
    getter = re.compile(r'@pulumi\.getter(?:\(name="(\w+)"\))?\n(?:    @[^\n]+\n)*    def (\w+)\(')
    arguments = source.split("@pulumi.input_type")[1]
    resource = source.split("(pulumi.CustomResource)")[1]
    names = [frozenset(name or short for name, short in getter.findall(text)) for text in (arguments, resource)]
    return names[0], names[1]


def calls(type_: Type) -> Iterator[Call]:
    tags = (type_.tags.tag, type_.tags.untag, type_.tags.read) if type_.tags else ()
    steps = (type_.create, *type_.read, *type_.settle, *type_.update, *type_.before_delete, *type_.delete, type_.find)
    for step in (*steps, *tags):
        if isinstance(step, Call):
            yield step


@pytest.mark.parametrize("type_", TYPES.values(), ids=lambda type_: type_.token.split(":")[2])
def test_declaration(type_: Type) -> None:
    inputs, outputs = properties(type_.token)
    said = {*type_.replace, *type_.defaults, *type_.back, *type_.local, *filter(None, [type_.name])}
    assert {path.split(".")[0] for path in said} <= inputs | {"region"}
    assert set(type_.outputs) <= outputs
    assert ("tagsAll" in outputs) == (type_.tags is not None)
    assert ("region" in inputs) == type_.regional
    model = _MODELS.get_service_model(type_.client)
    for call in calls(type_):
        shape = model.operation_model(call.operation).input_shape
        assert set(call.given) <= set(shape.members if shape else ()), call.operation
    for expression in (type_.id, type_.gone, type_.ready, type_.failed, *type_.back.values(), *type_.outputs.values()):
        assert not expression or compiled(expression)
