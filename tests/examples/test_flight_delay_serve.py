"""The model server: its answers, its metrics, and what it refuses."""

import asyncio
import json
from pathlib import Path
from typing import Any

import features
import httpx
import joblib
import pytest
import serve
from instruments import Instruments

RELEASE = "flight-delay-20130615-0123abcd"


@pytest.fixture(scope="module")
def environment(model_directory: Path) -> dict[str, str]:
    return {
        "SLIPWAY_MODEL": "flight-delay",
        "SLIPWAY_RELEASE": RELEASE,
        "SLIPWAY_ARTIFACT": str(model_directory / "model.joblib"),
        "DECISION_THRESHOLD": "0.4",
    }


@pytest.fixture(scope="module")
def rows(model_directory: Path) -> list[dict[str, Any]]:
    return [row["features"] for row in json.loads((model_directory / "heldout.json").read_text())]


def ask(app: Any, *requests: tuple[str, str, Any]) -> list[httpx.Response]:
    """Answers to ``(method, path, body)``, one after the other."""

    async def run() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://model") as client:
            return [
                await client.request(method, path, **({"content": body} if isinstance(body, bytes) else {"json": body}))
                for method, path, body in requests
            ]

    return asyncio.run(run())


def value(exposition: str, series: str) -> float:
    """Value of the first series that starts with ``series``."""
    return next(float(line.rsplit(" ", 1)[1]) for line in exposition.splitlines() if line.startswith(series))


def test_predictions_come_from_the_artifact_and_the_threshold(
    environment: dict[str, str], rows: list[dict[str, Any]]
) -> None:
    artifact = joblib.load(environment["SLIPWAY_ARTIFACT"])
    scores = artifact["model"].predict_proba(features.encode(artifact["schema"], rows))[:, 1]
    for threshold in (0.1, 0.4):
        app = serve.create_app({**environment, "DECISION_THRESHOLD": str(threshold)})
        (response,) = ask(app, ("POST", "/predict", {"instances": rows}))
        body = response.json()
        assert (response.status_code, body["model"], body["release"]) == (200, "flight-delay", RELEASE)
        assert [one["probability"] for one in body["predictions"]] == [round(float(score), 6) for score in scores]
        assert [one["late"] for one in body["predictions"]] == [bool(score >= threshold) for score in scores]


def test_health_and_readiness(environment: dict[str, str]) -> None:
    health, ready = ask(serve.create_app(environment), ("GET", "/healthz", None), ("GET", "/readyz", None))
    assert (health.status_code, ready.status_code) == (200, 200)
    assert ready.json() == {"model": "flight-delay", "release": RELEASE, "variant": "stable"}


def test_metrics_count_requests_by_code_with_the_release(
    environment: dict[str, str], rows: list[dict[str, Any]]
) -> None:
    app = serve.create_app({**environment, "SLIPWAY_VARIANT": "canary"})
    new = {**rows[0], "dest": "XXX"}
    *_, response = ask(
        app,
        ("POST", "/predict", {"instances": rows[:3]}),
        ("POST", "/predict", {"instances": [new]}),
        ("POST", "/predict", {"instances": []}),
        ("GET", "/healthz", None),
        ("GET", "/metrics", None),
    )
    labels = f'model="flight-delay",release="{RELEASE}",variant="canary"'
    text = response.text
    assert response.headers["content-type"].startswith("text/plain; version=")
    assert value(text, f'slipway_requests_total{{code="200",{labels}}}') == 2
    assert value(text, f'slipway_requests_total{{code="422",{labels}}}') == 1
    assert value(text, f'slipway_request_seconds_bucket{{le="+Inf",{labels}}}') == 3
    assert value(text, f"slipway_requests_in_flight{{{labels}}}") == 0
    assert value(text, f"slipway_saturation{{{labels}}}") == 0
    assert value(text, f'slipway_unseen_categories_total{{feature="dest",{labels}}}') == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"distance": "far"}, "instances[0].distance: accepted: a number from 1 to 12000: received: 'far'"),
        ({"distance": None}, "instances[0].distance: accepted: a number from 1 to 12000: received: nothing"),
        ({"distance": True}, "instances[0].distance: accepted: a number from 1 to 12000: received: True"),
        ({"distance": 0}, "instances[0].distance: accepted: a number from 1 to 12000: received: 0"),
        ({"dow": 7}, "instances[0].dow: accepted: a whole number from 0 to 6: received: 7"),
        ({"dow": 1.5}, "instances[0].dow: accepted: a whole number from 0 to 6: received: 1.5"),
        ({"carrier": 4}, "instances[0].carrier: accepted: a code of 1 to 8 characters: received: 4"),
        ({"temp": "hot"}, "instances[0].temp: accepted: a number from -80 to 140 or null: received: 'hot'"),
        ({"delay": 3}, "instances[0].delay: no such feature; accepted: carrier, "),
        ({"visib": ...}, "instances[0].visib: accepted: a number from 0 to 100 or null: received: nothing"),
    ],
)
def test_a_wrong_field_is_named(
    environment: dict[str, str], rows: list[dict[str, Any]], change: dict[str, Any], message: str
) -> None:
    row = {key: item for key, item in {**rows[0], **change}.items() if item is not ...}
    (response,) = ask(serve.create_app(environment), ("POST", "/predict", {"instances": [row]}))
    assert response.status_code == 422
    assert response.json()["error"].startswith(message)
    assert ";" not in response.json()["error"].replace("no such feature;", "")


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b"{", 422, "body: accepted: a JSON object with instances: received: no JSON"),
        (b"[" * 100_000, 422, "body: accepted: a JSON object with instances: received: no JSON"),
        (b"[1]", 422, "body: accepted: an object with the key instances: received: list"),
        (b'{"rows": []}', 422, "body: accepted: an object with the key instances: received: ['rows']"),
        (b'{"instances": {}}', 422, "instances: accepted: a list of at least one flight: received: {}"),
        (b'{"instances": [3]}', 422, "instances[0]: accepted: an object of features: received: 3"),
        (b'{"instances": [' + b"0," * 1000 + b"0]}", 422, "instances: accepted: at most 1000: received: 1001"),
        (b" " * 1_000_001, 413, "body: accepted: at most 1000000 bytes"),
    ],
)
def test_a_wrong_body_is_refused(environment: dict[str, str], body: bytes, code: int, message: str) -> None:
    (response,) = ask(serve.create_app(environment), ("POST", "/predict", body))
    assert (response.status_code, response.json()["error"]) == (code, message)


def test_nan_and_many_problems_come_in_one_message(environment: dict[str, str]) -> None:
    (response,) = ask(serve.create_app(environment), ("POST", "/predict", b'{"instances": [{"temp": NaN}, {}]}'))
    error = response.json()["error"]
    assert "instances[0].temp: accepted: a number from -80 to 140 or null: received: nan" in error
    assert error.endswith("; and 10 more")


def test_a_full_server_turns_away(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serve.Instruments.full", True)
    answer, metrics = ask(
        serve.create_app({**environment, "MAX_IN_FLIGHT": "4"}), ("POST", "/predict", {}), ("GET", "/metrics", None)
    )
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json() == {"error": "4 requests are being answered already"}
    assert value(metrics.text, 'slipway_requests_total{code="503"') == 1


def test_requests_in_flight_fill_the_server() -> None:
    instruments = Instruments("m", "r", "stable", 2)
    with instruments.request() as first:
        first.code = 200
        assert not instruments.full
        with instruments.request():
            assert instruments.full
            text = instruments.exposition().decode()
            assert value(text, "slipway_saturation") == 1
            assert value(text, "slipway_requests_in_flight") == 2
    assert value(instruments.exposition().decode(), 'slipway_requests_total{code="500"') == 1


def test_a_failing_model_is_a_500_and_counted(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    app = serve.create_app(environment)

    def fail(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(features, "encode", fail)
    row = {feature["name"]: feature.get("minimum", "JFK") for feature in features.SCHEMA}
    answer, metrics = ask(app, ("POST", "/predict", {"instances": [row]}), ("GET", "/metrics", None))
    assert answer.status_code == 500
    assert value(metrics.text, 'slipway_requests_total{code="500"') == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"SLIPWAY_MODEL": ""}, "SLIPWAY_MODEL: accepted: a name: received: "),
        ({"SLIPWAY_RELEASE": None}, "SLIPWAY_RELEASE: accepted: a name: received: nothing"),
        ({"SLIPWAY_ARTIFACT": None}, "SLIPWAY_ARTIFACT: accepted: the path of a file: received: nothing"),
        ({"SLIPWAY_ARTIFACT": "/no/file"}, "SLIPWAY_ARTIFACT: accepted: the path of a file: received: /no/file"),
        ({"SLIPWAY_VARIANT": "blue"}, "SLIPWAY_VARIANT: accepted: stable, canary or shadow: received: blue"),
        ({"DECISION_THRESHOLD": "half"}, "DECISION_THRESHOLD: accepted: a number from 0 to 1: received: half"),
        ({"DECISION_THRESHOLD": "1.1"}, "DECISION_THRESHOLD: accepted: a number from 0 to 1: received: 1.1"),
        ({"MAX_IN_FLIGHT": "0"}, "MAX_IN_FLIGHT: accepted: a number from 1 to 10000: received: 0"),
    ],
)
def test_wrong_settings_stop_the_start(
    environment: dict[str, str], change: dict[str, str | None], message: str
) -> None:
    changed = {key: text for key, text in {**environment, **change}.items() if text is not None}
    with pytest.raises(serve.StartError) as raised:
        serve.create_app(changed)
    assert str(raised.value) == message


def test_a_file_that_is_no_artifact_stops_the_start(environment: dict[str, str], tmp_path: Path) -> None:
    other = tmp_path / "other"
    for content in (b"", b"text"):
        other.write_bytes(content)
        with pytest.raises(serve.StartError, match=r"is not an artifact of train\.py"):
            serve.create_app({**environment, "SLIPWAY_ARTIFACT": str(other)})
    joblib.dump({"weights": []}, other)
    with pytest.raises(serve.StartError, match=r"is not an artifact of train\.py: KeyError: 'schema'"):
        serve.create_app({**environment, "SLIPWAY_ARTIFACT": str(other)})


def test_an_artifact_of_another_scikit_learn_stops_the_start(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sklearn.base.__version__", "9.9")
    with pytest.raises(serve.StartError, match=r"from version .* when using version 9\.9"):
        serve.create_app(environment)


def logged(
    environment: dict[str, str], path: Path, headers: dict[str, str], *bodies: Any, **more: str
) -> tuple[list[httpx.Response], list[dict[str, Any]]]:
    """Answers to ``bodies``, and the events that they left."""
    app = serve.create_app({**environment, "SLIPWAY_PREDICTION_LOG": str(path), **more})

    async def run() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://model", headers=headers) as client:
            return [await client.post("/predict", json=body) for body in bodies]

    answers = asyncio.run(run())
    return answers, [json.loads(line) for line in path.read_text().splitlines()]


HEADERS = {"x-user-id": "ann", "x-request-id": "r-1", "x-model-arm": "canary"}


def test_predictions_are_events(environment: dict[str, str], rows: list[dict[str, Any]], tmp_path: Path) -> None:
    body = {"instances": rows[:2]}
    answers, events = logged(environment, tmp_path / "log", HEADERS, body, {"instances": []}, SLIPWAY_SUBJECT_KEY="key")
    assert answers[0].headers["x-request-id"] == "r-1"
    assert [event["request_id"] for event in events] == ["r-1", "r-1.1"]  # what was refused is no event
    first, prediction = events[0], answers[0].json()["predictions"][0]
    assert (first["model"], first["release"], first["variant"]) == ("flight-delay", RELEASE, "canary")
    assert (first["prediction"], first["score"]) == (prediction["late"], prediction["probability"])
    assert (first["features"], first["status"]) == (rows[0], 200)
    assert first["latency_ms"] > 0
    assert first["ts"].endswith("Z")
    subjects = {event["subject"] for event in events}
    assert len(subjects) == 1
    assert "ann" not in json.dumps(events)
    other = logged(environment, tmp_path / "other", HEADERS, body, SLIPWAY_SUBJECT_KEY="another")[1]
    assert {event["subject"] for event in other}.isdisjoint(subjects)


def test_without_a_key_nobodys_id_is_kept_and_without_a_gateway_ids_are_made(
    environment: dict[str, str], rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    body = {"instances": rows[:1]}
    (answer,), (event,) = logged(environment, tmp_path / "log", {"x-user-id": "ann"}, body)
    assert event["subject"] is None
    assert event["request_id"] == answer.headers["x-request-id"] != ""
    assert event["variant"] == "stable"


def test_a_shadow_goes_by_its_own_name(environment: dict[str, str], rows: list[dict[str, Any]], tmp_path: Path) -> None:
    """Its requests are copies, with the arm of the original: as ``stable`` it would count for the champion."""
    body = {"instances": rows[:1]}
    _, (event,) = logged(environment, tmp_path / "log", HEADERS, body, SLIPWAY_VARIANT="shadow")
    assert event["variant"] == "shadow"


def test_failures_are_events(
    environment: dict[str, str], rows: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise MemoryError("of a secret size")

    monkeypatch.setattr(Instruments, "full", property(lambda self: True))
    _, (full,) = logged(environment, tmp_path / "full", HEADERS, {"instances": rows[:1]})
    assert (full["status"], "prediction" in full) == (503, False)
    monkeypatch.undo()
    path = tmp_path / "log"
    app_environment = {**environment, "SLIPWAY_PREDICTION_LOG": str(path)}
    app = serve.create_app(app_environment)
    monkeypatch.setattr(features, "encode", fail)
    assert ask(app, ("POST", "/predict", {"instances": rows[:1]}))[0].status_code == 500
    failed = json.loads(path.read_text())
    assert (failed["status"], failed["error"]) == (500, "MemoryError")


def test_a_log_in_no_folder_is_refused(environment: dict[str, str]) -> None:
    with pytest.raises(serve.StartError, match="SLIPWAY_PREDICTION_LOG: accepted: the path of a file in a folder"):
        serve.create_app({**environment, "SLIPWAY_PREDICTION_LOG": "/nowhere/at/all"})
