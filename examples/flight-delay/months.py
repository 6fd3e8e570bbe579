"""The year 2013 as it would have come: half a month a batch, a file each, and one that went wrong on its way.

`python months.py 2013-04a --to DIR` writes the batch; `--damaged` writes it as an export writes it whose weather
service began to report the pressure in inches of mercury, and whose join then found two stations for an airport.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import features

if TYPE_CHECKING:
    import pandas as pd

YEAR = 2013
HALVES = ("a", "b")
SPLIT_DAY = 16
"""First day of the second half."""
INCHES = 29.53 / 1000
"""Of mercury, for a millibar."""
ROW = "row"
FILE = "flights.parquet"


def names() -> list[str]:
    """All batches, in the order in which they come."""
    return [f"{YEAR}-{month:02}{half}" for month in range(1, 13) for half in HALVES]


def period(name: str) -> tuple[date, date]:
    """First day of a batch, and the day after its last; raises ``ValueError``."""
    if name not in names():
        raise ValueError(f"batch: accepted: {names()[0]} to {names()[-1]}: received: {name}")
    month, half = int(name[5:7]), name[7]
    middle = date(YEAR, month, SPLIT_DAY)
    if half == HALVES[0]:
        return date(YEAR, month, 1), middle
    return middle, date(YEAR + month // 12, month % 12 + 1, 1)


def batch(name: str) -> "pd.DataFrame":
    """The flights of a batch with their outcome: ``row`` (which names a flight), ``ts``, the features, ``label``."""
    return batches([name])[name]


def batches(wanted: Sequence[str]) -> dict[str, "pd.DataFrame"]:
    """Several batches; the dataset is read once."""
    periods = {name: period(name) for name in wanted}
    first, end = min(one[0] for one in periods.values()), max(one[1] for one in periods.values())
    flights = features.flights(first, end)
    day = flights["date"].dt.date
    return {
        name: _arrived(flights[(day >= since) & (day < until)].reset_index(drop=True))
        for name, (since, until) in periods.items()
    }


def _arrived(flights: "pd.DataFrame") -> "pd.DataFrame":
    """Flights as ``features.flights`` gives them, in the columns of a batch."""
    day = flights["date"].dt.strftime("%Y%m%d")
    number = flights["carrier"] + flights["flight"].astype(str)
    time = flights["sched_dep_time"].astype(str)
    whole = flights.assign(row=day + "-" + flights["origin"] + "-" + number + "-" + time)
    return whole[[ROW, "ts", *features.NAMES, "label"]]


def damaged(rows: "pd.DataFrame") -> "pd.DataFrame":
    """The rows as the broken export writes them: in another unit, and every flight from JFK twice."""
    import pandas as pd

    wrong = rows.assign(pressure=(rows["pressure"] * INCHES).round(2))
    return pd.concat([wrong, wrong[wrong["origin"] == "JFK"]], ignore_index=True)


def write(rows: "pd.DataFrame", path: Path) -> Path:
    """A batch's file; the same rows give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows.to_parquet(path, index=False)
    return path


def read(folder: Path) -> dict[str, "pd.DataFrame"]:
    """The batches in ``folder``, a folder each, in the order in which they came; raises ``ValueError`` for none."""
    import pandas as pd

    found = {path.name: sorted(path.rglob("*.parquet")) for path in sorted(folder.iterdir()) if path.is_dir()}
    batches = {name: pd.concat(map(pd.read_parquet, files)) for name, files in found.items() if files}
    if not batches:
        raise ValueError(f"{folder}: accepted: a folder with a Parquet file for each batch: received: nothing")
    return batches


def main(arguments: Sequence[str] | None = None) -> None:
    """Write a batch."""
    parser = argparse.ArgumentParser(description="Write half a month of flights as a batch of data.")
    parser.add_argument("name", help=f"{names()[0]} to {names()[-1]}")
    parser.add_argument("--damaged", action="store_true", help="as the broken export writes it")
    parser.add_argument("--to", type=Path, default=Path(), metavar="DIR", help="folder to write to; default: here")
    given = parser.parse_args(arguments)
    try:
        rows = batch(given.name)
    except (ValueError, FileNotFoundError) as error:
        sys.exit(f"months: {error}")
    print(write(damaged(rows) if given.damaged else rows, given.to / given.name / FILE))


if __name__ == "__main__":
    main()
