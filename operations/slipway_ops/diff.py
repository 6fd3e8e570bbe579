"""What differs between two releases, field by field."""

from dataclasses import asdict, dataclass
from typing import Any

from slipway_ops.record import Release


@dataclass(frozen=True)
class Difference:
    """One field; None stands for a release that does not have it."""

    field: str
    before: Any
    after: Any

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.field}: {_shown(self.before)} -> {_shown(self.after)}"


def differences(before: Release, after: Release) -> list[Difference]:
    """The fields that differ, in the order of their names; features are compared by name, and their order as one."""
    old, new = flat(before), flat(after)
    return [
        Difference(field, old.get(field), new.get(field))
        for field in sorted(old.keys() | new.keys())
        if old.get(field) != new.get(field)
    ]


def flat(release: Release) -> dict[str, Any]:
    """A release's fields under their dotted paths."""
    record = release.model_dump(mode="json", exclude_none=True)
    features = record["content"]["feature_schema"]
    record["content"]["feature_schema"] = {feature.pop("name"): feature for feature in features}
    fields = dict(_walk(record))
    fields["content.feature_schema"] = list(record["content"]["feature_schema"])
    return fields


def _walk(value: Any, path: str = "") -> list[tuple[str, Any]]:
    if not isinstance(value, dict):
        return [(path, value)]
    return [pair for key, inner in value.items() for pair in _walk(inner, f"{path}.{key}" if path else key)]


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)
