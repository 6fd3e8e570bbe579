"""Train the flight-delay model: `python examples/flight-delay/train.py`; in the retraining pipeline, see `retrain.py`.

The split is by time, because that is how the model is used: it learns from the flights of the first months and is
tested on the month after, which it never saw. A run with the same arguments writes the same files, byte for byte.

Written to ``model/``: the artifact ``model.joblib``, ``heldout.json`` (flights with their outcome, to ask a served
model about), ``training.json`` (what a release record says about the training) and ``metrics.json``, which names the
sha256 of the others and is written last: a killed run leaves no model.
"""

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault(
    "OMP_WAIT_POLICY", "passive"
)  # idle threads sleep: spinning costs more than it gains on few cores

import features
import joblib
import numpy as np
import sklearn
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import accuracy_score, brier_score_loss, precision_score, recall_score, roc_auc_score

if TYPE_CHECKING:
    import pandas as pd

MODEL = "flight-delay"
DIRECTORY = Path(__file__).parent / "model"
ARTIFACT, HELDOUT, TRAINING, METRICS = "model.joblib", "heldout.json", "training.json", "metrics.json"
FIRST, SPLIT, END = date(2013, 1, 1), date(2013, 6, 1), date(2013, 7, 1)
SEED = 20130101
TREES = 120
HELDOUT_ROWS = 200
THRESHOLD = 0.4
"""Probability from which a flight is called late, a serving setting; 0.5 would find only a third of the late ones."""


def train(
    directory: Path = DIRECTORY,
    *,
    first: date = FIRST,
    split: date = SPLIT,
    end: date = END,
    trees: int = TREES,
    heldout_rows: int = HELDOUT_ROWS,
) -> dict[str, Any]:
    """Train on [first, split), test on [split, end), write ``directory``; returns what ``metrics.json`` holds.

    Raises ``ValueError`` for dates out of order or a period without flights.
    """
    if not first < split < end:
        raise ValueError(f"dates: accepted: first < split < end: received: {first}, {split}, {end}")
    table = features.load(first, end)
    known = table["date"].dt.date < split
    past, future = table[known], table[~known]
    for period, rows in ((f"{first} to {split}", past), (f"{split} to {end}", future)):
        if rows["label"].nunique() < 2:
            raise ValueError(f"dates: accepted: a period of 2013 with late and punctual flights: received: {period}")
    schema = features.fitted_schema(past)
    model = HistGradientBoostingClassifier(
        max_iter=trees,
        learning_rate=0.08,
        categorical_features=[name in features.CATEGORIES for name in features.NAMES],
        random_state=SEED,
    )
    model.fit(features.encode(schema, features.records(past)), past["label"].to_numpy())
    scores = model.predict_proba(features.encode(schema, features.records(future)))[:, 1]

    directory.mkdir(parents=True, exist_ok=True)
    # Plain containers and a library's estimator: loading the artifact needs no module of this example.
    artifact = {"model": model, "schema": schema, "scikit_learn": sklearn.__version__}
    metrics, dataset = measured(future["label"].to_numpy(), scores), features.dataset_identity()
    training = {
        "dataset": {"kind": "package", "uri": dataset["package"], "revision": dataset["version"]},
        "feature_schema": schema,
        "metrics": {name: {"value": value, "rows": len(future)} for name, value in metrics.items()},
        "settings": {"DECISION_THRESHOLD": str(THRESHOLD)},
    }
    files = {
        ARTIFACT: _write(directory / ARTIFACT, lambda path: joblib.dump(artifact, path, compress=3)),
        HELDOUT: _write_json(directory / HELDOUT, _heldout(future, heldout_rows)),
        TRAINING: _write_json(directory / TRAINING, training),
    }
    summary = {
        "model": MODEL,
        "metrics": metrics,
        "test_rows": len(future),
        "train_rows": len(past),
        "periods": {"train": [str(first), str(split)], "test": [str(split), str(end)]},
        "dataset": dataset,
        "feature_schema": schema,
        "files": files,
    }
    _write_json(directory / METRICS, summary)
    return summary


def trained(directory: Path = DIRECTORY) -> dict[str, Any] | None:
    """What ``metrics.json`` holds, or None where there is no whole model: no file, or one that was changed since."""
    try:
        summary: dict[str, Any] = json.loads((directory / METRICS).read_text())
        whole = all(_sha256(directory / name) == sha256 for name, sha256 in summary["files"].items())
    except (OSError, ValueError, KeyError):
        return None
    return summary if whole else None


def measured(labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """How good probabilities are, and what saying nothing would score."""
    called = scores >= THRESHOLD
    values = {
        "accuracy": accuracy_score(labels, called),
        "precision": precision_score(labels, called, zero_division=0),
        "recall": recall_score(labels, called),
        "roc_auc": roc_auc_score(labels, scores),
        "brier": brier_score_loss(labels, scores),
        # What saying "punctual" to every flight would score: the number that accuracy has to beat.
        "baseline_accuracy": 1 - float(np.mean(labels)),
    }
    return {name: round(float(value), 4) for name, value in values.items()}


def _heldout(rows: "pd.DataFrame", count: int) -> list[dict[str, Any]]:
    """An even sample over the test period: ``{"date", "features", "late"}`` each."""
    sample = rows.iloc[np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(int)]
    return [
        {"date": str(day.date()), "features": record, "late": bool(label)}
        for day, label, record in zip(sample["date"], sample["label"], features.records(sample), strict=True)
    ]


def _write(path: Path, write: Callable[[Path], object]) -> str:
    """Let ``write`` fill a file beside ``path``, then move it there in one step; returns its sha256."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(partial)
        sha256 = _sha256(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return sha256


def _write_json(path: Path, value: object) -> str:
    return _write(path, lambda partial: partial.write_text(json.dumps(value, indent=1) + "\n"))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main(arguments: Sequence[str] | None = None) -> None:
    """Train and say how good the model is; as a step of the retraining pipeline, learn from the pipeline's data."""
    import retrain  # which needs this module

    if retrain.wanted(os.environ):
        retrain.main(arguments)
        return
    parser = argparse.ArgumentParser(description="Train the flight-delay model on the flights of 2013 from New York.")
    parser.add_argument("--first", type=date.fromisoformat, default=FIRST, help="first day to learn from")
    parser.add_argument("--split", type=date.fromisoformat, default=SPLIT, help="first day to test on")
    parser.add_argument("--end", type=date.fromisoformat, default=END, help="day after the last one to test on")
    parser.add_argument("--directory", type=Path, default=DIRECTORY, help="where the model is written")
    given = parser.parse_args(arguments)
    started = time.monotonic()
    try:
        summary = train(given.directory, first=given.first, split=given.split, end=given.end)
    except (ValueError, FileNotFoundError) as error:
        sys.exit(f"train: {error}")
    print(
        f"learnt from {summary['train_rows']:,} flights ({given.first} to {given.split}), "
        f"tested on {summary['test_rows']:,} ({given.split} to {given.end}), {time.monotonic() - started:.1f} s"
    )
    print("  ".join(f"{name} {value}" for name, value in summary["metrics"].items()))
    print(given.directory / ARTIFACT)


if __name__ == "__main__":
    main()
