"""The project and a stack's configuration, read the way Pulumi reads them."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml


class ProjectError(ValueError):
    """``Pulumi.yaml`` or a stack's file cannot be used."""


class _Loader(yaml.SafeLoader):
    """YAML as Pulumi's reader has it: ``on`` and ``no`` are text, a date is text."""


_TRUTH = re.compile(r"(?:true|True|TRUE|false|False|FALSE)$")
_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, _TRUTH if tag.endswith(":bool") else pattern)
        for tag, pattern in resolvers
        if not tag.endswith(":timestamp")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Project:
    """A Pulumi project."""

    root: Path
    name: str
    stack_directory: Path
    defaults: dict[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, root: Path) -> "Project":
        """The project whose ``Pulumi.yaml`` stands in ``root``; raises ``ProjectError``."""
        content = _mapping(root / "Pulumi.yaml")
        name = content.get("name")
        if not isinstance(name, str):
            raise ProjectError(f"{root / 'Pulumi.yaml'}: name: accepted: the project's name: received: {name!r}")
        defaults: dict[str, str] = {}
        for key, value in (content.get("config") or {}).items():
            if isinstance(value, dict):
                value = value.get("value", value.get("default"))
            if value is not None:
                defaults[_qualified(name, key)] = _text(value)
        return cls(root, name, root / content.get("stackConfigDir", "."), defaults)

    def stack_file(self, stack: str) -> Path:
        """The settings of ``stack``."""
        return self.stack_directory / f"Pulumi.{stack}.yaml"

    def stacks(self) -> list[str]:
        """Stacks that have a settings file."""
        return sorted(path.name.split(".")[1] for path in self.stack_directory.glob("Pulumi.*.yaml"))

    def config(self, stack: str) -> dict[str, str]:
        """Configuration of ``stack``: ``namespace:key`` to text, compound values as JSON; raises ``ProjectError``."""
        path = self.stack_file(stack)
        if not path.is_file():
            raise ProjectError(f"stack: accepted: {', '.join(self.stacks()) or 'none yet'}: received: {stack!r}")
        values = dict(self.defaults)
        for key, value in (_mapping(path).get("config") or {}).items():
            if isinstance(value, dict) and value.keys() == {"secure"}:
                raise ProjectError(f"{path.name}: {key}: encrypted values need the engine that encrypted them")
            values[_qualified(self.name, key)] = _text(value)
        return values


def provider_config(config: dict[str, str], package: str) -> dict[str, str]:
    """Arguments of a package's default provider: its namespace of the configuration."""
    prefix = f"{package}:"
    return {key.removeprefix(prefix): value for key, value in config.items() if key.startswith(prefix)}


def _mapping(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(), _Loader) or {}  # noqa: S506 -- a safe loader
    except (OSError, yaml.YAMLError) as error:
        raise ProjectError(f"{path.name} cannot be read: {error}") from None
    if not isinstance(content, dict):
        raise ProjectError(f"{path.name}: accepted: a mapping: received: {type(content).__name__}")
    return content


def _qualified(project: str, key: Any) -> str:
    text = str(key)
    if ":" not in text:
        return f"{project}:{text}"
    parts = text.split(":")
    return f"{parts[0]}:{parts[-1]}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
