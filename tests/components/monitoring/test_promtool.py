"""Every alert fires when it must and is silent when it must be, as Prometheus itself evaluates it."""

import copy
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from slipway.monitoring import _rule
from slipway.monitoring._rule import HEARTBEAT, Alert, Group

from tests.components.monitoring import declared
from tests.components.monitoring.cases import CASES
from tests.components.monitoring.promtool import failed, rule_file, tool

ALERTS = {alert.name: alert for alert in _rule.alerts(declared.groups())}
CAUGHT = 0.95


def group_of(name: str) -> Group:
    """The group of an alert, with the series that it is computed from."""
    (found,) = [group for group in declared.groups() if name in {rule.name for rule in group.rules}]
    return found


def test_every_alert_has_a_case_that_fires_and_one_that_is_silent() -> None:
    assert {case.alert for case in CASES} == set(ALERTS)
    for name, alert in ALERTS.items():
        situations = [one for case in CASES if case.alert == name for one in case.situations]
        assert any(one.labels for one in situations)
        assert alert.severity == HEARTBEAT or any(one.labels is None for one in situations), name


def test_the_rules_are_good_ones(tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump(rule_file(declared.groups()), sort_keys=False))

    command = [tool("promtool"), "check", "rules", "--lint=all", "--lint-fatal", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_fires_and_is_silent(tmp_path: Path) -> None:
    pairs = [(rule_file([group_of(case.alert)], annotations=False), case) for case in CASES]

    assert {CASES[number].alert: said for number, said in failed(tmp_path, pairs).items()} == {}


def test_what_changes_a_threshold_a_time_or_a_label_is_caught(tmp_path: Path) -> None:
    mutants = [mutant for name in ALERTS for mutant in mutants_of(name)]
    pairs, owners = [], []
    for number, (name, _, rules) in enumerate(mutants):
        for case in [case for case in CASES if case.alert == name]:
            pairs.append((rules, case))
            owners.append(number)

    caught = {owners[position] for position in failed(tmp_path, pairs)}

    missed = [mutants[number][:2] for number in range(len(mutants)) if number not in caught]
    assert len(mutants) > 150
    assert len(caught) >= CAUGHT * len(mutants), missed
    # Left out, a label that the series have too is still there.
    assert {(name, what) for name, what in missed if what.startswith("label")} <= {
        (name, "label model left out") for name in ALERTS
    }


def mutants_of(name: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The alert, what was changed of it, and the rules with the change."""
    rules = rule_file([group_of(name)], annotations=False)
    (index,) = [i for i, rule in enumerate(rules["groups"][0]["rules"]) if rule.get("alert") == name]

    def changed(**fields: Any) -> dict[str, Any]:
        mutant = copy.deepcopy(rules)
        mutant["groups"][0]["rules"][index] |= {key.rstrip("_"): value for key, value in fields.items()}
        return mutant

    alert: Alert = ALERTS[name]
    for match in re.finditer(r"(==|>=|<=|<|>) (-?\d+(?:\.\d+)?)", alert.expr):
        value = float(match[2])
        for other in (value * 1.25, value * 0.8) if value else (1.0, -1.0):
            expr = f"{alert.expr[: match.start(2)]}{other:.12g}{alert.expr[match.end(2) :]}"
            yield name, f"threshold {match[0]} -> {other:g} at {match.start(2)}", changed(expr=expr)
    for minutes in (alert.minutes // 2, alert.minutes * 2) if alert.minutes else (5,):
        yield name, f"for {minutes}m", changed(for_=f"{minutes}m")
    labels = {**alert.labels, "severity": alert.severity}
    for key in labels:
        yield name, f"label {key} left out", changed(labels={k: v for k, v in labels.items() if k != key})
        yield name, f"label {key} changed", changed(labels={**labels, key: "other"})


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_says_what_it_is_and_what_to_do(name: str) -> None:
    alert = ALERTS[name]

    assert len(alert.summary) < 140
    assert alert.action.endswith(".")
