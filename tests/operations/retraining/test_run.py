"""A run from its data to its candidate, through the commands that an engine calls."""

import json

from slipway_ops.record import Release

from tests.operations.retraining.conftest import Bus
from tests.operations.retraining.mlflow_stub import Mlflow
from tests.operations.retraining.pipeline import COMMIT, DATASETS, MODELS, Pipeline, rows
from tests.operations.world import MODEL


def test_a_first_run_ends_with_a_release(pipeline: Pipeline, mlflow: Mlflow, bus: Bus) -> None:
    pipeline.arrive("2026-02", rows(0))
    pipeline.arrive("2026-03", rows(1000))
    code, out, err = pipeline("data", "validate")
    assert (code, err) == (0, "")
    assert out.startswith("passed: 800 rows of 2 batches")
    told = pipeline.record("input.json")
    assert told["trigger"] == "data"
    assert told["batches"] == told["added"] == ["2026-02", "2026-03"]
    assert told["dataset"]["uri"] == f"s3://{DATASETS}/dvc/{MODEL}"

    code, out, err = pipeline.train()
    assert code == 0, err
    assert "learning from 400 rows of ['2026-02']" in err
    lineage = pipeline.record("training/lineage.json")
    assert (lineage["batches"], lineage["held_out"]) == (["2026-02"], ["2026-03"])
    assert (lineage["code_commit"], lineage["parameters"]) == (COMMIT, {"threshold": 0.5})
    assert mlflow.runs[lineage["mlflow_run"]]["info"]["status"] == "FINISHED"
    assert mlflow.runs[lineage["mlflow_run"]]["metrics"] == {"accuracy": lineage["metrics"]["accuracy"]["value"]}

    code, out, err = pipeline.evaluate()
    assert code == 0, out + err
    evaluation = pipeline.record("evaluation.json")
    assert (evaluation["state"], evaluation["rows"], evaluation["batches"]) == ("passed", 400, ["2026-03"])
    assert evaluation["champion_rule"].startswith("none, because there is no release")

    code, out, err = pipeline("register", "--json")
    assert (code, err) == (0, "")
    done = json.loads(out)
    release = Release.parse(pipeline.world.stored(done["release"]), "release")
    assert release.content.provenance is not None
    assert release.content.provenance.mlflow_run == lineage["mlflow_run"]
    assert release.content.provenance.run == "run-1"
    assert release.content.dataset.revision == told["dataset"]["revision"]
    assert release.content.image_digest == pipeline.image
    assert [feature.name for feature in release.content.feature_schema] == ["x", "group"]
    assert mlflow.models[MODEL] == {"candidate": "1"}
    assert mlflow.versions[0]["source"] == release.artifact_uri
    (event,) = bus.events()
    assert (event["source"], event["detail-type"]) == ("slipway.retraining", "CandidateReady")
    assert event["detail"]["release"] == release.id
    assert event["detail"]["evaluation_uri"] == f"s3://{MODELS}/runs/{MODEL}/run-1/evaluation.json"
    assert pipeline.record("outcome.json")["outcome"] == "candidate"
