"""One look at a window, from events to the record."""

import hashlib
from dataclasses import dataclass

from slipway_ops.drift import window as windows
from slipway_ops.drift.comparing import compare
from slipway_ops.drift.config import DriftConfig
from slipway_ops.drift.profile import Profile
from slipway_ops.drift.record import Finding, Record, Span, code
from slipway_ops.drift.window import Window
from slipway_ops.gate import instants
from slipway_ops.gate.record import part_notes

_NAMED = 3


@dataclass(frozen=True)
class Reference:
    """A profile and where it came from."""

    profile: Profile
    uri: str
    sha256: str

    @classmethod
    def of(cls, data: bytes, uri: str) -> "Reference":
        """Read one; raises ``GateError``."""
        return cls(Profile.parse(data, uri), uri, hashlib.sha256(data).hexdigest())


def look(
    reference: Reference, config: DriftConfig, release: str, window: Window, places: tuple[str, str | None]
) -> Record:
    """Compare a window with the reference; raises ``GateError``."""
    profile = reference.profile
    seen = windows.look(profile, config, release, window, places)
    found = compare(profile, config, seen.tallies.features, seen.tallies.outputs, seen.quality)
    rows = max((tally.rows for tally in seen.tallies.features.values()), default=0)
    alarm = any(finding.alone for finding in found.findings)
    return Record(
        model=profile.model,
        release=release,
        window=Span.model_validate({"from": instants.text(window.since), "to": instants.text(window.until)}),
        made_at=instants.text(window.at),
        alarm=alarm,
        reason=_reason(found.findings, rows, config, alarm),
        findings=found.findings,
        rows=rows,
        features=found.features,
        outputs=found.outputs,
        quality=found.quality,
        config=config,
        reference=reference.uri,
        reference_sha256=reference.sha256,
        events=seen.counts,
        predictions=part_notes(seen.predictions),
        labels=part_notes(seen.labels),
        code=code(),
    )


def _reason(findings: list[Finding], rows: int, config: DriftConfig, alarm: bool) -> str:
    """In a sentence; what alarms is named first."""
    if rows < config.minimum_rows:
        return f"too few answered requests: accepted: at least {config.minimum_rows}: received: {rows}"
    if not findings:
        return "as at training"
    told = [one for one in findings if one.alone] if alarm else findings
    text = "; ".join(f"{one.kind} {one.name}: {one.detail}" for one in told[:_NAMED])
    more = f"; and {len(told) - _NAMED} more" if len(told) > _NAMED else ""
    return text + more if alarm else f"only what changes with the season: {text}{more}"
