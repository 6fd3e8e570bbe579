"""The plugin by which other languages use slipway's components (``pulumi package add``); Python imports ``slipway``."""

from importlib.metadata import version

import slipway
from pulumi.provider.experimental import component_provider_host

if __name__ == "__main__":
    component_provider_host(
        components=[getattr(slipway, name) for name in slipway.COMPONENTS],
        name="slipway",
        version=version("slipway"),
    )
