"""Validates custom objects against a folder of CustomResourceDefinitions, where one is given.

The folder is the user's (``SLIPWAY_CRDS``); no package carries these files, so without it custom objects are recorded
and the summary counts them. What an API server does with a structural schema is done here: unknown fields are refused
at any depth, ``x-kubernetes-*`` and ``nullable`` are understood. CEL rules are not evaluated.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped] # no stubs are required

from sandbox.providers.kubernetes import rules, schema

CRDS = "SLIPWAY_CRDS"
"""Environment variable: a folder of CustomResourceDefinitions, searched with its subfolders."""

_Key = tuple[str, str]
_LOGIC = ("allOf", "anyOf", "oneOf")
_PLAIN = [
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "pattern",
    "required",
    "uniqueItems",
]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # the C one where there is one
    """Takes a bare ``=``, which some definitions have among an enum's words, for text."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: loader.construct_scalar(node))


def scope(api_version: str, kind: str) -> bool | None:
    """Whether objects of a defined kind live in a namespace; None where the kind is not defined."""
    found = _definitions().get((api_version, kind))
    return None if found is None else found[0]


def known() -> list[str]:
    """The kinds that are defined, such as ``argoproj.io/v1alpha1 Rollout``."""
    return sorted(" ".join(key) for key in _definitions())


def examine(document: dict[str, Any], secret: bool = False) -> tuple[list[tuple[str, str]], bool]:
    """As ``schema.examine``, for an object of a custom kind: by its definition, and its pods by Kubernetes' schema."""
    found: list[tuple[str, str]] = []
    shaped = True
    defined = _definitions().get((document["apiVersion"], document["kind"]))
    if defined is not None:
        found, shaped = schema.listed(defined[1], document, secret)
    template = rules.pod_template(document)
    if template is not None and not found:
        path, pod = template
        pods, known = schema.examine({"apiVersion": "v1", "kind": "PodTemplate", "metadata": {}, "template": pod})
        found = [(path + where.removeprefix("template"), text) for where, text in pods]
        shaped = shaped and known
    return found, shaped


def _definitions() -> dict[_Key, tuple[bool, Any]]:
    folder = os.environ.get(CRDS)
    return _read(folder) if folder else {}


@cache
def _read(folder: str) -> dict[_Key, tuple[bool, Any]]:
    """Scope and validator of each version of each kind; raises ``ValueError`` that says which file is wrong."""
    found: dict[_Key, tuple[bool, Any]] = {}
    for path in sorted(Path(folder).rglob("*")):
        if path.suffix not in (".yaml", ".yml", ".json"):
            continue
        try:
            documents = list(yaml.load_all(path.read_bytes(), _Loader))
        except yaml.YAMLError as error:
            raise ValueError(f"{CRDS}: accepted: files of Kubernetes objects: received: {path}: {error}") from None
        for document in documents:
            if isinstance(document, dict) and document.get("kind") == "CustomResourceDefinition":
                spec = document["spec"]
                for version in spec["versions"]:
                    key = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
                    shape = _root(version["schema"]["openAPIV3Schema"])
                    found[key] = (spec["scope"] == "Namespaced", Draft202012Validator(shape))
    if not found:
        raise ValueError(f"{CRDS}: accepted: a folder with CustomResourceDefinitions: received: {folder}")
    return found


def _root(structural: dict[str, Any]) -> dict[str, Any]:
    shape = _closed(structural)
    metadata = {"metadata": {"type": "object"}}
    texts = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}
    return {**shape, "properties": {**shape.get("properties", {}), **texts, **metadata}}


def _closed(structural: dict[str, Any]) -> dict[str, Any]:
    """JSON Schema of a structural one: the fields that it does not name are refused, unless it keeps them."""
    shape = _rules(structural)
    free = structural.get("x-kubernetes-preserve-unknown-fields", False)
    fields = {name: _closed(field) for name, field in structural.get("properties", {}).items()}
    if structural.get("x-kubernetes-embedded-resource"):
        fields = {"apiVersion": {}, "kind": {}, "metadata": {}, **fields}
    if fields:
        shape["properties"] = fields
    others = structural.get("additionalProperties")
    if isinstance(others, dict):
        shape["additionalProperties"] = _closed(others)
    elif structural.get("type") == "object" and not free and not others:
        shape["additionalProperties"] = False
    if "items" in structural:
        shape["items"] = _closed(structural["items"])
    if structural.get("x-kubernetes-int-or-string"):
        shape["type"] = ["integer", "string"]
    elif "type" in structural:
        shape["type"] = structural["type"]
    if structural.get("nullable") and "type" in shape:
        kinds = shape["type"] if isinstance(shape["type"], list) else [shape["type"]]
        shape["type"] = [*kinds, "null"]
        if "enum" in shape:
            shape["enum"] = [*shape["enum"], None]
    return shape


def _rules(structural: dict[str, Any]) -> dict[str, Any]:
    """The part of a schema that bounds values and does not name fields."""
    shape = {key: structural[key] for key in _PLAIN if key in structural}
    for bound in ("Maximum", "Minimum"):  # OpenAPI 3.0 has them as switches
        if isinstance(shape.get(f"exclusive{bound}"), bool):
            switched = shape.pop(f"exclusive{bound}")
            if switched and bound.lower() in shape:
                shape[f"exclusive{bound}"] = shape.pop(bound.lower())
    for word in _LOGIC:
        if word in structural:
            shape[word] = [_open(part) for part in structural[word]]
    if "not" in structural:
        shape["not"] = _open(structural["not"])
    return shape


def _open(structural: dict[str, Any]) -> dict[str, Any]:
    """A part under ``anyOf`` and the like: it says more about fields that are named elsewhere."""
    shape = _rules(structural)
    if "type" in structural:
        shape["type"] = structural["type"]
    if "properties" in structural:
        shape["properties"] = {name: _open(field) for name, field in structural["properties"].items()}
    if "items" in structural:
        shape["items"] = _open(structural["items"])
    return shape
