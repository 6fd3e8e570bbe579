"""Released into the sandbox's cloud, and asked there as `make predict` does."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import predict
import pytest
import release
import train
from slipway_ops.release import ReleaseError

from sandbox.cloud.clients import client
from sandbox.cloud.process import Cloud, ensure, stop
from sandbox.push import push

pytestmark = pytest.mark.sandbox
COMMIT = "0123456789abcdef0123456789abcdef01234567"
BUCKET = "acme-local-models"
EXAMPLE = Path(train.__file__).parent


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    directory = tmp_path_factory.mktemp("cloud")
    yield ensure(directory)
    stop(directory)


@pytest.fixture(scope="module")
def released(cloud: Cloud, model_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The id of the small model's release in the local environment; the process's environment points there."""
    environment = cloud.environment("eu-west-1")
    s3, ecr = client("s3", environment), client("ecr", environment)
    location = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location, ObjectLockEnabledForBucket=True)
    ecr.create_repository(repositoryName="acme-local/flight-delay")
    push(environment, "acme-local/flight-delay", EXAMPLE, "dev-1")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, text in environment.items():
            patch.setenv(name, text)
        yield release.release("local", COMMIT, model_directory)


def test_the_same_again_is_the_same_release(
    released: str, model_directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(train, "DIRECTORY", model_directory)
    release.main(["--stack", "local", "--code-commit", COMMIT])
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == released
    assert "training the model" not in lines
    assert lines[-2].startswith("already there: s3://acme-local-models/releases/flight-delay/")


def test_the_record_has_what_training_knew(released: str, model_directory: Path) -> None:
    content = predict.served("local").content
    summary = json.loads((model_directory / "metrics.json").read_text())
    assert predict.served("local").id == released
    assert content.artifact.sha256 == summary["files"]["model.joblib"]
    assert {name: metric.value for name, metric in content.metrics.items()} == summary["metrics"]
    assert content.settings == {"DECISION_THRESHOLD": "0.4"}
    assert (content.code_commit, content.created_by) == (COMMIT, "example/flight-delay")


def test_predict_asks_the_released_artifact(
    released: str, model_directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(train, "DIRECTORY", model_directory)
    monkeypatch.setenv("DECISION_THRESHOLD", "0")  # of this process, not of the release
    predict.main(["--stack", "local", "--rows", "7"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"release {released}"
    assert len(lines) == 1 + 7 + 3
    assert lines[-3].split()[:3] == [str(sum("  x " not in line for line in lines[1:8])), "of", "7"]
    assert {"late", "on time"} >= {line.split("  ")[-1].strip(" x") for line in lines[1:8]}
    assert any("on time" in line for line in lines[1:8])


def test_an_altered_artifact_is_not_served(released: str, tmp_path: Path) -> None:
    altered: Any = predict.served("local").model_copy(deep=True)
    object.__setattr__(altered.content.artifact, "sha256", "0" * 64)
    with pytest.raises(predict.PredictError, match="sha256"):
        predict.fetch(altered, tmp_path / "artifact")
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_does_not_start_says_why(released: str, tmp_path: Path) -> None:
    (tmp_path / "artifact").write_text("no model")
    with (
        pytest.raises(predict.PredictError, match=r"serve: .*artifact is not an artifact of train\.py"),
        predict.server(predict.served("local"), tmp_path / "artifact"),
    ):
        pass


def test_a_refused_request_is_told(released: str, cloud: Cloud) -> None:
    with pytest.raises(predict.PredictError, match=r"/nowhere/predict: 501: "):
        predict.ask(f"{cloud.url}/nowhere", [])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("slipway:models: {flight-delay: {}}", "test serves no release of flight-delay: its settings name none"),
        ("slipway:models: {}", "test serves no release of flight-delay: its settings name none"),
        ("slipway:models: {flight-delay: {release: newest}}", "other-local-models holds no release of flight-delay"),
        ("slipway:models: {flight-delay: {release: flight-delay-20200101-00000000}}", "no such record"),
    ],
)
def test_what_an_environment_serves(released: str, tmp_path: Path, settings: str, message: str) -> None:
    lines = ["config:", "  aws:region: eu-west-1", "  slipway:namespace: other", "  slipway:environment: local"]
    (tmp_path / "Pulumi.test.yaml").write_text("\n".join([*lines, f"  {settings}"]))
    with pytest.raises((predict.PredictError, ReleaseError), match=message):
        predict.served("test", tmp_path)


def test_the_release_that_the_settings_name(released: str, tmp_path: Path) -> None:
    text = (predict.STACKS / "Pulumi.local.yaml").read_text()
    (tmp_path / "Pulumi.local.yaml").write_text(text.replace("release: newest", f"release: {released}"))
    assert predict.served("local", tmp_path).id == released


@pytest.mark.parametrize("arguments", [["--stack", "local", "--rows", "0"], ["--stack", "nowhere"]])
def test_wrong_arguments_are_one_line(released: str, arguments: list[str], model_directory: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "DIRECTORY", model_directory)
        with pytest.raises(SystemExit, match=r"^predict: .*accepted: .*: received: (0|nowhere)"):
            predict.main(arguments)


def test_no_heldout_rows_are_named(tmp_path: Path) -> None:
    with pytest.raises(predict.PredictError, match=r"heldout\.json is not there"):
        predict.heldout(tmp_path, 3)


def test_a_commit_is_needed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match=r"--code-commit: accepted: 40 hex digits, because .* is no git repository"):
        release.commit(tmp_path)
    with pytest.raises(SystemExit):
        release.main(["--stack", "local", "--code-commit", "main"])
    assert "--code-commit: accepted: 40 hex digits: received: main" in capsys.readouterr().err


def test_the_commit_is_this_repositorys() -> None:
    assert len(release.commit()) == 40
