"""Every metric that rules and dashboards may name, and who exports it. Without Pulumi.

What Prometheus keeps of an exporter is what stands here, so a panel about anything else is found by a test and not by
somebody who needs it. Read where they are defined, at the versions that slipway pins.
"""

import re
from enum import StrEnum

from slipway.monitoring import _names as names


class Exporter(StrEnum):
    """Who exports a metric, and what declares it."""

    GATEWAY = "Envoy's proxies, which Gateway declares"
    SERVER = "the model's server, which ModelService declares"
    DRIFT = "slipway drift, whose look is a text file in the format of Prometheus"
    GATE = "slipway gate serve, which PromotionGate declares"
    ROLLOUTS = "Argo Rollouts, which RolloutController declares"
    CLOUD = "the CloudWatch exporter of MonitoringStack"
    KUBERNETES = "kube-state-metrics of MonitoringStack"
    KUBELET = "the kubelet and its cAdvisor, read by MonitoringStack"
    NODES = "node-exporter of MonitoringStack"
    GPUS = "DCGM exporter of MonitoringStack"
    PROMETHEUS = "Prometheus itself"
    ALERTMANAGER = "Alertmanager of MonitoringStack"
    ENGINE = "the model's engine, read by ModelMonitoring"
    RECORDED = "a recording rule of ModelMonitoring"


EXPORTED: dict[Exporter, tuple[str, ...]] = {
    Exporter.GATEWAY: (
        "envoy_cluster_membership_healthy",
        "envoy_cluster_upstream_cx_connect_fail",
        "envoy_cluster_upstream_rq_active",
        "envoy_cluster_upstream_rq_pending_overflow",
        "envoy_cluster_upstream_rq_retry",
        "envoy_cluster_upstream_rq_time_bucket",
        "envoy_cluster_upstream_rq_time_count",
        "envoy_cluster_upstream_rq_total",
        "envoy_cluster_upstream_rq_xx",
        "envoy_http_downstream_cx_active",
        "envoy_http_downstream_rq_xx",
        "envoy_server_days_until_first_cert_expiring",
        "envoy_server_live",
        "envoy_server_memory_allocated",
    ),
    Exporter.SERVER: (
        "slipway_request_seconds_bucket",
        "slipway_request_seconds_count",
        "slipway_requests_in_flight",
        "slipway_requests_total",
        "slipway_saturation",
        "slipway_unseen_categories_total",
    ),
    Exporter.DRIFT: (
        "slipway_drift_alarm",
        "slipway_drift_rows",
        "slipway_drift_window_end_seconds",
        "slipway_feature_drift",
        "slipway_model_quality",
    ),
    Exporter.GATE: (
        "slipway_gate_decision_seconds_bucket",
        "slipway_gate_decisions_total",
        "slipway_gate_errors_total",
        "slipway_gate_questions",
    ),
    Exporter.ROLLOUTS: (
        "analysis_run_info",
        "argo_rollouts_controller_info",
        "rollout_info",
        "rollout_info_replicas_available",
        "rollout_reconcile_error",
    ),
    Exporter.CLOUD: (
        "aws_certificatemanager_days_to_expiry_minimum",
        "aws_sqs_approximate_age_of_oldest_message_maximum",
        "aws_sqs_approximate_number_of_messages_visible_maximum",
        "aws_states_executions_aborted_sum",
        "aws_states_executions_failed_sum",
        "aws_states_executions_succeeded_sum",
        "aws_states_executions_timed_out_sum",
    ),
    Exporter.KUBERNETES: (
        "kube_node_info",
        "kube_node_status_allocatable",
        "kube_node_status_condition",
        "kube_pod_container_resource_requests",
        "kube_pod_container_status_restarts_total",
        "kube_pod_labels",
        "kube_pod_status_phase",
        "kube_pod_status_ready",
    ),
    Exporter.KUBELET: (
        "container_cpu_usage_seconds_total",
        "container_memory_working_set_bytes",
        "kubelet_volume_stats_available_bytes",
        "kubelet_volume_stats_capacity_bytes",
    ),
    Exporter.NODES: (
        "node_cpu_seconds_total",
        "node_filesystem_avail_bytes",
        "node_filesystem_size_bytes",
        "node_memory_MemAvailable_bytes",
        "node_memory_MemTotal_bytes",
    ),
    Exporter.GPUS: ("DCGM_FI_DEV_FB_FREE", "DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_GPU_TEMP", "DCGM_FI_DEV_GPU_UTIL"),
    Exporter.PROMETHEUS: (
        "ALERTS",
        "prometheus_remote_storage_samples_failed_total",
        "prometheus_remote_storage_samples_pending",
        "prometheus_rule_evaluation_failures_total",
        "prometheus_tsdb_head_series",
        "up",
    ),
    Exporter.ALERTMANAGER: ("alertmanager_notifications_failed_total", "alertmanager_notifications_total"),
    Exporter.ENGINE: (
        "batch_request_queue",
        "bentoml_service_request_duration_seconds_bucket",
        "bentoml_service_request_in_progress",
        "bentoml_service_request_total",
        "model_infer_request_failure_total",
        "model_infer_request_success_total",
        "nv_inference_pending_request_count",
        "nv_inference_request_failure",
        "nv_inference_request_success",
        "request_predict_seconds_bucket",
        "request_predict_seconds_count",
        "rest_server_requests_duration_seconds_bucket",
        "vllm:e2e_request_latency_seconds_bucket",
        "vllm:num_requests_waiting",
        "vllm:request_success_total",
    ),
    Exporter.RECORDED: (
        names.ARM_BUCKETS,
        names.ARM_GOOD,
        names.ARM_IN_FLIGHT,
        names.ARM_REQUESTS,
        names.CHAMPION,
        names.COST,
        *(make(window) for window in names.WINDOWS for make in (names.errors, names.slow)),
        *(names.requests(window) for window in names.COUNTED),
    ),
}
"""Exporter -> its metrics that something here reads."""


def known() -> dict[str, Exporter]:
    """Name -> exporter of every metric of the table."""
    return {name: exporter for exporter, found in EXPORTED.items() for name in found}


def kept(*exporters: Exporter) -> str:
    """A pattern of the metrics of ``exporters``, for the relabelling that drops all others of a target."""
    return "|".join(re.escape(name) for exporter in exporters for name in sorted(EXPORTED[exporter]))
