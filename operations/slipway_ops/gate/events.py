"""From places of events to counts, in memory that does not grow with what the events hold."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

from slipway_ops.gate import instants, join, sources, units
from slipway_ops.gate.columns import Column
from slipway_ops.gate.counts import Counts
from slipway_ops.gate.errors import GateError
from slipway_ops.gate.reader import Batch, Read
from slipway_ops.gate.rows import Rows, Scope
from slipway_ops.gate.sources import Part


@dataclass(frozen=True)
class Data:
    """The files that a decision was made of."""

    predictions: list[Part]
    labels: list[Part]


@dataclass(frozen=True)
class Found:
    """What the events say."""

    counts: Counts
    data: Data
    champions: list[str]
    """Releases that answered as the stable arm."""


def find(scope: Scope, predictions: str, labels: str) -> Data:
    """The files in which events of the stages can be."""
    first = date.fromisoformat(instants.day(scope.stages[0].since - scope.skew))
    last = date.fromisoformat(instants.day(scope.at + scope.skew))
    return Data(
        sources.find(predictions, scope.model, first, last),
        sources.find(labels, scope.model, first, last),
    )


def count(scope: Scope, data: Data) -> Found:
    """Read the files and count; raises ``GateError`` for the first event that is wrong."""
    rows = Rows(scope)
    predictions = read(data.predictions, scope.needed(), rows.add, lambda number: rows.count(unfinished=number))
    join.single(rows)
    labels = join.Labels(rows)
    sealed = read(data.labels, join.LABEL_COLUMNS, labels.add, lambda number: labels.count(unfinished=number))
    labels.finish()
    found = units.count(scope, rows.parts, rows.values)
    seen = {"predictions": dict(sorted(rows.seen.items())), "labels": dict(sorted(labels.seen.items()))}
    return Found(found.model_copy(update=seen), Data(predictions, sealed), sorted(rows.champions))


def read(
    parts: Sequence[Part],
    columns: Sequence[Column],
    add: Callable[[Batch], None],
    unfinished: Callable[[int], None],
    threads: int = join.THREADS,
) -> list[Part]:
    """Read parts with some threads; the parts with what identifies their bytes."""

    def one(part: Part) -> Part:
        read = Read(part, columns)
        for batch in read:
            add(batch)
        if read.unfinished:
            unfinished(read.unfinished)
        return sources.seal(part, read.version_id)

    with ThreadPoolExecutor(threads) as pool:
        return list(_first_failure(pool, pool.map(one, parts)))


def _first_failure(pool: ThreadPoolExecutor, results: Iterable[Part]) -> Iterable[Part]:
    try:
        yield from results
    except OSError as error:
        pool.shutdown(wait=False, cancel_futures=True)
        raise GateError(f"{error.filename or 'events'}: {error.strerror or error}") from error
    except GateError:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
