"""Answers PromQL over scraped samples: the forms that our queries are made of, with Prometheus' own semantics.

The language is parsed by Prometheus' grammar (promql-parser), so a query that is no PromQL is refused as it would be.
What is not in the small set here is refused by name, never answered differently.
"""

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import promql_parser as promql

from sandbox.dataplane.samples import Labels, Samples, Series, increase, quantile


class QueryError(ValueError):
    """A query that is no PromQL, or that this evaluator does not answer."""


@dataclass(frozen=True)
class Sample:
    """One element of a vector."""

    labels: Labels
    value: float

    @property
    def key(self) -> frozenset[tuple[str, str]]:
        """The labels, for matching."""
        return frozenset(self.labels.items())


Vector = list[Sample]
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda left, right: left / right if right else (math.nan if not left else math.copysign(math.inf, left)),
}
_COMPARISON: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_SETS = ("and", "or", "unless")
_FOLDS: dict[str, Callable[[list[float]], float]] = {
    "sum": math.fsum,
    "max": max,
    "min": min,
    "avg": lambda values: math.fsum(values) / len(values),
    "count": len,
}
_MATCHES: dict[str, Callable[[str, str], bool]] = {
    "Equal": operator.eq,
    "NotEqual": operator.ne,
    "Re": lambda value, pattern: re.fullmatch(pattern, value) is not None,
    "NotRe": lambda value, pattern: re.fullmatch(pattern, value) is None,
}


class Evaluator:
    """Queries at one instant."""

    def __init__(self, samples: Samples, at: float) -> None:
        self._samples, self._at = samples, at

    def query(self, text: str) -> float | list[float]:
        """A number for a scalar, the values of a vector otherwise; raises ``QueryError``."""
        try:
            tree = promql.parse(text)
        except ValueError as error:
            raise QueryError(f"query: accepted: PromQL: received: {error}: {text}") from None
        found = self._value(tree)
        return found if isinstance(found, int | float) else [sample.value for sample in found]

    def _value(self, node: Any) -> float | Vector:
        match node:
            case promql.NumberLiteral():
                return float(node.val)
            case promql.ParenExpr():
                return self._value(node.expr)
            case promql.UnaryExpr():
                found = self._value(node.expr)
                return -found if isinstance(found, int | float) else [Sample(_bare(s), -s.value) for s in found]
            case promql.VectorSelector():
                return self._instant(node)
            case promql.Call():
                return self._call(node)
            case promql.AggregateExpr():
                return self._aggregate(node)
            case promql.BinaryExpr():
                return self._binary(node)
        raise _unknown(node)

    def _select(self, selector: Any) -> list[Series]:
        if selector.offset is not None or selector.at is not None or selector.matchers.or_matchers:
            raise _unknown(selector)

        def fits(labels: Labels) -> bool:
            wanted = selector.matchers.matchers
            return all(_MATCHES[_op(item)](labels.get(item.name, ""), item.value) for item in wanted)

        return [series for series in self._samples.of(selector.name) if fits(series.labels)]

    def _instant(self, selector: Any) -> Vector:
        found = []
        for series in self._select(selector):
            value = series.at(self._at)
            if value is not None:
                found.append(Sample({"__name__": series.name, **series.labels}, value))
        return found

    def _vector(self, node: Any) -> Vector:
        found = self._value(node)
        if isinstance(found, int | float):
            raise QueryError(f"query: accepted: a vector: received: {node}")
        return found

    def _call(self, node: Any) -> float | Vector:
        name, arguments = node.func.name, node.args
        if name == "vector":
            number = self._value(arguments[0])
            assert isinstance(number, int | float), "the grammar takes a scalar only"
            return [Sample({}, number)]
        if name == "histogram_quantile":
            level = self._value(arguments[0])
            assert isinstance(level, int | float), "the grammar takes a scalar only"
            return _quantiles(level, self._vector(arguments[1]))
        if name in ("rate", "increase", "avg_over_time", "max_over_time"):
            return self._over_time(name, arguments[0])
        raise QueryError(f"query: accepted: {', '.join(_FUNCTIONS)}: received: {name}()")

    def _over_time(self, name: str, matrix: Any) -> Vector:
        if not isinstance(matrix, promql.MatrixSelector):
            raise _unknown(matrix)
        seconds = matrix.range.total_seconds()
        found = []
        for series in self._select(matrix.vector_selector):
            window = series.within(self._at - seconds, self._at)
            if name in ("rate", "increase"):
                grown = increase(window, self._at - seconds, self._at)
                value = None if grown is None else grown / seconds if name == "rate" else grown
            else:
                values = [value for _, value in window]
                value = _FOLDS[name.partition("_")[0]](values) if values else None
            if value is not None:
                found.append(Sample(series.labels, float(value)))
        return found

    def _aggregate(self, node: Any) -> Vector:
        fold = _FOLDS.get(str(node.op))
        if fold is None or node.param is not None:
            raise _unknown(node)
        labels = list(node.modifier.labels) if node.modifier else []
        without = node.modifier is not None and str(node.modifier.type).endswith("Without")
        groups: dict[frozenset[tuple[str, str]], list[float]] = {}
        for sample in self._vector(node.expr):
            kept = {k: v for k, v in _bare(sample).items() if (k not in labels if without else k in labels)}
            groups.setdefault(frozenset(kept.items()), []).append(sample.value)
        return [Sample(dict(key), float(fold(values))) for key, values in groups.items()]

    def _binary(self, node: Any) -> float | Vector:
        op, modifier = str(node.op), node.modifier
        if modifier is not None and (modifier.matching is not None or modifier.group_labels):
            raise _unknown(node)
        left, right = self._value(node.lhs), self._value(node.rhs)
        if op in _SETS:
            return _combined(op, left, right)
        boolean = bool(modifier is not None and modifier.return_bool)
        if isinstance(left, int | float) and isinstance(right, int | float):
            return _number(op, left, right)
        found = []
        for one, other, labels in _pairs(left, right):
            if op in _ARITHMETIC:
                found.append(Sample(labels, _ARITHMETIC[op](one, other)))
            elif op not in _COMPARISON:
                raise _unknown(node)
            elif boolean:
                found.append(Sample(labels, float(_COMPARISON[op](one, other))))
            elif _COMPARISON[op](one, other):
                found.append(Sample(labels, other if isinstance(left, int | float) else one))
        return found


_FUNCTIONS = ("avg_over_time", "histogram_quantile", "increase", "max_over_time", "rate", "vector")


def _combined(op: str, left: float | Vector, right: float | Vector) -> Vector:
    assert not isinstance(left, int | float) and not isinstance(right, int | float), "the grammar takes vectors only"
    ours = {frozenset(_bare(sample).items()) for sample in left}
    theirs = {frozenset(_bare(sample).items()) for sample in right}
    if op == "and":
        return [sample for sample in left if frozenset(_bare(sample).items()) in theirs]
    if op == "unless":
        return [sample for sample in left if frozenset(_bare(sample).items()) not in theirs]
    return [*left, *(sample for sample in right if frozenset(_bare(sample).items()) not in ours)]


def _pairs(left: float | Vector, right: float | Vector) -> list[tuple[float, float, Labels]]:
    """Values that belong together, with the labels of the result."""
    if isinstance(left, int | float):
        assert not isinstance(right, int | float)
        return [(left, sample.value, _bare(sample)) for sample in right]
    if isinstance(right, int | float):
        return [(sample.value, right, _bare(sample)) for sample in left]
    others: dict[frozenset[tuple[str, str]], float] = {}
    for sample in right:
        key = frozenset(_bare(sample).items())
        if key in others:
            raise QueryError(f"query: accepted: one element of each set of labels: received: two of {dict(key)}")
        others[key] = sample.value
    found = []
    for sample in left:
        labels = _bare(sample)
        other = others.get(frozenset(labels.items()))
        if other is not None:
            found.append((sample.value, other, labels))
    return found


def _quantiles(level: float, vector: Vector) -> Vector:
    groups: dict[frozenset[tuple[str, str]], list[tuple[float, float]]] = {}
    for sample in vector:
        labels = _bare(sample)
        bound = labels.pop("le", None)
        if bound is not None:
            groups.setdefault(frozenset(labels.items()), []).append((float(bound), sample.value))
    return [Sample(dict(key), quantile(level, buckets)) for key, buckets in groups.items()]


def _number(op: str, left: float, right: float) -> float:
    return _ARITHMETIC[op](left, right) if op in _ARITHMETIC else float(_COMPARISON[op](left, right))


def _bare(sample: Sample) -> Labels:
    return {name: value for name, value in sample.labels.items() if name != "__name__"}


def _op(matcher: Any) -> str:
    return str(matcher.op).rpartition(".")[2]


def _unknown(node: Any) -> QueryError:
    return QueryError(f"query: accepted: what this evaluator knows: received: {type(node).__name__} {node}")
