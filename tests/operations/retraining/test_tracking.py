"""Calls to MLflow: how they are made, answered and refused."""

import json
from typing import Any

import boto3
import pytest
from slipway_ops.problems import ReleaseError
from slipway_ops.retraining.job import Job
from slipway_ops.retraining.tracking import Tracking, Version

from tests.operations.retraining.mlflow_stub import Mlflow

COMMIT = "c" * 40
JOB = Job({"model": "m1", "run": "run-1", "trigger": "drift"}, "2026-03-01T00:00:00Z")
APP = "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-app/app-0123456789AB"
SERVER = "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-tracking-server/acme"


def test_a_run_is_made_once_for_a_run_of_the_pipeline(mlflow: Mlflow) -> None:
    tracking = Tracking(mlflow.uri)
    first = tracking.begin(JOB, COMMIT)
    assert tracking.begin(JOB, COMMIT) == first
    assert tracking.begin(Job({"model": "m1", "run": "run-2"}, ""), COMMIT) != first
    assert mlflow.runs[first]["tags"] == {
        "slipway.run": "run-1",
        "slipway.trigger": "drift",
        "mlflow.source.git.commit": COMMIT,
    }
    assert list(mlflow.experiments) == ["m1"]


def test_a_version_is_made_once_for_a_release(mlflow: Mlflow) -> None:
    tracking = Tracking(mlflow.uri)
    assert tracking.versions("m1", "r1") == []
    assert [tracking.register("m1", "r1", "m1-a", "s3://b/k") for _ in range(2)] == ["1", "1"]
    assert tracking.register("m1", "r1", "m1-b", "s3://b/k2") == "2"
    assert tracking.versions("m1", "r1") == [Version("1", "m1-a"), Version("2", "m1-b")]


def test_who_asks_says_who_it_is(mlflow: Mlflow, monkeypatch: pytest.MonkeyPatch) -> None:
    tracking = Tracking(f"{mlflow.uri}/")
    tracking.run("x")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ci")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "pass")
    tracking.run("x")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "abc")
    tracking.run("x")
    assert [one.get("Authorization") for one in mlflow.headers] == [None, "Basic Y2k6cGFzcw==", "Bearer abc"]


@pytest.mark.parametrize(
    ("arn", "address", "header", "service"),
    [
        (APP, "https://mlflow.sagemaker.eu-west-1.app.aws", "x-sm-mlflow-app-arn", "sagemaker"),
        (SERVER, "https://eu-west-1.experiments.sagemaker.aws", "x-mlflow-sm-tracking-server-arn", "sagemaker-mlflow"),
    ],
)
def test_calls_to_a_server_of_sagemaker_are_signed(
    arn: str, address: str, header: str, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = boto3.Session("test", "test", region_name="eu-west-1")
    tracking, sent = Tracking(arn, session), []

    class Response:
        status_code, content = 200, b'{"run": {"info": {}}}'

    class Http:
        def send(self, request: Any) -> Response:
            sent.append(request)
            return Response()

    monkeypatch.setattr(tracking, "_http", Http())
    assert tracking.run("x") == {"info": {}}
    (request,) = sent
    assert request.url == f"{address}/api/2.0/mlflow/runs/get?run_id=x"
    assert request.headers[header] == arn
    signed = request.headers["Authorization"]
    signed = signed if isinstance(signed, str) else signed.decode()
    assert f"/eu-west-1/{service}/aws4_request" in signed
    assert header in signed


def test_without_credentials_nothing_is_signed() -> None:
    class Session:
        def get_credentials(self) -> None:
            return None

    with pytest.raises(ReleaseError, match="MLflow: credentials: accepted: those of a role"):
        Tracking(APP, Session()).run("x")


@pytest.mark.parametrize("uri", ["", "sqlite:///x", "file:///x", "databricks", "arn:aws:s3:::x", "http://"])
def test_an_address_that_is_none_is_refused(uri: str) -> None:
    with pytest.raises(ReleaseError, match="MLflow: tracking URI: accepted: http"):
        Tracking(uri)


def test_an_address_with_a_password_is_refused() -> None:
    with pytest.raises(ReleaseError, match="MLflow: tracking URI: accepted: one without a user") as caught:
        Tracking("https://ci:hunter2@mlflow.example/x")
    assert "hunter2" not in str(caught.value)


def test_only_what_may_be_repeated_is_repeated(mlflow: Mlflow) -> None:
    tracking = Tracking(mlflow.uri)
    mlflow.broken = {"runs/get": 2, "runs/create": 1}
    assert tracking.run("x") is None
    assert mlflow.calls == ["runs/get"] * 3
    with pytest.raises(ReleaseError, match=r"runs/create: 500 INTERNAL_ERROR: out of order$"):
        tracking.begin(JOB, COMMIT)
    assert mlflow.calls.count("runs/create") == 1
    mlflow.broken = {"runs/get": 9}
    with pytest.raises(ReleaseError, match="runs/get: 500"):
        tracking.run("x")


ANSWERS: list[tuple[int, bytes, str]] = [
    (200, b"", "runs/get: 200: no JSON object"),
    (200, b"[]", "runs/get: 200: no JSON object"),
    (200, b"<html>", "runs/get: 200: no JSON object"),
    (403, b"<html>login</html>", "runs/get: 403: no JSON object"),
    (
        401,
        b'{"error_code": "UNAUTHENTICATED", "message": "who\\nare you"}',
        "runs/get: 401 UNAUTHENTICATED: who are you",
    ),
    (400, b'{"error_code": 5}', "runs/get: 400 5: "),
    (301, b"{}", "runs/get: 301: "),
]


@pytest.mark.parametrize(("status", "content", "message"), ANSWERS)
def test_an_answer_that_is_none_is_refused(
    mlflow: Mlflow, monkeypatch: pytest.MonkeyPatch, status: int, content: bytes, message: str
) -> None:
    tracking = Tracking(mlflow.uri)
    answer = type("Response", (), {"status_code": status, "content": content})()
    monkeypatch.setattr(tracking, "_http", type("Http", (), {"send": lambda self, request: answer})())
    with pytest.raises(ReleaseError) as caught:
        tracking.run("x")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_many_parameters_go_in_parts(mlflow: Mlflow) -> None:
    from slipway_ops.retraining.records import Lineage

    tracking = Tracking(mlflow.uri)
    run = tracking.begin(JOB, COMMIT)
    known = {
        "model": "m1",
        "run": "run-1",
        "at": "2026-03-01T00:00:00Z",
        "started_at": "2026-03-01T00:00:00Z",
        "trigger": "drift",
        "dataset": {"kind": "dvc", "uri": "s3://b/dvc/m1", "revision": "a" * 32 + ".dir"},
        "batches": ["b1"],
        "code_commit": COMMIT,
        "command": ["train"],
        "parameters": {f"p{number}": number for number in range(250)},
        "artifact": {"name": "m", "sha256": "a" * 64, "bytes": 1},
        "metrics": {"accuracy": {"value": 0.5, "rows": 1}},
    }
    tracking.log(run, Lineage.model_validate_json(json.dumps(known)))
    assert len(mlflow.runs[run]["params"]) == 250
    assert mlflow.calls.count("runs/log-batch") == 3
    assert mlflow.runs[run]["tags"]["slipway.dataset"] == f"s3://b/dvc/m1 {'a' * 32}.dir"
