"""What a resource is, in Pulumi's properties: from the cloud's answers to inputs and outputs."""

import re
from typing import Any

from sandbox.providers.aws.calls import Calls, context, missing, public
from sandbox.providers.aws.shapes import camel, mirror, tags_of
from sandbox.providers.aws.table import Context, Type, evaluate
from sandbox.providers.values import Properties

TAG_ANSWER = "__tags"


def look(calls: Calls, identifier: str, seen: Context) -> Properties | None:
    """All that the cloud says about a resource, or None if it is gone."""
    type_ = calls.type
    answer: Properties = {}
    reads = (*type_.read, type_.tags.read) if type_.tags and type_.tags.read else type_.read
    for index, step in enumerate(reads):
        try:
            part = calls.run(step, {**seen, **answer, "id": identifier}, only_required=True)
        except Exception as error:
            if not missing(error):
                raise
            part = None
        if index == 0 and (not part or (type_.gone and evaluate(type_.gone, {**seen, **part}))):
            return None
        into = TAG_ANSWER if type_.tags and step is type_.tags.read else getattr(step, "into", "")
        answer |= {into: part} if into else (part or {})
    return answer


def describe(calls: Calls, identifier: str, inputs: Properties, answer: Properties) -> tuple[Properties, Properties]:
    """Outputs, and inputs as the cloud has them: they differ from ``inputs`` where someone else changed something."""
    type_ = calls.type
    here = context(calls.session, inputs, {})["here"]
    seen = {**answer, "id": identifier, "here": here, "given": inputs}
    now: Properties = {}
    for key, given in inputs.items():
        actual = _actual(type_, key, seen, answer)
        if key.startswith("__") or key in ("tags", "tagsAll") or actual is _SILENT:
            now[key] = given
        elif actual is not None:
            now[key] = mirror(given, actual)
        elif given in ([], {}, "", False, None):
            now[key] = given
    outputs = {name: evaluate(expression, seen) for name, expression in type_.outputs.items()}
    outputs |= {"region": here["region"]} if type_.regional else {}
    if type_.tags is not None:
        now, tags = _tags(calls, now, answer)
        outputs["tagsAll"] = tags
    return joined(type_, {key: camel(value) for key, value in outputs.items() if value is not None}, public(now)), now


def joined(type_: Type, outputs: Properties, inputs: Properties) -> Properties:
    """Inputs over outputs; of what the cloud adds to, its own fields stay."""
    both = {key for key in type_.grows if isinstance(outputs.get(key), dict) and isinstance(inputs.get(key), dict)}
    return {**outputs, **inputs, **{key: {**outputs[key], **inputs[key]} for key in both}}


def imported(type_: Type, identifier: str, answer: Properties) -> Properties:
    """Inputs that would give the resource of an import: all that the cloud reports under an input's name."""
    inputs = {key: evaluate(expression, answer) for key, expression in type_.back.items()}
    if type_.name:
        inputs.setdefault(type_.name, identifier)
    return {**{key: camel(value) for key, value in inputs.items() if value is not None}, **parts(type_, identifier)}


def parts(type_: Type, identifier: str) -> Properties:
    """The inputs that an id is made of."""
    if not type_.id_parts:
        return {}
    names = re.findall(r"{(\w+)}", type_.id_parts)
    pattern = re.escape(type_.id_parts)
    for name in names:
        pattern = pattern.replace(re.escape("{" + name + "}"), "(.+)" if name == names[-1] else "(.+?)", 1)
    found = re.fullmatch(pattern, identifier)
    return dict(zip(names, found.groups(), strict=True)) if found else {}


_SILENT = object()
"""The answer says nothing about an input, not even that it is unset."""


def _actual(type_: Type, key: str, seen: Context, answer: Properties) -> Any:
    if key in type_.back:
        return evaluate(type_.back[key], seen)
    folded = {name.lower(): name for name in answer}
    name = folded.get(key.lower())
    return answer[name] if name is not None else _SILENT


def _tags(calls: Calls, inputs: Properties, answer: Properties) -> tuple[Properties, dict[str, str]]:
    actual = tags_of(answer.get(TAG_ANSWER) or answer.get("Tags") or answer.get("tags"))
    given, default = inputs.get("tags") or {}, calls.session.default_tags
    own = {key: value for key, value in actual.items() if key in given or default.get(key) != value}
    if own or "tags" in inputs:
        inputs = {**inputs, "tags": own}
    return {**inputs, "tagsAll": actual}, actual
