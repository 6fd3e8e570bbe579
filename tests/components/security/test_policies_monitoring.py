import json
from typing import Any

from slipway.security import DataClass
from slipway.security import _policies_monitoring as policies
from slipway.security import _policies_stores as stores
from slipway.security._policies import access
from slipway.security._policies_everywhere import EVERYWHERE

ACCOUNT = "123456789012"
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:acme-page"
WORKSPACE = f"arn:aws:aps:eu-west-1:{ACCOUNT}:workspace/ws-0a1b"


def by_sid(text: str) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in json.loads(text)["Statement"]}


def test_alarms_and_workspaces_of_the_account_alone_may_tell() -> None:
    statements = by_sid(policies.alert_topic(TOPIC))

    alarms, alerts = statements["TellOfAlarms"], statements["TellOfAlerts"]
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms["Condition"] == {
        "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:*"},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }
    assert alerts["Principal"] == {"Service": "aps.amazonaws.com"}
    assert alerts["Condition"]["ArnLike"] == {"aws:SourceArn": f"arn:aws:aps:eu-west-1:{ACCOUNT}:workspace/*"}
    assert {tuple(statement["Resource"]) for statement in statements.values()} == {(TOPIC,)}
    assert statements["DenyPlaintext"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_reader_of_metrics_reads_no_data() -> None:
    (statement,) = json.loads(policies.metrics_reader())["Statement"]

    assert statement["Action"] == ["cloudwatch:GetMetricData", "cloudwatch:ListMetrics", "tag:GetResources"]
    assert set(statement["Action"]) <= EVERYWHERE.keys()


def test_the_key_of_logs_lets_alarms_tell_and_no_other_account() -> None:
    (statement,) = policies.monitoring_key(ACCOUNT)

    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    found = by_sid(stores.key_policy(DataClass.LOGS, ACCOUNT, "eu-west-1", []))
    assert found["TellOfAlarms"]["Principal"] == {"Service": ["aps.amazonaws.com", "cloudwatch.amazonaws.com"]}
    assert "TellOfAlarms" not in by_sid(stores.key_policy(DataClass.MODELS, ACCOUNT, "eu-west-1", []))


def test_who_writes_to_a_workspace_reads_nothing_there() -> None:
    (written,) = json.loads(access([], [WORKSPACE], []))["Statement"]
    (read,) = json.loads(access([WORKSPACE], [], []))["Statement"]

    assert (written["Action"], written["Resource"]) == (["aps:RemoteWrite"], [WORKSPACE])
    assert "aps:RemoteWrite" not in read["Action"]
    assert "aps:QueryMetrics" in read["Action"]
