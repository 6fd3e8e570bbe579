"""The most that a stack's models can take: what they may cost, seen before anything is declared.

In resources and not in money: prices differ by region, contract and day, and slipway holds no list of them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stacks.model_settings import ModelSettings

if TYPE_CHECKING:
    from slipway_ops.release import Release

    from stacks.releases import Found
    from stacks.settings import Settings

CPU, MEMORY = "500m", "512Mi"
"""What a replica of ``ModelService`` requests where neither the settings nor the release say."""


@dataclass(frozen=True)
class Ceiling:
    """Requests that can be there at once."""

    cpu: float = 0
    memory_gib: float = 0
    gpus: int = 0

    def __add__(self, other: "Ceiling") -> "Ceiling":
        return Ceiling(self.cpu + other.cpu, self.memory_gib + other.memory_gib, self.gpus + other.gpus)

    def __str__(self) -> str:
        gpus = f", {self.gpus} GPUs" if self.gpus else ""
        return f"{self.cpu:g} vCPU, {self.memory_gib:g} GiB{gpus}"


def of_model(model: ModelSettings, release: "Release | None" = None) -> Ceiling:
    """All replicas of a model; twice, where a rollout has them of two releases."""
    needs = release.content.resources if release else None
    own = model.resources
    cpu = own.cpu or (needs.cpu if needs else CPU)
    memory = own.memory or (needs.memory if needs else MEMORY)
    gpus = own.gpus if own.gpus is not None else (needs.gpus if needs else 0)
    replicas = model.scale.max * (2 if model.rollout else 1)
    return Ceiling(replicas * _cpu(cpu), replicas * _gib(memory), replicas * gpus)


def report(settings: "Settings", found: "Found") -> str:
    """The ceiling of a stack's models, for whoever reads its preview."""
    served = {name: of_model(settings.models[name], release) for name, release in sorted(found.releases.items())}
    total = sum(served.values(), Ceiling())
    doubled = [name for name in served if settings.models[name].rollout]
    text = f"ceiling: the pods of {len(served)} model{'s' * (len(served) != 1)} request at most {total}"
    if doubled:
        text += f" (twice while a release takes over: {', '.join(doubled)})"
    if settings.cluster:
        limits = settings.cluster.namespace
        text += f"; their namespace lets {limits.cpu} vCPU, {limits.memory_gib} GiB run at once"
        text += f", the cluster has nodes for {settings.cluster.cpu_limit} vCPU and {settings.gpu_limit} GPUs"
    return text + ". In resources: slipway has no price list."


def problems(settings: "Settings", key: str, model: ModelSettings) -> Iterator[tuple[str, str, Any]]:
    """A rollout whose two arms do not fit into the namespace would stop half-way, waiting for room."""
    if settings.cluster is None or model.rollout is None:
        return
    needed, limits = of_model(model), settings.cluster.namespace
    room = Ceiling(limits.cpu, limits.memory_gib, settings.gpu_limit)
    for unit, has, wants in (
        ("cpu", room.cpu, needed.cpu),
        ("memory_gib", room.memory_gib, needed.memory_gib),
    ):
        if wants > has:
            fits = int(model.scale.max * has / wants)
            accepted = (
                f"at most {fits}, or a cluster.namespace.{unit} of more than {has:g}: a rollout has as many pods again "
                f"of the new release or of its mirror, together {needed}"
            )
            yield f"{key}.scale.max", accepted, model.scale.max
            return
    if needed.gpus > room.gpus:
        accepted = f"a cluster.gpu.limit of at least {needed.gpus}, because a rollout has twice scale.max pods"
        yield f"{key}.rollout", accepted, f"cluster.gpu.limit {room.gpus}"


def _cpu(quantity: str) -> float:
    return int(quantity[:-1]) / 1000 if quantity.endswith("m") else float(quantity)


def _gib(quantity: str) -> float:
    number, unit = re.findall(r"\d+|\D+", quantity)
    return int(number) / (1024 if unit == "Mi" else 1)
