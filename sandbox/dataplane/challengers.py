"""The champion of `make ab` and its four challengers, all of them made honestly from the example's own dataset.

- champion: learnt 100 flights of January by heart, so there is something to be better than;
- broken: a logistic regression that never met a missing value. It starts, answers its own trial and fails with 500 on
  every flight without a measured gust, which most are;
- worse: the model of all flights, with serving settings for a small test machine: it answers three requests at once and
  refuses the rest with 503. For the trickle of copies that is enough, for half of the users it is not;
- equal: the champion, trained again on the same flights;
- better: what `train.py` makes of all flights from January to May.
"""

import importlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import joblib
import numpy as np

CHAMPION, BROKEN, WORSE, EQUAL, BETTER = "champion", "broken", "worse", "equal", "better"
_JANUARY = (date(2013, 1, 1), date(2013, 2, 1))
_JUNE = (date(2013, 6, 1), date(2013, 7, 1))
_FEW = 100
_TREES = 100
_SEED = 3
_TRIED = 4000


@dataclass(frozen=True)
class Build:
    """A model as training leaves it."""

    name: str
    artifact: Path
    training: Mapping[str, Any]
    """What a release record says about it."""
    note: str


class Workshop:
    """Makes the models of an example, whose folder has ``features.py`` and ``train.py``."""

    def __init__(self, example: Path, directory: Path) -> None:
        self._example, self._directory = example, directory
        sys.path.insert(0, str(example))
        self._features = importlib.import_module("features")
        self._train = importlib.import_module("train")
        self._june = self._features.load(*_JUNE)

    def rows(self) -> list[tuple[Mapping[str, Any], int]]:
        """The flights of June, which no model learnt from, with what happened."""
        labels = self._june["label"].tolist()
        return list(zip(self._features.records(self._june), labels, strict=True))

    def builds(self) -> dict[str, Build]:
        """All five models."""
        january = self._features.load(*_JANUARY)
        few = january.sample(_FEW, random_state=_SEED)
        whole = january.dropna()
        full = self._full()
        return {
            CHAMPION: self._build(CHAMPION, self._trees(few), few, f"{_FEW} flights of January"),
            BROKEN: self._build(BROKEN, self._line(whole), whole, "a regression that never met a missing value"),
            WORSE: self._with(full, WORSE, {"MAX_IN_FLIGHT": "3"}, "all flights, but three requests at once"),
            EQUAL: self._build(EQUAL, self._trees(few), few, "the champion, trained again"),
            BETTER: full,
        }

    def brier(self, build: Build) -> float:
        """Mean squared error of the probabilities on flights of June; NaN for a model that fails on some of them."""
        loaded = joblib.load(build.artifact)
        some = self._june.iloc[:: max(len(self._june) // _TRIED, 1)]
        try:
            asked = self._features.encode(loaded["schema"], self._features.records(some))
            scores = loaded["model"].predict_proba(asked)[:, 1]
        except ValueError:
            return float("nan")
        return float(np.mean((scores - some["label"].to_numpy()) ** 2))

    def _full(self) -> Build:
        """The example's own model, trained if it is not there."""
        folder = self._train.DIRECTORY
        if self._train.trained(folder) is None:
            self._train.train(folder)
        training = json.loads((folder / self._train.TRAINING).read_text())
        return Build(BETTER, folder / self._train.ARTIFACT, training, "all flights from January to May")

    def _trees(self, rows: Any) -> tuple[Any, Any]:
        from sklearn.ensemble import HistGradientBoostingClassifier

        schema = self._features.fitted_schema(rows)
        categories = [name in self._features.CATEGORIES for name in self._features.NAMES]
        model = HistGradientBoostingClassifier(max_iter=_TREES, categorical_features=categories, random_state=1)
        return self._fitted(model, schema, rows)

    def _line(self, rows: Any) -> tuple[Any, Any]:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        schema = self._features.fitted_schema(rows)
        return self._fitted(make_pipeline(StandardScaler(), LogisticRegression()), schema, rows)

    def _fitted(self, model: Any, schema: Any, rows: Any) -> tuple[Any, Any]:
        model.fit(self._features.encode(schema, self._features.records(rows)), rows["label"].to_numpy())
        return model, schema

    def _build(self, name: str, made: tuple[Any, Any], rows: Any, note: str) -> Build:
        import sklearn

        model, schema = made
        path = self._directory / f"{name}.joblib"
        path.parent.mkdir(parents=True, exist_ok=True)
        artifact = {"model": model, "schema": schema, "scikit_learn": sklearn.__version__, "trained_as": name}
        joblib.dump(artifact, path, compress=3)
        identity = self._features.dataset_identity()
        training = {
            "dataset": {"kind": "package", "uri": identity["package"], "revision": identity["version"]},
            "feature_schema": schema,
            "metrics": {"flights": {"value": float(len(rows)), "rows": len(rows)}},
            "settings": {"DECISION_THRESHOLD": str(self._train.THRESHOLD)},
        }
        return Build(name, path, training, note)

    @staticmethod
    def _with(build: Build, name: str, settings: Mapping[str, str], note: str) -> Build:
        return Build(
            name, build.artifact, {**build.training, "settings": {**build.training["settings"], **settings}}, note
        )
