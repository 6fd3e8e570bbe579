"""What a dashboard shows, plainly: rows of panels with their questions to Prometheus. ``_grafana`` writes it down."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a panel shows its values."""

    GRAPH = "graph"
    """Over time."""
    STAT = "stat"
    """The newest value, large."""
    TABLE = "table"
    """The newest value of each series."""


@dataclass(frozen=True)
class Query:
    """One question to Prometheus."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """Something to look at."""

    title: str
    unit: str
    """A unit of Grafana's, such as ``percentunit`` for shares, ``reqps``, ``ms``, ``currencyUSD``, ``short``."""
    queries: Sequence[Query]
    about: str
    """What it shows and what is good, for somebody who sees it for the first time."""
    kind: Kind = Kind.GRAPH
    width: int = 8
    """Of 24 columns."""
    red_from: float | None = None
    """Value from which on it is red."""
    red_below: float | None = None
    """Value below which it is red; ``red_from`` is not given then."""


@dataclass(frozen=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Note:
    """A mark on all graphs at each time that the query has a series."""

    name: str
    expr: str
    text: str
    """``{{label}}`` is the label's value."""


@dataclass(frozen=True)
class Board:
    """A dashboard."""

    uid: str
    """What addresses and links name; at most 40 characters."""
    title: str
    tags: Sequence[str]
    rows: Sequence[Row]
    notes: Sequence[Note] = ()


def graph(
    title: str, unit: str, about: str, *queries: tuple[str, str], width: int = 8, red_from: float | None = None
) -> Panel:
    """A panel over time; ``queries`` are pairs of a query and its legend."""
    return Panel(title, unit, [Query(*pair) for pair in queries], about, Kind.GRAPH, width, red_from)


def stat(title: str, unit: str, about: str, expr: str, *, width: int = 4, **marks: float) -> Panel:
    """The newest value of a query."""
    return Panel(title, unit, [Query(expr)], about, Kind.STAT, width, **marks)


def table(title: str, unit: str, about: str, *queries: tuple[str, str], width: int = 24) -> Panel:
    """One line for each series; a column for each query, named by its legend."""
    return Panel(title, unit, [Query(*pair) for pair in queries], about, Kind.TABLE, width)
