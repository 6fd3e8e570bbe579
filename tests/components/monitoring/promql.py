"""Reads queries: which metrics one names. By Prometheus' own grammar, in ``promql-parser``."""

import re
from collections.abc import Iterator

import promql_parser as promql

VARIABLES = {"$__rate_interval": "5m", "$__range": "6h", "$__interval": "1m"}
"""What Grafana puts in the place of its variables."""


def metrics(query: str) -> set[str]:
    """Names of the metrics in ``query``; raises ``ValueError`` if it is no query."""
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    assert "$" not in query, query
    assert "{{" not in query, query
    return set(_named(promql.parse(query)))


def _named(node: object) -> Iterator[str]:
    if isinstance(node, promql.VectorSelector):
        assert node.name, "a selector names its metric"
        yield node.name
    for attribute in ("expr", "lhs", "rhs", "param", "vector_selector", "vs", "args"):
        found = getattr(node, attribute, None)
        for child in found if isinstance(found, list | tuple) else [found]:
            if child is not None and not isinstance(child, str | int | float):
                yield from _named(child)


def durations(query: str) -> set[str]:
    """Windows that ``query`` looks back over."""
    return set(re.findall(r"\[(\w+)", query))
