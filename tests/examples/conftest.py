"""The example's modules are programs that stand beside each other; the tests import them as they import each other."""

import sys
from datetime import date
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "flight-delay"
sys.path.insert(0, str(EXAMPLE))


@pytest.fixture(scope="session")
def model_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model: two weeks of January, tested on the next five days."""
    import train

    directory = tmp_path_factory.mktemp("model")
    train.train(directory, first=date(2013, 1, 1), split=date(2013, 1, 15), end=date(2013, 1, 20), trees=10)
    return directory
