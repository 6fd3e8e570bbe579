"""Every question of every dashboard can be asked, and is about something that is exported."""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from slipway.monitoring import (
    _dashboard_environment,
    _dashboard_model,
    _dashboard_platform,
    _exported,
    _grafana,
    _model_rules,
    _slo_rules,
)
from slipway.monitoring._board import Board, Kind, Note, Panel, Query, Row
from slipway.monitoring._dashboard_model import Shown
from slipway.monitoring._engines import ServingEngine
from slipway.monitoring._exported import EXPORTED, Exporter
from slipway.monitoring._rule import Alert

from tests.components.monitoring import declared
from tests.components.monitoring.promql import metrics

ROOT = Path(__file__).parents[3]
BARE = _model_rules.Watch("fraud", "risk", "models", declared.WATCH.prices)
BOARDS: dict[str, Board] = {
    **{
        f"model-{engine}": _dashboard_model.board(Shown(declared.OBJECTIVE, declared.WATCH, engine, 1))
        for engine in ServingEngine
    },
    "model-inside": _dashboard_model.board(Shown(declared.INSIDE, BARE, ServingEngine.SLIPWAY, 0)),
    "environment": _dashboard_environment.board("prod"),
    "platform": _dashboard_platform.board(gateway=True, rollouts=True, cloud=True, gpus=True),
    "platform-bare": _dashboard_platform.board(gateway=False, rollouts=False, cloud=False, gpus=False),
}
UNITS = {"bytes", "celsius", "currencyUSD", "d", "ms", "percent", "percentunit", "reqps", "s", "short"}
"""Units that Grafana knows, of those in use."""

boards = pytest.mark.parametrize("name", BOARDS)


def panels(name: str) -> list[Panel]:
    return [panel for row in BOARDS[name].rows for panel in row.panels]


@boards
def test_every_query_parses_and_names_what_is_exported(name: str) -> None:
    known = _exported.known()
    asked = [query.expr for panel in panels(name) for query in panel.queries]

    assert len(asked) >= 10
    for query in [*asked, *(note.expr for note in BOARDS[name].notes)]:
        found = metrics(query)
        assert found, query
        assert found <= known.keys(), query


def test_every_rule_parses_and_names_what_is_exported() -> None:
    known = _exported.known()
    for group in [*declared.groups(), *_slo_rules.groups(declared.INSIDE)]:
        for rule in group.rules:
            assert metrics(rule.expr) <= known.keys(), rule.expr
            if not isinstance(rule, Alert):
                assert rule.name in EXPORTED[Exporter.RECORDED]


def test_what_is_said_to_be_exported_is_asked_for() -> None:
    groups = [*declared.groups(), *_slo_rules.groups(declared.INSIDE)]
    asked = [query.expr for name in BOARDS for panel in panels(name) for query in panel.queries]
    ruled = [rule.expr for group in groups for rule in group.rules]

    assert set(_exported.known()) == {name for query in [*asked, *ruled] for name in metrics(query)}


def test_a_metric_has_one_exporter() -> None:
    names = [name for found in EXPORTED.values() for name in found]

    assert len(names) == len(set(names))


def test_servers_gate_and_drift_do_export_what_the_table_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "examples" / "flight-delay"))
    instruments = import_module("instruments")
    from prometheus_client import generate_latest
    from slipway_ops.drift import metrics as drift
    from slipway_ops.gate import service

    server = instruments.Instruments("fraud", "r1", "stable", 4)
    server.unseen("carrier")
    with server.request():
        pass
    gate = service.Metrics()
    gate.decisions.labels(model="fraud", answer="promote").inc()
    gate.errors.labels(model="fraud").inc()
    with gate.seconds.time():
        pass

    assert _series(server.exposition().decode()) >= set(EXPORTED[Exporter.SERVER])
    assert _series(generate_latest(gate.registry).decode()) >= set(EXPORTED[Exporter.GATE])
    source = Path(drift.__file__).read_text()
    for name in EXPORTED[Exporter.DRIFT]:
        assert f'"{name}"' in source
    sys.modules.pop("instruments")


def _series(exposition: str) -> set[str]:
    lines = [line for line in exposition.splitlines() if line and not line.startswith("#")]
    return {line.partition("{")[0].partition(" ")[0] for line in lines}


@boards
def test_a_panel_says_what_it_shows_in_a_unit_that_grafana_knows(name: str) -> None:
    for panel in panels(name):
        assert panel.unit in UNITS
        assert panel.about.endswith("."), panel.title
        assert panel.queries
        assert panel.red_from is None or panel.red_below is None
    for row in BOARDS[name].rows:
        titles = [panel.title for panel in row.panels]
        assert len(titles) == len(set(titles)), titles


@boards
def test_grafana_s_form(name: str) -> None:
    board = BOARDS[name]
    found = json.loads(_grafana.text(board))

    assert found["uid"] == board.uid
    assert len(board.uid) <= 40
    assert "slipway" in found["tags"]
    assert found["editable"] is False
    (variable,) = found["templating"]["list"]
    assert (variable["name"], variable["type"], variable["query"]) == ("datasource", "datasource", "prometheus")
    assert [one["id"] for one in found["panels"]] == list(range(1, len(found["panels"]) + 1))
    for panel in [one for one in found["panels"] if one["type"] != "row"]:
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}"
            assert target["expr"]
        assert panel["fieldConfig"]["defaults"]["unit"]
    assert len(_grafana.text(board)) < 200_000  # a ConfigMap has room for a million


@boards
def test_nothing_overlaps(name: str) -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in json.loads(_grafana.text(BOARDS[name]))["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, (panel["title"], taken.get((x, y)))
                taken[x, y] = panel["title"]


def test_a_board_is_the_same_text_each_time() -> None:
    assert _grafana.text(BOARDS["platform"]) == _grafana.text(BOARDS["platform"])


def test_releases_are_marked_where_they_start() -> None:
    found = json.loads(_grafana.text(BOARDS["model-slipway"]))
    (mark,) = [one for one in found["annotations"]["list"] if one["name"] == "Release"]

    assert metrics(mark["expr"]) == {"slipway_requests_in_flight"}
    assert "offset 5m" in mark["expr"]
    assert mark["textFormat"] == "{{release}} starts"


def test_a_table_has_a_column_for_each_query() -> None:
    panel = Panel("T", "short", [Query("up", "a"), Query("ALERTS", "b")], "Both.", Kind.TABLE)
    found = json.loads(_grafana.text(Board("t", "T", [], [Row("R", [panel])], [Note("n", "up", "t")])))["panels"][1]

    assert [target["format"] for target in found["targets"]] == ["table", "table"]
    assert [one["matcher"]["options"] for one in found["fieldConfig"]["overrides"]] == ["Value #A", "Value #B"]


@pytest.mark.parametrize(("model", "uid"), [("fraud", "model-fraud"), ("x" * 34, "model-" + "x" * 34)])
def test_address_of_a_model_s_dashboard(model: str, uid: str) -> None:
    assert _dashboard_model.uid(model) == uid
    longest: Any = _dashboard_model.uid("y" * 40)
    assert len(longest) == 40
