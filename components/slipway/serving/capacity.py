"""What a model's service may come to cost: the most that all of its pods can request together."""

import math
from dataclasses import dataclass

from slipway.rollout._front import shared_hostnames
from slipway.serving._service_settings import settings_of
from slipway.serving.model_service import ModelServiceArgs

__all__ = ["Ceiling", "ceiling", "shared_hostnames"]


@dataclass(frozen=True)
class Ceiling:
    """The most that a service's pods can be and request together."""

    pods: int
    vcpus: float
    memory_gib: float
    gpus: int

    def __str__(self) -> str:
        gpus = f", {self.gpus} GPUs" if self.gpus else ""
        return f"at most {self.pods} pods: {self.vcpus:g} vCPU, {self.memory_gib:g} GiB{gpus}"


def ceiling(args: ModelServiceArgs) -> Ceiling:
    """The ceiling of the service that ``args`` make; raises what ``ModelService`` would.

    A release that replaces another pod by pod adds a quarter of the pods for a while; one that takes over step by step
    has as many as the old one until the bake ends.
    """
    settings = settings_of(args)
    most, plan, workload = settings.scale.maximum, settings.plan, settings.workload
    pods = math.ceil(most * 1.25)
    if plan:
        pods = max(2 * most, most + plan.mirror_replicas)
    return Ceiling(
        pods=pods,
        vcpus=round(pods * _cpus(workload.cpu), 3),
        memory_gib=round(pods * _gib(workload.memory), 3),
        gpus=pods * workload.gpus,
    )


def _cpus(text: str) -> float:
    return float(text[:-1]) / 1000 if text.endswith("m") else float(text)


def _gib(text: str) -> float:
    return float(text[:-2]) / (1024 if text.endswith("Mi") else 1)
