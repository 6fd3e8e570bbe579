"""The model server of flight-delay: an ASGI application that answers from one released artifact.

Everything that decides an answer comes from the release, through the environment: SLIPWAY_ARTIFACT (path of the fetched
artifact), SLIPWAY_MODEL, SLIPWAY_RELEASE, and the release's serving settings: DECISION_THRESHOLD (probability from
which a flight is called late) and MAX_IN_FLIGHT (requests answered at once; more get 503). SLIPWAY_VARIANT is
``stable``, ``canary`` or ``shadow``; SLIPWAY_HOST and SLIPWAY_PORT say where to listen. With SLIPWAY_PREDICTION_LOG,
each prediction is a line of that file; SLIPWAY_SUBJECT_KEY is what users' ids are hashed with: without it none is kept.

The artifact is a pickle, so loading it runs code: load only what was checked against its release record, as the init
container does before this program starts.
"""

import json
import os
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # a prediction's idle threads must not spin on the pod's CPU

import events
import features
import joblib
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from instruments import CONTENT_TYPE, Instruments
from sklearn.exceptions import InconsistentVersionWarning

MAX_INSTANCES = 1000
MAX_BYTES = 1_000_000


class StartError(RuntimeError):
    """The server must not start: a setting or the artifact is wrong."""


@dataclass(frozen=True)
class Settings:
    """What the environment says."""

    model: str
    release: str
    artifact: Path
    variant: str = "stable"
    threshold: float = 0.5
    max_in_flight: int = 32
    prediction_log: Path | None = None
    subject_key: str | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Read and check; raises ``StartError`` that names every wrong variable."""
        problems: list[str] = []

        def refuse(key: str, accepted: str) -> None:
            problems.append(f"{key}: accepted: {accepted}: received: {environment.get(key, 'nothing')}")

        def number(key: str, default: float, low: float, high: float) -> float:
            try:
                value = float(environment.get(key, default))
            except ValueError:
                value = float("nan")
            if not low <= value <= high:
                refuse(key, f"a number from {low:g} to {high:g}")
            return value

        for key in ("SLIPWAY_MODEL", "SLIPWAY_RELEASE"):
            if not environment.get(key):
                refuse(key, "a name")
        if not Path(environment.get("SLIPWAY_ARTIFACT", "/dev/null")).is_file():
            refuse("SLIPWAY_ARTIFACT", "the path of a file")
        variant = environment.get("SLIPWAY_VARIANT", "stable")
        if variant not in ("stable", "canary", "shadow"):
            refuse("SLIPWAY_VARIANT", "stable, canary or shadow")
        threshold = number("DECISION_THRESHOLD", 0.5, 0, 1)
        most = number("MAX_IN_FLIGHT", 32, 1, 10_000)
        log = environment.get("SLIPWAY_PREDICTION_LOG")
        if log is not None and not Path(log).parent.is_dir():
            refuse("SLIPWAY_PREDICTION_LOG", "the path of a file in a folder that exists")
        if problems:
            raise StartError("; ".join(problems))
        artifact = Path(environment["SLIPWAY_ARTIFACT"])
        names = environment["SLIPWAY_MODEL"], environment["SLIPWAY_RELEASE"]
        where, secret = Path(log) if log else None, environment.get("SLIPWAY_SUBJECT_KEY")
        return cls(*names, artifact, variant, threshold, int(most), where, secret)


class Predictor:
    """The loaded artifact."""

    def __init__(self, artifact: Path) -> None:
        """Load it; raises ``StartError`` if it is no artifact of this example or of another scikit-learn version."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", InconsistentVersionWarning)
                loaded = joblib.load(artifact)
            self.schema: list[features.Feature] = loaded["schema"]
            self._model = loaded["model"]
            self.probabilities([_example(self.schema)])
        except InconsistentVersionWarning as error:
            raise StartError(f"{artifact}: {error}") from error
        except Exception as error:  # a pickle can fail in any way
            raise StartError(f"{artifact} is not an artifact of train.py: {type(error).__name__}: {error}") from error

    def probabilities(self, instances: list[dict[str, Any]]) -> list[float]:
        """Probability of a late arrival of each flight."""
        scores = self._model.predict_proba(features.encode(self.schema, instances))[:, 1]
        return [float(score) for score in scores]


def create_app(environment: Mapping[str, str] | None = None) -> FastAPI:
    """The application; the artifact is loaded and tried before this returns. Raises ``StartError``."""
    settings = Settings.of(os.environ if environment is None else environment)
    predictor = Predictor(settings.artifact)
    instruments = Instruments(settings.model, settings.release, settings.variant, settings.max_in_flight)
    identity = {"model": settings.model, "release": settings.release}
    log = events.PredictionLog(settings.prediction_log, identity, settings.variant, settings.subject_key)
    app = FastAPI(title=settings.model, version=settings.release)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz")
    async def readyz() -> dict[str, str]:
        return {**identity, "variant": settings.variant}

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(instruments.exposition(), media_type=CONTENT_TYPE)

    @app.post("/predict")
    async def predict(request: Request) -> Response:
        """Answer ``{"instances": [features, …]}`` with one prediction each; a 422 names the field that is wrong."""
        started, identifier = time.perf_counter(), events.request_id(request.headers)

        def failed(code: int, message: str) -> None:
            log.failed(request.headers, identifier, code, message, 1000 * (time.perf_counter() - started))

        if instruments.full:
            instruments.refused()
            message = f"{settings.max_in_flight} requests are being answered already"
            failed(503, message)
            return _error(503, message, {"Retry-After": "1"})
        try:
            with instruments.request() as outcome:
                response = await answer(request, identifier, started)
                outcome.code = response.status_code
        except Exception as error:
            failed(500, type(error).__name__)  # its text may hold what was sent
            raise
        response.headers[events.REQUEST] = identifier
        return response

    async def answer(request: Request, identifier: str, started: float) -> Response:
        try:
            instances = _instances(await _body(request))
            features.check(predictor.schema, instances)
        except _TooLarge:
            return _error(413, f"body: accepted: at most {MAX_BYTES} bytes")
        except features.FeatureError as error:
            return _error(422, str(error))
        for feature in features.unseen(predictor.schema, instances):
            instruments.unseen(feature)
        scores = await run_in_threadpool(predictor.probabilities, instances)
        predictions = [{"late": score >= settings.threshold, "probability": round(score, 6)} for score in scores]
        milliseconds = 1000 * (time.perf_counter() - started)
        log.predicted(request.headers, identifier, instances, predictions, milliseconds)
        return JSONResponse({**identity, "predictions": predictions})

    return app


def _example(schema: list[features.Feature]) -> dict[str, Any]:
    """Some flight that fits the schema: the first prediction is slow and must not be a client's."""
    return {feature["name"]: feature.get("categories", [feature.get("minimum")])[0] for feature in schema}


class _TooLarge(Exception):
    """The body is longer than the server reads."""


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise _TooLarge
    return bytes(body)


def _instances(body: bytes) -> list[dict[str, Any]]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise features.FeatureError("body: accepted: a JSON object with instances: received: no JSON") from None
    if not isinstance(document, dict) or set(document) != {"instances"}:
        received = sorted(document) if isinstance(document, dict) else type(document).__name__
        raise features.FeatureError(f"body: accepted: an object with the key instances: received: {received}")
    instances = document["instances"]
    if isinstance(instances, list) and len(instances) > MAX_INSTANCES:
        raise features.FeatureError(f"instances: accepted: at most {MAX_INSTANCES}: received: {len(instances)}")
    return instances  # type: ignore[no-any-return] # features.check looks at it


def _error(code: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": message}, code, headers)


if __name__ == "__main__":
    import sys

    import uvicorn

    try:
        application = create_app()
    except StartError as error:
        sys.exit(f"serve: {error}")
    uvicorn.run(
        application,
        host=os.environ.get("SLIPWAY_HOST", "0.0.0.0"),  # noqa: S104 -- in a pod, the address is the pod's
        port=int(os.environ.get("SLIPWAY_PORT", "8080")),
        access_log=False,
        timeout_graceful_shutdown=25,
    )
