"""Whether a candidate may be released: a pure function of the plan and of what both answered.

Each check is a condition of its own. That a slice or a guardrail is not worse has to be shown for every one of them, so
none needs a correction for how many there are: a candidate that is worse somewhere passes with probability alpha at
most, and the more is declared, the harder it gets.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from slipway_ops.gate.units import outcome
from slipway_ops.problems import refused
from slipway_ops.retraining import paired
from slipway_ops.retraining.evaluation import Check, Interval
from slipway_ops.retraining.plan import INCREASE, Fairness, Measure, Plan, Slice
from slipway_ops.retraining.predictions import Predictions


def needs_numbers(plan: Plan) -> bool:
    """Whether predictions and labels have to be numbers; to be equal, text is as good."""
    return set(plan.measures) != {"correct"} or any(one.statistic != "metric" for one in plan.fairness)


def measured(plan: Plan, answers: Predictions, who: str) -> dict[Measure, Any]:
    """Each measure of every row; raises ``ReleaseError`` where the values do not allow it."""
    if "brier" in plan.measures:
        if not np.isin(answers.label, (0, 1)).all():
            raise refused(f"predictions of the {who}", "label", "0 or 1, because of brier", "others in some rows")
        if ((answers.score < 0) | (answers.score > 1)).any():
            raise refused(f"predictions of the {who}", "score", "from 0 to 1, because of brier", "others in some rows")
    prediction, label = answers.prediction, answers.label
    if "U" in (prediction.dtype.kind, label.dtype.kind):
        _, codes = np.unique(np.concatenate([prediction.astype(str), label.astype(str)]), return_inverse=True)
        prediction, label = np.split(codes.astype(float), 2)
    part = {"prediction": prediction, "score": answers.score}
    return {measure: outcome(measure, part, label) for measure in plan.measures}


def means(outcomes: dict[Measure, Any]) -> dict[str, float]:
    """The mean of each measure."""
    return {measure: float(np.mean(values)) for measure, values in outcomes.items()}


def alone(plan: Plan, candidate: Predictions) -> list[Check]:
    """The checks of a first candidate: the declared bound, and fairness."""
    outcomes = measured(plan, candidate, "candidate")
    measure, bound = plan.metric.label, plan.metric.first_release
    mean, more = means(outcomes)[measure], measure in INCREASE
    if bound is None:
        check = Check(
            name="champion", passed=False, detail="there is none, and the plan's metric.first_release says no bound"
        )
    else:
        passed = mean >= bound if more else mean <= bound
        detail = f"{mean:.4g}, at {'least' if more else 'most'} {bound:g} for a first release"
        check = Check(name=f"first release {measure}", passed=passed, detail=detail)
    return [_rows(plan, candidate), check, *_fairness(plan, candidate, outcomes)]


def both(plan: Plan, candidate: Predictions, champion: Predictions) -> list[Check]:
    """The checks of a candidate beside the champion, which answered the same rows."""
    ours, theirs = measured(plan, candidate, "candidate"), measured(plan, champion, "champion")
    gains = {
        measure: (1 if measure in INCREASE else -1) * (ours[measure] - theirs[measure]) for measure in plan.measures
    }
    clusters = None if plan.cluster is None else np.unique(candidate.features[plan.cluster], return_inverse=True)[1]
    return [
        _rows(plan, candidate),
        _better(plan, paired.interval(gains[plan.metric.label], clusters, plan.alpha)),
        *(
            _not_worse(f"guardrail {one.label}", paired.interval(gains[one.label], clusters, plan.alpha), one.margin)
            for one in plan.guardrails
        ),
        *(check for one in plan.slices for check in _slice(plan, one, candidate, gains[plan.metric.label], clusters)),
        *_fairness(plan, candidate, ours),
    ]


def _rows(plan: Plan, candidate: Predictions) -> Check:
    count = len(candidate.rows)
    return Check(name="rows", passed=count >= plan.minimum_rows, detail=f"{count}, {plan.minimum_rows} needed")


def _better(plan: Plan, found: Interval | None) -> Check:
    name, effect = f"metric {plan.metric.label}", plan.metric.minimum_effect
    if found is None:
        return Check(name=name, passed=False, detail="too few independent rows to say anything")
    if found.lower <= 0:
        detail, passed = f"not shown to be better: better by {_said(found)}", False
    elif found.estimate < effect:
        detail, passed = f"better by {_said(found)}, {effect:g} is worth a release", False
    else:
        detail, passed = f"shown to be better by {_said(found)}", True
    return Check(name=name, passed=passed, detail=detail, interval=found)


def _not_worse(name: str, found: Interval | None, margin: float) -> Check:
    if found is None:
        return Check(name=name, passed=False, detail="too few independent rows to say anything")
    passed = found.lower > -margin
    words = "not worse by more than" if passed else "not shown to be worse by at most"
    return Check(name=name, passed=passed, detail=f"{words} {margin:g}: better by {_said(found)}", interval=found)


def _slice(plan: Plan, rule: Slice, candidate: Predictions, gains: Any, clusters: Any) -> Iterator[Check]:
    column, small = candidate.features[rule.feature], 0
    values, counts = np.unique(column, return_counts=True)
    sizes = dict(zip(values.tolist(), counts.tolist(), strict=True))
    for value in rule.values or sorted(sizes):
        name, rows = _line(f"slice {rule.feature} = {value}"), sizes.get(value, 0)
        if rows < rule.minimum_rows:
            small += 1
            if rule.values:
                detail = f"{rows} rows, {rule.minimum_rows} needed, because the plan lists it"
                yield Check(name=name, passed=False, detail=detail)
            continue
        mine = column == value
        found = paired.interval(gains[mine], None if clusters is None else clusters[mine], plan.alpha)
        yield _not_worse(name, found, rule.margin)
    if not rule.values:
        judged = len(sizes) - small
        detail = f"{judged} values judged, {small} have fewer than {rule.minimum_rows} rows"
        yield Check(name=f"slice {rule.feature}", passed=judged > 0, detail=detail)


def _fairness(plan: Plan, candidate: Predictions, outcomes: dict[Measure, Any]) -> Iterator[Check]:
    for rule in plan.fairness:
        values = _statistic(rule, plan, candidate, outcomes)
        groups = candidate.features[rule.feature]
        rates = {}
        for group in np.unique(groups).tolist():
            known = values[(groups == group) & ~np.isnan(values)]
            if len(known) >= rule.minimum_rows:
                rates[group] = float(np.mean(known))
        name = _line(f"fairness {rule.feature} {rule.statistic}")
        if len(rates) < 2:
            detail = f"{len(rates)} groups of at least {rule.minimum_rows} rows, 2 needed"
            yield Check(name=name, passed=False, detail=detail)
            continue
        low, high = min(rates, key=lambda one: rates[one]), max(rates, key=lambda one: rates[one])
        gap = rates[high] - rates[low]
        between = f"{rates[low]:.4g} of {low} and {rates[high]:.4g} of {high}"
        detail = _line(f"a gap of {gap:.4g} between {between}, at most {rule.maximum_gap:g}")
        yield Check(name=name, passed=gap <= rule.maximum_gap, detail=detail)


def _statistic(rule: Fairness, plan: Plan, candidate: Predictions, outcomes: dict[Measure, Any]) -> Any:
    """The number of each row whose mean is compared; NaN where a row does not count."""
    if rule.statistic == "metric":
        return outcomes[plan.metric.label]
    for name, values in (("prediction", candidate.prediction), ("label", candidate.label)):
        if not np.isin(values, (0, 1)).all():
            accepted = f"0 or 1, because of {rule.statistic}"
            raise refused("predictions of the candidate", name, accepted, "others in some rows")
    if rule.statistic == "selection_rate":
        return candidate.prediction
    of = 1 if rule.statistic == "true_positive_rate" else 0
    return np.where(candidate.label == of, candidate.prediction, np.nan)


def _said(found: Interval) -> str:
    return f"{found.estimate:+.4g} ({found.lower:+.4g} to {found.upper:+.4g})"


def _line(text: str) -> str:
    return " ".join(text.split())[:500]
