"""Infrastructure and serving: the network, the cluster, and the service of a model.

Lazy like ``slipway`` itself: ``Network`` loads no Kubernetes SDK and ``ModelService`` no AWS SDK.
"""

from typing import TYPE_CHECKING

from slipway import _lazy

if TYPE_CHECKING:
    from slipway.serving.model_service import ModelService as ModelService
    from slipway.serving.model_service import ModelServiceArgs as ModelServiceArgs
    from slipway.serving.nat import Nat as Nat
    from slipway.serving.network import Network as Network
    from slipway.serving.network import NetworkArgs as NetworkArgs
    from slipway.serving.serving_cluster import ServingCluster as ServingCluster
    from slipway.serving.serving_cluster import ServingClusterArgs as ServingClusterArgs

__getattr__, __dir__ = _lazy.exports(
    __name__,
    {
        "ModelService": "model_service",
        "ModelServiceArgs": "model_service",
        "Nat": "nat",
        "Network": "network",
        "NetworkArgs": "network",
        "ServingCluster": "serving_cluster",
        "ServingClusterArgs": "serving_cluster",
    },
)
