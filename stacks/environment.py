"""A stack is an environment, its platform, or a shard of its models: the settings say which."""

import pulumi

from stacks import models
from stacks.contract import GATE, MONITORING, RETRAINING, ROUTES, PlatformContract
from stacks.releases import Found, find
from stacks.settings import Part, Settings


def build(settings: Settings, found: Found | None = None) -> None:
    """Declare and export everything that ``settings`` ask for.

    ``found`` holds the releases; left out, they are looked up in the environment's model bucket.
    """
    found = find(settings) if found is None else found
    base = None
    if settings.part is Part.MODELS:
        contract = PlatformContract.of_stack(str(settings.platform_stack), _needs(settings))
        cluster = contract.kubernetes()
    else:
        from stacks import platform  # a shard loads nothing of it

        base = platform.declare(settings, found)
        contract, cluster = base.contract, base.cluster.kubernetes
        contract.export()
    kept = None
    if settings.stores.online or settings.stores.databases:
        from stacks import stores

        kept = stores.declare(settings, contract, base)
    place = models.Place(settings, contract, cluster, found, kept, base.monitoring if base else None)
    made = models.declare(place)
    for name, model in made.items():
        pulumi.export(f"model.{name}", model.outputs)
    ceilings = {name: model.ceiling for name, model in made.items() if model.ceiling}
    if ceilings:
        from stacks.capacity import report

        pulumi.log.info(report(settings, ceilings))


def _needs(settings: Settings) -> set[str]:
    """Fields of the platform's contract that a shard's models need."""
    routed = [model for model in settings.models.values() if model.auth]
    gated = [model for model in routed if model.rollout and model.rollout.only_if_better]
    retrained = any(model.retrain or model.drift for model in settings.models.values())
    watched = settings.monitoring is not None
    asked = ((routed, ROUTES), (gated, GATE), (retrained, RETRAINING), (watched, MONITORING))
    return {field for wanted, fields in asked if wanted for field in fields}
