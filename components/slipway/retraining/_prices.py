"""What an hour of a job costs at most: list prices of the instances that a retraining environment may start.

On-demand prices for Linux in us-east-1 of January 2026, from AWS's price list as Karpenter publishes it
(``zz_generated.pricing_aws.go``). They bound a run before it starts, and are no bill: Spot costs less, discounts are
not known here, and a job that shares its instance pays for a part of it. Where families differ, the dearest one stands.
"""

import math
from dataclasses import dataclass

FAMILIES = ("m5", "m5a", "m6a", "m6i", "m7i")
"""Instance families without a GPU: 4 GiB of memory for each vCPU."""
GPU_FAMILIES = ("g5",)
"""Instance families with GPUs, each an NVIDIA A10G with 24 GiB."""


@dataclass(frozen=True)
class Size:
    """A size of instance and what an hour of it costs."""

    vcpus: int
    memory_gib: int
    gpus: int
    cents: float


_SIZES = tuple(Size(vcpus, 4 * vcpus, 0, 5.04 * vcpus) for vcpus in (2, 4, 8, 16, 32, 48, 64, 96))
_GPU_SIZES = (
    Size(4, 16, 1, 100.6),
    Size(8, 32, 1, 121.2),
    Size(16, 64, 1, 162.4),
    Size(32, 128, 1, 244.8),
    Size(64, 256, 1, 409.6),
    Size(48, 192, 4, 567.2),
    Size(96, 384, 4, 814.4),
    Size(192, 768, 8, 1628.8),
)
_USABLE_PERCENT = 92
"""Of an instance's memory, what Batch hands to jobs: the kernel and the agent keep the rest."""
_ABROAD = {"us": 1.0, "ca": 1.15, "eu": 1.35}
_FARTHEST = 1.75
"""Prices over those of us-east-1, by the first letters of a region: rounded up, so that they hold for all of them."""


def smallest(vcpus: int, memory_mib: int, gpus: int) -> Size | None:
    """The cheapest instance that holds a job of this size alone; None if there is no such instance."""
    holds = [
        size
        for size in (_GPU_SIZES if gpus else _SIZES)
        if size.vcpus >= vcpus and size.gpus >= gpus and size.memory_gib * 1024 * _USABLE_PERCENT // 100 >= memory_mib
    ]
    return min(holds, key=lambda size: size.cents, default=None)


def cents(size: Size, minutes: int, region: str) -> int:
    """US cents for an instance of its own during ``minutes`` in ``region``, rounded up."""
    factor = _ABROAD.get(region.split("-")[0], _FARTHEST)
    return math.ceil(round(size.cents * factor * minutes / 60, 6))
