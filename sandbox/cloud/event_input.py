"""What a target of an EventBridge rule gets: the whole event, a part of it, a constant, or a template filled in."""

import json
import re
from collections.abc import Mapping
from typing import Any

from jsonpath_ng.ext import parse  # type: ignore[attr-defined] # it is, by a star

_VARIABLE = re.compile(r"<([A-Za-z0-9_.\-]+)>")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


def input_of(target: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str) -> str:
    """The text that ``target`` is called with for ``event``."""
    if target.get("Input") is not None:
        return str(target["Input"])
    if target.get("InputPath"):
        return json.dumps(_at(target["InputPath"], event))
    if transformer := target.get("InputTransformer"):
        return _filled(transformer, event, rule_arn)
    return json.dumps(event)


def _filled(transformer: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str) -> str:
    """The template filled in. Inside quotes a text is put as it is, elsewhere as JSON; what is absent is null there."""
    values = {name: _at(path, event) for name, path in (transformer.get("InputPathsMap") or {}).items()}
    values |= {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rpartition("/")[2],
        "aws.events.event.ingestion-time": event["time"],
        "aws.events.event": {key: value for key, value in event.items() if key != "detail"},
        "aws.events.event.json": event,
    }

    def inside(found: "re.Match[str]") -> str:
        value = values.get(found[1])
        if value is None:
            return ""
        text = value if isinstance(value, str) else json.dumps(value)
        return json.dumps(text)[1:-1]

    def outside(found: "re.Match[str]") -> str:
        return json.dumps(values.get(found[1]))

    template, result, position = str(transformer["InputTemplate"]), "", 0
    is_json = template.lstrip()[:1] in ('"', "{", "[", "<")
    if not is_json:
        return _VARIABLE.sub(inside, template)
    for quoted in _QUOTED.finditer(template):
        result += _VARIABLE.sub(outside, template[position : quoted.start()]) + _VARIABLE.sub(inside, quoted[0])
        position = quoted.end()
    return result + _VARIABLE.sub(outside, template[position:])


def _at(path: str, event: Mapping[str, Any]) -> Any:
    found = parse(path).find(dict(event))
    return found[0].value if found else None
