"""Pulumi components that put machine-learning models into production on AWS and Kubernetes.

Every component can be imported from here (``from slipway import ModelBucket``) or from its step
(``from slipway.models import ModelBucket``). Both are lazy: importing ``slipway`` loads no provider SDK, and a
stack loads only the steps that it uses.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slipway.entrypoint import run as run
    from slipway.models import DatasetStore as DatasetStore
    from slipway.models import ModelBucket as ModelBucket
    from slipway.models import ModelRegistry as ModelRegistry
    from slipway.monitoring import AlertTopics as AlertTopics
    from slipway.monitoring import CloudMetrics as CloudMetrics
    from slipway.monitoring import DriftMonitor as DriftMonitor
    from slipway.monitoring import MetricsWorkspace as MetricsWorkspace
    from slipway.monitoring import ModelMonitoring as ModelMonitoring
    from slipway.monitoring import MonitoringStack as MonitoringStack
    from slipway.registry import ContainerRegistry as ContainerRegistry
    from slipway.registry import ImagePublisher as ImagePublisher
    from slipway.retraining import AirflowEnvironment as AirflowEnvironment
    from slipway.retraining import CandidateWorkflow as CandidateWorkflow
    from slipway.retraining import KubeflowRuns as KubeflowRuns
    from slipway.retraining import RetrainingEnvironment as RetrainingEnvironment
    from slipway.retraining import RetrainingPipeline as RetrainingPipeline
    from slipway.rollout import ProgressiveRollout as ProgressiveRollout
    from slipway.rollout import PromotionGate as PromotionGate
    from slipway.rollout import RolloutController as RolloutController
    from slipway.security import DataKeys as DataKeys
    from slipway.security import WorkloadIdentity as WorkloadIdentity
    from slipway.serving import Gateway as Gateway
    from slipway.serving import ModelService as ModelService
    from slipway.serving import Network as Network
    from slipway.serving import OnlineStore as OnlineStore
    from slipway.serving import RequestAutoscaler as RequestAutoscaler
    from slipway.serving import ServiceDatabase as ServiceDatabase
    from slipway.serving import ServingCluster as ServingCluster

COMPONENTS = {
    "DataKeys": "slipway.security",
    "WorkloadIdentity": "slipway.security",
    "ContainerRegistry": "slipway.registry",
    "ImagePublisher": "slipway.registry",
    "ModelBucket": "slipway.models",
    "DatasetStore": "slipway.models",
    "ModelRegistry": "slipway.models",
    "Network": "slipway.serving",
    "ServingCluster": "slipway.serving",
    "ModelService": "slipway.serving",
    "RequestAutoscaler": "slipway.serving",
    "ProgressiveRollout": "slipway.rollout",
    "PromotionGate": "slipway.rollout",
    "RolloutController": "slipway.rollout",
    "RetrainingEnvironment": "slipway.retraining",
    "AirflowEnvironment": "slipway.retraining",
    "KubeflowRuns": "slipway.retraining",
    "RetrainingPipeline": "slipway.retraining",
    "CandidateWorkflow": "slipway.retraining",
    "AlertTopics": "slipway.monitoring",
    "MetricsWorkspace": "slipway.monitoring",
    "CloudMetrics": "slipway.monitoring",
    "MonitoringStack": "slipway.monitoring",
    "ModelMonitoring": "slipway.monitoring",
    "DriftMonitor": "slipway.monitoring",
    "Gateway": "slipway.serving",
    "OnlineStore": "slipway.serving",
    "ServiceDatabase": "slipway.serving",
}
"""Class name -> package of every component; the plugin hosts exactly these."""

_LAZY = {**COMPONENTS, "run": "slipway.entrypoint"}

__all__ = ["COMPONENTS", *_LAZY]


def __getattr__(name: str) -> Any:
    """Import a component's package when its name is first used."""
    if name not in _LAZY:
        raise AttributeError(f"module 'slipway' has no attribute {name!r}; it has {', '.join(sorted(_LAZY))}")
    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
