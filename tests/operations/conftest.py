from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from tests.operations.world import World, create_loader


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    """Two environments, dev and prod, in an AWS account inside this process."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    # Every command makes its own clients, as it does in life; reading botocore's service models once is enough.
    monkeypatch.setattr("botocore.session.create_loader", create_loader)
    with mock_aws():
        yield World(tmp_path)
