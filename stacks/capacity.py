"""The most that a stack's models can take: what they may cost, seen before anything is declared.

In resources and not in money: prices differ by region, contract and day, and slipway holds no list of them.
"""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from stacks.model_settings import ModelSettings

if TYPE_CHECKING:
    from slipway.serving import Ceiling

    from stacks.settings import Settings

CPU, MEMORY = "500m", "512Mi"
"""What a replica of ``ModelService`` requests where neither the settings nor the release say."""


def report(settings: "Settings", ceilings: "Mapping[str, Ceiling]") -> str:
    """The ceilings of a stack's models, for whoever reads its preview."""
    lines = [f"ceiling of {name}: {ceiling}, while a release takes over" for name, ceiling in sorted(ceilings.items())]
    vcpus, memory, gpus = (
        sum(getattr(one, unit) for one in ceilings.values()) for unit in ("vcpus", "memory_gib", "gpus")
    )
    text = f"ceiling of all models: {vcpus:g} vCPU, {memory:g} GiB, {gpus} GPUs"
    if settings.cluster:
        limits = settings.cluster.namespace
        text += f"; their namespace lets {limits.cpu} vCPU, {limits.memory_gib} GiB run at once"
        text += f", the cluster has nodes for {settings.cluster.cpu_limit} vCPU and {settings.gpu_limit} GPUs"
    return "\n".join([*lines, f"{text}. In resources: slipway has no price list."])


def problems(settings: "Settings", key: str, model: ModelSettings) -> Iterator[tuple[str, str, Any]]:
    """A rollout whose two arms do not fit into the namespace would stop half-way, waiting for room."""
    if settings.cluster is None or model.rollout is None:
        return
    pods, limits, own = 2 * model.scale.max, settings.cluster.namespace, model.resources
    for unit, has, one in (
        ("cpu", limits.cpu, _cpu(own.cpu or CPU)),
        ("memory_gib", limits.memory_gib, _gib(own.memory or MEMORY)),
    ):
        if pods * one > has:
            accepted = (
                f"at most {int(has / one / 2)}, or a cluster.namespace.{unit} of at least {pods * one:g}: a rollout "
                f"has as many pods again of the new release or of its mirror, {pods} together"
            )
            yield f"{key}.scale.max", accepted, model.scale.max
            return
    gpus = pods * (own.gpus or 0)
    if gpus > settings.gpu_limit:
        accepted = f"a cluster.gpu.limit of at least {gpus}, because a rollout has twice scale.max pods"
        yield f"{key}.rollout", accepted, f"cluster.gpu.limit {settings.gpu_limit}"


def _cpu(quantity: str) -> float:
    return int(quantity[:-1]) / 1000 if quantity.endswith("m") else float(quantity)


def _gib(quantity: str) -> float:
    number, unit = re.findall(r"\d+|\D+", quantity)
    return int(number) / (1024 if unit == "Mi" else 1)
