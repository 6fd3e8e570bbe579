"""What a command did, for people and as one JSON object for machines."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sandbox.engine.outcome import Op, Outcome


@dataclass
class Summary:
    """The passes of one command, taken together."""

    stack: str
    engine: str
    """How the engine calls itself."""
    preview: bool = False
    passes: list[Outcome] = field(default_factory=list)
    writes: int = 0
    """Write calls that reached the cloud, by its own count."""
    seconds: float = 0.0
    kept: list[str] = field(default_factory=list)
    """What a ``down`` left in the cloud."""

    @property
    def ok(self) -> bool:
        """Whether every pass ended well."""
        return all(outcome.ok for outcome in self.passes)

    @property
    def counts(self) -> Counter[Op]:
        """Changes of all passes; unchanged is what no pass touched."""
        total: Counter[Op] = sum((outcome.counts for outcome in self.passes), Counter())
        total[Op.SAME] = min((outcome.counts[Op.SAME] for outcome in self.passes), default=0)
        return total

    def as_json(self) -> str:
        """One line."""
        counts, last = self.counts, self._last
        content: dict[str, Any] = {
            "ok": self.ok,
            "stack": self.stack,
            "engine": self.engine,
            "created": counts[Op.CREATE],
            "updated": counts[Op.UPDATE],
            "replaced": counts[Op.REPLACE],
            "deleted": counts[Op.DELETE],
            "unchanged": counts[Op.SAME],
            "recorded": last.recorded.total(),
            "writes": self.writes,
            "seconds": round(self.seconds, 2),
            "outputs": last.outputs,
            "kept": self.kept,
        }
        return json.dumps(content, sort_keys=True)

    def as_text(self) -> str:
        """Some lines."""
        counts, last = self.counts, self._last
        lines = [""]
        if last.types and not self.preview:
            lines.append(f"Resources of stack {self.stack}")
            lines += _table(last.types)
        if last.recorded:
            lines.append(f"Recorded only (accepted, not emulated): {last.recorded.total()}")
            lines += _table(last.recorded)
        if self.kept:
            lines.append("Left in the cloud, as declared")
            lines += [f"    {item}" for item in self.kept]
        if last.outputs and not self.preview:
            lines.append("Outputs")
            lines += [f"    {line}" for line in _outputs(last.outputs)]
        would = "would be " if self.preview else ""
        lines.append(
            f"{self.stack}: {would}created {counts[Op.CREATE]}, updated {counts[Op.UPDATE]}, "
            f"replaced {counts[Op.REPLACE]}, deleted {counts[Op.DELETE]}, unchanged {counts[Op.SAME]}; "
            f"{self.writes} write calls reached the cloud; {self.seconds:.1f} s ({self.engine})"
        )
        if not self.ok:
            lines.append(f"{self.stack}: failed; what was done is kept, the next `up` continues from it")
        return "\n".join(lines)

    @property
    def _last(self) -> Outcome:
        return self.passes[-1] if self.passes else Outcome()


def _table(types: Counter[str]) -> list[str]:
    return [f"    {number:>4} {type_}" for type_, number in sorted(types.items())]


def _outputs(values: dict[str, Any], indent: str = "") -> list[str]:
    lines: list[str] = []
    for key, value in sorted(values.items()):
        if isinstance(value, dict):
            lines += [f"{indent}{key}:", *_outputs(value, indent + "    ")]
        else:
            lines.append(f"{indent}{key}: {value if isinstance(value, str) else json.dumps(value)}")
    return lines
