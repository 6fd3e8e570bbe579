"""What a command line asks for: flags first, then the environment of the job."""

import argparse
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pydantic

from slipway_ops.commands import UsageError
from slipway_ops.content import MODEL_NAME, Feature, Training
from slipway_ops.drift.config import DriftConfig, parse
from slipway_ops.drift.looking import Reference, look
from slipway_ops.drift.record import Record
from slipway_ops.drift.window import Window, serving
from slipway_ops.gate import instants
from slipway_ops.gate.clients import s3_client
from slipway_ops.gate.errors import GateError
from slipway_ops.gate.store import Store
from slipway_ops.problems import of_validation
from slipway_ops.release import ReleaseStore

PLACE = "s3://<bucket>/<prefix>, file:///<path> or a path"
VARIABLES = {
    "model": "SLIPWAY_MODEL",
    "predictions": "SLIPWAY_PREDICTIONS",
    "labels": "SLIPWAY_LABELS",
    "profile": "SLIPWAY_PROFILE",
    "config": "SLIPWAY_DRIFT_CONFIG",
    "out": "SLIPWAY_DRIFT_REPORTS",
    "bus": "SLIPWAY_EVENT_BUS",
}
BUCKET = "SLIPWAY_MODELS_BUCKET"
IN_RUN = "training/profile.json"
"""Where a run leaves the reference of its model."""


def looked(arguments: argparse.Namespace) -> Record:
    """The record of the look that is asked for; raises ``UsageError`` and ``GateError``."""
    model = required(arguments, "model", "the model's name")
    check_model(model)
    predictions = required(arguments, "predictions", PLACE)
    window, config = _window(arguments), _config(given(arguments, "config"))
    release = arguments.release or serving(model, window, predictions)
    reference = _reference(given(arguments, "profile"), release)
    if reference.profile.model != model:
        raise GateError(f"{reference.uri}: model: accepted: {model}: received: {reference.profile.model}")
    return look(reference, config, release, window, (predictions, given(arguments, "labels")))


def given(arguments: argparse.Namespace, name: str) -> str | None:
    """A flag's value, or its variable's."""
    return getattr(arguments, name) or os.environ.get(VARIABLES[name]) or None


def required(arguments: argparse.Namespace, name: str, accepted: str) -> str:
    """As ``given``; raises ``UsageError`` where there is neither."""
    found = given(arguments, name)
    if not found:
        raise UsageError(f"--{name}: accepted: {accepted}, or {VARIABLES[name]}: received: nothing")
    return found


def bucket(flag: str) -> str:
    """The environment's bucket of models, which takes the place of ``flag``."""
    found = os.environ.get(BUCKET)
    if not found:
        raise UsageError(f"{flag}: accepted: {PLACE}, or {BUCKET}: received: nothing")
    return found


def check_model(value: str) -> None:
    """Raise ``UsageError`` for what is no name of a model."""
    try:
        MODEL_NAME.check(value)
    except ValueError as error:
        raise UsageError(f"--model: accepted: {error}: received: {value}") from None


def features(path: Path) -> list[Feature]:
    """The features of a release's training."""
    try:
        return Training.model_validate_json(path.read_bytes()).feature_schema
    except pydantic.ValidationError as error:
        raise GateError(str(path), *of_validation(error)) from None
    except OSError as error:
        raise UsageError(f"--training: accepted: a readable file: received: {path} ({error.strerror})") from None


def _window(arguments: argparse.Namespace) -> Window:
    at = _instant("--at", arguments.at) if arguments.at else instants.now()
    until = _instant("--to", arguments.until) if arguments.until else _midnight(at)
    days = timedelta(days=arguments.days) // timedelta(microseconds=1)
    since = _instant("--from", arguments.since) if arguments.since else until - days
    if not since < until <= at:
        times = ", ".join(map(instants.text, (since, until, at)))
        raise UsageError(f"--from: accepted: before --to, which is not after --at: received: {times}")
    return Window(since, until, at)


def _midnight(at: int) -> int:
    """The last one, in UTC."""
    return instants.of(datetime.fromisoformat(instants.day(at)).replace(tzinfo=UTC))


def _reference(place: str | None, release: str) -> Reference:
    whole = place or _of_release(release)
    folder, slash, name = whole.rpartition("/")
    data = Store(folder if folder or not slash else "/").get(name)
    if data is None:
        raise GateError(f"{whole}: accepted: a reference, as slipway drift profile writes it: received: nothing")
    return Reference.of(data, whole)


def _of_release(release: str) -> str:
    """What the run that made the release left."""
    found = ReleaseStore(s3_client(), bucket("--profile")).get(release, withdrawn=True)
    run = found.content.provenance and found.content.provenance.run_uri
    if not run:
        raise UsageError(f"--profile: accepted: {PLACE}, because no run made {release}: received: nothing")
    return f"{run}{IN_RUN}"


def _config(text: str | None) -> DriftConfig:
    if text is None:
        return DriftConfig()
    if text.lstrip().startswith("{"):
        return parse(text)
    try:
        return parse(Path(text).read_bytes(), text)
    except OSError as error:
        raise UsageError(f"--config: accepted: a readable file: received: {text} ({error.strerror})") from None


def _instant(flag: str, value: str) -> int:
    try:
        return instants.micros(value)
    except ValueError as error:
        raise UsageError(f"{flag}: accepted: {error}: received: {value}") from None
