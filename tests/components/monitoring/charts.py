"""Checks values against the charts that they are for, where a folder of these is given.

A chart ignores a value that it does not have, so a misspelt one is found by nothing else. The folder (SLIPWAY_CHARTS)
is the user's and has each chart unpacked under its name, subcharts in its ``charts`` folder or beside it.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

CHARTS = "SLIPWAY_CHARTS"
FREE = (
    "grafana.ini",  # Grafana's own configuration
    "alertmanager.config",  # Alertmanager's own
    "prometheus.prometheusSpec.storageSpec",
    "prometheus.prometheusSpec.externalLabels",
    "alertmanager.alertmanagerSpec.storage",
    "extraArgs",
    "nodeSelector",
    "crds.annotations",
)
"""Values whose keys the chart hands on as they are."""


def folder() -> Path:
    """The folder of charts; skips the test where there is none."""
    if not os.environ.get(CHARTS):
        pytest.skip(f"{CHARTS} names no folder of charts")
    return Path(os.environ[CHARTS])


def defaults(chart: str) -> dict[str, Any]:
    """The values that a chart has, with those of its subcharts under their names."""
    place = folder() / chart
    found: dict[str, Any] = yaml.safe_load((place / "values.yaml").read_text())
    described = yaml.safe_load((place / "Chart.yaml").read_text())
    for dependency in described.get("dependencies", []):
        for where in (place / "charts" / dependency["name"], folder() / dependency["name"]):
            if (where / "values.yaml").is_file():
                sub = yaml.safe_load((where / "values.yaml").read_text())
                found[dependency["name"]] = _merged(sub, found.get(dependency["name"]) or {})
                break
    return found


def unknown(values: Mapping[str, Any], known: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Paths of values that the chart does not have."""
    for key, value in values.items():
        here = f"{path}.{key}" if path else key
        if any(here == free or here.endswith(f".{free}") for free in FREE):
            continue
        if key not in known:
            yield here
        elif isinstance(value, Mapping) and isinstance(known[key], Mapping) and known[key]:
            yield from unknown(value, known[key], here)


def version(chart: str) -> str:
    """The chart's version."""
    return str(yaml.safe_load((folder() / chart / "Chart.yaml").read_text())["version"])


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    both = {**below, **above}
    for key in below.keys() & above.keys():
        if isinstance(below[key], dict) and isinstance(above[key], dict):
            both[key] = _merged(below[key], above[key])
    return both
