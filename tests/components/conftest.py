"""Fixtures of the component tests."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """The AWS SDK's own deprecated classes warn when their module is loaded, used or not."""
    config.addinivalue_line("filterwarnings", r"ignore:.*deprecated in favor:DeprecationWarning:pulumi_aws\.")


@pytest.fixture(params=[False, True], ids=["known", "preview"])
def preview(request: pytest.FixtureRequest) -> bool:
    """Runs a test twice: with computed outputs returned, and with them unknown."""
    return bool(request.param)
