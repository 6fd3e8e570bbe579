from pathlib import Path

import pytest

from tests.sandbox.engine.direct import Direct
from tests.sandbox.engine.program import World


@pytest.fixture
def direct(tmp_path: Path) -> Direct:
    return Direct(tmp_path)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)
