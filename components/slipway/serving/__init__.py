"""Infrastructure and serving: the network, the cluster, and the service of a model.

Lazy like ``slipway`` itself: ``Network`` loads no Kubernetes SDK and ``ModelService`` no AWS SDK.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slipway.serving.model_service import ModelService as ModelService
    from slipway.serving.model_service import ModelServiceArgs as ModelServiceArgs
    from slipway.serving.network import Nat as Nat
    from slipway.serving.network import Network as Network
    from slipway.serving.network import NetworkArgs as NetworkArgs
    from slipway.serving.serving_cluster import ServingCluster as ServingCluster
    from slipway.serving.serving_cluster import ServingClusterArgs as ServingClusterArgs

_LAZY = {
    "ModelService": "model_service",
    "ModelServiceArgs": "model_service",
    "Nat": "network",
    "Network": "network",
    "NetworkArgs": "network",
    "ServingCluster": "serving_cluster",
    "ServingClusterArgs": "serving_cluster",
}

__all__ = [*_LAZY]


def __getattr__(name: str) -> Any:
    """Import a component's module when its name is first used."""
    if name not in _LAZY:
        raise AttributeError(f"module 'slipway.serving' has no attribute {name!r}; it has {', '.join(sorted(_LAZY))}")
    return getattr(import_module(f"slipway.serving.{_LAZY[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
