"""The model server of flight-delay: an ASGI application that answers from one released artifact.

Everything that decides an answer comes from the release, through the environment: SLIPWAY_ARTIFACT (path of the fetched
artifact), SLIPWAY_MODEL, SLIPWAY_RELEASE, and the release's serving settings: DECISION_THRESHOLD (probability from
which a flight is called late) and MAX_IN_FLIGHT (requests answered at once; more get 503). SLIPWAY_VARIANT is
``stable`` or ``canary``.

The artifact is a pickle, so loading it runs code: load only what was checked against its release record, as the init
container does before this program starts.
"""

import json
import os
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # a prediction's idle threads must not spin on the pod's CPU

import features
import joblib
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sklearn.exceptions import InconsistentVersionWarning

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5)
"""Seconds. An objective's limit must be one of them, else its share can only be estimated."""
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
        if variant not in ("stable", "canary"):
            refuse("SLIPWAY_VARIANT", "stable or canary")
        threshold = number("DECISION_THRESHOLD", 0.5, 0, 1)
        most = number("MAX_IN_FLIGHT", 32, 1, 10_000)
        if problems:
            raise StartError("; ".join(problems))
        artifact = Path(environment["SLIPWAY_ARTIFACT"])
        names = environment["SLIPWAY_MODEL"], environment["SLIPWAY_RELEASE"]
        return cls(*names, artifact, variant, threshold, int(most))


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
        except InconsistentVersionWarning as error:
            raise StartError(f"{artifact}: {error}") from error
        except Exception as error:  # a pickle can fail in any way
            raise StartError(f"{artifact} is not an artifact of train.py: {type(error).__name__}: {error}") from error

    def probabilities(self, instances: list[dict[str, Any]]) -> list[float]:
        """Probability of a late arrival of each flight."""
        scores = self._model.predict_proba(features.encode(self.schema, instances))[:, 1]
        return [float(score) for score in scores]


class Metrics:
    """The Prometheus metrics that every model service of slipway exposes."""

    def __init__(self, settings: Settings) -> None:
        self.registry = CollectorRegistry()
        common = {"model": settings.model, "release": settings.release, "variant": settings.variant}
        names = list(common)
        requests = Counter("slipway_requests", "Requests by code.", [*names, "code"], registry=self.registry)
        seconds = Histogram(
            "slipway_request_seconds", "Seconds to answer.", names, buckets=BUCKETS, registry=self.registry
        )
        in_flight = Gauge("slipway_requests_in_flight", "Requests being answered.", names, registry=self.registry)
        saturation = Gauge(
            "slipway_saturation", "Requests being answered as a share of the limit.", names, registry=self.registry
        )
        unseen = Counter(
            "slipway_unseen_categories", "Values unknown to the model.", [*names, "feature"], registry=self.registry
        )
        self.seconds = seconds.labels(**common)
        self.in_flight = in_flight.labels(**common)
        saturation.labels(**common).set_function(lambda: self.now / settings.max_in_flight)
        self._requests, self._unseen, self._common = requests, unseen, common
        self.now = 0

    def answered(self, code: int, seconds: float) -> None:
        """Count one answer."""
        self._requests.labels(**self._common, code=str(code)).inc()
        self.seconds.observe(seconds)

    def unseen(self, feature: str) -> None:
        """Count one category value that training did not have: the model treats it as missing."""
        self._unseen.labels(**self._common, feature=feature).inc()


def create_app(environment: Mapping[str, str] | None = None) -> FastAPI:
    """The application; the artifact is loaded and tried before it listens. Raises ``StartError``."""
    settings = Settings.of(os.environ if environment is None else environment)
    predictor = Predictor(settings.artifact)
    metrics = Metrics(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.ready = True
        yield
        app.state.ready = False

    app = FastAPI(title=settings.model, version=settings.release, lifespan=lifespan)

    @app.middleware("http")
    async def measure(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        if request.url.path != "/predict":  # probes and scrapes are no traffic
            return await answer(request)
        if metrics.now >= settings.max_in_flight:
            metrics.answered(503, 0)
            return _error(503, f"{settings.max_in_flight} requests are being answered already", {"Retry-After": "1"})
        started, code = time.perf_counter(), 500
        metrics.now += 1
        metrics.in_flight.set(metrics.now)
        try:
            response = await answer(request)
            code = response.status_code
            return response
        finally:
            metrics.now -= 1
            metrics.in_flight.set(metrics.now)
            metrics.answered(code, time.perf_counter() - started)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz")
    async def readyz() -> Response:
        body = {"model": settings.model, "release": settings.release, "variant": settings.variant}
        return JSONResponse(body, 200 if app.state.ready else 503)

    @app.get("/metrics")
    async def exposed() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    @app.post("/predict")
    async def predict(request: Request) -> Response:
        """Answer ``{"instances": [features, …]}`` with one prediction each; 422 names the field that is wrong."""
        if int(request.headers.get("content-length", 0)) > MAX_BYTES:
            return _error(413, f"body: accepted: at most {MAX_BYTES} bytes")
        try:
            instances = _instances(await request.body())
            features.check(predictor.schema, instances)
        except features.FeatureError as error:
            return _error(422, str(error))
        for feature in features.unseen(predictor.schema, instances):
            metrics.unseen(feature)
        scores = await run_in_threadpool(predictor.probabilities, instances)
        predictions = [{"late": score >= settings.threshold, "probability": round(score, 6)} for score in scores]
        return JSONResponse({"model": settings.model, "release": settings.release, "predictions": predictions})

    return app


def _instances(body: bytes) -> list[dict[str, Any]]:
    try:
        document = json.loads(body)
    except ValueError:
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
        host=os.environ.get("HOST", "0.0.0.0"),  # noqa: S104 -- in a pod, the address is the pod's
        port=int(os.environ.get("PORT", "8080")),
        access_log=False,
        timeout_graceful_shutdown=25,
    )
