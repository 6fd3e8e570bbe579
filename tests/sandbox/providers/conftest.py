"""One sandbox cloud for all tests of the provider."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.cloud import process
from sandbox.cloud.process import Cloud
from sandbox.providers.aws.backend import Aws
from sandbox.providers.aws.claims import VARIABLE
from tests.sandbox.providers.cases import World
from tests.sandbox.providers.driver import Driver

REGION = "eu-west-1"


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    directory: Path = tmp_path_factory.mktemp("cloud")
    yield process.ensure(directory)
    process.stop(directory)


@pytest.fixture(scope="session")
def claims(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where provider processes remember what they made."""
    return tmp_path_factory.mktemp("claims") / "claims"


@pytest.fixture(scope="session")
def aws(cloud: Cloud, claims: Path) -> Iterator[Driver]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", cloud.url)
        patch.setenv(VARIABLE, str(claims))
        driver = Driver(Aws(), {"region": REGION, "defaultTags": '{"tags": {"owner": "acme"}}'})
    yield driver
    driver.close()


@pytest.fixture(scope="session")
def world(aws: Driver) -> World:
    """What the resources under test need."""
    return World(aws)


@pytest.fixture
def another(cloud: Cloud, claims: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    """A provider process that knows nothing of what others did."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.url)
    monkeypatch.setenv(VARIABLE, str(claims))
    driver = Driver(Aws(), {"region": REGION, "defaultTags": '{"tags": {"owner": "acme"}}'})
    yield driver
    driver.close()
