"""Runs Prometheus' own tools where they are found: SLIPWAY_PROMTOOL and SLIPWAY_AMTOOL, or PATH.

Debian has them in the packages ``prometheus`` and ``prometheus-alertmanager``.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from slipway.monitoring._rule import Group


def tool(name: str) -> str:
    """Path of ``promtool`` or ``amtool``; skips the test where there is none."""
    variable = f"SLIPWAY_{name.upper()}"
    found = os.environ.get(variable) or shutil.which(name)
    if not found:
        package = {"promtool": "prometheus", "amtool": "prometheus-alertmanager"}[name]
        pytest.skip(f"{name} is not on PATH and {variable} is not set (Debian: apt-get install {package})")
    return found


@dataclass(frozen=True)
class Situation:
    """What Prometheus sees, and whether an alert fires of it."""

    series: dict[str, str]
    """Series -> values in promtool's notation, one a minute."""
    minutes: int
    """When it is looked at."""
    labels: dict[str, str] | None = None
    """Labels of the alert; None: silent."""


@dataclass(frozen=True)
class Case:
    """Situations of an alert, of which one at least fires and one at least is silent."""

    alert: str
    situations: tuple[Situation, ...] = field(default_factory=tuple)


def constant(value: float, minutes: int = 300) -> str:
    """The same value every minute."""
    return f"{value:.12g}+0x{minutes}"


def rule_file(groups: Sequence[Group], *, annotations: bool = True) -> dict[str, Any]:
    """A rule file; without annotations where a test compares what fires, because promtool compares them too."""
    written: list[dict[str, Any]] = [dict(group.written()) for group in groups]
    for group in written if not annotations else []:
        for rule in group["rules"]:
            rule.pop("annotations", None)
    return {"groups": written}


def test_file(rules: Path, case: Case) -> dict[str, Any]:
    """promtool's own form of ``case``."""
    tests: list[dict[str, Any]] = []
    for situation in case.situations:
        series = [{"series": name, "values": values} for name, values in situation.series.items()]
        if not tests or tests[-1]["input_series"] != series:
            tests.append({"interval": "1m", "input_series": series, "alert_rule_test": []})
        expected = [] if situation.labels is None else [{"exp_labels": situation.labels}]
        tests[-1]["alert_rule_test"].append(
            {"eval_time": f"{situation.minutes}m", "alertname": case.alert, "exp_alerts": expected}
        )
    return {"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": tests}


def failed(folder: Path, pairs: Sequence[tuple[dict[str, Any], Case]]) -> dict[int, str]:
    """Which of these rule files fail their case, by position, with promtool's words."""
    files = []
    for number, (rules, case) in enumerate(pairs):
        target = folder / f"rules-{number}.yml"
        target.write_text(yaml.safe_dump(rules, sort_keys=False, width=10_000))
        path = folder / f"test-{number}.yml"
        path.write_text(yaml.safe_dump(test_file(target, case), sort_keys=False, width=10_000))
        files.append(str(path))
    memory = Path("/dev/shm")
    # Each test has a database of its own in a temporary folder; on a disk, writing it through takes most of the time.
    environment = {**os.environ, "TMPDIR": str(memory if os.access(memory, os.W_OK) else folder)}
    command = [tool("promtool"), "test", "rules", *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment)
    text = done.stdout + done.stderr
    sections = re.split(r"Unit Testing: +\S*test-(\d+)\.yml", text)
    found = dict(zip(map(int, sections[1::2]), sections[2::2], strict=True))
    assert sorted(found) == list(range(len(pairs))), text
    return {number: said for number, said in found.items() if "SUCCESS" not in said}
