"""Infrastructure and serving: the network, the cluster, and the service of a model.

Lazy like ``slipway`` itself: ``Network`` loads no Kubernetes SDK and ``ModelService`` no AWS SDK.
"""

from typing import TYPE_CHECKING

from slipway import _lazy

if TYPE_CHECKING:
    from slipway.serving.capacity import Ceiling as Ceiling
    from slipway.serving.capacity import ceiling as ceiling
    from slipway.serving.capacity import shared_hostnames as shared_hostnames
    from slipway.serving.gateway import Gateway as Gateway
    from slipway.serving.gateway import GatewayArgs as GatewayArgs
    from slipway.serving.model_service import EgressArgs as EgressArgs
    from slipway.serving.model_service import ModelService as ModelService
    from slipway.serving.model_service import ModelServiceArgs as ModelServiceArgs
    from slipway.serving.nat import Nat as Nat
    from slipway.serving.network import Network as Network
    from slipway.serving.network import NetworkArgs as NetworkArgs
    from slipway.serving.online_store import AttributeType as AttributeType
    from slipway.serving.online_store import OnlineStore as OnlineStore
    from slipway.serving.online_store import OnlineStoreArgs as OnlineStoreArgs
    from slipway.serving.online_store import StreamViewType as StreamViewType
    from slipway.serving.online_store import TableClass as TableClass
    from slipway.serving.request_autoscaler import RequestAutoscaler as RequestAutoscaler
    from slipway.serving.request_autoscaler import RequestAutoscalerArgs as RequestAutoscalerArgs
    from slipway.serving.service_database import Insights as Insights
    from slipway.serving.service_database import ServiceDatabase as ServiceDatabase
    from slipway.serving.service_database import ServiceDatabaseArgs as ServiceDatabaseArgs
    from slipway.serving.serving_cluster import ServingCluster as ServingCluster
    from slipway.serving.serving_cluster import ServingClusterArgs as ServingClusterArgs

__getattr__, __dir__ = _lazy.exports(
    __name__,
    {
        "Gateway": "gateway",
        "GatewayArgs": "gateway",
        "Ceiling": "capacity",
        "ceiling": "capacity",
        "shared_hostnames": "capacity",
        "EgressArgs": "model_service",
        "ModelService": "model_service",
        "ModelServiceArgs": "model_service",
        "Nat": "nat",
        "Network": "network",
        "NetworkArgs": "network",
        "AttributeType": "online_store",
        "OnlineStore": "online_store",
        "OnlineStoreArgs": "online_store",
        "StreamViewType": "online_store",
        "TableClass": "online_store",
        "RequestAutoscaler": "request_autoscaler",
        "RequestAutoscalerArgs": "request_autoscaler",
        "Insights": "service_database",
        "ServiceDatabase": "service_database",
        "ServiceDatabaseArgs": "service_database",
        "ServingCluster": "serving_cluster",
        "ServingClusterArgs": "serving_cluster",
    },
)
