"""Monitoring: what is measured of models, who is told, and what is shown.

Lazy like ``slipway`` itself: what runs in a cluster loads no AWS SDK, topics and workspaces no Kubernetes SDK, and the
library that writes dashboards (``slipway[monitoring]``) is loaded by whoever declares one.
"""

from typing import TYPE_CHECKING

from slipway import _lazy

if TYPE_CHECKING:
    from slipway.monitoring._engines import ServingEngine as ServingEngine
    from slipway.monitoring.alert_topics import AlertTopics as AlertTopics
    from slipway.monitoring.alert_topics import AlertTopicsArgs as AlertTopicsArgs
    from slipway.monitoring.cloud_metrics import CloudMetrics as CloudMetrics
    from slipway.monitoring.cloud_metrics import CloudMetricsArgs as CloudMetricsArgs
    from slipway.monitoring.drift_args import DriftMonitorArgs as DriftMonitorArgs
    from slipway.monitoring.drift_monitor import DriftMonitor as DriftMonitor
    from slipway.monitoring.metrics_workspace import MetricsWorkspace as MetricsWorkspace
    from slipway.monitoring.metrics_workspace import MetricsWorkspaceArgs as MetricsWorkspaceArgs
    from slipway.monitoring.model_monitoring import ModelMonitoring as ModelMonitoring
    from slipway.monitoring.model_monitoring import ModelMonitoringArgs as ModelMonitoringArgs
    from slipway.monitoring.monitoring_stack import MonitoringStack as MonitoringStack
    from slipway.monitoring.monitoring_stack import MonitoringStackArgs as MonitoringStackArgs

__getattr__, __dir__ = _lazy.exports(
    __name__,
    {
        "ServingEngine": "_engines",
        "AlertTopics": "alert_topics",
        "AlertTopicsArgs": "alert_topics",
        "CloudMetrics": "cloud_metrics",
        "CloudMetricsArgs": "cloud_metrics",
        "DriftMonitor": "drift_monitor",
        "DriftMonitorArgs": "drift_args",
        "MetricsWorkspace": "metrics_workspace",
        "MetricsWorkspaceArgs": "metrics_workspace",
        "ModelMonitoring": "model_monitoring",
        "ModelMonitoringArgs": "model_monitoring",
        "MonitoringStack": "monitoring_stack",
        "MonitoringStackArgs": "monitoring_stack",
    },
)
