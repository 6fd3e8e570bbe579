"""One cloud for this folder's tests, on a free port; each test names its things by itself."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.cloud.clients import client
from sandbox.cloud.process import Cloud, ensure, stop

Call = Callable[[str], Any]


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    directory = tmp_path_factory.mktemp("cloud")
    yield ensure(directory)
    stop(directory)


@pytest.fixture(scope="session")
def environment(cloud: Cloud) -> dict[str, str]:
    return cloud.environment("eu-west-1")


@pytest.fixture(scope="session")
def aws(environment: dict[str, str]) -> Call:
    """boto3 clients of the cloud, made once each."""
    made: dict[str, Any] = {}

    def get(service: str) -> Any:
        if service not in made:
            made[service] = client(service, environment)
        return made[service]

    return get


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Sources of an image, with what must not be packed."""
    for name, text in {
        "Dockerfile": "FROM scratch\n",
        "server/app.py": "print('hello')\n",
        "data/rows.csv": "1\n",
        "model/weights": "2\n",
        "server/__pycache__/app.pyc": "3\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path
