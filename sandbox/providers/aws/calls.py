"""Makes a table's calls: builds their parameters, finds what changed, reads errors."""

import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.providers.aws.session import Session
from sandbox.providers.aws.shapes import build, match, tags_for
from sandbox.providers.aws.table import Call, Code, Context, Step, Type, evaluate
from sandbox.providers.values import Properties

_TAGS = ("tags", "tagspecifications", "taglist")
_MISSING = re.compile(r"NotFound|NoSuch|^404$|DoesNotExist|Non[eE]xistent")
_EXISTS = re.compile(r"Already|Duplicate|Conflict|InUse")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0


def public(properties: Mapping[str, Any]) -> Properties:
    """Properties without the provider's own notes."""
    return {key: value for key, value in properties.items() if not key.startswith("__")}


def context(session: Session, inputs: Properties, outputs: Properties, identifier: str = "") -> Context:
    """What parameter expressions see."""
    region = inputs.get("region") or session.region
    known = {**outputs, **public(inputs)}
    return {
        **known,
        "id": identifier,
        "here": {"region": region, "account": session.account, "partition": session.partition},
        "tagList": [{"Key": key, "Value": value} for key, value in sorted((inputs.get("tagsAll") or {}).items())],
    }


class Calls:
    """The calls of one resource."""

    def __init__(self, session: Session, type_: Type, inputs: Properties) -> None:
        self.session, self.type, self.inputs = session, type_, public(inputs)
        self.client = session.client(type_.client, inputs.get("region"))

    def run(
        self, step: Step, seen: Context, *, only_required: bool = False, tags: Mapping[str, str] | None = None
    ) -> Any:
        """Make one call and return the part of the answer that ``at`` points to; None if ``when`` says no."""
        if isinstance(step, Code):
            return step.run(self.client, seen)
        if step.when and not evaluate(step.when, seen):
            return None
        from botocore import xform_name

        method = xform_name(step.operation)
        parameters = self._parameters(step, seen, only_required, tags)
        if only_required and self.client.can_paginate(method):
            answer = self.client.get_paginator(method).paginate(**parameters).build_full_result()
        else:
            answer = getattr(self.client, method)(**parameters)
        answer.pop("ResponseMetadata", None)
        return evaluate(_filled(step.at, seen), answer) if step.at else answer

    def tag(self, step: Call | None, seen: Context, tags: Mapping[str, str]) -> None:
        """Add or take away tags, where there are any."""
        if step is None or not tags:
            return
        from botocore import xform_name

        parameters = self._parameters(step, seen, True, None)
        for member, shape in self._members(step).items():
            if member not in step.given and "tag" in member.lower():
                parameters[member] = tags_for(shape, tags)
        getattr(self.client, xform_name(step.operation))(**parameters)

    def concerned(self, step: Step, keys: Iterable[str]) -> set[str]:
        """Those of ``keys``, inputs, that ``step`` carries to the cloud."""
        if isinstance(step, Code):
            return set(keys) & step.inputs
        named = step.names
        free = [name for name in self._members(step) if name not in step.given and name.lower() not in _TAGS]
        return {key for key in keys if key in named or (key not in step.without and match(key, free))}

    def unknown(self) -> list[str]:
        """Inputs that nothing in the table carries to the cloud."""
        known = {*self.type.local, *self.type.back, "region", self.type.name, f"{self.type.name}Prefix"}
        if self.type.tags:
            known |= {"tags", "tagsAll"}
        left = {key for key, value in self.inputs.items() if value is not None} - known
        for step in (self.type.create, *self.type.settle, *self.type.update):
            left -= self.concerned(step, left)
        return sorted(left)

    def _members(self, step: Call) -> Mapping[str, Any]:
        shape = self.client.meta.service_model.operation_model(step.operation).input_shape
        return shape.members if shape is not None else {}

    def _parameters(self, step: Call, seen: Context, only_required: bool, tags: Mapping[str, str] | None) -> Properties:
        shape = self.client.meta.service_model.operation_model(step.operation).input_shape
        parameters: Properties = {}
        for member, member_shape in (shape.members if shape is not None else {}).items():
            value: Any = None
            if member in step.given:
                value = evaluate(step.given[member], seen)
            elif member.lower() in _TAGS:
                if tags and (member == "TagSpecifications") == bool(self.type.tag_resource):
                    parameters[member] = self._creation_tags(member_shape, tags)
            elif not only_required or member in shape.required_members:
                key = match(member, self.inputs)
                value = self.inputs[key] if key is not None and key not in step.without else None
            if value is not None:
                parameters[member] = build(member_shape, value, self._path(member))
        return parameters

    def _creation_tags(self, shape: Any, tags: Mapping[str, str]) -> Any:
        if self.type.tag_resource:
            inner = shape.member.members["Tags"]
            return [{"ResourceType": self.type.tag_resource, "Tags": tags_for(inner, tags)}]
        return tags_for(shape, tags)

    def _path(self, member: str) -> str:
        return f"{self.type.token}: {match(member, self.inputs) or member}"


def missing(error: Exception) -> bool:
    """Whether an error says that the thing does not exist."""
    return bool(_MISSING.search(_code(error)))


def exists_already(error: Exception) -> bool:
    """Whether an error says that the thing, or one in its place, exists."""
    return bool(_EXISTS.search(_code(error)))


def pauses(seconds: float) -> Iterable[float]:
    """Wait between looks, longer each time; ends after ``seconds``."""
    end, pause = time.monotonic() + seconds, _FIRST_PAUSE
    while time.monotonic() < end:
        yield pause
        time.sleep(pause)
        pause = min(pause * 1.6, _LONGEST_PAUSE)


def _code(error: Exception) -> str:
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def _filled(expression: str, seen: Context) -> str:
    """``$name`` of an ``at`` expression, replaced: JMESPath filters do not see outside their list."""
    return re.sub(r"\$(\w+)", lambda found: str(seen.get(found.group(1)) or "").replace("'", ""), expression)
