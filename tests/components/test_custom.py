"""A field of a custom resource that is misspelt, forgotten or of the wrong type is an error of the type check."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAD = """
import pulumi
from slipway._custom import eks, envoy, envoy_backends, gateway_api, kubeflow, prometheus

opts = pulumi.ResourceOptions()
target: envoy.TargetRef = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "fraud"}
parent: gateway_api.ParentRef = {"name": "models", "namespace": "gateway"}
"""
ROUTE = "{'parentRefs': [parent], 'hostnames': ['fraud.example.com'], 'rules': [{'backendRefs': [%s]%s}]}"
SECURITY = "{'targetRefs': [target], 'jwt': {'providers': [%s]}, 'authorization': {'defaultAction': 'Deny'%s}}"
PROVIDER = "{'name': 'idp', 'issuer': 'https://id', 'remoteJWKS': {'uri': 'https://id/keys'}%s}"
TRAFFIC = "{'targetRefs': [target], %s}"
RULE = "{'alert': 'A', 'expr': 'up == 0', %s, 'labels': {}, 'annotations': {}}"
RULES = "{'groups': [{'name': 'g', 'interval': '30s', 'rules': [" + RULE + "]}]}"
BINDING = "{'serviceRef': {'name': 'models', 'port': 8080}, %s: 'arn', 'targetType': 'ip'}"

# function, a spec that is right, and the same with one thing wrong
CASES: list[tuple[str, str, str]] = [
    ("gateway_api.http_route", ROUTE % ("{'name': 'fraud', 'port': 80}", ""), ROUTE % ("{'name': 'f', 'prt': 80}", "")),
    (
        "gateway_api.http_route",
        ROUTE % ("{'name': 'fraud', 'port': 80, 'weight': 5}", ", 'timeouts': {'request': '5s'}"),
        ROUTE % ("{'name': 'fraud', 'port': 80, 'weight': '5'}", ", 'timeouts': {'request': '5s'}"),
    ),
    ("gateway_api.http_route", ROUTE % ("", ", 'filters': []"), ROUTE % ("", ", 'filter': []")),
    (
        "envoy.security_policy",
        SECURITY % (PROVIDER % ", 'recomputeRoute': True", ""),
        SECURITY % (PROVIDER % ", 'recomputeRoutes': True", ""),
    ),
    (
        "envoy.security_policy",
        SECURITY % (PROVIDER % ", 'claimToHeaders': [{'claim': 'sub', 'header': 'x-user-id'}]", ""),
        SECURITY % (PROVIDER % ", 'claimToHeaders': [{'claims': 'sub', 'header': 'x-user-id'}]", ""),
    ),
    ("envoy.security_policy", SECURITY % (PROVIDER % "", ""), SECURITY % (PROVIDER % "", ", 'rule': []")),
    (
        "envoy_backends.backend_traffic_policy",
        TRAFFIC % "'circuitBreaker': {'maxParallelRetries': 8}",
        TRAFFIC % "'circuitBreaker': {'maxParallelRetry': 8}",
    ),
    (
        "envoy_backends.backend_traffic_policy",
        TRAFFIC % "'healthCheck': {'passive': {'consecutive5XxErrors': 5}}",
        TRAFFIC % "'healthCheck': {'passive': {'consecutive5xxErrors': 5}}",
    ),
    (
        "kubeflow.pipeline",
        "{'displayName': 'fraud-retraining', 'description': 'Retraining'}",
        "{'displayname': 'fraud-retraining', 'description': 'Retraining'}",
    ),
    (
        "prometheus.prometheus_rule",
        RULES % "'for': '2m'",
        RULES % "'forr': '2m'",
    ),
    (
        "prometheus.pod_monitor",
        "{'selector': {'matchLabels': {}}, 'podMetricsEndpoints': [{'portNumber': 8080, 'honorLabels': True}]}",
        "{'selector': {'matchLabels': {}}, 'podMetricsEndpoints': [{'portNumber': 8080, 'honourLabels': True}]}",
    ),
    ("eks.target_group_binding", BINDING % "'targetGroupARN'", BINDING % "'targetGroupArn'"),
]


def program() -> tuple[str, set[int]]:
    """The calls, and the lines that are wrong."""
    lines: list[str] = [*HEAD.splitlines()]
    wrong = set()
    for function, right, misspelt in CASES:
        for spec in (right, misspelt):
            lines.append(f"{function}('it', {{'name': 'fraud'}}, {spec}, opts)")
        wrong.add(len(lines))
    return "\n".join(lines) + "\n", wrong


@pytest.mark.parametrize(
    "checker",
    [("ty", "check", "--output-format", "concise"), ("mypy", "--strict", "--no-error-summary")],
    ids=["ty", "mypy"],
)
def test_what_is_misspelt_fails_the_type_check(checker: tuple[str, ...], tmp_path: Path) -> None:
    text, wrong = program()
    file = tmp_path / "planted.py"
    file.write_text(text)

    command = [str(Path(sys.executable).with_name(checker[0])), *checker[1:], str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)

    errors = re.findall(r"planted\.py:(\d+)(?::\d+)?: error", done.stdout)
    assert {int(line) for line in errors} == wrong, done.stdout + done.stderr
