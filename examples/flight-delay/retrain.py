"""Training as a step of the retraining pipeline, which `train.py` is when the pipeline runs it.

The pipeline says where data are (``SLIPWAY_DATA``, a folder for each batch) and what to fill (``SLIPWAY_OUTPUT``). The
model learns from the newest batches only, because flights of last winter say little about summer. It is tested on the
last of them with what it learnt from the others, then it learns from all of them: the model that is released has seen
more than the one that was measured, never less.

Left behind besides: ``profile.json``, the reference of drift: the features of all, the answers and the quality of those
that were tested.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import features
import joblib
import months
import sklearn
import train
from sklearn.ensemble import HistGradientBoostingClassifier

if TYPE_CHECKING:
    import pandas as pd

BATCHES, TREES = 4, 60
"""Newest batches to learn from, and the trees to learn: parameters of a run."""
DAYS = 15
"""Of a batch, and of the windows in which drift is looked for."""
PROFILE, PARAMETERS = "profile.json", "parameters.json"


def wanted(environment: Mapping[str, str]) -> bool:
    """Whether a pipeline runs this."""
    return "SLIPWAY_OUTPUT" in environment


def run(data: Path, output: Path, batches: int = BATCHES, trees: int = TREES) -> dict[str, Any]:
    """Learn from the newest batches in ``data``, fill ``output``; returns the metrics.

    Raises ``ValueError`` where there are fewer than two batches.
    """
    import pandas as pd

    found = list(months.read(data).values())[-batches:]
    if len(found) < 2:
        raise ValueError(f"batches: accepted: at least 2, to learn from and to test on: received: {len(found)}")
    past, tested = pd.concat(found[:-1]), found[-1]
    trial = fitted(past, trees)
    scores = trial["model"].predict_proba(features.matrix(trial["schema"], tested))[:, 1]
    everything = pd.concat(found)
    artifact = fitted(everything, trees)
    values = train.measured(tested["label"].to_numpy(), scores)
    metrics = {name: {"value": value, "rows": len(tested)} for name, value in values.items()}
    training = {"feature_schema": artifact["schema"], "settings": {"DECISION_THRESHOLD": str(train.THRESHOLD)}}
    (output / "model").mkdir(parents=True, exist_ok=True)
    joblib.dump(artifact, output / "model" / train.ARTIFACT, compress=3)
    parameters = {"batches": len(found), "trees": trees, "rows": len(everything)}
    for name, value in {train.METRICS: metrics, train.TRAINING: training, PARAMETERS: parameters}.items():
        (output / name).write_text(json.dumps(value, indent=1) + "\n")
    _profile(everything, tested, scores, artifact["schema"], output / PROFILE)
    return metrics


def fitted(rows: "pd.DataFrame", trees: int) -> dict[str, Any]:
    """An artifact, as ``train.py`` makes it."""
    schema = features.fitted_schema(rows)
    model = HistGradientBoostingClassifier(
        max_iter=trees,
        learning_rate=0.08,
        categorical_features=[name in features.CATEGORIES for name in features.NAMES],
        random_state=train.SEED,
    )
    model.fit(features.matrix(schema, rows), rows["label"].to_numpy())
    return {"model": model, "schema": schema, "scikit_learn": sklearn.__version__}


def _profile(rows: "pd.DataFrame", tested: "pd.DataFrame", scores: Any, schema: Any, path: Path) -> None:
    """What ``slipway drift`` compares production with."""
    import pandas as pd
    from slipway_ops.content import Feature
    from slipway_ops.drift.making import Names, make

    answers = {"score": scores, "prediction": (scores >= train.THRESHOLD).astype(object)}
    reference = pd.concat([rows[: len(rows) - len(tested)], tested.assign(**answers)])
    with TemporaryDirectory() as folder:
        file = months.write(reference, Path(folder) / "reference.parquet")
        declared = [Feature.model_validate(feature) for feature in schema]
        made = make(train.MODEL, file, declared, Names(ignored=(months.ROW,)), DAYS)
    path.write_bytes(made.json_bytes())


def main(arguments: Sequence[str] | None = None) -> None:
    """Train as a step: where things are says the environment."""
    parser = argparse.ArgumentParser(prog="train.py", description="Train flight-delay on a pipeline's data.")
    parser.add_argument("--batches", type=int, default=BATCHES, help=f"newest batches to learn from; {BATCHES}")
    parser.add_argument("--trees", type=int, default=TREES, help=f"{TREES}")
    given = parser.parse_args(arguments)
    data, output = (Path(os.environ[name]) for name in ("SLIPWAY_DATA", "SLIPWAY_OUTPUT"))
    try:
        metrics = run(data, output, given.batches, given.trees)
    except ValueError as error:
        sys.exit(f"train: {error}")
    print("  ".join(f"{name} {metric['value']}" for name, metric in metrics.items()))
