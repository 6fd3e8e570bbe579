"""Where a reference's bins end and which values it names: the first pass over its rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from slipway_ops.content import Feature
from slipway_ops.drift.profile import VALUES, CategoryColumn, Column, NumberColumn
from slipway_ops.drift.table import Rows, Table
from slipway_ops.gate import columns
from slipway_ops.gate.errors import refused

SAMPLE = 100_000
"""Rows of which the ends of bins are quantiles; all rows are counted."""
BINS = 100
MOST_VALUES = 10_000
"""Different values from which a column is no category but an id."""
_SEED = 20130101


def columns_of(table: Table, names: list[str], declared: Mapping[str, Feature]) -> dict[str, Column]:
    """The columns with the ends of their bins or their values, and nothing counted yet."""
    numbers = [name for name in names if _is_number(table, name, declared.get(name))]
    chosen = np.sort(np.random.default_rng(_SEED).choice(table.rows, min(SAMPLE, table.rows), replace=False))
    samples: dict[str, list[Any]] = {name: [] for name in numbers}
    values: dict[str, dict[str, int]] = {name: {} for name in names if name not in samples}
    for rows in table.batches(names):
        here = chosen[(chosen >= rows.first) & (chosen < rows.first + len(rows))] - rows.first
        for name in numbers:
            samples[name].append(rows.numbers(name)[here])
        for name, known in values.items():
            _collect(rows, name, known)
    made: dict[str, Column] = {}
    for name in names:
        feature = declared.get(name)
        if name in samples:
            made[name] = _number(np.concatenate(samples[name]), feature)
        else:
            made[name] = _category(values[name], feature)
    return made


def _is_number(table: Table, name: str, feature: Feature | None) -> bool:
    if feature is None:
        return table.is_number(name)
    return feature.type in ("integer", "number")


def _collect(rows: Rows, name: str, known: dict[str, int]) -> None:
    indices, words = rows.read(name, columns.names)
    for word, number in zip(words, np.bincount(indices, minlength=len(words)).tolist(), strict=True):
        if word != columns.MISSING and number:
            known[word] = known.get(word, 0) + number
    if len(known) > MOST_VALUES:
        raise refused(str(rows), name, f"a category of at most {MOST_VALUES} values", "more")


def _number(sample: Any, feature: Feature | None) -> NumberColumn:
    known = np.sort(sample[np.isfinite(sample)])
    edges: list[float] = []
    if len(known):
        places = (np.arange(1, BINS) * len(known) // BINS).clip(0, len(known) - 1)
        edges = [float(edge) for edge in np.unique(known[places]) if edge < known[-1]]
    least, most = (feature.minimum, feature.maximum) if feature else (None, None)
    return NumberColumn(edges=edges, counts=[0] * (len(edges) + 1), minimum=least, maximum=most)


def _category(seen: dict[str, int], feature: Feature | None) -> CategoryColumn:
    frequent = sorted(seen, key=lambda word: (-seen[word], word))[:VALUES]
    declared = feature.categories if feature is not None and feature.categories else None
    values = dict.fromkeys(sorted({*frequent, *(declared or [])}) if len(declared or []) <= VALUES else frequent, 0)
    return CategoryColumn(values=values, complete=len(seen) <= VALUES and len(declared or []) <= VALUES)
