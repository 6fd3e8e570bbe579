"""For every alert: what makes it fire, and what is just not enough: values 10 % on either side of each threshold."""

from slipway.monitoring import _names as names

from tests.components.monitoring.declared import MACHINE
from tests.components.monitoring.promtool import Case, Situation, constant

STABLE = '{envoy_cluster_name="httproute/models/fraud/rule/0/backend/0"}'
OF_MODEL = {"model": "fraud", "team": "risk"}
MODEL = '{model="fraud"}'
TICKET = {**OF_MODEL, "severity": "ticket"}
PAGE = {**OF_MODEL, "severity": "page"}
PLATFORM = {"team": "platform", "severity": "ticket"}
PLATFORM_PAGE = {"team": "platform", "severity": "page"}


def _burning(alert: str, share: str, slo: str, severity: str, budget: float, minutes: int) -> Case:
    """Each branch alone: fires, and is silent if one of its three conditions does not hold."""
    expected = {**OF_MODEL, "slo": slo, "severity": severity}
    branches = {
        "page": (("1h", "5m", 14.4, 3600), ("6h", "30m", 6, 21_600)),
        "ticket": (("1d", "2h", 3, 86_400), ("3d", "6h", 1, 259_200)),
    }[severity]
    found = []
    for long, short, factor, seconds in branches:

        def seen(
            over_long: float, over_short: float, requests: float,
            long: str = long, short: str = short, factor: float = factor, seconds: int = seconds,
        ) -> dict[str, str]:  # fmt: skip
            limit = factor * budget
            return {
                f"model:{share}:ratio_rate{long}{MODEL}": constant(over_long * limit),
                f"model:{share}:ratio_rate{short}{MODEL}": constant(over_short * limit),
                f"model:requests:rate{long}{MODEL}": constant(requests * 100 / seconds),
            }

        found += [
            Situation(seen(1.1, 1.1, 1.1), minutes, expected),
            Situation(seen(1.1, 1.1, 1.1), minutes - 1),
            Situation(seen(0.9, 1.1, 1.1), minutes + 10),
            Situation(seen(1.1, 0.9, 1.1), minutes + 10),
            Situation(seen(1.1, 1.1, 0.9), minutes + 10),
        ]
    return Case(alert, tuple(found))


def _simple(
    alert: str,
    fires: dict[str, str],
    silent: list[dict[str, str]],
    minutes: int,
    labels: dict[str, str],
    after: int = 0,
) -> Case:
    """Fires ``minutes`` after it holds, which is from minute ``after`` on, and not a minute before."""
    found = [Situation(fires, after + minutes, labels)]
    if minutes:
        found.append(Situation(fires, after + minutes - 1))
    found += [Situation(series, after + minutes + 30) for series in silent]
    return Case(alert, tuple(found))


def _gauge(alert: str, series: str, over: float, under: float, minutes: int, labels: dict[str, str]) -> Case:
    return _simple(alert, {series: constant(over)}, [{series: constant(under)}], minutes, labels)


def _states(how: str) -> str:
    return f'aws_states_executions_{how}_sum{{dimension_StateMachineArn="{MACHINE}"}}'


def _costing(vcpus: float) -> dict[str, str]:
    of = 'namespace="models",pod="fraud-1"'
    return {
        f'kube_pod_container_resource_requests{{{of},container="server",resource="cpu"}}': constant(vcpus, 1500),
        f'kube_pod_labels{{{of},label_model="fraud"}}': constant(1, 1500),
        'kube_pod_container_resource_requests{namespace="models",pod="other",resource="cpu"}': constant(500, 1500),
        'kube_pod_labels{namespace="models",pod="other",label_model="other"}': constant(1, 1500),
    }


_REQUESTS_5M = f"{names.requests('5m')}{MODEL}"
_SLOW_5M = f"{names.slow('5m')}{MODEL}"
_PRESENT = f"envoy_cluster_upstream_rq_total{STABLE}"
_CERTIFICATE = 'aws_certificatemanager_days_to_expiry_minimum{dimension_CertificateArn="arn:c"}'
_OF_CERTIFICATE = {"dimension_CertificateArn": "arn:c"}
_AGE = 'aws_sqs_approximate_age_of_oldest_message_maximum{dimension_QueueName="%s"}'
_WAITING = 'aws_sqs_approximate_number_of_messages_visible_maximum{dimension_QueueName="%s"}'
_DRIFT_END = f"slipway_drift_window_end_seconds{MODEL}"
_ERRORS = 'slipway_gate_errors_total{model="fraud",pod="a"}'

CASES = (
    _burning("ModelErrorBudgetFast", "errors", "availability", "page", 0.001, 2),
    _burning("ModelErrorBudgetSlow", "errors", "availability", "ticket", 0.001, 15),
    _burning("ModelLatencyBudgetFast", "slow", "latency", "page", 0.01, 2),
    _burning("ModelLatencyBudgetSlow", "slow", "latency", "ticket", 0.01, 15),
    _simple("ModelMetricsAbsent", {}, [{_PRESENT: constant(0)}], 15, PAGE),
    _simple(
        "ModelMetricsAbsent",
        {_PRESENT: constant(9), _REQUESTS_5M: constant(0.1)},
        [
            {_PRESENT: constant(9), _REQUESTS_5M: constant(0.1), _SLOW_5M: constant(0)},
            {_PRESENT: constant(9), _REQUESTS_5M: constant(0)},
        ],
        15,
        PAGE,
    ),
    _gauge("ModelHasNoPods", f"envoy_cluster_membership_healthy{STABLE}", 0, 1, 5, PAGE),
    # 0.05 USD an hour for a vCPU: 10 are 365 USD a month
    _simple("ModelOverBudget", _costing(11), [_costing(9)], 60, TICKET),
    _simple(
        "RolloutAborted",
        {'rollout_info{namespace="models",name="fraud",phase="Degraded"}': constant(1)},
        [
            {'rollout_info{namespace="models",name="fraud",phase="Healthy"}': constant(1)},
            {'rollout_info{namespace="models",name="other",phase="Degraded"}': constant(1)},
            {'rollout_info{namespace="models",name="fraud",phase="Degraded"}': constant(0)},
        ],
        5,
        TICKET,
    ),
    _simple(
        "RolloutPaused",
        {'rollout_info{namespace="models",name="fraud",phase="Paused"}': constant(1)},
        [
            {'rollout_info{namespace="models",name="fraud",phase="Progressing"}': constant(1)},
            {'rollout_info{namespace="models",name="fraud",phase="Paused"}': constant(0)},
        ],
        45,
        TICKET,
    ),
    *(
        _simple(
            "RetrainingFailed",
            {_states(how): constant(1)},
            [{_states(how): constant(0)}, {_states("succeeded"): constant(1)}],
            0,
            TICKET,
        )
        for how in ("failed", "timed_out", "aborted")
    ),
    # known for two hours, and none of them ended well
    _simple(
        "RetrainingLate",
        {_states("succeeded"): constant(0)},
        [{_states("succeeded"): "0+0x150 1 0+0x150"}, {_states("succeeded"): "_x100 0+0x100"}],
        60,
        TICKET,
        after=120,
    ),
    _gauge("ModelDrifted", f"slipway_drift_alarm{MODEL}", 1, 0, 0, TICKET),
    _simple("DriftNotWatched", {}, [{_DRIFT_END: constant(0)}], 60, TICKET),
    _simple(
        "DriftNotWatched", {_DRIFT_END: constant(-1.1 * 36 * 3600)}, [{_DRIFT_END: constant(-32 * 3600)}], 60, TICKET
    ),
    _gauge(
        "ModelQualityBelowChampion",
        'slipway_model_quality{model="fraud",release="r1",metric="accuracy_upper"}',
        0.89,
        0.91,
        0,
        TICKET,
    ),
    Case(
        "SlipwayHeartbeat", (Situation({}, 0, {"severity": "heartbeat"}), Situation({}, 30, {"severity": "heartbeat"}))
    ),
    _gauge("CertificateExpires", _CERTIFICATE, 28, 32, 60, {**PLATFORM, **_OF_CERTIFICATE}),
    _gauge("CertificateExpires", _CERTIFICATE, 8, 6, 60, {**PLATFORM, **_OF_CERTIFICATE}),
    _gauge("CertificateExpiresNow", _CERTIFICATE, 6, 8, 60, {**PLATFORM_PAGE, **_OF_CERTIFICATE}),
    _gauge("QueueStuck", _AGE % "work", 3900, 3300, 15, {**PLATFORM, "dimension_QueueName": "work"}),
    _simple(
        "QueueStuck",
        {_AGE % "work": constant(3900)},
        [{_AGE % "acme-dead-letters": constant(9999)}],
        15,
        {**PLATFORM, "dimension_QueueName": "work"},
    ),
    _gauge(
        "DeadLetters",
        _WAITING % "acme-dead-letters",
        1,
        0,
        15,
        {**PLATFORM, "dimension_QueueName": "acme-dead-letters"},
    ),
    _simple(
        "DeadLetters",
        {_WAITING % "x-dlq": constant(1)},
        [{_WAITING % "work": constant(9)}],
        15,
        {**PLATFORM, "dimension_QueueName": "x-dlq"},
    ),
    _gauge(
        "GatewayCertificateExpires",
        'envoy_server_days_until_first_cert_expiring{namespace="gateway"}',
        6,
        8,
        60,
        {**PLATFORM_PAGE, "namespace": "gateway"},
    ),
    _simple("GatewayAbsent", {}, [{'envoy_server_live{pod="a"}': constant(1)}], 10, PLATFORM_PAGE),
    _simple(
        "RolloutsControllerAbsent", {}, [{'argo_rollouts_controller_info{version="v1"}': constant(1)}], 15, PLATFORM
    ),
    # a counter of 30 minutes: 3 of 2.4 allowed, and 1.8
    _simple(
        "GateFails", {_ERRORS: "0+0.1x300"}, [{_ERRORS: "0+0.06x300"}], 5, {**PLATFORM, "model": "fraud"}, after=20
    ),
)
"""All of them; ``test_promtool`` refuses an alert that has none."""
