"""A run of a small model: its data, its programs and the environment that an engine gives its steps."""

import csv
import json
import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slipway_ops.cli import main

from tests.operations.retraining.mlflow_stub import Mlflow
from tests.operations.world import MODEL, World

DATASETS = "acme-dev-datasets"
MODELS = "acme-dev-models"
BUS = "acme-dev-retraining"
COMMIT = "c" * 40
AT = "2026-03-01T00:00:00Z"
COLUMNS = ["id", "x", "group", "ts", "label"]

SCHEMA: dict[str, Any] = {
    "model": MODEL,
    "columns": [
        {"name": "id", "type": "integer", "minimum": 0},
        {"name": "x", "type": "number", "minimum": 0, "maximum": 1, "feature": True},
        {"name": "group", "type": "string", "values": ["a", "b"], "feature": True},
        {"name": "ts", "type": "timestamp"},
        {"name": "label", "type": "integer", "values": [0, 1]},
    ],
    "rows": {"minimum": 100, "maximum": 5000},
    "unique": [["id"]],
    "freshness": {"column": "ts", "maximum_age_hours": 48},
}
PLAN: dict[str, Any] = {
    "model": MODEL,
    "metric": {"label": "correct", "minimum_effect": 0.01, "first_release": 0.6},
    "frozen": {"batches": 1},
    "minimum_rows": 200,
    "guardrails": [{"label": "brier", "margin": 0.05}],
    "slices": [{"feature": "group", "margin": 0.1, "minimum_rows": 50}],
    "fairness": [{"feature": "group", "statistic": "selection_rate", "maximum_gap": 0.3, "minimum_rows": 50}],
}

TRAIN = """
import csv, json, os, pathlib, sys
data, output = (pathlib.Path(os.environ[name]) for name in ("SLIPWAY_DATA", "SLIPWAY_OUTPUT"))
rows = [row for path in sorted(data.rglob("*.csv")) for row in csv.DictReader(path.open())]
print("learning from", len(rows), "rows of", sorted(path.name for path in data.iterdir()))
threshold = float(sys.argv[1])
right = sum((float(row["x"]) > threshold) == (row["label"] == "1") for row in rows)
(output / "model").mkdir()
(output / "model" / "model.json").write_text(json.dumps({"threshold": threshold}))
(output / "metrics.json").write_text(json.dumps({"accuracy": {"value": right / len(rows), "rows": len(rows)}}))
(output / "parameters.json").write_text(json.dumps({"threshold": threshold}))
"""
SCORE = """
import csv, json, os, pathlib
data, output = (pathlib.Path(os.environ[name]) for name in ("SLIPWAY_DATA", "SLIPWAY_OUTPUT"))
threshold = json.loads(pathlib.Path(os.environ["SLIPWAY_ARTIFACT"]).read_text())["threshold"]
with (output / "predictions.jsonl").open("w") as file:
    for path in sorted(data.rglob("*.csv")):
        for row in csv.DictReader(path.open()):
            late = float(row["x"]) > threshold
            line = {"row": row["id"], "prediction": int(late), "score": 0.9 if late else 0.1,
                    "label": int(row["label"]), "group": row["group"]}
            file.write(json.dumps(line) + "\\n")
"""


class Pipeline:
    """Runs of the model in dev; each command is called as the engine would."""

    def __init__(
        self, world: World, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], mlflow: Mlflow
    ) -> None:
        self.world, self.monkeypatch, self.capfd, self.mlflow = world, monkeypatch, capfd, mlflow
        self.s3 = world.s3
        self.s3.create_bucket(Bucket=DATASETS, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        self.s3.put_bucket_versioning(Bucket=DATASETS, VersioningConfiguration={"Status": "Enabled"})
        self.declare(f"{MODEL}.json", SCHEMA)
        self.declare(f"{MODEL}.evaluation.json", PLAN)
        self.image = world.push()
        self.programs = {}
        for name, text in (("train", TRAIN), ("score", SCORE)):
            path = world.directory / f"{name}.py"
            path.write_text(text)
            self.programs[name] = str(path)
        for name, value in {
            "SLIPWAY_MODEL": MODEL,
            "SLIPWAY_DATASETS": f"s3://{DATASETS}",
            "SLIPWAY_MODELS_BUCKET": MODELS,
            "SLIPWAY_EVENT_BUS": BUS,
            "SLIPWAY_ENVIRONMENT": "dev",
            "SLIPWAY_REPOSITORY": f"acme-dev/{MODEL}",
            "SLIPWAY_CODE_COMMIT": COMMIT,
            "SLIPWAY_AT": AT,
            "MLFLOW_TRACKING_URI": mlflow.uri,
            "AWS_REGION": "eu-west-1",
        }.items():
            monkeypatch.setenv(name, value)
        self.begin("run-1")

    def begin(self, run: str, trigger: str = "data") -> None:
        """What follows is of this run."""
        self.run = run
        self.monkeypatch.setenv("SLIPWAY_RUN", run)
        self.monkeypatch.setenv("SLIPWAY_RUN_URI", f"s3://{MODELS}/runs/{MODEL}/{run}/")
        self.monkeypatch.setenv("SLIPWAY_TRIGGER", trigger)

    def declare(self, name: str, document: Any) -> None:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.s3.put_object(Bucket=DATASETS, Key=f"schemas/{name}", Body=body)

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr."""
        code = 0
        try:
            main(arguments)
        except SystemExit as error:
            code = int(error.code or 0)
        captured = self.capfd.readouterr()
        return code, captured.out, captured.err

    def train(self, threshold: float = 0.5) -> tuple[int, str, str]:
        return self("train", "--", sys.executable, self.programs["train"], str(threshold))

    def evaluate(self, *arguments: str) -> tuple[int, str, str]:
        return self("evaluate", *arguments, "--", sys.executable, self.programs["score"])

    def arrive(self, batch: str, rows: list[dict[str, Any]]) -> None:
        """A batch of data, as a team's export sends it."""
        path = self.world.directory / batch / "part.csv"
        path.parent.mkdir(exist_ok=True)
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        code, _, err = self("data", "send", "--batch", batch, str(path))
        assert (code, err) == (0, "")

    def record(self, name: str, run: str | None = None) -> Any:
        key = f"runs/{MODEL}/{run or self.run}/{name}"
        return json.loads(self.s3.get_object(Bucket=MODELS, Key=key)["Body"].read())

    def has(self, name: str) -> bool:
        return f"runs/{MODEL}/{self.run}/{name}" in self.world.keys(f"runs/{MODEL}/{self.run}/", MODELS)

    def judged(self, threshold: float = 0.5) -> None:
        """The run up to a candidate that was found better."""
        steps: list[Callable[[], tuple[int, str, str]]] = [
            lambda: self("data", "validate"),
            lambda: self.train(threshold),
            self.evaluate,
        ]
        for step in steps:
            code, out, err = step()
            assert code == 0, out + err

    def whole(self, run: str, threshold: float) -> str:
        """A run that ends with a release; returns its id."""
        self.begin(run)
        self.judged(threshold)
        code, out, err = self("register")
        assert code == 0, out + err
        release: str = self.record("registration.json")["release"]
        return release


def rows(first: int, count: int = 400, at: str = AT, **changes: Any) -> list[dict[str, Any]]:
    """Good rows, the last of them an hour before ``at``; 9 of 10 have the label that their ``x`` says."""
    chance = random.Random(first)
    newest = datetime.fromisoformat(at).astimezone(UTC) - timedelta(hours=1)
    made = []
    for number in range(first, first + count):
        x = chance.random()
        made.append(
            {
                "id": number,
                "x": round(x, 4),
                "group": chance.choice("ab"),
                "ts": (newest - timedelta(minutes=first + count - 1 - number)).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "label": int((x > 0.5) != (chance.random() < 0.1)),
                **changes,
            }
        )
    return made
