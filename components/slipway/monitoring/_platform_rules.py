"""What is said of the platform: heartbeat, certificates, queues, the gate. Without Pulumi."""

from slipway.monitoring._rule import HEARTBEAT, PAGE, TICKET, Alert, Group

CERTIFICATE_DAYS, LAST_DAYS = 30, 7
STUCK_SECONDS = 3600
STUCK_MINUTES = 15


def groups(team: str, *, cloud: bool, gateway: bool, rollouts: bool) -> list[Group]:
    """Rules for what the platform has: metrics of the cloud, the gateway, the rollouts' controller and gate."""
    of = {"team": team}
    found = [Group("slipway.heartbeat", [_heartbeat()])]
    if cloud:
        found.append(Group("slipway.cloud", [*_certificates(of), *_queues(of)], 60))
    if gateway:
        found.append(Group("slipway.gateway", _proxies(of), 60))
    if rollouts:
        found.append(Group("slipway.rollouts", _rollouts(of)))
    return found


def _heartbeat() -> Alert:
    return Alert(
        "SlipwayHeartbeat",
        "vector(1)",
        0,
        HEARTBEAT,
        "Alerts arrive",
        "Nothing; its absence raises an alarm outside the cluster.",
    )


def _certificates(of: dict[str, str]) -> list[Alert]:
    """ACM renews 60 days before; what has 30 left was not renewed."""

    def left(operator: str, days: int) -> str:
        by = "min by (dimension_CertificateArn)"
        return f"{by} (aws_certificatemanager_days_to_expiry_minimum) {operator} {days}"

    action = "A certificate that is in use and validated by DNS renews itself: look for the validation record."
    summary = "{{ $labels.dimension_CertificateArn }} expires in {{ $value }} days"
    return [
        Alert(
            "CertificateExpires",
            f"{left('<', CERTIFICATE_DAYS)} unless {left('<', LAST_DAYS)}",
            60,
            TICKET,
            summary,
            action,
            of,
        ),
        Alert("CertificateExpiresNow", left("<", LAST_DAYS), 60, PAGE, summary, action, of),
    ]


def _queues(of: dict[str, str]) -> list[Alert]:
    dead = '{dimension_QueueName=~".*(dead|dlq).*"}'
    alive = '{dimension_QueueName!~".*(dead|dlq).*"}'
    by = "max by (dimension_QueueName)"
    return [
        Alert(
            "QueueStuck",
            f"{by} (aws_sqs_approximate_age_of_oldest_message_maximum{alive}) > {STUCK_SECONDS}",
            STUCK_MINUTES,
            TICKET,
            "{{ $labels.dimension_QueueName }}: its oldest message waits for {{ $value | humanizeDuration }}",
            "Look whether its reader runs, and what it says.",
            of,
        ),
        Alert(
            "DeadLetters",
            f"{by} (aws_sqs_approximate_number_of_messages_visible_maximum{dead}) > 0",
            STUCK_MINUTES,
            TICKET,
            "{{ $labels.dimension_QueueName }}: {{ $value }} messages could not be delivered",
            "Read one: its attributes name the error. Deliver again once the reason is gone.",
            of,
        ),
    ]


def _proxies(of: dict[str, str]) -> list[Alert]:
    return [
        Alert(
            "GatewayCertificateExpires",
            f"min by (namespace) (envoy_server_days_until_first_cert_expiring) < {LAST_DAYS}",
            60,
            PAGE,
            "A proxy of the gateway in {{ $labels.namespace }} has a certificate for {{ $value }} more days",
            "Envoy Gateway's job makes new ones at each upgrade; run it again.",
            of,
        ),
        Alert(
            "GatewayAbsent",
            "absent(envoy_server_live)",
            10,
            PAGE,
            "No proxy of the gateway is read: no model's objective is measured",
            "Look at the pods of the gateway's namespace, and at Prometheus' targets.",
            of,
        ),
    ]


def _rollouts(of: dict[str, str]) -> list[Alert]:
    return [
        Alert(
            "RolloutsControllerAbsent",
            "absent(argo_rollouts_controller_info)",
            15,
            TICKET,
            "The rollouts' controller is not read: rollouts do not move",
            "kubectl describe its pods.",
            of,
        ),
        Alert(
            "GateFails",
            "sum by (model) (increase(slipway_gate_errors_total[30m])) > 2",
            5,
            TICKET,
            "{{ $labels.model }}: the gate rejected {{ $value }} times because something went wrong",
            "The gate's log names it: events that cannot be read, a bucket without rights.",
            of,
        ),
    ]
