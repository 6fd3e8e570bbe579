"""The program of ``program/``, deployed once; its jobs are slipway's own command, in roles held to their policies."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.workspace import ROOT
from tests.sandbox.retraining.conftest import Deployed, deployment


@pytest.fixture(scope="module")
def looking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    root, source = tmp_path_factory.mktemp("drift"), Path(__file__).with_name("program")
    with deployment(root, source, "drift:digest", ROOT / "operations", "acme-test/slipway-ops") as made:
        yield made
