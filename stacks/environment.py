"""A stack is an environment, its platform, or a shard of its models: the settings say which."""

import pulumi

from stacks import models
from stacks.contract import PlatformContract
from stacks.releases import Found, find
from stacks.settings import Part, Settings


def build(settings: Settings, found: Found | None = None) -> None:
    """Declare and export everything that ``settings`` ask for.

    ``found`` holds the releases; left out, they are looked up in the environment's model bucket.
    """
    found = find(settings) if found is None else found
    if settings.part is Part.MODELS:
        contract = PlatformContract.of_stack(str(settings.platform_stack))
        cluster = contract.kubernetes()
    else:
        from stacks import platform  # a shard loads nothing of it

        contract, cluster = platform.declare(settings)
        contract.export()
    for name, values in models.declare(settings, contract, cluster, found).items():
        pulumi.export(f"model.{name}", values)
