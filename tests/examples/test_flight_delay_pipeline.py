"""The example's pipeline: batches as they come, training and scoring as steps, what is declared about them."""

import itertools
import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import features
import joblib
import months
import numpy as np
import pandas as pd
import pytest
import retrain
import score
import train
from slipway_ops.content import Training
from slipway_ops.drift.config import parse as parse_drift
from slipway_ops.drift.profile import Profile
from slipway_ops.gate.config import parse as parse_gate
from slipway_ops.retraining import checks, data_schema
from slipway_ops.retraining import plan as plans
from slipway_ops.retraining.predictions import load

EXAMPLE = Path(train.__file__).parent
DECLARED = EXAMPLE / "pipeline"
FEW = ("2013-01a", "2013-01b", "2013-02a")


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three batches, a folder each."""
    folder = tmp_path_factory.mktemp("batches")
    for name in FEW:
        months.write(months.batch(name), folder / name / months.FILE)
    return folder


@pytest.fixture(scope="session")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `train.py` leaves as a step."""
    output = tmp_path_factory.mktemp("output")
    retrain.run(data, output, trees=8)
    return output


def test_the_batches_are_the_year_and_no_flight_is_in_two() -> None:
    names = months.names()
    assert (len(names), names[0], names[-1]) == (24, "2013-01a", "2013-12b")
    assert months.period("2013-02b") == (date(2013, 2, 16), date(2013, 3, 1))
    assert months.period("2013-12b") == (date(2013, 12, 16), date(2014, 1, 1))
    ends = [months.period(name) for name in names]
    assert all(one[1] == other[0] for one, other in itertools.pairwise(ends))
    with pytest.raises(ValueError, match="accepted: 2013-01a to 2013-12b: received: 2013-13a"):
        months.period("2013-13a")


def test_a_batch_is_what_the_declared_schema_says_and_a_damaged_one_is_not(data: Path, tmp_path: Path) -> None:
    schema = data_schema.parse((DECLARED / "data.json").read_bytes(), "data.json", train.MODEL)
    assert [feature.name for feature in schema.features()] == features.NAMES
    found = checks.run(schema, [data / FEW[0] / months.FILE], FEW[0])
    assert (found.rows, found.findings) == (12_966, [])
    whole = pd.read_parquet(data / FEW[0] / months.FILE)
    path = months.write(months.damaged(whole), tmp_path / months.FILE)
    findings = {(one.column, one.check) for one in checks.run(schema, [path], "damaged").findings}
    assert findings == {("pressure", "minimum"), ("row", "unique")}


def test_the_same_batch_is_the_same_bytes(data: Path, tmp_path: Path) -> None:
    months.main([FEW[0], "--to", str(tmp_path)])
    assert (tmp_path / FEW[0] / months.FILE).read_bytes() == (data / FEW[0] / months.FILE).read_bytes()


def test_what_is_declared_can_be_read() -> None:
    plan = plans.parse((DECLARED / "evaluation.json").read_bytes(), "evaluation.json", train.MODEL)
    assert set(plan.features) <= {score.DAY, *features.NAMES}
    assert parse_drift((DECLARED / "drift.json").read_bytes()).quality["roc_auc"] == 0.03
    assert parse_gate((DECLARED / "gate.json").read_bytes()).metric.label == plan.metric.label


def test_many_rows_are_encoded_as_a_few_are(data: Path) -> None:
    rows = pd.read_parquet(data / FEW[1] / months.FILE).head(500)
    schema = features.fitted_schema(rows.head(50))
    one, other = features.matrix(schema, rows), features.encode(schema, features.records(rows))
    np.testing.assert_array_equal(one, other)


def test_training_as_a_step_leaves_what_the_pipeline_wants(trained: Path, data: Path) -> None:
    files = {str(path.relative_to(trained)) for path in trained.rglob("*") if path.is_file()}
    assert files == {"model/model.joblib", "metrics.json", "training.json", "parameters.json", "profile.json"}
    metrics = json.loads((trained / "metrics.json").read_text())
    assert set(metrics) == {"accuracy", "precision", "recall", "roc_auc", "brier", "baseline_accuracy"}
    assert {metric["rows"] for metric in metrics.values()} == {12_069}
    told = json.loads((trained / "training.json").read_text())
    dataset = {"kind": "dvc", "uri": "s3://data/dvc/flight-delay", "revision": "0" * 32 + ".dir"}
    training = Training.model_validate_json(json.dumps({**told, "metrics": metrics, "dataset": dataset}))
    assert training.settings == {"DECISION_THRESHOLD": "0.4"}
    profile = Profile.read(trained / "profile.json")
    assert (profile.model, profile.rows, list(profile.features)) == (train.MODEL, 38_467, features.NAMES)
    assert profile.quality["brier"].value == pytest.approx(metrics["brier"]["value"], abs=1e-4)
    assert profile.quality["roc_auc"].rows == 12_069
    assert profile.outputs["score"].missing == 38_467 - 12_069


def test_it_learns_from_the_newest_batches_only(data: Path, tmp_path: Path) -> None:
    retrain.run(data, tmp_path, batches=2, trees=4)
    parameters = json.loads((tmp_path / "parameters.json").read_text())
    assert parameters == {"batches": 2, "trees": 4, "rows": 13_432 + 12_069}
    with pytest.raises(ValueError, match="batches: accepted: at least 2, to learn from and to test on: received: 1"):
        retrain.run(data, tmp_path, batches=1)


def test_the_same_batches_give_the_same_model(data: Path, trained: Path, tmp_path: Path) -> None:
    retrain.run(data, tmp_path, trees=8)
    for name in ("model/model.joblib", "metrics.json", "training.json", "profile.json"):
        assert (tmp_path / name).read_bytes() == (trained / name).read_bytes(), name


def run(program: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, program], cwd=EXAMPLE, env={**os.environ, **variables}, capture_output=True, text=True
    )


def test_train_is_a_step_where_the_pipeline_runs_it(tmp_path: Path) -> None:
    done = run("train.py", SLIPWAY_DATA=str(tmp_path), SLIPWAY_OUTPUT=str(tmp_path / "output"))
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr == f"train: {tmp_path}: accepted: a folder with a Parquet file for each batch: received: nothing\n"
    )


def test_scoring_answers_every_flight(data: Path, trained: Path, tmp_path: Path) -> None:
    frozen = tmp_path / "frozen" / FEW[2]
    months.write(pd.read_parquet(data / FEW[2] / months.FILE), frozen / months.FILE)
    artifact = trained / "model" / train.ARTIFACT
    plan = plans.parse((DECLARED / "evaluation.json").read_bytes(), "evaluation.json", train.MODEL)
    variables = {
        "SLIPWAY_ARTIFACT": str(artifact),
        "SLIPWAY_DATA": str(frozen.parent),
        "SLIPWAY_OUTPUT": str(tmp_path / "out"),
        "SLIPWAY_FEATURES": ",".join(plan.features),
    }
    done = run("score.py", DECISION_THRESHOLD="0.4", **variables)
    assert (done.returncode, done.stdout, done.stderr) == (0, "12,069 flights\n", "")
    found = load(tmp_path / "out", "candidate", plan.features, score=True, numbers=True)
    rows = pd.read_parquet(frozen / months.FILE).set_index("row").loc[found.rows]
    loaded = joblib.load(artifact)
    expected = loaded["model"].predict_proba(features.matrix(loaded["schema"], rows))[:, 1]
    np.testing.assert_array_equal(found.score, expected)
    np.testing.assert_array_equal(found.prediction, expected >= 0.4)
    np.testing.assert_array_equal(found.label, rows["label"])
    assert set(found.features["day"]) == {f"201302{day:02}" for day in range(1, 16)}
    done = run("score.py", DECISION_THRESHOLD="0.4", **{**variables, "SLIPWAY_FEATURES": "colour"})
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("score: SLIPWAY_FEATURES: accepted: day, sched_dep_time, ")
    assert run("score.py", **variables).stderr == "score: DECISION_THRESHOLD: accepted: a value: received: nothing\n"
