"""Packaging: where images live, and who may push them."""

from typing import TYPE_CHECKING

from slipway import _lazy

if TYPE_CHECKING:
    from slipway.registry.container_registry import ContainerRegistry as ContainerRegistry
    from slipway.registry.container_registry import ContainerRegistryArgs as ContainerRegistryArgs
    from slipway.registry.image_publisher import ImagePublisher as ImagePublisher
    from slipway.registry.image_publisher import ImagePublisherArgs as ImagePublisherArgs

__getattr__, __dir__ = _lazy.exports(
    __name__,
    {
        "ContainerRegistry": "container_registry",
        "ContainerRegistryArgs": "container_registry",
        "ImagePublisher": "image_publisher",
        "ImagePublisherArgs": "image_publisher",
    },
)
