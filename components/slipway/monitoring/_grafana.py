"""Dashboards in Grafana's form, by Grafana's own library.

The only module that loads it: it is an extra of the distribution, ``slipway[monitoring]``.
"""

import json
import string
from typing import Any

from grafana_foundation_sdk.builders import dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from slipway.monitoring._board import Board, Kind, Note, Panel, Query

SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
"""Whichever data source the reader picks: Prometheus of the cluster, or the workspace that all clusters write to."""
HEIGHTS = {Kind.GRAPH: 8, Kind.STAT: 4, Kind.TABLE: 9}


def text(board: Board) -> str:
    """The dashboard as Grafana reads it, the same text for the same board."""
    built = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .tags(["slipway", *board.tags])
        .timezone("browser")
        .readonly()
        .refresh("1m")
        .time("now-6h", "now")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
    )
    for note in board.notes:
        built = built.annotation(_note(note))
    for row in board.rows:
        built = built.with_row(dashboard.Row(row.title))
        for panel in row.panels:
            built = built.with_panel(_panel(panel))
    found = json.loads(JSONEncoder().encode(built.build()))
    _finish(found, board)
    return json.dumps(found, sort_keys=True, separators=(",", ":"))


def _finish(found: dict[str, Any], board: Board) -> None:
    """What the library has no word for, and numbers of the panels, which Grafana would give at each load."""
    for annotation, note in zip(found.get("annotations", {}).get("list", []), board.notes, strict=True):
        annotation |= {"titleFormat": note.name, "textFormat": note.text, "step": "60s"}
    for number, panel in enumerate(found["panels"], start=1):
        panel["id"] = number


def _note(note: Note) -> dashboard.AnnotationQuery:
    return (
        dashboard.AnnotationQuery().name(note.name).datasource(SOURCE).enable(True).icon_color("blue").expr(note.expr)
    )


def _panel(panel: Panel) -> timeseries.Panel | stat.Panel | table.Panel:
    made: timeseries.Panel | stat.Panel | table.Panel
    if panel.kind is Kind.GRAPH:
        made = timeseries.Panel()
    elif panel.kind is Kind.STAT:
        made = stat.Panel()
    else:
        # Results of several queries become the columns of one table; the time of each is noise.
        made = (
            table.Panel()
            .with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
            .with_transformation(
                models.DataTransformerConfig(id_val="organize", options={"excludeByName": {"Time": True}})
            )
        )
    made = made.title(panel.title).description(panel.about).unit(panel.unit).datasource(SOURCE)
    made = made.height(HEIGHTS[panel.kind]).span(panel.width)
    made = made.thresholds(_thresholds(panel))
    for letter, query in zip(string.ascii_uppercase, panel.queries, strict=False):
        made = made.with_target(_target(query, letter, panel.kind))
        if panel.kind is Kind.TABLE and len(panel.queries) > 1:
            renamed = models.DynamicConfigValue(id_val="displayName", value=query.legend)
            made = made.override_by_name(f"Value #{letter}", [renamed])
    return made


def _target(query: Query, letter: str, kind: Kind) -> prometheus.Dataquery:
    made = prometheus.Dataquery().expr(query.expr).legend_format(query.legend).ref_id(letter).datasource(SOURCE)
    if kind is Kind.GRAPH:
        return made.range()
    return made.instant().format(PromQueryFormat.TABLE if kind is Kind.TABLE else PromQueryFormat.TIME_SERIES)


def _thresholds(panel: Panel) -> dashboard.ThresholdsConfig:
    steps = [models.Threshold(color="green")]
    if panel.red_below is not None:
        steps = [models.Threshold(color="red"), models.Threshold(value=panel.red_below, color="green")]
    elif panel.red_from is not None:
        steps.append(models.Threshold(value=panel.red_from, color="red"))
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)
