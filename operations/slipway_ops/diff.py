"""What differs between two releases, field by field."""

from dataclasses import asdict, dataclass
from typing import Any

from slipway_ops.record import Release

_WORDS = (
    ("content.image_digest", "image"),
    ("location.version_id", "artifact version"),
    ("content.artifact.", "artifact {}"),
    ("content.settings.", "setting {}"),
    ("content.resources.", "resource {}"),
    ("content.metrics.", "metric {}"),
    ("content.feature_schema", "features {}"),
    ("content.dataset.", "dataset {}"),
    ("content.code_commit", "code"),
    ("content.created_at", "created"),
    *((field, "") for field in ("id", "content.previous", "location.")),  # what follows from the others
)
"""Beginning of a field's path, and how it is called; empty: not worth a word."""


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


def in_words(before: Release, after: Release) -> list[str]:
    """What moves, in the words of whoever runs the model: image, artifact, settings, metrics, then the rest."""
    lines: list[tuple[int, str]] = []
    for found in differences(before, after):
        field, values = found.field, f"{_shown(found.before)} -> {_shown(found.after)}"
        for rank, (prefix, words) in enumerate(_WORDS):
            if field.startswith(prefix):
                if words:
                    lines.append((rank, f"{words.format(field.removeprefix(prefix))}: {values}"))
                break
        else:
            lines.append((len(_WORDS), f"{field.removeprefix('content.')}: {values}"))
    return [line for _, line in sorted(lines, key=lambda entry: entry[0])]


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
