"""One question to the gate, from the request to the stored record."""

from dataclasses import dataclass
from typing import Annotated, Any

import pydantic
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ConfigDict, Field

from slipway_ops.content import MODEL_NAME
from slipway_ops.gate import events, instants, record
from slipway_ops.gate.config import GateConfig
from slipway_ops.gate.decision import Decision, decide, failed
from slipway_ops.gate.errors import GateError
from slipway_ops.gate.record import NAME, Record
from slipway_ops.gate.rows import Scope
from slipway_ops.gate.stages import Stage, Stages
from slipway_ops.gate.store import Store
from slipway_ops.problems import of_validation


class Request(BaseModel):
    """A question. Weight and ``final`` may be text, because the rollout's controller can only send that."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    gate: GateConfig
    model: Annotated[str, MODEL_NAME]
    candidate: Annotated[str, NAME]
    """Release id of the challenger."""
    weight: Annotated[int, Field(ge=1, le=99)]
    """Percent of traffic that the challenger has now."""
    final: bool = False
    """Whether this is the last stage; it stands in the record and changes nothing."""
    attempt: Annotated[str, NAME] = "1"
    """Another name begins a comparison anew; within one, a rejection is final."""

    @classmethod
    def parse(cls, document: Any) -> "Request":
        """Read a question; raises ``GateError`` with everything that is wrong with it."""
        try:
            return cls.model_validate(document)
        except pydantic.ValidationError as error:
            raise GateError("request", *of_validation(error)) from None


@dataclass(frozen=True)
class Places:
    """Where events are, and where notes and records go."""

    predictions: str
    labels: str
    decisions: str | None = None
    """None: nothing is written, and the one stage is that of the question."""


@dataclass(frozen=True)
class Outcome:
    """A decision with its record and where that is."""

    record: Record
    uri: str | None
    error: bool = False


def answer(request: Request, places: Places, at: int, since: int | None = None) -> Outcome:
    """Decide, and store the record; whatever goes wrong is a rejection that says what.

    ``since`` is the beginning of the one stage where there is no store of decisions.
    """
    stages: list[Stage] = []
    try:
        store = Store(places.decisions) if places.decisions is not None else None
        if store is None:
            stages = [Stage(request.weight, at if since is None else since, at, open=True)]
        else:
            before = _standing(request, store)
            if before is not None:
                return before
            noted = Stages(store, request.model, request.candidate, request.attempt)
            noted.see(request.weight, at)
            stages = noted.all(at)
        found, decision = _evaluate(request, places, stages, at)
    except Exception as error:
        return _failed(request, places, stages, at, error)
    made = _record(request, stages, at, decision, found)
    return _stored(made, store)


def again(made: Record) -> list[str]:
    """Make a recorded decision again from the same events; what comes out otherwise, a line each.

    Raises ``GateError`` where that is not possible: events that are gone or were changed, a record of a failure.
    """
    if made.counts is None:
        raise GateError(f"record: no data to decide on again: {made.decision.reason}")
    scope = Scope(made.config, made.model, made.candidate, record.stages_of(made), instants.micros(made.decided_at))
    found = events.count(scope, record.data_of(made))
    return record.differences(made, found, decide(made.config, found.counts, found.champions, made.minutes))


def _evaluate(request: Request, places: Places, stages: list[Stage], at: int) -> tuple[events.Found, Decision]:
    scope = Scope(request.gate, request.model, request.candidate, tuple(stages), at)
    found = events.count(scope, events.find(scope, places.predictions, places.labels))
    minutes = (at - stages[0].since) / 60e6
    return found, decide(request.gate, found.counts, found.champions, minutes)


def _standing(request: Request, store: Store) -> Outcome | None:
    """The rejection that was given before, if one was: asking again must not be another chance."""
    folder = record.folder(request.model, request.candidate, request.attempt)
    rejected = [name for name in sorted(store.names(folder)) if name.endswith("-reject.json")]
    data = store.get(folder + rejected[0]) if rejected else None
    if data is None:
        return None
    uri = store.uri(folder + rejected[0])
    return Outcome(Record.parse(data, uri), uri)


def _record(
    request: Request, stages: list[Stage], at: int, decision: Decision, found: events.Found | None = None
) -> Record:
    return Record(
        model=request.model,
        candidate=request.candidate,
        attempt=request.attempt,
        weight=request.weight,
        final=request.final,
        decided_at=instants.text(at),
        verdict=decision.answer.verdict,
        decision=decision,
        config=request.gate,
        stages=record.notes(stages),
        predictions=record.part_notes(found.data.predictions) if found else [],
        labels=record.part_notes(found.data.labels) if found else [],
        champions=found.champions if found else [],
        counts=found.counts if found else None,
        code=record.code(),
    )


def _stored(made: Record, store: Store | None) -> Outcome:
    if store is None:
        return Outcome(made, None, made.counts is None)
    try:
        written = store.put(made.key, made.json_bytes())
        if not written and store.get(made.key) != made.json_bytes():
            raise GateError(f"{store.uri(made.key)}: there is another record of this instant")
    except GateError as error:  # a decision without its record is none
        rejected = made.model_copy(update={"decision": failed(f"no record: {error}"), "verdict": -1, "counts": None})
        return Outcome(rejected, None, error=True)
    return Outcome(made, store.uri(made.key), made.counts is None)


def _failed(request: Request, places: Places, stages: list[Stage], at: int, error: Exception) -> Outcome:
    made = _record(request, stages, at, failed(_why(error)))
    try:
        store = Store(places.decisions) if places.decisions is not None else None
    except GateError:
        store = None
    return _stored(made, store)


def _why(error: Exception) -> str:
    if isinstance(error, GateError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'system'}: {error.strerror or error}"
    if isinstance(error, MemoryError):
        return "out of memory; a lower sample_percent reads less"
    if isinstance(error, ClientError | BotoCoreError):
        return " ".join(str(error).split())
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
