"""The dashboard of the platform: what all models stand on."""

from slipway.monitoring._board import Board, Panel, Row, graph, stat


def board(*, gateway: bool, rollouts: bool, cloud: bool, gpus: bool) -> Board:
    """Rows for what the platform has."""
    rows = [Row("Nodes", _nodes())]
    if gpus:
        rows.append(Row("GPUs", _gpus()))
    if gateway:
        rows.append(Row("Gateway", _gateway()))
    if rollouts:
        rows.append(Row("Rollouts and gate", _rollouts()))
    if cloud:
        rows.append(Row("Queues and certificates", _cloud()))
    rows.append(Row("Monitoring itself", _monitoring()))
    return Board("slipway-platform", "Platform", ["platform"], rows)


def _nodes() -> list[Panel]:
    requested = 'sum(kube_pod_container_resource_requests{{resource="{0}"}})'
    allocatable = 'sum(kube_node_status_allocatable{{resource="{0}"}})'
    share = f"{requested} / {allocatable}"
    return [
        graph(
            "Requested of what nodes have",
            "percentunit",
            "Near 1 the next pod waits for a node.",
            (share.format("cpu"), "CPU"),
            (share.format("memory"), "memory"),
        ),
        graph(
            "Use of nodes",
            "percentunit",
            "CPU at work and memory in use, on average.",
            ('1 - avg(rate(node_cpu_seconds_total{mode="idle"}[5m]))', "CPU"),
            ("1 - sum(node_memory_MemAvailable_bytes) / sum(node_memory_MemTotal_bytes)", "memory"),
        ),
        graph(
            "Nodes",
            "short",
            "Nodes, and those that are not ready.",
            ("count(kube_node_info)", "nodes"),
            ('sum(kube_node_status_condition{condition="Ready",status!="true"})', "not ready"),
        ),
        graph(
            "Pods that wait",
            "short",
            "Pods without a node or an image, by namespace.",
            ('sum by (namespace) (kube_pod_status_phase{phase="Pending"}) > 0', "{{namespace}}"),
        ),
        graph(
            "Disks of nodes",
            "percentunit",
            "The fullest ones.",
            ("topk(5, 1 - node_filesystem_avail_bytes / node_filesystem_size_bytes)", "{{instance}} {{mountpoint}}"),
            red_from=0.85,
        ),
        graph(
            "Volumes",
            "percentunit",
            "The fullest ones.",
            (
                "topk(5, 1 - kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes)",
                "{{namespace}} {{persistentvolumeclaim}}",
            ),
            red_from=0.85,
        ),
    ]


def _gpus() -> list[Panel]:
    return [
        graph("At work", "percent", "Of each GPU.", ("DCGM_FI_DEV_GPU_UTIL", "{{Hostname}} {{gpu}} {{pod}}"), width=12),
        graph(
            "Temperature",
            "celsius",
            "Of each GPU.",
            ("DCGM_FI_DEV_GPU_TEMP", "{{Hostname}} {{gpu}}"),
            width=12,
            red_from=85,
        ),
    ]


def _gateway() -> list[Panel]:
    return [
        graph(
            "Answers",
            "reqps",
            "By class of their status, as callers get them.",
            (
                "sum by (envoy_response_code_class) (rate(envoy_http_downstream_rq_xx[5m]))",
                "{{envoy_response_code_class}}xx",
            ),
        ),
        graph(
            "Repetitions and overflows",
            "reqps",
            "Requests tried again, and requests refused because too many were under way.",
            ("sum(rate(envoy_cluster_upstream_rq_retry[5m]))", "tried again"),
            ("sum(rate(envoy_cluster_upstream_rq_pending_overflow[5m]))", "overflow"),
            ("sum(rate(envoy_cluster_upstream_cx_connect_fail[5m]))", "no connection"),
        ),
        graph(
            "Proxies",
            "short",
            "Proxies that are read, and their connections.",
            ("sum(envoy_server_live)", "proxies"),
            ("sum(envoy_http_downstream_cx_active)", "connections"),
        ),
        stat(
            "Certificate",
            "d",
            "Days that the first certificate of a proxy still holds.",
            "min(envoy_server_days_until_first_cert_expiring)",
            width=8,
            red_below=7,
        ),
        graph("Memory", "bytes", "Of each proxy.", ("envoy_server_memory_allocated", "{{pod}}"), width=16),
    ]


def _rollouts() -> list[Panel]:
    p90 = "histogram_quantile(0.9, sum by (le) (rate(slipway_gate_decision_seconds_bucket[30m])))"
    return [
        graph(
            "Rollouts",
            "short",
            "By phase.",
            ("sum by (phase) (rollout_info)", "{{phase}}"),
        ),
        graph(
            "Pods of rollouts",
            "short",
            "Available ones.",
            ("sum by (name) (rollout_info_replicas_available)", "{{name}}"),
        ),
        graph(
            "Failed reconciliations",
            "short",
            "Of the controller, in five minutes.",
            ("sum(increase(rollout_reconcile_error[5m]))", "failed"),
        ),
        graph(
            "Decisions",
            "short",
            "Of the gate in an hour, by answer; failed ones are rejections for want of an answer.",
            ("sum by (answer) (increase(slipway_gate_decisions_total[1h]))", "{{answer}}"),
            ("sum(increase(slipway_gate_errors_total[1h]))", "failed"),
        ),
        graph("Time for a decision", "s", "What 90 % need at most.", (p90, "90 %")),
        graph("Questions", "short", "Being answered or waiting.", ("sum(slipway_gate_questions)", "questions")),
    ]


def _cloud() -> list[Panel]:
    by = "max by (dimension_QueueName)"
    return [
        graph(
            "Oldest message",
            "s",
            "Of each queue.",
            (f"{by} (aws_sqs_approximate_age_of_oldest_message_maximum)", "{{dimension_QueueName}}"),
        ),
        graph(
            "Messages",
            "short",
            "Waiting in each queue; a dead-letter queue should have none.",
            (f"{by} (aws_sqs_approximate_number_of_messages_visible_maximum)", "{{dimension_QueueName}}"),
        ),
        graph(
            "Certificates",
            "d",
            "Days that each still holds.",
            (
                "min by (dimension_CertificateArn) (aws_certificatemanager_days_to_expiry_minimum)",
                "{{dimension_CertificateArn}}",
            ),
        ),
    ]


def _monitoring() -> list[Panel]:
    return [
        graph("Targets that do not answer", "short", "By job.", ("count by (job) (up == 0)", "{{job}}")),
        graph(
            "Series", "short", "That Prometheus holds in memory; its memory grows with them.",
            ("sum(prometheus_tsdb_head_series)", "series"),
        ),
        graph(
            "Rules that fail",
            "short",
            "Evaluations in five minutes: an alert that cannot be evaluated does not fire.",
            ("sum by (rule_group) (increase(prometheus_rule_evaluation_failures_total[5m])) > 0", "{{rule_group}}"),
        ),
        graph(
            "Notifications",
            "short",
            "Sent in five minutes, and failed.",
            ("sum(increase(alertmanager_notifications_total[5m]))", "sent"),
            ("sum(increase(alertmanager_notifications_failed_total[5m]))", "failed"),
            width=12,
        ),
        graph(
            "Written to the workspace",
            "short",
            "Samples that wait, and samples that failed in five minutes.",
            ("sum(prometheus_remote_storage_samples_pending)", "waiting"),
            ("sum(increase(prometheus_remote_storage_samples_failed_total[5m]))", "failed"),
            width=12,
        ),
    ]  # fmt: skip
