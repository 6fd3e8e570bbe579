"""Writes docs/reference/settings.md from the settings themselves: ``python -m stacks.reference``."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from stacks.model_settings import ModelSettings
from stacks.settings import Settings

TARGET = Path(__file__).parents[1] / "docs" / "reference" / "settings.md"
_HEAD = """# Settings

What `stacks/Pulumi.<stack>.yaml` may say under `config:`, each key with the prefix `slipway:`. Unknown keys are
refused. `aws:region` is required, and `aws:defaultTags` puts owner, cost and environment tags on everything. Made by
`python -m stacks.reference`.
"""


def text() -> str:
    """The page."""
    sections = [_HEAD, _table("The stack", Settings)]
    sections += [_table(f"`{path}`", model) for path, model in _sections(Settings)]
    sections.append(_table("`models.<name>`", ModelSettings))
    sections += [_table(f"`models.<name>.{path}`", model) for path, model in _sections(ModelSettings)]
    return "\n".join(sections)


def _sections(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in model.model_fields.items():
        inner = _section(field)
        if inner and name != "models":
            path = prefix + name + (".<name>" if get_origin(field.annotation) is dict else "")
            yield path, inner
            yield from _sections(inner, f"{path}.")


def _section(field: FieldInfo) -> type[BaseModel] | None:
    for kind in (field.annotation, *get_args(field.annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def _table(title: str, model: type[BaseModel]) -> str:
    lines = [f"## {title}", "", (model.__doc__ or "").strip(), "", "| key | type | default | |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        if name in ("source", "region") or (model is Settings and _section(field)):
            continue
        cells = (f"`{name}`", _type(field.annotation), _default(field), (field.description or "").replace("\n", " "))
        lines.append("| " + " | ".join(cells) + " |")
    if model is Settings:
        names = ", ".join(f"`{name}`" for name, field in model.model_fields.items() if _section(field))
        lines += ["", f"Sections: {names}, each below."]
    return "\n".join([*lines, ""])


def _type(annotation: Any) -> str:
    if get_origin(annotation) is Annotated:
        return _type(get_args(annotation)[0])
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return ", ".join(f"`{member}`" for member in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    plain = {str: "text", int: "number", bool: "true, false", float: "number"}
    if annotation in plain:
        return plain[annotation]
    parts = [part for part in get_args(annotation) if part is not type(None)]
    if get_origin(annotation) is list:
        return f"list of {_type(parts[0])}"
    if get_origin(annotation) is dict:
        return f"map of {_type(parts[1])}"
    if all(isinstance(part, str) for part in parts):
        return ", ".join(f"`{part}`" for part in parts)
    return _type(parts[0])


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if value is None:
        return "none"
    if isinstance(value, BaseModel):
        return "see its section"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`"


if __name__ == "__main__":
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(text())
