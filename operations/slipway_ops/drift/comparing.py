"""From counts to findings: what is more than chance, and what of that is large enough to matter."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np

from slipway_ops.drift import statistics
from slipway_ops.drift.config import DriftConfig, Measure
from slipway_ops.drift.profile import CategoryColumn, NumberColumn, Profile, Quality, cells
from slipway_ops.drift.quality import LOWER_IS_BETTER
from slipway_ops.drift.record import Compared, Finding, Kind, Measured, Picture
from slipway_ops.drift.tally import Tally

_BAND = statistics.quantile(0.975)
Side = Literal["feature", "prediction"]


@dataclass(frozen=True)
class Test:
    """One question about one column or measure."""

    kind: Kind
    name: str
    p_value: float
    large: bool
    """Whether the difference is large enough to matter."""
    alone: bool
    detail: str


@dataclass(frozen=True)
class Comparison:
    """Everything that was compared."""

    features: dict[str, Compared]
    outputs: dict[str, Compared]
    quality: dict[Measure, Measured]
    findings: list[Finding]


def compare(
    profile: Profile,
    config: DriftConfig,
    features: Mapping[str, Tally],
    outputs: Mapping[str, Tally],
    quality: Mapping[Measure, Quality],
) -> Comparison:
    """Test everything at once, so that the number of tests is accounted for."""
    tests: list[Test] = []
    for name, tally in features.items():
        tests += _column("feature", name, tally, config, config.psi)
    for name, tally in outputs.items():
        tests += _column("prediction", name, tally, config, config.prediction_psi)
    for measure, now in quality.items():
        if min(now.rows, profile.quality[measure].rows) >= config.minimum_rows:
            tests.append(_quality(measure, now, profile.quality[measure], config.quality[measure]))
    adjusted = statistics.adjusted([test.p_value for test in tests])
    found = {test: value for test, value in zip(tests, adjusted, strict=True) if test.large and value <= config.alpha}
    findings = _once(found)
    changed = {(finding.kind, finding.name) for finding in findings}
    least: dict[tuple[Kind, str], float] = {}
    for test, value in zip(tests, adjusted, strict=True):
        least[test.kind, test.name] = min(value, least.get((test.kind, test.name), 1.0))

    def all_of(role: Side, tallies: Mapping[str, Tally]) -> dict[str, Compared]:
        effect = config.psi if role == "feature" else config.prediction_psi
        return {
            name: _compared(tally, config, effect, least.get((role, name), 1.0), (role, name) in changed, name)
            for name, tally in tallies.items()
        }

    measured = {
        measure: _measured(now, profile.quality[measure], config.quality[measure], ("quality", measure) in changed)
        for measure, now in quality.items()
    }
    return Comparison(all_of("feature", features), all_of("prediction", outputs), measured, findings)


def _once(found: Mapping[Test, float]) -> list[Finding]:
    """A finding of each kind and name, however many tests found it; what alarms alone comes first."""
    order = sorted(found, key=lambda test: (not test.alone, _ORDER.index(test.kind), found[test]))
    kept: dict[tuple[Kind, str], Test] = {}
    for test in order:
        kept.setdefault((test.kind, test.name), test)
    return [Finding(kind=one.kind, name=one.name, alone=one.alone, detail=one.detail) for one in kept.values()]


_ORDER: tuple[Kind, ...] = ("quality", "prediction", "unexpected", "missing", "feature")


def _column(role: Side, name: str, tally: Tally, config: DriftConfig, effect: float) -> list[Test]:
    reference = tally.reference
    if tally.rows < config.minimum_rows:
        return []
    found = _shares(name, tally, config)
    if not _enough(tally, config):
        return found
    one, other = cells(reference, tally.counts)
    index, limit = statistics.psi(one, other), max(effect, reference.usual.psi)
    alone = role == "prediction" or not (name in config.seasonal or reference.seasonal(config))
    usual = f", usual {reference.usual.psi:.2f}" if reference.usual.psi > effect else ""
    detail = f"PSI {index:.2f} (accepted: less than {limit:.2f}{usual})"
    large = index >= limit
    found.append(Test(role, name, statistics.chi_square(one, other)[1], large, alone, detail))
    if isinstance(reference, NumberColumn):
        distance, p_value = statistics.ks(reference.counts, tally.counts)
        far = role == "feature" and distance >= max(config.ks, reference.usual.ks)
        words = detail if large else f"KS {distance:.2f} (accepted: less than {max(config.ks, reference.usual.ks):.2f})"
        found.append(Test(role, name, p_value, large or far, alone, words))
    return found


def _shares(name: str, tally: Tally, config: DriftConfig) -> list[Test]:
    """Whether more values are missing, or are none that training knew."""
    reference, usual = tally.reference, tally.reference.usual
    rows = sum(reference.counts) + reference.missing
    if rows < config.minimum_rows:
        return []
    tests = []
    before, now = reference.missing / max(rows, 1), tally.missing / tally.rows
    limit = max(before, usual.missing) + config.missing
    detail = f"{now:.1%} missing, {before:.1%} at training"
    p_value = statistics.more(reference.missing, rows, tally.missing, tally.rows)
    tests.append(Test("missing", name, p_value, now >= limit, True, detail))
    if tally.known:
        known = max(rows - reference.missing, 1)
        before, now = reference.unexpected / known, tally.unexpected / tally.known
        limit = max(before, usual.unexpected) + config.unexpected
        word = "never seen in training" if isinstance(reference, CategoryColumn) else "out of range"
        p_value = statistics.more(reference.unexpected, known, tally.unexpected, tally.known)
        tests.append(
            Test("unexpected", name, p_value, now >= limit, True, f"{now:.1%} {word}, {before:.1%} at training")
        )
    return tests


def _enough(tally: Tally, config: DriftConfig) -> bool:
    return min(tally.known, sum(tally.reference.counts)) >= config.minimum_rows


def _quality(measure: Measure, now: Quality, reference: Quality, margin: float) -> Test:
    """Whether it is worse by more than the margin; the reference's own error counts too."""
    loss = (now.value - reference.value) * (1 if measure in LOWER_IS_BETTER else -1)
    error = max((now.error**2 + reference.error**2) ** 0.5, 1e-12)
    p_value = statistics.above((loss - margin) / error)
    low, high = now.value - _BAND * now.error, now.value + _BAND * now.error
    detail = f"{now.value:.3f} ({low:.3f} to {high:.3f}), {reference.value:.3f} at training"
    return Test("quality", measure, p_value, loss > margin, True, detail)


def _measured(now: Quality, reference: Quality, margin: float, worse: bool) -> Measured:
    half = _BAND * now.error
    return Measured(
        value=now.value,
        lower=now.value - half,
        upper=now.value + half,
        rows=now.rows,
        reference=reference,
        margin=margin,
        worse=worse,
    )


def _compared(tally: Tally, config: DriftConfig, effect: float, p_value: float, changed: bool, name: str) -> Compared:
    reference = tally.reference
    one, other = cells(reference, tally.counts)
    distance = statistics.ks(reference.counts, tally.counts)[0] if isinstance(reference, NumberColumn) else None
    rows = sum(reference.counts) + reference.missing
    return Compared(
        kind=reference.kind,
        rows=tally.known,
        enough=_enough(tally, config),
        psi=statistics.psi(one, other) if tally.known else 0.0,
        ks=distance,
        chi_square=statistics.chi_square(one, other)[0],
        p_value=p_value,
        threshold_psi=max(effect, reference.usual.psi),
        seasonal=name in config.seasonal or reference.seasonal(config),
        changed=changed,
        missing=tally.missing / max(tally.rows, 1),
        missing_reference=reference.missing / max(rows, 1),
        unexpected=tally.unexpected / max(tally.known, 1),
        unexpected_reference=reference.unexpected / max(rows - reference.missing, 1),
        picture=Picture(labels=reference.labels(), reference=_percent(one), current=_percent(other)),
    )


def _percent(counts: Any) -> list[float]:
    return cast("list[float]", np.round(100 * counts / max(counts.sum(), 1), 3).tolist())
