"""What the program asks for: a registration, decoded."""

import re
from dataclasses import dataclass, field
from typing import Any

from sandbox.engine.sealed import decode, secret_keys
from sandbox.engine.urns import PROVIDER_PREFIX, package_of
from sandbox.providers.values import Properties

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


@dataclass
class Goal:
    """A resource as the program declares it."""

    urn: str
    type: str
    name: str
    custom: bool = True
    remote: bool = False
    parent: str = ""
    provider: str = ""
    providers: dict[str, str] = field(default_factory=dict)
    """Of a component: package -> reference of the provider that its parts use."""
    inputs: Properties = field(default_factory=dict)
    dependencies: list[str] = field(default_factory=list)
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    protect: bool = False
    retain: bool = False
    ignore: list[str] = field(default_factory=list)
    replace_on: list[str] = field(default_factory=list)
    trigger: Any = None
    delete_before_replace: bool | None = None
    """None: the provider decides."""
    deleted_with: str = ""
    secret_outputs: list[str] = field(default_factory=list)
    import_id: str = ""
    version: str = ""
    timeouts: dict[str, float] = field(default_factory=dict)
    """Seconds for ``create``, ``update``, ``delete``."""
    aliases: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, request: Any, urn: str, aliases: list[str]) -> "Goal":
        """A ``RegisterResourceRequest``."""
        return cls(
            urn=urn,
            type=request.type,
            name=request.name,
            custom=request.custom,
            remote=request.remote,
            parent=request.parent,
            provider=request.provider,
            providers=dict(request.providers),
            inputs=decode(request.object),
            dependencies=sorted(request.dependencies),
            property_dependencies={
                key: sorted(value.urns) for key, value in sorted(request.propertyDependencies.items()) if value.urns
            },
            protect=request.protect,
            retain=request.retainOnDelete,
            ignore=list(request.ignoreChanges),
            replace_on=list(request.replaceOnChanges),
            trigger=_value(request.replacement_trigger) if request.HasField("replacement_trigger") else None,
            delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
            deleted_with=request.deletedWith,
            secret_outputs=list(request.additionalSecretOutputs),
            import_id=request.importId,
            version=request.version,
            timeouts={key: seconds(getattr(request.customTimeouts, key)) for key in ("create", "update", "delete")},
            aliases=aliases,
        )

    @property
    def is_provider(self) -> bool:
        """Whether it is a provider."""
        return self.type.startswith(PROVIDER_PREFIX)

    @property
    def package(self) -> str:
        """Package that manages it."""
        return package_of(self.type)

    @property
    def secrets(self) -> set[str]:
        """Properties that are secret in inputs and outputs."""
        return secret_keys(self.inputs) | set(self.secret_outputs)

    def needs(self) -> set[str]:
        """URNs that must be there before it."""
        found = {self.provider.rsplit("::", 1)[0], self.deleted_with, *self.dependencies}
        for urns in self.property_dependencies.values():
            found.update(urns)
        return found - {""}


def seconds(duration: str) -> float:
    """Seconds of a duration such as ``1h30m``; 0 if there is none."""
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ms|h|m|s)", duration))


def _value(value: Any) -> Any:
    from google.protobuf import json_format  # only where a trigger is used

    return json_format.MessageToDict(value)
