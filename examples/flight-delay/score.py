"""Scoring of a data set, for `slipway evaluate -- python score.py`: champion and candidate answer the same flights.

It is told where the model is (``SLIPWAY_ARTIFACT``), where the flights are (``SLIPWAY_DATA``), what to fill
(``SLIPWAY_OUTPUT``) and the features that the comparison needs (``SLIPWAY_FEATURES``), and not whose model it is.
The setting of the release, ``DECISION_THRESHOLD``, is in the environment as it is for the server.
"""

import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import features
import joblib
import months

DAY = "day"
"""Flights of one day share its weather, so days are what is independent."""
PREDICTIONS = "predictions.parquet"


def score(artifact: Path, data: Path, output: Path, wanted: list[str], threshold: float) -> int:
    """Answer every flight in ``data`` and write the predictions; returns how many. Raises ``ValueError``."""
    import pandas as pd

    loaded: Any = joblib.load(artifact)
    rows = pd.concat(months.read(data).values(), ignore_index=True)
    scores = loaded["model"].predict_proba(features.matrix(loaded["schema"], rows))[:, 1]
    rows[DAY] = rows[months.ROW].str[:8]
    unknown = sorted(set(wanted) - set(rows.columns))
    if unknown:
        raise ValueError(f"SLIPWAY_FEATURES: accepted: {', '.join([DAY, *features.NAMES])}: received: {unknown[0]}")
    answers = rows[list(dict.fromkeys([months.ROW, "label", *wanted]))]
    answers = answers.assign(prediction=(scores >= threshold).astype("int8"), score=scores)
    output.mkdir(parents=True, exist_ok=True)
    answers.to_parquet(output / PREDICTIONS, index=False)
    return len(answers)


def main() -> None:
    """Score what the environment says."""
    try:
        artifact, data, output = (_said(f"SLIPWAY_{name}") for name in ("ARTIFACT", "DATA", "OUTPUT"))
        wanted = [name for name in os.environ.get("SLIPWAY_FEATURES", "").split(",") if name]
        count = score(Path(artifact), Path(data), Path(output), wanted, float(_said("DECISION_THRESHOLD")))
    except (ValueError, FileNotFoundError) as error:
        sys.exit(f"score: {error}")
    print(f"{count:,} flights")


def _said(name: str) -> str:
    if not os.environ.get(name):
        raise ValueError(f"{name}: accepted: a value: received: nothing")
    return os.environ[name]


if __name__ == "__main__":
    main()
